/**
 * What is to be laid out. Items are cards, pills, closed groups, and the frames of open groups, in the order of the
 * file; a frame comes before what it holds.
 */
export interface LayoutInput {
  readonly count: number;
  /** In pixels at zoom 1. Of a frame: what its header needs at least; it grows around what it holds. */
  readonly width: Float64Array;
  readonly height: Float64Array;
  /** The frame that holds an item, -1 for one that lies in none. */
  readonly parent: Int32Array;
  /** 1 for frames. */
  readonly isFrame: Uint8Array;
  /** Lines between items that are no frames. Those of one group (a tensor) leave their item at one point. */
  readonly edgeFrom: Int32Array;
  readonly edgeTo: Int32Array;
  readonly edgeGroup: Int32Array;
}

export interface LayoutResult {
  /** Centre of each item from the left. */
  readonly x: Float64Array;
  /** Upper side of each item from the top. */
  readonly y: Float64Array;
  /** Those of the input, but of frames: around everything they hold. */
  readonly itemWidth: Float64Array;
  readonly itemHeight: Float64Array;
  /** Layer of each item among the items of its frame. */
  readonly rank: Int32Array;
  /** Size of the whole. */
  readonly width: number;
  readonly height: number;
  /** x and y of the points of all lines, one line after another, each from its source to its target. */
  readonly points: Float64Array;
  /** First point of each line, and the number of all points at the end. */
  readonly pointStart: Uint32Array;
  /** 1 for lines that run upward, since closed groups feed each other in a circle. */
  readonly upward: Uint8Array;
}
