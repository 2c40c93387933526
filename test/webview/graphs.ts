import type { LayoutInput } from '../../webview/graph/layout/types.ts';

/** Builds layout inputs without frames; one group per producing item. */
export function layoutInput(count: number, edges: readonly (readonly [number, number])[]): LayoutInput {
  const edgeFrom = Int32Array.from(edges, ([from]) => from);
  return {
    count,
    width: Float64Array.from({ length: count }, (_, i) => 90 + ((i * 37) % 80)),
    height: Float64Array.from({ length: count }, (_, i) => (i % 5 === 0 ? 30 : 40)),
    parent: new Int32Array(count).fill(-1),
    isFrame: new Uint8Array(count),
    edgeFrom,
    edgeTo: Int32Array.from(edges, ([, to]) => to),
    edgeGroup: edgeFrom.slice(),
  };
}

export function chain(n: number): LayoutInput {
  return layoutInput(
    n,
    Array.from({ length: n - 1 }, (_, i) => [i, i + 1] as const),
  );
}

/** One source, `n` parallel nodes, one sink. */
export function wide(n: number): LayoutInput {
  const edges: [number, number][] = [];
  for (let i = 1; i <= n; i++) edges.push([0, i], [i, n + 1]);
  return layoutInput(n + 2, edges);
}

/** Blocks of two nodes and an addition that skips them. */
export function residual(blocks: number): LayoutInput {
  const edges: [number, number][] = [];
  for (let b = 0; b < blocks; b++) {
    const x = b * 3;
    edges.push([x, x + 1], [x + 1, x + 2], [x + 2, x + 3], [x, x + 3]);
  }
  return layoutInput(blocks * 3 + 1, edges);
}

/** Blocks of four branches of 1, 2, 3 and 2 nodes that meet again. */
export function inception(blocks: number): LayoutInput {
  const edges: [number, number][] = [];
  let next = 1;
  let from = 0;
  for (let b = 0; b < blocks; b++) {
    const ends: number[] = [];
    for (const length of [1, 2, 3, 2]) {
      let v = from;
      for (let i = 0; i < length; i++) {
        edges.push([v, next]);
        v = next++;
      }
      ends.push(v);
    }
    const concat = next++;
    for (const end of ends) edges.push([end, concat]);
    from = concat;
  }
  return layoutInput(next, edges);
}

/** A chain each node of which also reads the one tensor of node 0. */
export function oneFeedsAll(n: number): LayoutInput {
  const edges: [number, number][] = [[1, 2]];
  for (let i = 2; i < n; i++) edges.push([i - 1, i], [0, i]);
  return layoutInput(n, edges.slice(1));
}

/** Every node reads all earlier ones of its block of `size`. */
export function dense(blocks: number, size: number): LayoutInput {
  const edges: [number, number][] = [];
  for (let b = 0; b < blocks; b++) {
    for (let i = 0; i < size; i++) for (let j = i + 1; j <= size; j++) edges.push([b * size + i, b * size + j]);
  }
  return layoutInput(blocks * size + 1, edges);
}

/** Contracting and expanding path with a skip connection at each depth. */
export function unet(depth: number): LayoutInput {
  const edges: [number, number][] = [];
  const last = 2 * depth;
  for (let i = 0; i < last; i++) edges.push([i, i + 1]);
  for (let i = 0; i < depth - 1; i++) edges.push([i, last - i]);
  return layoutInput(last + 1, edges);
}

/** A random acyclic graph: node i reads up to three of the `reach` nodes before it. */
export function random(n: number, reach: number, seed: number): LayoutInput {
  let state = seed >>> 0 || 1;
  const next = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const edges: [number, number][] = [];
  for (let i = 1; i < n; i++) {
    const fan = 1 + (next(4) === 0 ? next(3) : 0);
    for (let k = 0; k < fan; k++) edges.push([Math.max(0, i - 1 - next(Math.min(i, reach))), i]);
  }
  return layoutInput(n, edges);
}

/**
 * Milliseconds of the fastest of some runs, at most 25; stops at the third that is below `enough`, since on a busy
 * machine most runs wait for others.
 */
export function fastest(work: () => void, enough: number): number {
  let best = Infinity;
  for (let i = 0, good = 0; i < 25 && good < 3; i++) {
    const start = performance.now();
    work();
    best = Math.min(best, performance.now() - start);
    if (best < enough) good++;
  }
  return best;
}
