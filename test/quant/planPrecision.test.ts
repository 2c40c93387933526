import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { sizeOf } from '../../src/base/shape.ts';
import { tensor } from '../../src/base/tensor.ts';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import { nodeFiles } from '../../src/node/files.ts';
import { createSession, type Session } from '../../src/session/index.ts';
import { model } from '../models/model.ts';

const DIMS = [1, 4, 6, 6];
const folder = mkdtempSync(join(tmpdir(), 'quantscope-precision-'));
const path = join(folder, 'net.onnx');

function sampleOf(seed: number): Float32Array {
  const random = seededRandom(seed);
  return Float32Array.from({ length: sizeOf(DIMS) }, () => random.normal());
}

beforeAll(async () => {
  mkdirSync(join(folder, 'x'));
  for (const seed of [1, 2, 3]) {
    const random = seededRandom(seed);
    writeFileSync(
      join(folder, 'x', `${seed}.bin`),
      Float32Array.from({ length: sizeOf(DIMS) }, () => random.normal()),
    );
  }
  const net = model({ opset: 13 }).input('x', DIMS).conv({ name: 'first', channels: 8 }).relu('relu');
  net.conv({ name: 'second', channels: 8 }).add('relu_out', 'sum').elementwise('Erf', [], { name: 'erf' });
  writeFileSync(path, await net.output().build().bytes());
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function newSession(): Session {
  const clock = { now: () => 0 };
  return createSession({ kernels: createJsKernels(), files: nodeFiles, clock, onProgress: () => undefined });
}

/** Quantizes the model and exports it. */
async function quantized(name: string, ...lines: readonly string[]) {
  const session = newSession();
  await session.open(path);
  const configText = [
    '[common_quant_param]',
    'quant_type=FULL_QUANT',
    '[full_quant_param]',
    'bias_correction=false',
    '[data_preprocess_param]',
    `calibrate_path=x:${join(folder, 'x')}`,
    'input_type=BIN',
    'calibrate_size=3',
    '[quantscope]',
    'silence=SES405,DAT112',
    ...lines,
  ].join('\n');
  const view = await session.quantize({ configText, configPath: join(folder, 'q.cfg') });
  const exported = join(folder, `${name}.onnx`);
  const told = await session.exportModel(exported);
  const node = (handle: string) => view.nodes.find((n) => n.handle === handle)!;
  return { view, session, exported, node, told };
}

/** What the exported file gives here and in ONNX Runtime, for the first sample. */
async function bothOutputs(exported: string) {
  const data = sampleOf(1);
  const session = newSession();
  await session.open(exported);
  const ours = [...(await session.run(new Map([['x', tensor('float32', DIMS, data)]]))).values()][0]!;
  const ort = await InferenceSession.create(exported, { graphOptimizationLevel: 'all', logSeverityLevel: 3 });
  const outputs = await ort.run({ x: new OrtTensor('float32', data, DIMS) });
  await ort.release();
  return { ours: ours.data as Float32Array, theirs: Object.values(outputs)[0]!.data as Float32Array };
}

/** Elements that are not the same but for the last bits of float32 sums: ties that fell the other way. */
function differing(a: Float32Array, b: Float32Array): number {
  expect(a).toHaveLength(b.length);
  return a.filter((x, i) => !(Math.abs(x - b[i]!) <= 1e-5)).length;
}

test.each(['int8', 'int8+symmetric+per_layer', 'int16', 'int4', 'float16', 'bfloat16', 'float32'])(
  'second:%s is exported as a model that ONNX Runtime loads, with the numbers of our own run',
  async (words) => {
    const { exported } = await quantized(words.replaceAll('+', '_'), `node_overrides=second:${words}`);
    const { ours, theirs } = await bothOutputs(exported);
    expect(differing(ours, theirs)).toBeLessThanOrEqual(ours.length / 100);
  },
);

test('a convolution left in float32 between codes is so in ONNX Runtime too, also when it optimizes', async () => {
  const { exported, told } = await quantized('skipped', 'node_overrides=second:float32');
  const { ours, theirs } = await bothOutputs(exported);
  expect(differing(ours, theirs)).toBeLessThanOrEqual(ours.length / 100);
  expect(told.map((d) => d.code)).toContain('EXE158');
});

test('a step of the ladder more is a smaller error of the node: int4, int8, int16; and half precision beats codes', async () => {
  const sqnr = new Map<string, number>();
  for (const words of ['int4', 'int8', 'bfloat16', 'float16', 'float32']) {
    const { node } = await quantized('ladder', `node_overrides=first:${words},relu:float32,second:float32,sum:float32`);
    sqnr.set(words, node('relu').sqnrDb ?? Number.POSITIVE_INFINITY);
  }
  const order = [...sqnr].sort(([, a], [, b]) => a - b).map(([words]) => words);
  expect(order).toEqual(['int4', 'int8', 'bfloat16', 'float16', 'float32']);
  expect(sqnr.get('float32')).toBe(Number.POSITIVE_INFINITY);
});

test('only half precision: every value of the output is one of the type', async () => {
  const all = ['first', 'relu', 'second', 'sum', 'erf'].map((n) => `${n}:bfloat16`).join(',');
  const { exported, view } = await quantized('all', `node_overrides=${all}`);
  const { ours, theirs } = await bothOutputs(exported);
  const isBfloat16 = (x: number): boolean => (new Uint32Array(Float32Array.of(x).buffer)[0]! & 0xffff) === 0;
  expect(ours.every(isBfloat16)).toBe(true);
  expect(theirs.every(isBfloat16)).toBe(true);
  expect(view.nodes.every((n) => !n.quantized && n.why.includes('bfloat16'))).toBe(true);
});

test('names that no node has are told with the nearest, words without effect with the reason', async () => {
  const { view } = await quantized('told', 'node_overrides=frist:int16,relu:int4,erf:int8');
  expect(view.diagnostics.map((d) => `${d.code} ${d.message}`)).toEqual([
    'CFG131 node_overrides names "frist", but no node has this name — first?',
    'QNT231 node_overrides for "relu" has no effect: it has no constant weight that could have 4 bits',
    'QNT231 node_overrides for "erf" has no effect: target onnxruntime does not quantize Erf',
  ]);
});

test('symmetric activations have zero in the middle of their codes, asymmetric weights use all of theirs', async () => {
  const { session, node } = await quantized(
    'symmetry',
    'activation_symmetry=symmetric',
    'activation_type=int8',
    'weight_symmetry=asymmetric',
  );
  const details = await session.details(node('second').nodeId);
  const [x, w] = details.tensors;
  expect(x?.quant?.zeroPoint).toEqual([0]);
  expect(w?.quant?.zeroPoint.some((z) => z !== 0)).toBe(true);
  const { ours, theirs } = await bothOutputs(join(folder, 'symmetry.onnx'));
  expect(differing(ours, theirs)).toBeLessThanOrEqual(ours.length / 100);
});
