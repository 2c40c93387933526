import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readNpy } from '../../src/data/npy.ts';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import { nodeFiles } from '../../src/node/files.ts';
import type { SampledTensorRef, TensorPlane } from '../../src/protocol/tensorViews.ts';
import type { GraphView } from '../../src/protocol/views.ts';
import { createSession, type Session } from '../../src/session/index.ts';
import { describeWithShared, sharedData } from '../helpers/sharedData.ts';

const SAMPLE = fileURLToPath(new URL('../../media/sample', import.meta.url));
const configPath = `${SAMPLE}/full_quant.cfg`;
const configText = readFileSync(configPath, 'utf8')
  .replace('calibrate_size=100', 'calibrate_size=12')
  .replace('evaluate_size=500', 'evaluate_size=20')
  .replace('debug_info_save_path=quant_report', '');

const folder = mkdtempSync(join(tmpdir(), 'quantscope-tensors-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function open(path = `${SAMPLE}/mnist.onnx`): Promise<{ session: Session; graph: GraphView }> {
  const onProgress = () => undefined;
  const session = createSession({ kernels: createJsKernels(), files: nodeFiles, clock: { now: () => 0 }, onProgress });
  return { session, graph: await session.open(path) };
}

function refIn(graph: GraphView, handle: string, role: 'Input' | 'Output', index = 0): SampledTensorRef {
  const node = graph.nodes.find((n) => n.handle === handle);
  const valueId = node?.[role === 'Input' ? 'inputs' : 'outputs'][index];
  if (node === undefined || valueId == null) throw new Error(`no tensor ${index} of ${handle}`);
  return { nodeId: node.id, valueId, role, sample: 0 };
}

/** The first page of a tensor of rank 2 or more: its last two axes. */
function lastAxes(dims: readonly number[]): TensorPlane {
  return { rowAxis: dims.length - 2, columnAxis: dims.length - 1, fixed: dims.map(() => 0) };
}

describe('before a run', () => {
  test('constants can be looked at as the file has them', async () => {
    const { session, graph } = await open();
    const head = await session.tensors.head(refIn(graph, 'conv1', 'Input', 1));
    expect(head).toMatchObject({ kind: 'Weight', dtype: 'float32', sides: ['float'], error: null, sample: null });
    const slice = await session.tensors.slice({
      ...refIn(graph, 'conv1', 'Input', 1),
      ...{ plane: lastAxes(head.dims), rows: [0, 2], columns: [1, 3] },
    });
    expect(slice.float).toHaveLength(4);
    expect(slice).toMatchObject({ dequantized: null, codes: null, scale: null });
    const [low, high] = head.limits.float ?? [];
    for (const x of slice.float) expect(low !== undefined && high !== undefined && x >= low && x <= high).toBe(true);
  });

  test('an activation says what to do first, by its name', async () => {
    const { session, graph } = await open();
    await expect(session.tensors.head(refIn(graph, 'relu1', 'Output'))).rejects.toThrow(
      /SES440 mnist.onnx, node relu1 \(Relu\), tensor .*run "Quantize with config…" first/,
    );
    expect(await session.tensors.samples(refIn(graph, 'relu1', 'Output'))).toBeNull();
    await expect(session.tensors.samplePaths(0)).rejects.toThrow(/SES426/);
  });

  test('a node or tensor that is not there is refused by name', async () => {
    const { session, graph } = await open();
    const ref = refIn(graph, 'relu1', 'Output');
    await expect(session.tensors.head({ ...ref, nodeId: 999 })).rejects.toThrow(/SES403/);
    await expect(session.tensors.head({ ...ref, role: 'Input' })).rejects.toThrow(/SES440.*not among the inputs/);
  });
});

describe('after a run', () => {
  let session: Session;
  let graph: GraphView;
  beforeAll(async () => {
    ({ session, graph } = await open());
    await session.quantize({ configText, configPath });
  });

  test('every sample of an activation is named, and its error is that of its elements', async () => {
    const ref = refIn(graph, 'pool1', 'Output');
    const samples = await session.tensors.samples(ref);
    expect(samples?.names).toHaveLength(20);
    expect(samples?.names.every((name) => !name.includes('/'))).toBe(true);
    const known = Array.from(samples?.rmse ?? []).filter((e) => !Number.isNaN(e));
    expect(known).toHaveLength(20);
    for (const sample of [0, 7, 13]) {
      const head = await session.tensors.head({ ...ref, sample });
      expect(head.sample).toEqual({ index: sample, count: 20 });
      const rmse = head.error?.rmse ?? Number.NaN;
      // The evaluation's sum has another order of up to n additions, each off by half a unit in the last place.
      expect(Math.abs((samples?.rmse[sample] ?? 0) / rmse - 1)).toBeLessThan(head.elements * Number.EPSILON);
    }
    const worst = await session.tensors.head({ ...ref, sample: 'worst' });
    expect(samples?.rmse[worst.sample?.index ?? -1]).toBe(Math.max(...known));
  });

  test('the worst element is where its page says it is, with its code and scale', async () => {
    const ref = refIn(graph, 'pool1', 'Output');
    const { dims, error, sides } = await session.tensors.head(ref);
    expect(sides).toEqual(['float', 'dequantized', 'difference', 'codes']);
    const found = await session.tensors.worst({ ...ref, by: 'absolute', offset: 0, count: 3 });
    const [place = 0] = found.places;
    expect(Math.abs((found.dequantized[0] ?? 0) - (found.float[0] ?? 0))).toBe(error?.largest);
    const [channels = 0, height = 0, width = 0] = dims.slice(1);
    const [row, column] = [Math.floor(place / width) % height, place % width];
    const fixed = [0, Math.floor(place / width / height) % channels, -1, -1];
    const plane = { rowAxis: 2, columnAxis: 3, fixed };
    const slice = await session.tensors.slice({ ...ref, plane, rows: [row, row + 1], columns: [column, column + 1] });
    expect(slice.float[0]).toBe(found.float[0]);
    expect(slice.dequantized?.[0]).toBe(found.dequantized[0]);
    expect(slice.codes?.[0]).toBe(found.codes?.[0]);
    expect(slice.scale?.[0]).toBe(found.scale?.[0]);
    const rest = await session.tensors.worst({ ...ref, by: 'absolute', offset: 1, count: 2 });
    expect(rest.places).toEqual(found.places.slice(1));
  });

  test('another sample has other elements, also one whose tensors are not kept', async () => {
    const ref = refIn(graph, 'relu1', 'Output');
    const errors = [];
    for (const sample of [0, 1, 19]) errors.push((await session.tensors.head({ ...ref, sample })).error?.rmse);
    expect(new Set(errors).size).toBe(3);
    await expect(session.tensors.head({ ...ref, sample: 20 })).rejects.toThrow(/SES426/);
  });

  test('feature maps are pictures of both sides with the same limits', async () => {
    const ref = refIn(graph, 'relu1', 'Output');
    const { dims } = await session.tensors.head(ref);
    const plane = lastAxes(dims);
    const request = { ...ref, plane, maps: [1], span: [0, 2], most: [14, 14] } as const;
    const float = await session.tensors.picture({ ...request, side: 'float' });
    const other = await session.tensors.picture({ ...request, side: 'dequantized' });
    expect([float.height, float.width]).toEqual([14, 14]);
    expect(float.tiles).toHaveLength(2 * 14 * 14);
    expect(other.tiles).not.toEqual(float.tiles);
  });

  test('what the tensor does not have, or is too much at once, is refused', async () => {
    const ref = refIn(graph, 'relu1', 'Output');
    const { dims } = await session.tensors.head(ref);
    const plane = lastAxes(dims);
    const slice = { ...ref, plane, rows: [0, 1], columns: [0, 1] } as const;
    await expect(session.tensors.slice({ ...slice, rows: [0, 1000] })).rejects.toThrow(/SES441.*rows 0 to 1000/);
    await expect(session.tensors.slice({ ...slice, rows: [2, 1] })).rejects.toThrow(/SES441/);
    await expect(session.tensors.slice({ ...slice, plane: { ...plane, rowAxis: 3 } })).rejects.toThrow(/SES441/);
    const picture = { ...ref, plane, maps: [1], span: [0, 1], most: [8, 8], side: 'float' } as const;
    await expect(session.tensors.picture({ ...picture, span: [0, 1000] })).rejects.toThrow(/SES441/);
    await expect(session.tensors.picture({ ...picture, maps: [1, 1] })).rejects.toThrow(/SES441/);
    await expect(session.tensors.picture({ ...picture, maps: [2] })).rejects.toThrow(/SES441/);
    const softmax = refIn(graph, 'conv1', 'Output');
    await expect(session.tensors.head(softmax)).rejects.toThrow(/SES440.*does not exist by itself in both models/);
  });

  test('a trial shows its own elements of the same tensor', async () => {
    const ref = refIn(graph, 'fc', 'Output');
    const before = await session.tensors.head(ref);
    const skipped = configText.replace('bit_num=8', 'bit_num=8\nskip_quant_node=fc');
    await session.trial({ configText: skipped, configPath, samples: 8 });
    const after = await session.tensors.head(ref);
    expect(after.limits.float).toEqual(before.limits.float);
    expect(after.error).not.toEqual(before.error);
    await session.trial({ configText, configPath, samples: 8 });
    expect(await session.tensors.head(ref)).toEqual(before);
  });

  test('the file of a sample can be found', async () => {
    const [path = ''] = await session.tensors.samplePaths(3);
    const samples = await session.tensors.samples(refIn(graph, 'relu1', 'Output'));
    expect(basename(path)).toBe(samples?.names[3]);
    expect(await nodeFiles.exists(path)).toBe('file');
    const calibrated = resolve(SAMPLE, 'calibration', readdirSync(`${SAMPLE}/calibration`).sort()[7] ?? '');
    expect(await session.tensors.samplePaths(calibrated), 'a calibration sample, by its name').toEqual([calibrated]);
    await expect(session.tensors.samplePaths('none.npy')).rejects.toThrow(/SES426.*none\.npy/);
  });

  test('a page and a whole tensor can be written', async () => {
    const ref = refIn(graph, 'relu1', 'Output');
    const { dims } = await session.tensors.head(ref);
    const csv = join(folder, 'page.csv');
    await session.tensors.write({ ...ref, side: 'codes', plane: lastAxes(dims), format: 'csv', path: csv });
    const lines = readFileSync(csv, 'utf8').trimEnd().split('\n');
    expect([lines.length, lines[0]?.split(',').length]).toEqual(dims.slice(2));
    const npy = join(folder, 'all.npy');
    await session.tensors.write({ ...ref, side: 'float', plane: null, format: 'npy', path: npy });
    expect(readNpy(readFileSync(npy), npy).dims).toEqual(dims);
    const all = { ...ref, side: 'float', plane: null, format: 'csv', path: csv } as const;
    await expect(session.tensors.write(all)).rejects.toThrow(/SES441/);
  });
});

test('where weights alone are quantized activations have two sides and no codes; data that is made has no file', async () => {
  const { session, graph } = await open();
  const text = '[common_quant_param]\nquant_type=WEIGHT_QUANT\nbit_num=8\n';
  await session.quantize({ configText: text, configPath: join(folder, 'weight.cfg') });
  const weight = await session.tensors.head(refIn(graph, 'fc', 'Input', 1));
  expect(weight.sides).toEqual(['float', 'dequantized', 'difference', 'codes']);
  const activation = await session.tensors.head(refIn(graph, 'softmax', 'Output'));
  expect(activation).toMatchObject({ sides: ['float', 'dequantized', 'difference'], quant: null });
  expect(activation.error?.largest).toBeGreaterThan(0);
  const { scale, codes } = await session.tensors.worst({
    ...refIn(graph, 'softmax', 'Output'),
    ...{ by: 'absolute', offset: 0, count: 5 },
  });
  expect([scale, codes]).toEqual([null, null]);
  await expect(session.tensors.samplePaths(0)).rejects.toThrow(/SES442/);
});

describeWithShared('a model that was quantized elsewhere', () => {
  test('shows the codes behind a DequantizeLinear and what they stand for, before any run', async () => {
    const { session, graph } = await open(sharedData('quant-pairs/mobilenet_v2_torchvision_qdq/model.onnx'));
    const conv = graph.nodes.find((n) => n.opType === 'Conv');
    const head = await session.tensors.head(refIn(graph, conv?.handle ?? '', 'Input', 1));
    expect(head.sides).toEqual(['float', 'codes']);
    expect(head.quant?.dtype).toBe('int8');
    const page = { plane: lastAxes(head.dims), rows: [0, 1], columns: [0, 1] } as const;
    const { float, codes, scale } = await session.tensors.slice({
      ...refIn(graph, conv?.handle ?? '', 'Input', 1),
      ...page,
    });
    expect(float[0]).toBe(Math.fround((codes?.[0] ?? 0) * (scale?.[0] ?? 0))); // symmetric
  });
});
