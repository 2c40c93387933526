/**
 * What one frame holds, as a graph of its own. Its vertices are the items in the frame, then its borders, where lines
 * from outside enter and lines to outside leave. What it looks like decides the order and the layers inside, so it says
 * nothing of what is drawn outside: which items have lines across the border, but not how many or where to.
 */
export interface LevelGraph {
  readonly vertexCount: number;
  /** Vertices that are the upper and the lower border, -1 when no line crosses it. */
  readonly entry: number;
  readonly exit: number;
  /** In pixels; borders have none. */
  readonly width: Float64Array;
  readonly height: Float64Array;
  /** Lines, each pair of vertices once, by source and then by target; those of source v from `pairStart[v]` on. */
  readonly pairStart: Int32Array;
  readonly pairFrom: Int32Array;
  readonly pairTo: Int32Array;
  /** Where a line leaves and reaches its vertices, from their centres. */
  readonly pairOut: Float64Array;
  readonly pairIn: Float64Array;
}
