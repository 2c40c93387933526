import type { GraphTable } from '../../src/protocol/graphTable.ts';
import type { Hierarchy } from '../../webview/graph/picture.ts';

/**
 * Groups in whose inside (-1: the whole graph) what they hold runs in a circle when every group in it is closed. None:
 * then no choice of closed groups makes one, since a circle would lie in the innermost group around all of it.
 * `Constant` nodes are drawn in their consumers and do not count.
 */
export function groupsWithCircles(table: GraphTable, { groups, groupOfNode }: Hierarchy): number[] {
  const chains = Array.from(groupOfNode, (group) => chainOf(group, groups));
  const links = new Map<number, Map<number, Set<number>>>();
  for (let node = 0; node < table.nodeCount; node++) {
    for (const value of table.inputsOf(node)) {
      const producer = value < 0 ? -1 : table.producerOf(value);
      if (producer < 0 || table.opType(producer) === 'Constant') continue;
      const [from, to] = [chains[producer] as number[], chains[node] as number[]];
      let depth = 0;
      while (depth < from.length && depth < to.length && from[depth] === to[depth]) depth++;
      const inside = depth === 0 ? -1 : (from[depth - 1] as number);
      // Groups are counted from -1 downwards, nodes from 0 upwards.
      const a = depth < from.length ? -2 - (from[depth] as number) : producer;
      const b = depth < to.length ? -2 - (to[depth] as number) : node;
      if (a === b) continue;
      const within = links.get(inside) ?? new Map<number, Set<number>>();
      links.set(inside, within.set(a, (within.get(a) ?? new Set<number>()).add(b)));
    }
  }
  return [...links].filter(([, within]) => hasCircle(within)).map(([inside]) => inside);
}

function chainOf(group: number, groups: Hierarchy['groups']): number[] {
  const chain: number[] = [];
  for (let at = group; at >= 0; at = groups[at]?.parent ?? -1) chain.unshift(at);
  return chain;
}

/** Kahn's algorithm: whether some item never comes to its turn. */
function hasCircle(next: ReadonlyMap<number, ReadonlySet<number>>): boolean {
  const waiting = new Map<number, number>();
  for (const [from, all] of next) {
    waiting.set(from, waiting.get(from) ?? 0);
    for (const to of all) waiting.set(to, (waiting.get(to) ?? 0) + 1);
  }
  const free = [...waiting].filter(([, count]) => count === 0).map(([item]) => item);
  for (const item of free) {
    for (const to of next.get(item) ?? []) {
      const left = (waiting.get(to) ?? 0) - 1;
      waiting.set(to, left);
      if (left === 0) free.push(to);
    }
  }
  return free.length < waiting.size;
}

/** The groups as a tree of labels: `fire2 7` and below it, one deeper, what lies in it. */
export function outline({ groups }: Hierarchy, depth = Number.POSITIVE_INFINITY): string[] {
  const depths: number[] = [];
  return groups.flatMap(({ parent, label, size }, g) => {
    depths[g] = parent < 0 ? 0 : (depths[parent] ?? 0) + 1;
    return (depths[g] ?? 0) < depth ? [`${'  '.repeat(depths[g] ?? 0)}${label} ${size}`] : [];
  });
}
