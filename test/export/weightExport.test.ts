import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Granularity, PER_TENSOR } from '../../src/base/quantParams.ts';
import { seededRandom } from '../../src/base/random.ts';
import { type Tensor, tensor } from '../../src/base/tensor.ts';
import type { Model, Node, ValueId } from '../../src/graph/model.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { nodeFiles } from '../../src/node/files.ts';
import { dequantize } from '../../src/quant/dequantize.ts';
import { codeWeight } from '../../src/quant/weightOnly/codeWeight.ts';
import type { WeightOptions } from '../../src/quant/weightOnly/weightOptions.ts';
import { createSession, type Session } from '../../src/session/index.ts';
import { openModel } from '../../src/session/model.ts';
import { wasmKernels } from '../kernels/engines.ts';
import { type ModelBuilder, model } from '../models/model.ts';
import { runOrt } from '../quality/ortTensors.ts';

const folder = mkdtempSync(join(tmpdir(), 'quantscope-weight-export-'));
let kernels: KernelSet;
beforeAll(async () => {
  kernels = await wasmKernels();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Half a unit in the last place of float32, relative. */
const HALF_ULP = 2 ** -24;
/** Of the longest sum of products. */
const SUMMANDS = 24 * 36;

/** A convolution and a product: parameters along axis 0 and along axis 1. */
const network = (opset: number): ModelBuilder =>
  model({ opset, seed: 21 })
    .input('x', [1, 20, 6, 6])
    .conv({ name: 'conv', channels: 24, bias: false })
    .node('Flatten', { name: 'flat', outputs: ['flat'] })
    .floats('weight', [24 * 36, 18])
    .node('MatMul', { name: 'product', inputs: ['flat', 'weight'] })
    .output();

/** Quantizes a model and reads what is exported of it; `floats` are the weights of its products. */
async function exported(
  builder: ModelBuilder,
  lines: readonly string[],
): Promise<{ model: Model; notes: string[]; floats: Tensor[] }> {
  const float = join(folder, 'float.onnx');
  const path = join(folder, 'weights.onnx');
  const built = builder.build();
  writeFileSync(float, await built.bytes());
  const session = newSession();
  await session.open(float);
  const configText = ['[common_quant_param]', 'quant_type=WEIGHT_QUANT', ...lines].join('\n');
  await session.quantize({ configText, configPath: join(folder, 'w.cfg') });
  const said = await session.exportModel(path);
  const { graph } = built.model;
  const sources = graph.nodes.flatMap((n) =>
    n.inputs[1] === undefined ? [] : (graph.values.get(n.inputs[1])?.constant ?? []),
  );
  const floats = await Promise.all(sources.map((s) => s.load()));
  return { model: (await openModel(nodeFiles, path)).model, notes: said.map((d) => d.code), floats };
}

const newSession = (): Session =>
  createSession({ kernels, files: nodeFiles, clock: { now: () => 0 }, onProgress: () => undefined });

/** The output of ONNX Runtime at its highest level, with activations kept in float32. */
async function runInFloat(path: string, { data, dims }: Tensor<'float32'>): Promise<Float32Array> {
  const extra = { session: { qdq_matmulnbits_accuracy_level: '1' } };
  const session = await InferenceSession.create(path, { graphOptimizationLevel: 'all', logSeverityLevel: 3, extra });
  const { product_out: y } = await session.run({ x: new OrtTensor('float32', data, [...dims]) });
  await session.release();
  return y?.data as Float32Array;
}

function inputOf(): Tensor<'float32'> {
  const random = seededRandom(4);
  return tensor(
    'float32',
    [1, 20, 6, 6],
    Float32Array.from({ length: 720 }, () => random.normal()),
  );
}

/** What a node of the exported model reads as its weight, and the weight's codes. */
function weightOf({ graph }: Model, handle: string): { weight: ValueId; codes: string | undefined } {
  const node = graph.nodes.find((n) => n.handle === handle) as Node;
  const weight = node.inputs[1] as ValueId;
  const maker = (id: ValueId | undefined): Node | undefined => graph.nodes.find((n) => n.outputs.includes(id));
  const add = maker(weight);
  const dequantize = add?.opType === 'Add' ? maker(add.inputs[0]) : add;
  const codes = dequantize?.inputs[0];
  return { weight, codes: codes === undefined ? undefined : graph.values.get(codes)?.dtype };
}

const CASES = [
  { bits: 8, opset: 13, codes: 'int8' },
  { bits: 5, opset: 13, codes: 'int8' },
  { bits: 4, opset: 13, codes: 'int8' },
  { bits: 4, opset: 21, codes: 'int4' },
  { bits: 1, opset: 21, codes: 'int4' },
  { bits: 8, opset: 21, codes: 'int8' },
  { bits: 12, opset: 13, codes: 'int16' },
  { bits: 16, opset: 21, codes: 'int16' },
  { bits: 0, opset: 13, codes: 'int8' },
] as const;
const FORMS = [
  [],
  ['[weight_quant_param]', 'per_channel=false'],
  ['[weight_quant_param]', 'bias_correction=false'],
] as const;

describe('weights in onnxruntime', () => {
  test.each(CASES.flatMap((c) => FORMS.map((form) => ({ ...c, form }))))(
    '$bits bits at opset $opset are $codes, and stand for our numbers ($form)',
    async ({ bits, opset, codes, form }) => {
      const { model: made, floats, notes } = await exported(network(opset), [`bit_num=${bits}`, ...form]);
      const own = [weightOf(made, 'conv'), weightOf(made, 'product')];
      expect(own.map((w) => w.codes)).toEqual([codes, codes]);
      expect(made.opsets.get('')).toBe(codes === 'int16' ? 21 : Math.max(13, opset));
      const x = inputOf();
      const out = made.graph.outputs[0] as ValueId;
      const feeds = new Map([[made.graph.inputs[0] as ValueId, x]]);
      const wanted = own.map((w) => w.weight);
      const { values } = await runOrt(made, feeds, { folder, level: 'disabled', wanted });
      for (const [i, handle] of ['conv', 'product'].entries()) {
        const theirs = values.get(wanted[i] as ValueId)?.data as Float32Array;
        const { values: ours, products } = await numbersOf(floats[i] as Tensor, i, bits, form);
        expect(theirs).toHaveLength(ours.length);
        let farthest = 0;
        ours.forEach((value, at) => {
          // The scale with its factor and the product are rounded there; their sum is rounded on both sides.
          const bound = 2 * HALF_ULP * (Math.abs(products[at] as number) + Math.abs(value)) + 2 ** -149;
          farthest = Math.max(farthest, Math.abs((theirs[at] as number) - value) / bound);
        });
        expect(farthest, handle).toBeLessThanOrEqual(1 + 2 ** -10); // the bound leaves out squares of roundings
      }
      const { makers } = await runOrt(made, feeds, { folder, level: 'all', wanted: [] });
      expect(notes.includes('EXE156')).toBe(makers.get(out) === 'MatMulNBits');
      const theirs = await runInFloat(join(folder, 'weights.onnx'), x);
      const again = newSession();
      await again.open(join(folder, 'weights.onnx'));
      const ours = (await again.run(new Map([['x', x]]))).get('product_out')?.data as Float32Array;
      const largest = theirs.reduce((most, y) => Math.max(most, Math.abs(y)), 0);
      const farthest = theirs.reduce((most, y, i) => Math.max(most, Math.abs(y - (ours[i] as number))), 0);
      // Sums of n products in other orders: n roundings of partial sums, which stay below n^(1/2) times the result's size.
      expect(farthest / largest).toBeLessThan(SUMMANDS * Math.sqrt(SUMMANDS) * HALF_ULP);
    },
  );

  test('codes of 16 bits are exported as floats, and named, where the model cannot be brought to their opset', async () => {
    const builder = model({ opset: 17, seed: 3 })
      .input('x', [36, 24])
      .matMul({ name: 'product', units: 20 })
      .ints('axes', [1], [2])
      .node('Unsqueeze', { name: 'real', inputs: ['product_out', 'axes'], outputs: ['r'] })
      .node('DFT', { name: 'dft', inputs: ['r'], outputs: ['f'], attributes: { axis: 1 } })
      .output();
    const { model: made, notes } = await exported(builder, ['bit_num=12']);
    expect(made.opsets.get('')).toBe(17);
    expect(made.graph.nodes.map((n) => n.opType)).toEqual(['MatMul', 'Unsqueeze', 'DFT']);
    expect(notes).toEqual(['EXE155']);
  });
});

const OPTIONS: WeightOptions = {
  bits: 8,
  minSize: 0,
  minChannels: 16,
  perChannel: true,
  correction: true,
  encode: true,
  onTheFly: false,
  maxSegments: 1,
  initScale: 0.02,
  clusters: undefined,
  gptq: false,
  strict: false,
};

/** A weight as our run computes with it, and before its mean is restored. */
async function numbersOf(weight: Tensor, axis: number, bits: number, form: readonly string[]) {
  const perChannel = !form.includes('per_channel=false');
  const correction = !form.includes('bias_correction=false');
  const granularity: Granularity = perChannel ? { kind: 'perChannel', axis } : PER_TENSOR;
  const { quantized } = codeWeight(weight, { bits, granularity, options: { ...OPTIONS, correction } }, { file: '' });
  const { correction: moments } = quantized.params;
  const products =
    moments === undefined
      ? quantized
      : { ...quantized, params: { ...quantized.params, correction: { ...moments, mean: moments.mean.map(() => 0) } } };
  return { values: dequantize(quantized), products: dequantize(products) };
}
