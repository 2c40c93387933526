import { describe, expect, test } from 'vitest';
import { type Tensor, tensor } from '../../src/base/tensor.ts';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import { valuesOf } from '../exec/reference.ts';
import { model } from '../models/model.ts';
import { type DynamicChoice, dynamicGraph } from '../quant/dynamicPlanned.ts';

const kernels = createJsKernels();
const F32 = Math.fround;
const WEIGHT = [1, 0.5, -1, 0.25, 0, -0.5];

/** Everything that a product of x [2, 3] by a weight [3, 2] makes, by name. */
async function run(x: readonly number[], choice: DynamicChoice): Promise<(name: string) => number[]> {
  const built = model({ opset: 13 })
    .input('x', [2, 3])
    .floats('w', [3, 2], WEIGHT)
    .node('MatMul', { name: 'product', inputs: ['x', 'w'], outputs: ['y'] })
    .build();
  const graph = await dynamicGraph(built, choice);
  const feed: Tensor = tensor('float32', [2, 3], Float32Array.from(x));
  const [input] = graph.inputs;
  if (input === undefined) throw new Error('the model has an input');
  const values = await valuesOf(graph, new Map([[input, feed]]), built.model.opsets, kernels);
  return (name) => {
    const value = [...graph.values.values()].find((v) => v.name === name);
    const t = value && (values.get(value.id) ?? value.constant?.tensor);
    if (t === undefined) throw new Error(`nothing is named ${name}: ${[...graph.values.values()].map((v) => v.name)}`);
    return Array.from(t.data as Float32Array, Number);
  };
}

/** What dynamic_quant.cc and DoQuantizeFp32ToInt8 make of x, written down once more. */
function referenceOf(x: readonly number[]): { scale: number; zeroPoint: number; codes: number[] } {
  const away = (v: number): number => Math.sign(v) * Math.floor(Math.abs(v) + 0.5);
  const floats = x.map(F32);
  const [min, max] = [Math.min(...floats), Math.max(...floats)];
  const width = F32(max - min);
  const scale = F32((width > 0 ? width : F32(0.01)) / 255);
  const zeroPoint = away(-128 - min / scale);
  const inverse = F32(1 / scale);
  const codes = floats.map((v) => Math.min(Math.max(away(F32(F32(v * inverse) + zeroPoint)), -128), 127));
  return { scale, zeroPoint, codes };
}

const RANGES: Readonly<Record<string, readonly number[]>> = {
  'around 0': [-1.5, 0.25, 0.5, 1, -0.125, 2],
  'far above 0': [30, 31.5, 32, 30.25, 31, 30.75],
  'far below 0': [-8, -7, -7.5, -6.25, -7.75, -6.5],
  'of one number': [5, 5, 5, 5, 5, 5],
  'of zeros': [0, 0, 0, 0, 0, 0],
  'at a tie of the zero point': [-127.5, 127.5, 0.5, 1.5, -0.5, -1.5],
};

describe('strict ALWC', () => {
  test.each(Object.entries(RANGES))('a range %s has the scale, zero point and codes of the reference', async (_, x) => {
    const made = await run(x, { strategy: 'ALWC', strictReference: true });
    const { scale, zeroPoint, codes } = referenceOf(x);
    expect(made('x_scale')).toEqual([scale]);
    expect(made('x_zero_point_double').map((z) => z + 0)).toEqual([zeroPoint + 0]);
    expect(made('x_quantized')).toEqual(codes);
    const weights = made('w_quantized');
    const scales = made('w_scale');
    const expected = [0, 1].flatMap((row) =>
      [0, 1].map((column) => {
        let sum = 0;
        for (let k = 0; k < 3; k++) sum += ((codes[3 * row + k] ?? 0) - zeroPoint) * (weights[2 * k + column] ?? 0);
        return F32(F32(sum) * F32(scale * (scales[column] ?? 0)));
      }),
    );
    expect(made('y').map((v) => v + 0)).toEqual(expected.map((v) => v + 0));
  });

  test('a zero point that is no int8 loses nothing', async () => {
    const x = RANGES['far above 0'] ?? [];
    const made = await run(x, { strategy: 'ALWC', strictReference: true });
    expect(made('x_zero_point_double')[0]).toBeLessThan(-3000);
    const steps = 2 / 255; // of the range 30..32
    const exact = [0, 1].flatMap((row) =>
      [0, 1].map((c) => [0, 1, 2].reduce((s, k) => s + (x[3 * row + k] ?? 0) * (WEIGHT[2 * k + c] ?? 0), 0)),
    );
    // half a step of each x, and half a step (1/254 of the largest weight) of each weight times x
    const bound = 3 * (steps / 2) + (3 * 32) / 254;
    made('y').forEach((v, i) => {
      expect(Math.abs(v - (exact[i] ?? 0))).toBeLessThanOrEqual(bound);
    });
  });
});

describe('ACWL', () => {
  test.each([true, false])(
    'every row has a scale of its own, and a row of zeros some (strict: %s)',
    async (strictReference) => {
      const made = await run([0, 0, 0, -2.54, 1, 1.27], { strategy: 'ACWL', strictReference });
      const [zeros, row] = made('x_scale');
      expect(zeros).toBeGreaterThan(0);
      expect(row).toBe(F32(F32(2.54) / 127));
      expect(made('x_quantized')).toEqual([0, 0, 0, -127, 50, 64]);
      expect(made('y').slice(0, 2)).toEqual([0, 0]);
    },
  );
});

describe('ALWC', () => {
  test('codes are those of DynamicQuantizeLinear, and the activation is quantized once for all its readers', async () => {
    const built = model({ opset: 13 })
      .input('x', [2, 3])
      .floats('w', [3, 2])
      .floats('v', [3, 4])
      .node('MatMul', { name: 'a', inputs: ['x', 'w'], outputs: ['y'] })
      .node('MatMul', { name: 'b', inputs: ['x', 'v'], outputs: ['z'] })
      .output('y', 'z')
      .build();
    const graph = await dynamicGraph(built, { strategy: 'ALWC' });
    expect(graph.nodes.filter((n) => n.opType === 'DynamicQuantizeLinear')).toHaveLength(1);
    expect(graph.nodes.filter((n) => n.opType === 'MatMulInteger').map((n) => n.name)).toEqual(['a', 'b']);
    const names = [...graph.values.values()].map((v) => v.name);
    expect(new Set(names).size).toBe(names.length);
  });
});
