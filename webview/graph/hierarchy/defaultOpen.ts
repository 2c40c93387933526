import type { GraphTable } from '../../../src/protocol/graphTable.ts';
import type { Hierarchy } from '../picture.ts';
import { isFolded } from './links.ts';

/** As many items as one can still find one's way among. */
const MOST = 300;
/** Fewer say little about a graph that has more. */
const LEAST = 50;

/**
 * Keys of the groups that are open when a graph is first seen: all of a small one; of others as many as it takes to say
 * something, level by level, those with fewest items first. Groups with equally much in them are opened together, so that
 * what is alike looks alike.
 */
export function defaultOpen({ groups, groupOfNode }: Hierarchy, table: GraphTable): string[] {
  const items = new Int32Array(groups.length + 1); // directly in a group, those in none at the end
  const depth = groups.map(() => 0);
  groups.forEach(({ parent }, g) => {
    depth[g] = parent < 0 ? 0 : (depth[parent] as number) + 1;
    items[parent < 0 ? groups.length : parent]!++;
  });
  groupOfNode.forEach((group, node) => {
    if (!isFolded(table, node)) items[group < 0 ? groups.length : group]!++;
  });
  if (items.reduce((sum, count) => sum + count, 0) - groups.length <= MOST) return groups.map(({ key }) => key);
  const open = new Set<number>();
  let shown = items[groups.length] as number;
  for (let level = 0; shown < LEAST; level++) {
    const closed = groups.flatMap(({ parent }, g) =>
      depth[g] === level && (parent < 0 || open.has(parent)) ? [g] : [],
    );
    if (closed.length === 0) break;
    for (const alike of byItems(closed, items)) {
      const more = alike.length * ((items[alike[0] as number] as number) - 1);
      if (shown >= LEAST || shown + more > MOST) break;
      for (const group of alike) open.add(group);
      shown += more;
    }
  }
  return groups.flatMap(({ key }, g) => (open.has(g) ? [key] : []));
}

/** Groups with equally many items, those with fewest first. */
function byItems(groups: readonly number[], items: Int32Array): number[][] {
  const alike = new Map<number, number[]>();
  for (const group of groups) {
    const count = items[group] as number;
    const found = alike.get(count);
    if (found === undefined) alike.set(count, [group]);
    else found.push(group);
  }
  return [...alike].sort(([a], [b]) => a - b).map(([, found]) => found);
}
