import { describe, expect, it } from 'vitest';
import { tensor } from '../../src/base/tensor.ts';
import { compile } from '../../src/exec/compile.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { ENGINES } from '../kernels/engines.ts';
import { model } from '../models/model.ts';
import { numbersOf } from '../suites/numbers.ts';
import { valuesOf } from './reference.ts';

type WeightType = readonly [dtype: NarrowDType, lo: number, hi: number];
type NarrowDType = 'int2' | 'uint2' | 'int4' | 'uint4' | 'int8' | 'uint8';

const WEIGHT_TYPES: readonly WeightType[] = [
  ['int2', -2, 1],
  ['uint2', 0, 3],
  ['int4', -8, 7],
  ['uint4', 0, 15],
  ['int8', -128, 127],
  ['uint8', 0, 255],
];

/** Powers of two: every sum, product and quotient is exact in float32, so that no tie is decided otherwise. */
const [INPUT_SCALE, OUTPUT_SCALE] = [2 ** -4, 2 ** -2];

describe.each(ENGINES)('weights of few bits in integer steps ($name)', ({ create }) => {
  it.each(WEIGHT_TYPES)(
    'a convolution with %s weights makes the codes of the float operators',
    async (...type: WeightType) => {
      const kernels = await create();
      const { net, weight } = quantizedInput(type, [5, 3, 3, 3]);
      net.node('Conv', { inputs: [net.current, weight] }).follow([1, 5, 5, 6]);
      await sameCodes(net, 'Conv', kernels);
    },
  );

  it.each(WEIGHT_TYPES)('a product with %s weights does', async (...type: WeightType) => {
    const kernels = await create();
    const { net, weight } = quantizedInput(type, [8, 6]);
    net.node('MatMul', { inputs: [net.current, weight] }).follow([1, 3, 7, 6]);
    await sameCodes(net, 'MatMul', kernels);
  });
});

type Net = ReturnType<typeof model>;

/** x [1, 3, 7, 8] through uint8 codes, and a dequantized weight of `dims` with a scale and zero point per tensor. */
function quantizedInput([dtype, lo, hi]: WeightType, dims: readonly number[]) {
  const net = model({ opset: 25, irVersion: 12 }).input('x', [1, 3, 7, 8]);
  net.quantizeDequantize(INPUT_SCALE, 128);
  const x = net.current;
  const numbers = numbersOf(dims.length);
  const count = dims.reduce((a, b) => a * b, 1);
  const codes = Array.from({ length: count }, () => numbers.within(lo, hi));
  const typed = (shape: readonly number[], values: readonly number[]) => {
    const data = lo < 0 ? Int8Array.from(values) : Uint8Array.from(values);
    return tensor(dtype as 'int8', shape, data as Int8Array); // signed where lo < 0
  };
  net.constant('w.codes', typed(dims, codes));
  net.constant('w.zero', typed([], [lo < 0 ? 1 : 2]));
  net.floats('w.scale', [], [2 ** -3]);
  net.node('DequantizeLinear', { inputs: ['w.codes', 'w.scale', 'w.zero'] });
  const weight = net.current;
  return { net: net.at(x), weight };
}

/** Compares the step's codes with those of the operators one by one. */
async function sameCodes(net: Net, opType: string, kernels: KernelSet): Promise<void> {
  const built = net.quantizeDequantize(OUTPUT_SCALE, 100).build();
  const { graph, opsets } = built.model;
  const x = built.ids.get('x');
  if (x === undefined) throw new Error('the model has an input x');
  const feeds = new Map([[x, tensor('float32', [1, 3, 7, 8], numbersOf(3).floats(168))]]);
  const inputDims = new Map([[x, [1, 3, 7, 8]]]);
  const program = await compile(graph, { kernels, opsets, file: 'test', inputDims, requantizer: 'fp32' });
  expect(program.steps.filter((s) => s.form === 'integer').map((s) => s.node.opType)).toEqual([opType]);
  const expected = await valuesOf(graph, feeds, opsets, kernels);
  for (const [id, found] of program.start(feeds, { poison: true }).finish()) expect(found).toEqual(expected.get(id));
  program.release();
}
