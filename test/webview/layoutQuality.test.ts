import { expect, test } from 'vitest';
import { layoutItems } from '../../webview/graph/layout/layoutItems.ts';
import type { LayoutInput } from '../../webview/graph/layout/types.ts';
import { describeWithShared, sharedData } from '../helpers/sharedData.ts';
import { countDrawnCrossings, crossingsOf, type Drawn } from './drawnCrossings.ts';
import { dense, inception, layoutInput, random, residual, unet } from './graphs.ts';
import { expectRules } from './layoutRules.ts';
import { showModel } from './shownModel.ts';

const PEERS_MODULE = new URL('../../bench/lib/layoutPeers.mjs', import.meta.url).href;
const { layoutByPeer } = (await import(PEERS_MODULE)) as {
  layoutByPeer(peer: 'dagre', input: LayoutInput, limitMs: number): Drawn | { readonly failed: string };
};
const LIMIT_MS = 40_000;

test('crossings are counted where lines change sides between layers', () => {
  const x = [0, 10, 0, 10, 5];
  const y = [0, 0, 50, 50, 100];
  const straight = (from: number, to: number) =>
    [
      [x[from], y[from]],
      [x[to], y[to]],
    ] as [number, number][];
  const count = (edges: readonly (readonly [number, number])[]) =>
    countDrawnCrossings({ x, y, lines: edges.map(([from, to]) => straight(from, to)) }, layoutInput(5, edges));
  expect(count([[0, 2], [1, 3]])).toBe(0); // biome-ignore format: a row of cases
  expect(count([[0, 3], [1, 2]])).toBe(1); // biome-ignore format: a row of cases
  expect(count([[0, 2], [0, 3], [1, 2], [1, 3]])).toBe(1); // biome-ignore format: a row of cases
  expect(count([[0, 4], [1, 2], [2, 4]])).toBe(1); // biome-ignore format: a row of cases
});

test('lines that run in lanes beside the graph do not cross when they lie within each other', () => {
  const input = unet(300);
  const result = layoutItems(input);
  const spine = result.x[0] as number;
  expect(result.points.reduce((most, v, i) => (i % 2 === 0 ? Math.max(most, v) : most), 0)).toBeGreaterThan(
    spine + 2000,
  );
  expect(crossingsOf(input, result)).toBe(0);
});

const GENERATED: readonly (readonly [string, LayoutInput])[] = [
  ['residual blocks', residual(60)],
  ['inception blocks', inception(30)],
  ['dense blocks', dense(4, 8)],
  ['a U', unet(20)],
  ['a random graph with short lines', random(150, 4, 7)],
  ['a random graph with longer lines', random(150, 20, 3)],
  ['a random graph with lines of all lengths', random(120, 120, 3)],
];

test.each(GENERATED)('%s: no more crossings than dagre draws', (name, input) => {
  compareWithDagre(name, input);
});

describeWithShared('no more crossings than dagre draws where it finishes, and no rule broken', () => {
  test.each([
    ['models/derived/mobilenet_v2_float_from_qdq.onnx', 100],
    ['models/ocr/ppocrv4_rec.onnx', 300],
    ['models/ocr/ppocrv4_det.onnx', 300],
    ['models/det/yolox_nano_416.onnx', 350],
    ['models/face/yunet_n_dynamic.onnx', 150],
    ['models/face/ultraface_RFB-320.onnx', 150],
    ['models/seg/deeplab_v3_mnv2_257.onnx', 100],
    ['models/nlp/magika_standard_v3_3.onnx', 80],
  ])('%s', async (path, atLeast) => {
    const { input, nodeCount } = await showModel(sharedData(path));
    expect(nodeCount).toBeGreaterThan(atLeast);
    expectRules(input, layoutItems(input));
    compareWithDagre(path, input);
  });

  // dagre needs seconds for these, or more stack than there is: npm run bench:layout
  test.each([
    ['models/nlp/gpt2_past_tiny.onnx', 1500, 31],
    ['models/nlp/tfbert_qa_tiny.onnx', 3000, 432],
  ])('%s breaks no rule and does not get worse', async (path, atLeast, crossings) => {
    const { input, nodeCount } = await showModel(sharedData(path));
    expect(nodeCount).toBeGreaterThan(atLeast);
    const result = layoutItems(input);
    expectRules(input, result);
    expect(crossingsOf(input, result)).toBeLessThanOrEqual(crossings);
  });
});

function compareWithDagre(name: string, input: LayoutInput): void {
  const theirs = layoutByPeer('dagre', input, LIMIT_MS);
  if ('failed' in theirs) throw new Error(`dagre: ${theirs.failed}`);
  const crossings = crossingsOf(input, layoutItems(input));
  const limit = countDrawnCrossings(theirs, input);
  console.log(`${name}: ${crossings} crossings, dagre ${limit}`);
  expect(crossings).toBeLessThanOrEqual(limit);
}
