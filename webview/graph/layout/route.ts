import type { LayoutInput, LayoutResult } from '../layout.ts';
import type { Layered } from './trunks.ts';

const MARGIN = 24;
const LAYER_GAP = 44;
const LANE_GAP = 14;

/** Gives layers their heights, moves everything into the positive quarter and draws the lines. */
export function routeEdges(input: LayoutInput, graph: Layered, centres: Float64Array): LayoutResult {
  const { nodeCount, rank, layers } = graph;
  const { left, right } = extent(input, centres);
  const x = centres.map((c) => c - left + MARGIN);
  const laneCount = graph.trunks.reduce((most, t) => Math.max(most, t.lane + 1), 0);
  const laneX = (lane: number) => right - left + 2 * MARGIN + LANE_GAP * lane;
  const { top, bottom } = layerBands(input, graph, x);
  const rankOf = (v: number) => rank[v] as number;
  const y = new Float64Array(nodeCount);
  for (let v = 0; v < nodeCount; v++) {
    const band = (bottom[rankOf(v)] as number) - (top[rankOf(v)] as number);
    y[v] = (top[rankOf(v)] as number) + Math.floor((band - (input.nodes[v]?.height ?? 0)) / 2);
  }

  const xOf = (v: number) => x[v] as number;
  const runs = graph.trunks.map((trunk, t) => trunkRuns(graph, t, trunk.lane < 0 ? xOf : () => laneX(trunk.lane)));
  const runsOf = (e: number) => runs[graph.trunkOf[e] as number] ?? [];
  const ends = input.edges.map((edge, e) => {
    const direct = rankOf(edge.to) - rankOf(edge.from) < 2;
    const last = lastAbove(runsOf(e), rankOf(edge.to));
    return {
      leaves: direct ? xOf(edge.to) : (runsOf(e)[0]?.x ?? xOf(edge.to)),
      arrives: direct ? xOf(edge.from) : (last?.x ?? xOf(edge.from)),
    };
  });
  const outPorts = spreadPorts(input, xOf, (e) => ({
    node: input.edges[e]?.from as number,
    line: input.edges[e]?.group as number,
    toward: ends[e]?.leaves as number,
  }));
  const inPorts = spreadPorts(input, xOf, (e) => ({
    node: input.edges[e]?.to as number,
    line: e,
    toward: ends[e]?.arrives as number,
  }));

  const points: number[] = [];
  const pointStart = new Uint32Array(input.edges.length + 1);
  input.edges.forEach(({ from, to }, e) => {
    const line: [number, number][] = [];
    const fromRank = rankOf(from);
    const toRank = rankOf(to);
    const out = outPorts[e] as number;
    const into = inPorts[e] as number;
    line.push([out, (y[from] as number) + (input.nodes[from]?.height ?? 0)], [out, bottom[fromRank] as number]);
    for (const run of runsOf(e)) {
      if (run.first >= toRank) break;
      const last = Math.min(run.last, toRank - 1);
      line.push([run.x, top[run.first] as number], [run.x, bottom[last] as number]);
    }
    line.push([into, top[toRank] as number], [into, y[to] as number]);
    for (const [px, py] of withoutCollinear(line)) points.push(px, py);
    pointStart[e + 1] = points.length / 2;
  });

  const laneWidth = laneCount === 0 ? 0 : laneCount * LANE_GAP + MARGIN;
  return {
    x: x.slice(0, nodeCount),
    y,
    rank: Int32Array.from(rank.slice(0, nodeCount)),
    width: nodeCount === 0 ? 0 : right - left + 2 * MARGIN + laneWidth,
    height: (bottom[layers.length - 1] ?? -MARGIN) + MARGIN,
    points: Float64Array.from(points),
    pointStart,
  };
}

/** A straight vertical part of a trunk, from layer `first` to layer `last`. */
interface Run {
  readonly x: number;
  readonly first: number;
  last: number;
}

