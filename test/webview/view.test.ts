import { expect, test } from 'vitest';
import { encodeGraph } from '../../src/protocol/encodeGraph.ts';
import { GraphTable } from '../../src/protocol/graphTable.ts';
import type { GraphView } from '../../src/protocol/views.ts';
import { formatChange, formatCosine, formatDb, formatShape, formatShare } from '../../webview/format.ts';
import { firstCamera, fitCamera, keepInSight, toGraph, toScreen, zoomAt } from '../../webview/graph/camera.ts';
import { contextOf, describeItem } from '../../webview/graph/describe.ts';
import { Drawing } from '../../webview/graph/drawing.ts';
import { marksOf } from '../../webview/graph/marks.ts';
import { neighbour } from '../../webview/graph/navigate.ts';
import { ItemKind } from '../../webview/graph/picture.ts';
import { PictureMaker } from '../../webview/graph/pictureMaker.ts';
import { measureCharacters, measureWith, shorten } from '../../webview/graph/text.ts';
import { markNodes } from '../../webview/heat/marks.ts';
import { shownMetric } from '../../webview/heat/state.ts';
import { clustersText, multiplierText } from '../../webview/panels/codes.ts';
import { columnOf, largeGraph, mobileNet, runOf, withUnsupported } from './fixtures.ts';

const widths = measureCharacters((text) => text.length * 6);
function draw(view: GraphView): Drawing {
  const table = new GraphTable(encodeGraph(view));
  const maker = new PictureMaker();
  const { hierarchy } = maker.load(table.buffer, widths);
  return new Drawing({ table, hierarchy }, maker.draw(hierarchy.groups.map((g) => g.key)), measureWith(widths));
}

const graph = mobileNet();
const table = new GraphTable(encodeGraph(graph));
const drawing = draw(graph);
const { scene, layout } = drawing;
const itemsOf = ({ scene: { count } }: Drawing) => Array.from({ length: count }, (_, i) => i);
const isPill = (item: number) => scene.kind[item] === ItemKind.input || scene.kind[item] === ItemKind.output;
const nodeNamed = (handle: string) => graph.nodes.find((n) => n.handle === handle)?.id ?? -1;

test('a scene has a card per node but constants, and a pill per input and output', () => {
  const folded = graph.nodes.filter((n) => n.opType === 'Constant');
  expect(folded.length).toBe(1);
  expect(itemsOf(drawing).filter((i) => scene.kind[i] === ItemKind.node).length).toBe(graph.nodes.length - 1);
  const pills = itemsOf(drawing)
    .filter(isPill)
    .map((i) => drawing.text(i));
  expect(pills.map((text) => [text.title, text.fullLabel, text.shape])).toEqual([
    ['input', 'input', 'float32 batch_size×3×224×224'],
    ['output', '/classifier/classifier.1/Gemm_output_0', 'float32 batch_size×1000'],
  ]);
  expect(drawing.itemOf(folded[0]?.id ?? -1)).toBe(drawing.itemOf(nodeNamed('/Flatten')));
});

test('edges carry the shape and name of their tensor, weights are no edges', () => {
  const add = drawing.itemOf(nodeNamed('/features/features.3/Add')) ?? -1;
  const reached = [...scene.inEdges.subarray(scene.inStart[add], scene.inStart[add + 1])];
  expect(reached.map((e) => formatShape(table.dims(scene.edgeValue[e] ?? -1)))).toEqual([
    'batch_size×24×56×56',
    'batch_size×24×56×56',
  ]);
  const conv = drawing.text(drawing.itemOf(nodeNamed('/features/features.0.0/Conv')) ?? -1);
  expect([conv.category, conv.shape]).toEqual(['weighted', '32×3×3×3']);
});

test('a long name keeps its beginning and, longer, its end', () => {
  expect(shorten('/features/features.0.0/Conv', 15, (t) => t.length)).toBe('/feat….0.0/Conv');
  expect(shorten('Conv_1', 15, (t) => t.length)).toBe('Conv_1');
});

test('arrow keys lead to producer, consumer and sibling', () => {
  const add = drawing.itemOf(nodeNamed('/features/features.3/Add')) ?? -1;
  const up = neighbour(drawing, add, 'up') ?? -1;
  expect(drawing.text(up).fullLabel).toBe('/features/features.3/conv/conv.2/Conv');
  expect(neighbour(drawing, up, 'down')).toBe(add);
  const input = itemsOf(drawing).find((i) => scene.kind[i] === ItemKind.input) ?? -1;
  expect(neighbour(drawing, input, 'up')).toBe(undefined);
  const branches = draw(largeGraph(60));
  const sibling = itemsOf(branches).find((i) => neighbour(branches, i, 'right') !== undefined) ?? -1;
  const right = neighbour(branches, sibling, 'right') ?? -1;
  expect(branches.layout.rank[right]).toBe(branches.layout.rank[sibling]);
  expect(neighbour(branches, right, 'left')).toBe(sibling);
});

test('a point inside a card finds it, a point between cards finds none', () => {
  const drawn = itemsOf(drawing).filter((i) => scene.kind[i] !== ItemKind.frame);
  for (const i of [0, 7, drawn.length - 1].map((k) => drawn[k] ?? -1)) {
    const x = layout.x[i] ?? 0;
    const y = layout.y[i] ?? 0;
    expect(drawing.itemAt(x, y + 3)).toBe(i);
    expect(drawing.itemAt(x, y - 3)).toBe(undefined);
  }
});

