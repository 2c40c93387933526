import type { RunView } from './views.ts';

/** What a view is compared with: it is one half of a diff editor. */
export interface CompareStart {
  /** Where the view that gets this stands. */
  readonly side: 'left' | 'right';
  /** What stands on the other side: a file, or a file and its version or run. */
  readonly title: string;
  /** The other graph ({@link GraphTable.buffer}). */
  readonly graph: ArrayBuffer;
  /** The other side's figures, where it has any. */
  readonly run: RunView | null;
}

/** Where a view looks, told by a node: the other side shows its counterpart at the same place. */
export interface SharedPlace {
  /** Id in the graph of the sender. */
  readonly nodeId: number;
  /** From the middle of the view to the node's centre, in pixels at zoom 1. */
  readonly dx: number;
  readonly dy: number;
  readonly zoom: number;
}
