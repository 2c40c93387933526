import { expect, test } from 'vitest';
import { nodeFiles } from '../../src/node/files.ts';
import { encodeGraph } from '../../src/protocol/encodeGraph.ts';
import { GraphTable } from '../../src/protocol/graphTable.ts';
import { openModel } from '../../src/session/model.ts';
import { type LayoutInput, type LayoutResult, layoutGraph } from '../../webview/graph/layout.ts';
import { buildScene, noHierarchy } from '../../webview/graph/scene.ts';
import { describeWithShared, sharedData } from '../helpers/sharedData.ts';
import { chain, dense, fastest, inception, layoutInput, oneFeedsAll, random, residual, unet, wide } from './graphs.ts';

const CASES: readonly (readonly [string, LayoutInput])[] = [
  ['one node', layoutInput(1, [])],
  ['a chain of 5,000', chain(5000)],
  ['1,000 side by side', wide(1000)],
  ['333 residual blocks', residual(333)],
  ['110 inception blocks', inception(110)],
  ['one tensor that feeds 1,000 layers', oneFeedsAll(1000)],
  ['dense blocks', dense(20, 12)],
  ['a deep U', unet(60)],
  ['a random graph of 1,000 with short lines', random(1000, 4, 7)],
  ['a random graph of 300 with long lines', random(300, 300, 3)],
  ['disconnected nodes', layoutInput(12, [[3, 4]])],
];

test.each(CASES)('%s: no overlap, lines point down and pass no node', (_, input) => {
  const result = layoutGraph(input);
  expectNoOverlap(input, result);
  expectLinesDown(input, result);
  expectLinesClear(input, result);
  for (let v = 0; v < input.nodes.length; v++) {
    const half = (input.nodes[v]?.width ?? 0) / 2;
    expect((result.x[v] as number) - half).toBeGreaterThanOrEqual(0);
    expect((result.x[v] as number) + half).toBeLessThanOrEqual(result.width);
    expect((result.y[v] as number) + (input.nodes[v]?.height ?? 0)).toBeLessThanOrEqual(result.height);
  }
});

test('small random graphs of many seeds keep every rule', () => {
  for (let seed = 1; seed <= 150; seed++) {
    const input = random(3 + (seed % 40), 1 + (seed % 11), seed);
    const result = layoutGraph(input);
    expectNoOverlap(input, result);
    expectLinesDown(input, result);
    expectLinesClear(input, result);
  }
});

test('an empty graph has no size', () => {
  const result = layoutGraph({ nodes: [], edges: [] });
  expect([result.width, result.height, result.x.length]).toEqual([0, 0, 0]);
});

test('chains and the spine of residual and U shapes are straight', () => {
  for (const [input, spine] of [
    [chain(5000), Array.from({ length: 5000 }, (_, i) => i)],
    [residual(40), Array.from({ length: 121 }, (_, i) => i)],
    [unet(20), Array.from({ length: 41 }, (_, i) => i)],
    [oneFeedsAll(200), Array.from({ length: 198 }, (_, i) => i + 2)],
  ] as const) {
    const { x } = layoutGraph(input);
    expect(new Set(spine.map((v) => x[v])).size).toBe(1);
  }
});

test('every branch of an inception block is one straight column', () => {
  const { x } = layoutGraph(inception(3));
  const [, , b1, b2, c1, c2, c3, d1, d2] = x;
  expect([b1, c1, c2, d1]).toEqual([b2, c2, c3, d2]);
});

test('a tree hanging on one consumer is drawn next to it', () => {
  // 0..9 a chain; 10 -> 11 -> 9 has nothing to do with its top
  const edges = Array.from({ length: 9 }, (_, i) => [i, i + 1] as [number, number]);
  const { rank } = layoutGraph(layoutInput(12, [...edges, [10, 11], [11, 9]]));
  expect([rank[9], rank[11], rank[10]]).toEqual([9, 8, 7]);
});

test('the same input gives the same bytes', () => {
  const a = layoutGraph(random(400, 30, 5));
  const b = layoutGraph(random(400, 30, 5));
  expect(a).toEqual(b);
});

test('an edge that closes a cycle is drawn and breaks nothing', () => {
  const input = layoutInput(4, [
    [0, 1],
    [1, 2],
    [2, 1],
    [2, 3],
  ]);
  const result = layoutGraph(input);
  expectNoOverlap(input, result);
  expect(result.rank).toEqual(Int32Array.from([0, 1, 2, 3]));
});

