import { t } from '../../l10n.ts';
import type { Group } from '../picture.ts';

/** Names of blocks, as {@link blockOf} gives them, and labels of groups that no name of the model stands for. */
const NAMES: ReadonlyMap<string, () => string> = new Map([
  ['Attention', () => t('Attention')],
  ['Block', () => t('Block')],
  ['Convolution', () => t('Convolution')],
  ['Cross-stage partial block', () => t('Cross-stage partial block')],
  ['Depthwise separable convolution', () => t('Depthwise separable convolution')],
  ['Embedding', () => t('Embedding')],
  ['Feed-forward', () => t('Feed-forward')],
  ['Fire module', () => t('Fire module')],
  ['Gelu', () => t('Gelu')],
  ['Head', () => t('Head')],
  ['Inverted residual', () => t('Inverted residual')],
  ['Layer normalization', () => t('Layer normalization')],
  ['Parallel branches', () => t('Parallel branches')],
  ['Part', () => t('Part')],
  ['Preparation', () => t('Preparation')],
  ['Recurrent', () => t('Recurrent')],
  ['Residual block', () => t('Residual block')],
  ['Spatial pyramid pooling', () => t('Spatial pyramid pooling')],
  ['Squeeze-and-excitation', () => t('Squeeze-and-excitation')],
  ['Swish', () => t('Swish')],
  ['Transformer layer', () => t('Transformer layer')],
]);

/** A block's name in the user's language. */
export function blockName(block: string): string {
  return NAMES.get(block)?.() ?? block;
}

/** The label of a group in the user's language, as far as it is ours: `12 × Transformer layer`, `Residual block 3`. */
export function groupTitle({ label }: Group): string {
  const [, times, name = '', number] = /^(?:(\d+) × )?(.*?)(?: (\d+))?$/.exec(label) ?? [];
  if (!NAMES.has(name)) return label;
  const numbered = number === undefined ? blockName(name) : t('{0} {1}', blockName(name), number);
  return times === undefined ? numbered : t('{0} × {1}', times, numbered);
}
