import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { sizeOf } from '../../src/base/shape.ts';
import { tensor } from '../../src/base/tensor.ts';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import { nodeFiles } from '../../src/node/files.ts';
import { DEVICES, type Device } from '../../src/quant/devices.ts';
import { createSession, type Session } from '../../src/session/index.ts';
import { model } from '../models/model.ts';

const DIMS = [1, 4, 8, 8];
const SAMPLES = 3;
const folder = mkdtempSync(join(tmpdir(), 'quantscope-targets-'));
const sampleOf = (i: number): Float32Array => {
  const random = seededRandom(i + 1);
  return Float32Array.from({ length: sizeOf(DIMS) }, () => random.normal());
};

beforeAll(async () => {
  mkdirSync(join(folder, 'x'));
  for (let i = 0; i < SAMPLES; i++) writeFileSync(join(folder, 'x', `${i}.bin`), sampleOf(i));
  const net = model({ opset: 13 }).input('x', DIMS).conv({ name: 'c1', channels: 16 }).relu('r1');
  net.node('MaxPool', { name: 'pool', attributes: { kernel_shape: [2, 2], strides: [2, 2] } });
  net.floats('w2', [16, 16, 1, 1], undefined, 0.25).node('Conv', { name: 'c2', inputs: ['pool_out', 'w2'] });
  net.node('Flatten', { name: 'flat' }).floats('w3', [16 * 16, 5], undefined, 1 / 16);
  net.node('MatMul', { name: 'mm', inputs: ['flat_out', 'w3'] }).node('Softmax', { name: 'soft' });
  writeFileSync(join(folder, 'net.onnx'), await net.output().build().bytes());
  // Of the first channel hardly anything comes through its weights, and all of it through its bias.
  const weight = Array.from({ length: 2 * 4 }, (_, i) => (i < 4 ? -1e-9 * (i + 1) : 0.25));
  const biased = model({ opset: 13 })
    .input('x', DIMS)
    .conv({ name: 'c', channels: 2, kernel: 1, weight, bias: [5, 0.5] });
  writeFileSync(join(folder, 'biased.onnx'), await biased.output().build().bytes());
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function newSession(): Session {
  const clock = { now: () => 0 };
  return createSession({ kernels: createJsKernels(), files: nodeFiles, clock, onProgress: () => undefined });
}

interface Wish {
  readonly full?: readonly string[];
  readonly ours?: readonly string[];
  readonly file?: string;
  readonly skip?: string;
}

async function quantized({ full = [], ours = [], file = 'net.onnx', skip }: Wish) {
  const session = newSession();
  await session.open(join(folder, file));
  const configText = [
    '[common_quant_param]',
    'quant_type=FULL_QUANT',
    ...(skip === undefined ? [] : [`skip_quant_node=${skip}`]),
    '[full_quant_param]',
    ...full,
    '[data_preprocess_param]',
    `calibrate_path=x:${join(folder, 'x')}`,
    'input_type=BIN',
    `calibrate_size=${SAMPLES}`,
    '[quantscope]',
    'silence=SES405,DAT112',
    ...ours,
  ].join('\n');
  const run = await session.quantize({ configText, configPath: join(folder, 'q.cfg') });
  const node = (handle: string) => run.nodes.find((n) => n.handle === handle) ?? fail(`no node ${handle}`);
  const quantOf = async (handle: string, input: number) =>
    (await session.details(node(handle).nodeId)).tensors[input]?.quant ?? fail(`${handle} has no codes at ${input}`);
  return { session, run, node, quantOf, codes: run.diagnostics.map((d) => d.code) };
}

function fail(message: string): never {
  throw new Error(message);
}

describe.each(Object.keys(DEVICES) as Device[])('target_device=%s', (device) => {
  const ours = ['target=mindspore'];
  const full = device === 'CPU' ? [] : [`target_device=${device}`];

  test('runs, and is exported as a model that gives the same numbers in ONNX Runtime', async () => {
    const { session, run } = await quantized({ full, ours });
    expect(run.nodes.some((n) => n.quantized)).toBe(true);
    const path = join(folder, `${device}.onnx`);
    await session.exportModel(path);
    const exported = newSession();
    await exported.open(path);
    const x = sampleOf(0);
    const [mine] = [...(await exported.run(new Map([['x', tensor('float32', DIMS, x)]]))).values()];
    const ort = await InferenceSession.create(path, { graphOptimizationLevel: 'disabled', logSeverityLevel: 3 });
    const [theirs] = Object.values(await ort.run({ x: new OrtTensor('float32', x, DIMS) }));
    await ort.release();
    const [a, b] = [mine!.data as Float32Array, theirs!.data as Float32Array];
    expect(a).toHaveLength(b.length);
    // the same codes before the last Softmax, which is float: float32 rounding alone is left
    for (const [i, v] of a.entries()) expect(Math.abs(v - b[i]!)).toBeLessThan(1e-5);
  });

  test('leaving everything out leaves the float model', async () => {
    const { run } = await quantized({ full, ours, skip: 'c1,c2,flat,mm,r1,pool,soft' });
    expect(run.outputs.map((o) => o.cosine)).toEqual([1]);
    expect(run.nodes.every((n) => !n.quantized)).toBe(true);
  });

  test('is documented', () => {
    const doc = readFileSync(fileURLToPath(new URL('../../docs/targets.md', import.meta.url)), 'utf8');
    const row = doc.split('\n').find((line) => line.startsWith(`| \`${device}\` `)) ?? fail(`${device} has no row`);
    const { primitives, perChannel, codes } = DEVICES[device];
    for (const name of [...(primitives === 'all' ? [] : primitives), ...perChannel]) expect(row).toContain(name);
    expect(row).toContain(codes.activationType);
    expect(row).toContain(codes.activationSymmetry);
  });
});

test('an input that is read in codes has their parameters in the details of the node, not in those of its producer', async () => {
  const { quantOf, session, node } = await quantized({ ours: ['target=mindspore'] });
  expect(await quantOf('c1', 0)).toMatchObject({ dtype: 'int8' });
  expect(await quantOf('c2', 0)).toMatchObject({ dtype: 'int8' });
  const pool = await session.details(node('pool').nodeId);
  expect(pool.tensors[0]?.quant).toMatchObject({ dtype: 'int8' }); // made by c1, which is quantized
});

test('explicit codes go before those of the device, but for strict_reference, which says so', async () => {
  const wish = ['activation_type=uint8', 'activation_symmetry=symmetric'];
  const ours = await quantized({ ours: ['target=mindspore', ...wish] });
  expect(await ours.quantOf('c1', 0)).toMatchObject({ dtype: 'uint8', zeroPoint: [128] });
  expect(ours.run.differences?.map((d) => d.what)).toContain(
    'activations are int8 asymmetric in converter_lite, uint8 symmetric by default',
  );
  const strict = await quantized({ ours: ['strict_reference=true', ...wish] });
  expect(await strict.quantOf('c1', 0)).toMatchObject({ dtype: 'int8' });
  expect(strict.run.diagnostics.filter((d) => d.code === 'CFG127').map((d) => d.message)).toEqual([
    'with strict_reference the device alone decides: activation_type has no effect',
    'with strict_reference the device alone decides: activation_symmetry has no effect',
  ]);
});

describe('strict_reference', () => {
  const KL = ['activation_quant_method=KL', 'bias_correction=false'];

  test('makes KL symmetric with zero point 0; by default a rectified value has all codes', async () => {
    const ours = await quantized({ full: KL, ours: ['target=mindspore'] });
    const strict = await quantized({ full: KL, ours: ['strict_reference=true'] });
    expect([(await ours.quantOf('pool', 0)).zeroPoint, (await strict.quantOf('pool', 0)).zeroPoint]).toEqual([
      [-128],
      [0],
    ]);
  });

  test('is told the same way by either run: the nodes with one sign, and the others', async () => {
    const ours = await quantized({ full: KL, ours: ['target=mindspore'] });
    const strict = await quantized({ full: KL, ours: ['strict_reference=true'] });
    expect(strict.run.differences).toEqual(ours.run.differences);
    const [oneSided, ...rest] = ours.run.differences ?? [];
    expect(oneSided).toMatchObject({ what: expect.stringMatching(/half of the codes/), nodes: ['r1', 'c2'] });
    expect(rest.map((d) => d.what)).toEqual([expect.stringMatching(/^KL is symmetric/)]);
    const notes = (run: typeof ours.run): string[] =>
      run.diagnostics.filter((d) => d.code === 'QNT240').map((d) => d.message);
    expect(notes(ours.run)).toHaveLength(2);
    expect(notes(ours.run)[0]).toMatch(/^strict_reference=true differs: KL has zero point 0 .* \(r1, c2\)$/);
    expect(notes(strict.run)[0]).toMatch(/^strict_reference=false differs: KL has zero point 0 /);
  });

  test('clips everything below 0 where KL meets unsigned codes', async () => {
    const full = ['activation_quant_method=KL', 'bias_correction=false', 'target_device=KIRIN'];
    const strict = await quantized({ full, ours: ['strict_reference=true'] });
    const ours = await quantized({ full });
    expect([(await strict.quantOf('c1', 0)).range?.[0], (await ours.quantOf('c1', 0)).range?.[0]]).toEqual([
      0,
      expect.closeTo(-3, 0),
    ]);
    expect(strict.run.differences?.map((d) => [d.what, d.nodes])).toContainEqual([
      expect.stringMatching(/clips everything below 0/),
      ['c1', 'c2'],
    ]);
  });

  test('is told to change nothing where it changes nothing', async () => {
    const { run, codes } = await quantized({ full: ['bias_correction=false'], ours: ['target=mindspore'] });
    expect(run.differences).toEqual([]);
    expect(codes).not.toContain('QNT240');
  });

  test('keeps the codes of a weight whose scale a bias raises; by default they are made again', async () => {
    const file = 'biased.onnx';
    const full = ['bias_correction=false'];
    const ours = await quantized({ file, full, ours: ['target=mindspore'] });
    const strict = await quantized({ file, full, ours: ['strict_reference=true'] });
    expect([ours.codes.includes('QNT207'), strict.codes.includes('QNT232')]).toEqual([true, true]);
    expect(ours.run.differences).toEqual([
      { what: expect.stringMatching(/^a bias does not fit into int32/), nodes: ['c'] },
    ]);
    expect(strict.run.differences).toEqual(ours.run.differences);
    const least = async ({ session, node }: typeof ours): Promise<number> =>
      (await session.details(node('c').nodeId)).tensors[1]?.dequant?.min ?? Number.NaN;
    expect((await least(ours)) + 0).toBe(0); // -4e-9 at a scale of 1e-7
    expect(await least(strict)).toBeLessThan(-1e-6); // its former code at that scale
  });

  test('of a run with target onnxruntime stands in the result, without notes: other operators', async () => {
    const { run, codes } = await quantized({});
    expect(run.differences).toEqual([
      { what: 'left float by converter_lite, quantized by default', nodes: ['pool', 'soft'] },
    ]);
    expect(codes).not.toContain('QNT240');
  });
});
