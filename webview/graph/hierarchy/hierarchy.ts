import type { GraphTable } from '../../../src/protocol/graphTable.ts';
import type { Group, Hierarchy } from '../picture.ts';
import { adoptNodes } from './adopt.ts';
import { convexScopes } from './convex.ts';
import { type Links, linksOf } from './links.ts';
import { scopesFromNames } from './namePaths.ts';
import { type Scoped, ScopeTree } from './scopes.ts';
import { tidyScopes } from './tidy.ts';

/** What groups are made from. */
export type GroupsFrom = 'names' | 'none';

/**
 * Finds the groups of a graph. Closing any of them, with any others closed or open, leaves a graph without circles.
 */
export function buildHierarchy(table: GraphTable, from: GroupsFrom = 'names'): Hierarchy {
  const links = linksOf(table);
  const scoped = from === 'none' ? noScopes(table) : fromNames(table, links);
  return toHierarchy(links, scoped);
}

function noScopes(table: GraphTable): Scoped {
  return { tree: new ScopeTree(), scopeOf: new Int32Array(table.nodeCount).fill(-1) };
}

function fromNames(table: GraphTable, links: Links): Scoped {
  const named = adoptNodes(table, links, scopesFromNames(table, links));
  return tidyScopes(links.order, convexScopes(links, named));
}

function toHierarchy(links: Links, { tree, scopeOf }: Scoped): Hierarchy {
  const groupOfNode = links.owner.map((owner) => scopeOf[owner] as number);
  const sizes = new Int32Array(tree.count);
  for (const group of groupOfNode) if (group >= 0) sizes[group]!++;
  for (let g = tree.count - 1; g >= 0; g--) {
    const parent = tree.parent[g] as number;
    if (parent >= 0) sizes[parent]! += sizes[g] as number;
  }
  const keys = keysOf(tree);
  const groups: Group[] = tree.parent.map((parent, g) => ({
    key: keys[g] as string,
    parent,
    label: tree.label[g] as string,
    block: '',
    size: sizes[g] as number,
  }));
  return { groups, groupOfNode };
}

/** Paths of labels; a path that occurs again counts. */
function keysOf(tree: ScopeTree): string[] {
  const keys: string[] = [];
  const seen = new Map<string, number>();
  for (let g = 0; g < tree.count; g++) {
    const parent = tree.parent[g] as number;
    const path = `${parent < 0 ? '' : keys[parent]}/${tree.label[g]}`;
    const count = (seen.get(path) ?? 0) + 1;
    seen.set(path, count);
    keys.push(count === 1 ? path : `${path}#${count}`);
  }
  return keys;
}
