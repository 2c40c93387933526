import type { GraphTable } from '../../src/protocol/graphTable.ts';
import type { NodeFigures, RunView } from '../../src/protocol/views.ts';
import { type Change, type Comparison, changesOf, Status } from './compare.ts';

/** What this view is compared with. */
export interface DiffState {
  readonly side: 'left' | 'right';
  /** What stands on the other side. */
  readonly title: string;
  readonly other: GraphTable;
  readonly otherRun: RunView | null;
  /** Null until it is computed. */
  readonly comparison: Comparison | null;
}

/** How the nodes of this view's own graph are, by index. */
export function ownStatus({ side, comparison }: DiffState): Uint8Array | undefined {
  return comparison?.[side];
}

/** Counterpart of each node of this view's own graph, by index; -1 for none. */
export function counterparts({ side, comparison }: DiffState): Int32Array | undefined {
  return side === 'left' ? comparison?.toRight : comparison?.toLeft;
}

/** Node of this view's own graph for one of the other side, by ids. */
export function ownNode(diff: DiffState, own: GraphTable, otherId: number): number | undefined {
  const back = diff.side === 'left' ? diff.comparison?.toLeft : diff.comparison?.toRight;
  const node = back?.[diff.other.nodeIndex(otherId)] ?? -1;
  return node < 0 ? undefined : own.nodeId(node);
}

/** A row of the list of differences; indices are -1 where there is no such node. */
export interface Difference {
  readonly left: number;
  readonly right: number;
  readonly status: Status;
}

/** All nodes that differ, in the order of the left graph; those of the right one alone after what they follow. */
export function differences({ left, right, toRight, toLeft }: Comparison): Difference[] {
  const rows: Difference[] = [];
  let next = 0;
  const rightAlone = (until: number) => {
    for (; next < until; next++) {
      if (right[next] === Status.only) rows.push({ left: -1, right: next, status: Status.only });
    }
  };
  left.forEach((status, node) => {
    const other = toRight[node] as number;
    if (other >= next) {
      rightAlone(other);
      next = other + 1;
    }
    if (status !== Status.same) rows.push({ left: node, right: other, status: status as Status });
  });
  rightAlone(toLeft.length);
  return rows;
}

/** Both sides of this view's comparison, left first. */
export function sidesOf(diff: DiffState, own: GraphTable, ownRun: RunView | null) {
  const mine = { table: own, run: ownRun };
  const theirs = { table: diff.other, run: diff.otherRun };
  return diff.side === 'left' ? { left: mine, right: theirs } : { left: theirs, right: mine };
}

/** What differs in a pair of nodes. */
export function changesIn(
  { left, right }: { readonly left: GraphTable; readonly right: GraphTable },
  comparison: Comparison,
  row: Difference,
): Change[] {
  if (row.left < 0 || row.right < 0) return [];
  return changesOf({ left, right, toRight: comparison.toRight, toLeft: comparison.toLeft }, row.left, row.right);
}

/** Least change of SQNR that counts, in dB: below it two runs of one config on other samples differ as much. */
const LEAST_DB = 0.1;

/** By how much a node's SQNR is better on the right, in dB; undefined where one of them was not measured. */
export function gainDb(left: NodeFigures | undefined, right: NodeFigures | undefined): number | undefined {
  if (left?.sqnrDb == null || right?.sqnrDb == null) return undefined;
  if (left.sqnrDb === right.sqnrDb) return 0; // also two that are exact
  const gain = right.sqnrDb - left.sqnrDb;
  return Math.abs(gain) < LEAST_DB ? 0 : gain;
}
