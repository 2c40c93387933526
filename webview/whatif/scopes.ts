import type { GraphTable } from '../../src/protocol/graphTable.ts';
import type { Hierarchy } from '../graph/picture.ts';
import { t } from '../l10n.ts';

/** Nodes by their index, and what they are. */
export interface NodeSet {
  readonly title: string;
  readonly nodes: ArrayLike<number>;
}

/** What a change of several nodes was asked for on; without anything the selected node is meant. */
export interface ChangeTarget {
  readonly nodeId?: number | undefined;
  /** Key of a group. */
  readonly group?: string | undefined;
  /** Rows of a table or hits of a search. */
  readonly sets?: readonly NodeSet[] | undefined;
}

/** Nodes of a group and of the groups in it, by their index; none for a key that no group has. */
export function nodesOfGroup({ groups, groupOfNode }: Hierarchy, key: string): number[] {
  const wanted = groups.findIndex((group) => group.key === key);
  if (wanted < 0) return [];
  const isInside = new Uint8Array(groups.length);
  for (const [g, { parent }] of groups.entries()) {
    isInside[g] = g === wanted || (parent >= 0 && isInside[parent] === 1) ? 1 : 0; // outer groups come first
  }
  const nodes: number[] = [];
  for (let node = 0; node < groupOfNode.length; node++) {
    const group = groupOfNode[node] as number;
    if (group >= 0 && isInside[group] === 1) nodes.push(node);
  }
  return nodes;
}

/** All nodes of the same operator, by their index. */
export function nodesLike(graph: GraphTable, node: number): number[] {
  const [opType, domain] = [graph.opType(node), graph.domain(node)];
  const nodes: number[] = [];
  for (let other = 0; other < graph.nodeCount; other++) {
    if (graph.opType(other) === opType && graph.domain(other) === domain) nodes.push(other);
  }
  return nodes;
}

/**
 * What is meant where a command names nothing: the group that is selected in the graph. A node that is among the rows
 * that are chosen in the table stands for all of these.
 */
export function withSelection(
  target: ChangeTarget,
  group: string | undefined,
  chosen: { readonly nodes: Int32Array; readonly has: (nodeId: number) => boolean },
): ChangeTarget {
  if (target.sets !== undefined || target.group !== undefined) return target;
  if (target.nodeId === undefined) return group === undefined ? target : { group };
  if (chosen.nodes.length < 2 || !chosen.has(target.nodeId)) return target;
  return { ...target, sets: [{ title: t('Chosen rows'), nodes: chosen.nodes }] };
}