describeWithShared('real graphs', () => {
  test.each([
    ['models/derived/mobilenet_v2_float_from_qdq.onnx', 100],
    ['models/det/yolox_nano_416.onnx', 350],
    ['models/face/yunet_n_dynamic.onnx', 150],
    ['models/ocr/ppocrv4_det.onnx', 600],
  ])('%s keeps every rule', async (path, atLeast) => {
    const { view } = await openModel(nodeFiles, sharedData(path));
    const table = new GraphTable(encodeGraph(view));
    const scene = buildScene({ table, hierarchy: noHierarchy(table), open: new Set() }, (text) => text.length * 6);
    const input = {
      nodes: Array.from(scene.width, (width, i) => ({ width, height: scene.height[i] as number })),
      edges: Array.from(scene.edgeFrom, (from, e) => ({
        from,
        to: scene.edgeTo[e] as number,
        group: scene.edgeValue[e] as number,
      })),
    };
    const result = layoutGraph(input);
    expect(view.nodes.length).toBeGreaterThan(atLeast);
    expectNoOverlap(input, result);
    expectLinesDown(input, result);
    expectLinesClear(input, result);
  });
});

test('1,000 nodes take less than 200 ms', () => {
  const lines: string[] = [];
  for (const [name, input] of CASES) {
    const best = fastest(() => layoutGraph(input), 200);
    lines.push(`${best.toFixed(1).padStart(8)} ms  ${name} (${input.nodes.length} nodes, ${input.edges.length} edges)`);
    if (input.nodes.length <= 1100) expect(best, name).toBeLessThan(200);
  }
  console.log(lines.join('\n'));
});

function expectNoOverlap(input: LayoutInput, { x, y }: LayoutResult): void {
  const rows = new Map<number, number[]>();
  input.nodes.forEach((_, v) => {
    for (let cell = Math.floor((y[v] as number) / 40); cell <= Math.floor(((y[v] as number) + 40) / 40); cell++) {
      rows.set(cell, [...(rows.get(cell) ?? []), v]);
    }
  });
  let pairs = 0;
  for (const row of rows.values()) {
    row.sort((a, b) => (x[a] as number) - (x[b] as number));
    for (let i = 0; i + 1 < row.length; i++) {
      const [a, b] = [row[i] as number, row[i + 1] as number];
      const apart = (x[b] as number) - (x[a] as number) - (widthOf(input, a) + widthOf(input, b)) / 2;
      const stacked =
        (y[a] as number) + heightOf(input, a) <= (y[b] as number) ||
        (y[b] as number) + heightOf(input, b) <= (y[a] as number);
      if (!stacked && apart < 8) throw new Error(`nodes ${a} and ${b} are ${apart} apart`);
      pairs++;
    }
  }
  if (input.nodes.length > 100 && rows.size < 50) expect(pairs).toBeGreaterThan(0);
}

function expectLinesDown(input: LayoutInput, { rank, points, pointStart }: LayoutResult): void {
  input.edges.forEach(({ from, to }, e) => {
    if ((rank[from] as number) >= (rank[to] as number)) throw new Error(`edge ${from} -> ${to} does not point down`);
    for (let p = pointStart[e] as number; p + 1 < (pointStart[e + 1] as number); p++) {
      if ((points[2 * p + 3] as number) < (points[2 * p + 1] as number)) throw new Error(`edge ${e} goes up`);
    }
  });
}

/** Samples every line as it is drawn and looks for a node it runs through. */
function expectLinesClear(input: LayoutInput, { x, y, points, pointStart }: LayoutResult): void {
  const byRow = new Map<number, number[]>();
  input.nodes.forEach((_, v) => {
    for (let cell = Math.floor((y[v] as number) / 50); cell <= Math.floor(((y[v] as number) + 40) / 50); cell++) {
      byRow.set(cell, [...(byRow.get(cell) ?? []), v]);
    }
  });
  let samples = 0;
  input.edges.forEach(({ from, to }, e) => {
    for (let p = pointStart[e] as number; p + 1 < (pointStart[e + 1] as number); p++) {
      const [ax, ay, bx, by] = points.slice(2 * p, 2 * p + 4) as unknown as [number, number, number, number];
      const steps = Math.min(60, Math.max(2, Math.ceil((by - ay) / 8)));
      for (let i = 0; i <= steps; i++) {
        const t = i / steps;
        const blend = 3 * t * t * (1 - t) + t * t * t;
        const px = ax + (bx - ax) * blend;
        const py = ay + (by - ay) * (1.5 * t * (1 - t) ** 2 + 1.5 * t * t * (1 - t) + t ** 3);
        samples++;
        for (const v of byRow.get(Math.floor(py / 50)) ?? []) {
          if (v === from || v === to) continue;
          const inside =
            Math.abs(px - (x[v] as number)) < widthOf(input, v) / 2 &&
            py > (y[v] as number) &&
            py < (y[v] as number) + heightOf(input, v);
          if (inside) throw new Error(`edge ${from} -> ${to} runs through node ${v}`);
        }
      }
    }
  });
  if (input.edges.length > 0) expect(samples).toBeGreaterThan(0);
}

function widthOf(input: LayoutInput, v: number): number {
  return input.nodes[v]?.width ?? 0;
}

function heightOf(input: LayoutInput, v: number): number {
  return input.nodes[v]?.height ?? 0;
}