function trunkRuns(graph: Layered, t: number, xOf: (bend: number) => number): Run[] {
  const trunk = graph.trunks[t];
  if (trunk === undefined) return [];
  const first = (graph.rank[trunk.from] as number) + 1;
  if (trunk.lane >= 0) return [{ x: xOf(0), first, last: Number.POSITIVE_INFINITY }];
  const runs: Run[] = [];
  for (let i = 0; i < trunk.bends; i++) {
    const x = xOf(trunk.firstBend + i);
    const run = runs.at(-1);
    if (run?.x === x) run.last = first + i;
    else runs.push({ x, first: first + i, last: first + i });
  }
  return runs;
}

function lastAbove(runs: readonly Run[], rank: number): Run | undefined {
  for (let i = runs.length - 1; i >= 0; i--) if ((runs[i] as Run).first < rank) return runs[i];
  return undefined;
}

function extent(input: LayoutInput, centres: Float64Array): { left: number; right: number } {
  let left = Infinity;
  let right = -Infinity;
  centres.forEach((c, v) => {
    const half = (input.nodes[v]?.width ?? 0) / 2;
    left = Math.min(left, c - half);
    right = Math.max(right, c + half);
  });
  return centres.length === 0 ? { left: 0, right: 0 } : { left, right };
}

/** Upper and lower side of each layer; gaps grow where lines travel far, so that they do not lie flat. */
function layerBands(input: LayoutInput, graph: Layered, x: Float64Array): { top: number[]; bottom: number[] } {
  const top: number[] = [];
  const bottom: number[] = [];
  let y = MARGIN;
  for (const layer of graph.layers) {
    let tallest = 0;
    let farthest = 0;
    for (const v of layer) {
      if (v < graph.nodeCount) tallest = Math.max(tallest, input.nodes[v]?.height ?? 0);
      for (const w of graph.down[v] ?? []) {
        farthest = Math.max(farthest, Math.abs((x[v] as number) - (x[w] as number)));
      }
    }
    top.push(y);
    bottom.push(y + Math.ceil(tallest));
    y += Math.ceil(tallest) + LAYER_GAP + Math.round(Math.min(72, Math.max(0, farthest - 240) * 0.05));
  }
  return { top, bottom };
}

/**
 * Where lines touch a side of their node: straight ones at its centre, others left or right of it by where they
 * come from.
 */
function spreadPorts(
  input: LayoutInput,
  xOf: (v: number) => number,
  describe: (e: number) => { node: number; line: number; toward: number },
): Float64Array {
  const sides = new Map<number, Map<number, { toward: number; edges: number[] }>>();
  input.edges.forEach((_, e) => {
    const { node, line, toward } = describe(e);
    const side = sides.get(node) ?? new Map<number, { toward: number; edges: number[] }>();
    sides.set(node, side);
    const known = side.get(line);
    if (known === undefined) side.set(line, { toward, edges: [e] });
    else {
      if (Math.abs(toward - xOf(node)) < Math.abs(known.toward - xOf(node))) known.toward = toward;
      known.edges.push(e);
    }
  });
  const ports = new Float64Array(input.edges.length);
  for (const [node, side] of sides) {
    const centre = xOf(node);
    const reach = Math.max(0, (input.nodes[node]?.width ?? 0) / 2 - 10);
    const lines = [...side.values()].sort((a, b) => a.toward - b.toward);
    const alone = lines.length === 1;
    const left = lines.filter((l) => !alone && l.toward < centre - 1);
    const right = lines.filter((l) => !alone && l.toward > centre + 1);
    const step = Math.min(22, reach / Math.max(1, left.length, right.length));
    for (const { edges } of lines) for (const e of edges) ports[e] = centre;
    left.forEach((l, i) => {
      for (const e of l.edges) ports[e] = centre - step * (left.length - i);
    });
    right.forEach((l, i) => {
      for (const e of l.edges) ports[e] = centre + step * (i + 1);
    });
  }
  return ports;
}

function withoutCollinear(line: readonly [number, number][]): [number, number][] {
  const kept: [number, number][] = [];
  for (const point of line) {
    const last = kept.at(-1);
    const beforeLast = kept.at(-2);
    if (last !== undefined && last[0] === point[0] && last[1] === point[1]) continue;
    if (last !== undefined && beforeLast !== undefined && last[0] === point[0] && beforeLast[0] === point[0]) {
      kept[kept.length - 1] = point;
    } else kept.push(point);
  }
  return kept;
}
