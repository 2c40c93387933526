import type { GraphTable } from '../../../src/protocol/graphTable.ts';
import type { Group, Hierarchy } from '../picture.ts';
import { isFolded } from './links.ts';

/** As many items as one can still find one's way among. */
const MOST = 300;
/** A level of groups is opened as a whole when no more than this is shown then. */
const AT_ONCE = 60;
/** Fewer say little about a graph that has more. */
const LEAST = 20;

/**
 * Keys of the groups that are open when a graph is first seen: all of a small one; of others as many levels as it takes
 * to say something. Where a level is too much at once, its largest groups are opened, those with equally much in them
 * together, so that what is alike looks alike.
 */
export function defaultOpen({ groups, groupOfNode }: Hierarchy, table: GraphTable): string[] {
  const items = new Int32Array(groups.length + 1); // directly in a group, those in none at the end
  const inside: number[][] = Array.from({ length: groups.length + 1 }, () => []);
  groups.forEach(({ parent }, g) => {
    const around = parent < 0 ? groups.length : parent;
    items[around]!++;
    inside[around]?.push(g);
  });
  let nodes = 0;
  groupOfNode.forEach((group, node) => {
    if (isFolded(table, node)) return;
    items[group < 0 ? groups.length : group]!++;
    nodes++;
  });
  if (nodes <= MOST) return groups.map(({ key }) => key);
  const more = (alike: readonly number[]) => alike.reduce((sum, g) => sum + (items[g] as number) - 1, 0);
  const open: number[] = [];
  let shown = items[groups.length] as number;
  let level = inside[groups.length] as number[];
  while (shown < LEAST && level.length > 0) {
    const opened: number[] = [];
    const isWhole = shown + more(level) <= AT_ONCE;
    for (const alike of isWhole ? [level] : largestFirst(level, groups, items)) {
      if (shown >= LEAST || shown + more(alike) > MOST) continue;
      shown += more(alike);
      opened.push(...alike);
    }
    open.push(...opened);
    level = opened.flatMap((g) => inside[g] as number[]);
  }
  return open.map((g) => (groups[g] as Group).key);
}

/** Groups with equally many items together, those with most nodes in all first. */
function largestFirst(level: readonly number[], groups: readonly Group[], items: Int32Array): number[][] {
  const alike = new Map<number, number[]>();
  for (const group of level) {
    const count = items[group] as number;
    const found = alike.get(count);
    if (found === undefined) alike.set(count, [group]);
    else found.push(group);
  }
  const size = (all: readonly number[]) => all.reduce((sum, g) => sum + (groups[g] as Group).size, 0);
  return [...alike.values()].sort((a, b) => size(b) - size(a));
}
