import { orderLayers } from './layout/order.ts';
import { placeVertices } from './layout/place.ts';
import { assignRanks } from './layout/rank.ts';
import { routeEdges } from './layout/route.ts';
import { buildLayers } from './layout/trunks.ts';

/** What is laid out. Indices count from 0 in `nodes`. */
export interface LayoutInput {
  /** Sizes in pixels at zoom 1. */
  readonly nodes: readonly { readonly width: number; readonly height: number }[];
  readonly edges: readonly LayoutEdge[];
}

export interface LayoutEdge {
  readonly from: number;
  readonly to: number;
  /** Edges of one group leave `from` as one line and part where they must: one group per tensor. */
  readonly group: number;
}

/** Positions in pixels; everything lies inside [0, width] x [0, height]. */
export interface LayoutResult {
  /** Centre of each node. */
  readonly x: Float64Array;
  /** Upper side of each node. */
  readonly y: Float64Array;
  /** Layer of each node, 0 on top. */
  readonly rank: Int32Array;
  readonly width: number;
  readonly height: number;
  /** x, y of all edges' points; between points of unequal x a line bends with vertical tangents. */
  readonly points: Float64Array;
  /** Edge e owns the points pointStart[e] up to pointStart[e + 1]. */
  readonly pointStart: Uint32Array;
}

/**
 * Lays a directed graph out in layers, top to bottom.
 *
 * The longest path of every part becomes one straight column, other chains are straight wherever nothing crosses
 * them, lines pass beside nodes and never behind them. The same input gives the same output. Edges that close a
 * cycle are drawn upward and do not count otherwise.
 */
export function layoutGraph(input: LayoutInput): LayoutResult {
  const { rank, forward, height } = assignRanks(input.nodes.length, input.edges);
  const layered = buildLayers(input, rank, forward);
  orderLayers(layered);
  const x = placeVertices(layered, input.nodes, height);
  return routeEdges(input, layered, x);
}
