import { t } from '../l10n.ts';
import type { Group } from './picture.ts';

/** Room that the cards behind the first take to its right and below. */
export const STACK = 6;
/** Side of the square with the arrow that opens and closes, in the graph's units. */
export const TOGGLE = 26;

/** `Residual · 12 nodes` */
export function groupNote({ block, size }: Group): string {
  if (block === '') return size === 1 ? t('1 node') : t('{0} nodes', size);
  return size === 1 ? t('{0} · 1 node', block) : t('{0} · {1} nodes', block, size);
}
