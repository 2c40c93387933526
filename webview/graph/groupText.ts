import { formatCount } from '../format.ts';
import { t } from '../l10n.ts';
import { blockName } from './hierarchy/blockNames.ts';
import type { Group } from './picture.ts';

/** Room that the cards behind the first take to its right and below. */
export const STACK = 6;
/** Side of the square with the arrow that opens and closes, in the graph's units. */
export const TOGGLE = 26;

/** `Residual · 12 nodes`; without the block where the label says it. */
export function groupNote({ label, block, size }: Group): string {
  if (label.startsWith(block)) return size === 1 ? t('1 node') : t('{0} nodes', formatCount(size));
  return size === 1 ? t('{0} · 1 node', blockName(block)) : t('{0} · {1} nodes', blockName(block), formatCount(size));
}
