import type { LayoutResult } from './layout/types.ts';

/** What an item of a scene is; its number is in {@link Scene.kind}. */
export const ItemKind = { node: 0, input: 1, output: 2, group: 3, frame: 4 } as const;
export type ItemKind = (typeof ItemKind)[keyof typeof ItemKind];

/**
 * What is drawn of a graph with some of its groups open, without positions: numbers only, so that it moves between
 * threads in no time. Texts are read from the graph's table when they come into sight. Constants and `Constant` nodes
 * are part of their consumers.
 */
export interface Scene {
  readonly count: number;
  readonly kind: Uint8Array;
  /** Index of the node in the graph's table, of the value of an input or output, or of the group in the hierarchy. */
  readonly ref: Int32Array;
  readonly width: Float64Array;
  readonly height: Float64Array;
  /** Item of the frame that holds an item; -1 for none. Frames come before what they hold. */
  readonly parent: Int32Array;
  /** Items that lines join, none of them a frame. */
  readonly edgeFrom: Int32Array;
  readonly edgeTo: Int32Array;
  /** Value (index in the table) that a line stands for, and how many more from the same item to the same item. */
  readonly edgeValue: Int32Array;
  readonly edgeMore: Int32Array;
  /** Item that shows a node: its own, its first consumer's for a folded constant, its outermost closed group's. */
  readonly itemOfNode: Int32Array;
  /** Lines that leave and reach an item: `outEdges[outStart[i]]` to `outEdges[outStart[i + 1] - 1]`. */
  readonly outStart: Int32Array;
  readonly outEdges: Int32Array;
  readonly inStart: Int32Array;
  readonly inEdges: Int32Array;
}

/** Groups of nodes, outer ones before inner ones. */
export interface Hierarchy {
  readonly groups: readonly Group[];
  /** Innermost group of each node of the graph, by index; -1 for none. */
  readonly groupOfNode: Int32Array;
}

export interface Group {
  /** Stays the same as long as the model does; what open groups are saved by. */
  readonly key: string;
  /** Index of the group around it, -1 at the top. */
  readonly parent: number;
  /** Last part of its path, or the name of its block: `layer1`, `Residual block 3`. */
  readonly label: string;
  /** What kind of block it is, when it is recognised: `Attention`, `Residual`; '' otherwise. */
  readonly block: string;
  /** Nodes in it, groups inside included. */
  readonly size: number;
}

/** A scene with positions, as the worker sends it. */
export interface Picture {
  readonly scene: Scene;
  readonly layout: LayoutResult;
}
