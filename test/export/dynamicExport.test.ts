import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { sizeOf } from '../../src/base/shape.ts';
import { int64Tensor, type Tensor, tensor } from '../../src/base/tensor.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { nodeFiles } from '../../src/node/files.ts';
import type { NodeFigures, RunView } from '../../src/protocol/views.ts';
import { createSession, type Session } from '../../src/session/index.ts';
import { openModel } from '../../src/session/model.ts';
import { wasmKernels } from '../kernels/engines.ts';
import { type ModelBuilder, model } from '../models/model.ts';
import { runOrt } from '../quality/ortTensors.ts';
import { differing, dynamicSteps } from './stepsAlone.ts';

const folder = mkdtempSync(join(tmpdir(), 'quantscope-dynamic-'));
let kernels: KernelSet;

beforeAll(async () => {
  kernels = await wasmKernels();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Every form a product or a table can have; K and N around the tiles of kernels. */
const MODELS: Readonly<Record<string, (opset: number) => ModelBuilder>> = {
  'a product with a bias': (opset) =>
    model({ opset }).input('x', [5, 67]).floats('b', [33]).matMul({ units: 33 }).add('b').output(),
  'three products of one activation': (opset) =>
    model({ opset })
      .input('x', [2, 7, 16])
      .floats('wq', [16, 16])
      .floats('wk', [16, 16])
      .floats('wv', [16, 3])
      .node('MatMul', { name: 'q', inputs: ['x', 'wq'], outputs: ['yq'] })
      .node('MatMul', { name: 'k', inputs: ['x', 'wk'], outputs: ['yk'] })
      .node('MatMul', { name: 'v', inputs: ['x', 'wv'], outputs: ['yv'] })
      .output('yq', 'yk', 'yv'),
  'a product of two activations': (opset) =>
    model({ opset })
      .input('x', [3, 4, 5])
      .input('y', [3, 5, 6])
      .node('MatMul', { name: 'xy', inputs: ['x', 'y'], outputs: ['z'] })
      .output('z'),
  'a constant on the left': (opset) =>
    model({ opset })
      .input('x', [2, 5, 6])
      .floats('w', [4, 5])
      .node('MatMul', { name: 'wx', inputs: ['w', 'x'], outputs: ['z'] })
      .output('z'),
  'a Gemm with all it may have': (opset) =>
    model({ opset })
      .input('x', [17, 3])
      .floats('w', [9, 17])
      .floats('c', [3, 1])
      .node('Gemm', {
        name: 'gemm',
        inputs: ['x', 'w', 'c'],
        outputs: ['z'],
        attributes: { transA: 1, transB: 1, alpha: 0.75, beta: 1.5 },
      })
      .output('z'),
  'a Gemm of two activations': (opset) =>
    model({ opset })
      .input('x', [4, 5])
      .input('y', [6, 5])
      .node('Gemm', { name: 'gemm', inputs: ['x', 'y'], outputs: ['z'], attributes: { transB: 1 } })
      .output('z'),
  'a convolution with bias, strides and groups': (opset) =>
    model({ opset }).input('x', [2, 6, 9, 7]).conv({ channels: 9, group: 3, stride: 2, name: 'c' }).output('c_out'),
  'convolutions of one and three dimensions': (opset) =>
    model({ opset })
      .input('x', [1, 4, 11])
      .floats('w1', [5, 4, 3])
      .node('Conv', { name: 'one', inputs: ['x', 'w1'], outputs: ['a'] })
      .input('y', [1, 2, 4, 5, 3])
      .floats('w3', [3, 2, 2, 2, 2])
      .floats('b3', [3])
      .node('Conv', { name: 'three', inputs: ['y', 'w3', 'b3'], outputs: ['b'] })
      .output('a', 'b'),
  'tables along both axes': (opset) =>
    model({ opset })
      .constant('rows', int64Tensor([3], [0, 4, -1]))
      .input('i', [3], 'int64')
      .floats('t', [7, 12])
      .node('Gather', { name: 'first', inputs: ['t', 'i'], outputs: ['a'] })
      .node('Gather', { name: 'second', inputs: ['t', 'i'], outputs: ['b'], attributes: { axis: -1 } })
      .output('a', 'b'),
};

const FORMS = ['ALWC', 'ACWL', 'ALWC strict', 'ACWL strict'] as const;
const CASES = Object.keys(MODELS).flatMap((name) =>
  FORMS.flatMap((form) => [13, 18].map((opset) => ({ name, form, opset }))),
);

describe('a dynamic model in onnxruntime', () => {
  test.each(CASES)('$name, $form, opset $opset: every node of the export makes the same numbers', async (c) => {
    const { session, run, path } = await quantized(c.name, c.form, c.opset);
    await session.exportModel(path);
    const { model: exported } = await openModel(nodeFiles, path);
    const feeds = feedsOf(exported.graph);
    const steps = await dynamicSteps(exported, feeds, { kernels, folder, isOurs: () => true });
    for (const step of steps)
      expect([step.node.handle, step.node.opType, differing(step)]).toEqual([step.node.handle, step.node.opType, 0]);
    const expected = run.nodes.filter((n) => n.quantized && n.opType !== 'Gather');
    const integers = steps.filter(
      (s) => s.node.opType.endsWith('Integer') || (s.theirs[0]?.dtype === 'float64' && s.node.opType === 'MatMul'),
    );
    expect(integers.map((s) => s.node.handle).sort()).toEqual(expected.map((n) => n.handle).sort());
    expect(expected.length + tablesOf(run).length > 0 || mayBeFloat(c)).toBe(true);

    const whole = await session2(path).then((s) =>
      s.run(new Map([...feeds].map(([id, t]) => [exported.graph.values.get(id)?.name ?? '', t]))),
    );
    const { values } = await runOrt(exported, feeds, { folder, level: 'all', wanted: [] });
    for (const id of exported.graph.outputs) {
      const [ours, theirs] = [whole.get(exported.graph.values.get(id)?.name ?? ''), values.get(id)];
      expect(largestApart(ours, theirs)).toBeLessThanOrEqual(FUSED_ROUNDINGS);
    }
  });
});

/** ONNX Runtime's fused operators multiply scales and add the bias in another order: a few roundings of 2^-24 each. */
const FUSED_ROUNDINGS = 4 * 2 ** -23;

function tablesOf(run: RunView): NodeFigures[] {
  return run.nodes.filter((n) => n.quantized && n.opType === 'Gather');
}

/** ACWL leaves products of two activations float, and convolutions; the reference Gemm and convolutions. */
function mayBeFloat({ name, form }: { readonly name: string; readonly form: string }): boolean {
  if (form.startsWith('ACWL') && /two activations|convolution/.test(name)) return true;
  return form.endsWith('strict') && /Gemm|convolution/.test(name);
}

async function session2(path: string): Promise<Session> {
  const session = createSession({ kernels, files: nodeFiles, clock: { now: () => 0 }, onProgress: () => undefined });
  await session.open(path);
  return session;
}

async function quantized(name: string, form: (typeof FORMS)[number], opset: number) {
  const built = MODELS[name]?.(opset).build();
  const file = join(folder, `${name.replace(/\W/g, '_')}_${opset}.onnx`);
  writeFileSync(file, (await built?.bytes()) ?? new Uint8Array());
  const session = await session2(file);
  const [strategy, strict] = form.split(' ');
  const configText = `[common_quant_param]\nquant_type=DYNAMIC_QUANT\n[dynamic_quant_param]\nquant_strategy=${strategy}\n${strict === undefined ? '' : '[quantscope]\nstrict_reference=true\n'}`;
  const run = await session.quantize({ configText, configPath: join(folder, 'dynamic.cfg') });
  return { session, run, path: join(folder, `${name.replace(/\W/g, '_')}_${opset}_${form.replace(' ', '_')}.onnx`) };
}

function feedsOf(
  graph: import('../../src/graph/model.ts').Graph,
): Map<import('../../src/graph/model.ts').ValueId, Tensor> {
  const random = seededRandom(7);
  return new Map(
    graph.inputs.flatMap((id) => {
      const value = graph.values.get(id);
      const dims = (value?.dims ?? []).map(Number);
      if (value === undefined || value.constant !== undefined) return [];
      const made =
        value.dtype === 'int64'
          ? int64Tensor(dims, [0, 4, 6])
          : tensor(
              'float32',
              dims,
              Float32Array.from({ length: sizeOf(dims) }, () => 3 + random.normal()),
            );
      return [[id, made] as const];
    }),
  );
}

function largestApart(a: Tensor | undefined, b: Tensor | undefined): number {
  const [x, y] = [a?.data as Float32Array, b?.data as Float32Array];
  expect(x.length).toBe(y.length);
  const scale = x.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
  return x.reduce((m, v, i) => Math.max(m, Math.abs(v - (y[i] as number)) / scale), 0);
}

test('a format asked for that makes no difference is said to make none', async () => {
  const { session, path } = await quantized('a product with a bias', 'ALWC', 13);
  const told = await session.exportModel(path, 'QOPERATOR');
  expect(told.map((d) => [d.code, d.severity])).toEqual([['EXE157', 'note']]);
  expect(await session.exportModel(path)).toEqual([]);
});