test('zooming keeps the point under the pointer; fitting shows everything', () => {
  const view = { width: 800, height: 600 };
  const camera = { x: 100, y: 50, zoom: 0.8 };
  const at = { x: 123, y: 456 };
  const before = toGraph(camera, view, at);
  const after = toScreen(zoomAt(camera, at, 1.7, { view, graph: undefined }), view, before);
  expect(after.x).toBeCloseTo(at.x, 9);
  expect(after.y).toBeCloseTo(at.y, 9);
  const fitted = fitCamera(view, { width: 300, height: 6000 });
  expect(toScreen(fitted, view, { x: 0, y: 6000 }).y).toBeLessThanOrEqual(600);
  const tall = { view, graph: { width: 300, height: 600_000 } };
  expect(zoomAt(camera, at, 1e-9, tall).zoom).toBe(fitCamera(view, tall.graph).zoom);
  expect(firstCamera(view, { width: 300, height: 6000 }, { x: 150, y: 24 }).zoom).toBe(1);
  expect(keepInSight({ x: 1e6, y: -1e6, zoom: 1 }, view, { width: 300, height: 300 })).toEqual({
    x: 640,
    y: -240,
    zoom: 1,
  });
});

test('marks carry the number and level of the heat and say what is skipped', () => {
  const handle = graph.nodes[2]?.handle ?? '';
  const run = runOf(graph, new Set([handle]));
  const main = shownMetric(columnOf(graph, run, { metric: 'cosine', of: 'mean' }), undefined, 'bands');
  const heat = { main, second: null, scale: 'bands', band: null, graph: table } as const;
  const marks = markNodes(run, heat, new Set([5]));
  expect(marks.get(2)).toMatchObject({ level: 0, pending: false });
  expect(marks.get(2)?.text).toBe('1-2e-5');
  expect(marks.get(5)?.pending).toBe(true);
  expect(describeItem(drawing, drawing.itemOf(2) ?? -1, marksOf(drawing, marks))).toContain('1-2e-5, skipped');
  expect(markNodes(null, null, new Set()).size).toBe(0);
});

test('the menu context names the node or group and whether it can be switched', () => {
  const figures = runOf(graph).nodes[0] ?? null;
  const place = { figures, obstacle: undefined, hasOther: true };
  expect(JSON.parse(contextOf({ ...place, nodeId: 4, handle: 'conv4' }))).toEqual({
    webviewSection: 'node',
    nodeId: 4,
    handle: 'conv4',
    canSkip: true,
    skipped: false,
    hasOther: true,
    preventDefaultContextMenuItems: true,
  });
  const noRun = { figures: null, obstacle: 'no run', hasOther: false };
  expect(JSON.parse(contextOf({ ...noRun, nodeId: 4 }))).toMatchObject({ canSkip: false });
  expect(JSON.parse(contextOf({ ...noRun, group: '/layer1', isOpen: true }))).toMatchObject({
    webviewSection: 'group',
    group: '/layer1',
    isOpen: true,
  });
  expect(JSON.parse(contextOf(noRun))).toMatchObject({ webviewSection: 'graph' });
});

test('unsupported nodes are marked', () => {
  const marked = draw(withUnsupported(graph));
  const items = itemsOf(marked).map((i) => marked.text(i));
  expect(items.filter((i) => !i.supported).map((i) => i.title)).toEqual(['FancyNorm', 'FancyNorm']);
});

test('numbers are written with what matters', () => {
  expect([formatCosine(0.994213), formatCosine(1), formatCosine(0.99999991), formatCosine(null)]).toEqual([
    '0.99421',
    '1',
    '0.9999999',
    '',
  ]);
  expect([formatDb(23.44), formatDb(Infinity), formatDb(null)]).toEqual(['23.4 dB', '∞ dB', '']);
  expect([formatShare(0), formatShare(0.00031), formatShare(0.1234)]).toEqual(['0 %', '0.031 %', '12.3 %']);
  expect([formatShape([1, 'n', 3]), formatShape([]), formatShape(null)]).toEqual(['1×n×3', 'scalar', '']);
  const output = (cosine: number) => ({ name: 'y', cosine, sqnrDb: 20 });
  expect([
    formatChange(output(0.99), output(0.992)),
    formatChange(output(0.992), output(0.99)),
    formatChange(output(0.99), output(0.99)),
    formatChange(undefined, output(0.99)),
  ]).toEqual(['+0.00200', '−0.00200', '±0', '']);
});

test('a multiplier shows its fixed-point form, how far that is off, and what it changes', () => {
  const view = {
    nodeId: 1,
    handle: 'conv',
    opType: 'Conv',
    channels: 12,
    worst: { channel: 6, multiplier: 0.0023117, mantissa: 152, shift: 16, relativeError: 0.00327 },
    shifts: [15, 17],
    withinTolerance: null,
    differences: null,
  } as const;
  const form = '0.002312 ≈ 152 · 2^-16, 0.00327 off';
  expect(multiplierText(null)).toBe('');
  expect(multiplierText(view)).toBe(`${form} (channel 6, the worst of 12)`);
  expect(multiplierText({ ...view, channels: 1 })).toBe(form);
  expect(multiplierText({ ...view, channels: 1, differences: { codes: 200, different: 3, most: 1 } })).toBe(
    `${form}; fp32 and fixedPoint differ in 1.5 % of the codes, by 1 at most`,
  );
  expect(multiplierText({ ...view, channels: 1, differences: { codes: 200, different: 0, most: 0 } })).toBe(
    `${form}; fp32 and fixedPoint make the same codes`,
  );
});

test('clusters show what a weight is stored in', () => {
  const weight = {
    tensor: 'w',
    node: 'fc',
    elements: 20280,
    centroids: 16,
    bits: 4,
    bytes: 10204,
    gzipBytes: 9000,
    rounds: 9,
  };
  expect(clustersText([{ ...weight, sqnrDb: 20.34 }])).toBe('16 centroids, 4-bit indices, 9.96 KB, 20.3 dB');
  expect(clustersText([])).toBe('');
});
