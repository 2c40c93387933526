import type { GraphTable } from '../../../src/protocol/graphTable.ts';
import type { Group, Hierarchy } from '../picture.ts';
import { adoptNodes } from './adopt.ts';
import { blockOf } from './blocks.ts';
import { convexScopes } from './convex.ts';
import { type Links, linksOf } from './links.ts';
import { addMarks } from './markSums.ts';
import { MARK_COUNT, marksOf } from './marks.ts';
import { scopesFromNames, scopesFromWeights } from './namePaths.ts';
import { rolesOf } from './roles.ts';
import { type Scoped, ScopeTree } from './scopes.ts';
import { withStructure } from './structure.ts';
import { tidyScopes } from './tidy.ts';
import { operatorHashes } from './units.ts';

/** What groups are made from. */
export type GroupsFrom = 'auto' | 'names' | 'structure' | 'none';

/**
 * Finds the groups of a graph: those that names speak of, and where names say nothing those that the graph itself
 * shows. Closing any of them, with any others closed or open, leaves a graph without circles.
 */
export function buildHierarchy(table: GraphTable, from: GroupsFrom = 'auto'): Hierarchy {
  const links = linksOf(table);
  const roles = rolesOf(table, links);
  const marks = marksOf(table, links, roles);
  if (from === 'none') return toHierarchy(links, noScopes(table), marks);
  const named = from === 'structure' ? noScopes(table) : fromNames(table, links);
  if (from === 'names') return toHierarchy(links, named, marks);
  const names = scopesFromWeights(table, links);
  const hashes = operatorHashes(table, roles);
  const unitOfNode = new Int32Array(table.nodeCount).fill(-1);
  const source = { table, links, scoped: named, roles, marks, names, hashes, unitOfNode };
  return toHierarchy(links, withStructure(source), marks);
}

function noScopes(table: GraphTable): Scoped {
  return { tree: new ScopeTree(), scopeOf: new Int32Array(table.nodeCount).fill(-1) };
}

function fromNames(table: GraphTable, links: Links): Scoped {
  const scopes = scopesFromNames(table, links);
  if (scopes.tree.count === 0) return scopes;
  const named = adoptNodes(table, links, scopes);
  return tidyScopes(links.order, convexScopes(links, named));
}

function toHierarchy(links: Links, { tree, scopeOf }: Scoped, marks: Uint32Array): Hierarchy {
  const groupOfNode = links.owner.map((owner) => scopeOf[owner] as number);
  const sizes = new Int32Array(tree.count);
  for (const group of groupOfNode) if (group >= 0) sizes[group]!++;
  for (let g = tree.count - 1; g >= 0; g--) {
    const parent = tree.parent[g] as number;
    if (parent >= 0) sizes[parent]! += sizes[g] as number;
  }
  const keys = keysOf(tree);
  const blocks = blocksOf(links, { tree, scopeOf }, marks);
  const groups: Group[] = tree.parent.map((parent, g) => ({
    key: keys[g] as string,
    parent,
    label: tree.label[g] as string,
    block: blocks[g] as string,
    size: sizes[g] as number,
  }));
  return { groups, groupOfNode };
}

/** What every scope is by what it holds. */
function blocksOf(links: Links, { tree, scopeOf }: Scoped, marks: Uint32Array): string[] {
  const counts = new Int32Array(tree.count * MARK_COUNT);
  const sizes = new Int32Array(tree.count);
  for (const node of links.order) {
    const scope = scopeOf[node] as number;
    if (scope < 0) continue;
    sizes[scope]!++;
    addMarks(counts, scope * MARK_COUNT, marks[node] as number);
  }
  for (let scope = tree.count - 1; scope >= 0; scope--) {
    const parent = tree.parent[scope] as number;
    if (parent < 0) continue;
    sizes[parent]! += sizes[scope] as number;
    for (let m = 0; m < MARK_COUNT; m++) {
      counts[parent * MARK_COUNT + m]! += counts[scope * MARK_COUNT + m] as number;
    }
  }
  return tree.parent.map((_, scope) =>
    blockOf(counts.subarray(scope * MARK_COUNT, (scope + 1) * MARK_COUNT), sizes[scope] as number),
  );
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
