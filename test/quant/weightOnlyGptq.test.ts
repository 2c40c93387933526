import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { dequantize } from '../../src/quant/dequantize.ts';
import { quantizeFixedBit } from '../../src/quant/weightOnly/fixedBit.ts';
import { InputProducts, quantizeGptq } from '../../src/quant/weightOnly/gptq.ts';

const at = { file: 'm.onnx' };
const ROUNDED = {
  granularity: { kind: 'perChannel', axis: 0 },
  mapping: 'asymmetric',
  correction: 'none',
} as const;

/** Inputs that hang together: each is a mixture of few sources. */
function inputsOf(rows: number, inputs: number, seed: number): Float32Array {
  const random = seededRandom(seed);
  const mix = Array.from({ length: 3 * inputs }, () => random.normal());
  const x = new Float32Array(rows * inputs);
  for (let r = 0; r < rows; r++) {
    const source = [random.normal(), random.normal(), random.normal()];
    for (let k = 0; k < inputs; k++) {
      const mixed = source.reduce((sum, s, i) => sum + s * (mix[i * inputs + k] as number), 0);
      x[r * inputs + k] = mixed + 0.1 * random.normal();
    }
  }
  return x;
}

function productsOf(x: Float32Array, inputs: number): InputProducts {
  const products = new InputProducts(inputs);
  products.add(x);
  return products;
}

/** Squared error of the outputs x w', [N, K]. */
function outputError(x: Float32Array, weight: Float32Array, made: Float32Array, inputs: number): number {
  let error = 0;
  for (let r = 0; r < x.length; r += inputs) {
    for (let n = 0; n < weight.length; n += inputs) {
      let sum = 0;
      for (let k = 0; k < inputs; k++)
        sum += (x[r + k] as number) * ((weight[n + k] as number) - (made[n + k] as number));
      error += sum * sum;
    }
  }
  return error;
}

const normal = (length: number, seed: number) => {
  const random = seededRandom(seed);
  return Float32Array.from({ length }, () => random.normal());
};

describe('GPTQ', () => {
  test.each([2, 3, 4, 8])('%i bits: the outputs are nearer than with rounded weights', (bits) => {
    const [outputs, inputs] = [12, 40];
    const x = inputsOf(200, inputs, 1);
    const weight = normal(outputs * inputs, 2);
    const rounded = quantizeFixedBit(weight, [outputs, inputs], { ...ROUNDED, bits }, at);
    const found = quantizeGptq(weight, [outputs, inputs], { bits, axis: 0, products: productsOf(x, inputs) }, at);
    expect(found.params).toEqual(rounded.params);
    const ours = outputError(x, weight, dequantize(found), inputs);
    expect(ours).toBeLessThan(outputError(x, weight, dequantize(rounded), inputs) / 4);
  });

  test('inputs that have nothing to do with each other leave nothing to make up for: weights are rounded', () => {
    fc.assert(
      fc.property(fc.array(fc.float({ min: -9, max: 9, noNaN: true }), { minLength: 8, maxLength: 8 }), (list) => {
        const weight = Float32Array.from(list);
        const products = new InputProducts(4);
        for (let i = 0; i < 4; i++) products.add(Float32Array.from({ length: 4 }, (_, k) => (k === i ? i + 1 : 0)));
        const found = quantizeGptq(weight, [2, 4], { bits: 4, axis: 0, products }, at);
        expect(found).toEqual(quantizeFixedBit(weight, [2, 4], { ...ROUNDED, bits: 4 }, at));
      }),
    );
  });

  test('[K, N] gives the codes of [N, K]', () => {
    const [outputs, inputs] = [5, 9];
    const weight = normal(outputs * inputs, 3);
    const turned = Float32Array.from(
      weight,
      (_, i) => weight[(i % outputs) * inputs + Math.floor(i / outputs)] as number,
    );
    const products = productsOf(inputsOf(50, inputs, 4), inputs);
    const straight = quantizeGptq(weight, [outputs, inputs], { bits: 4, axis: 0, products }, at);
    const other = quantizeGptq(turned, [inputs, outputs], { bits: 4, axis: 1, products }, at);
    const codes = straight.codes.data as Int8Array;
    const expected = Array.from(codes, (_, i) => codes[(i % outputs) * inputs + Math.floor(i / outputs)]);
    expect(Array.from(other.codes.data as Int8Array)).toEqual(expected);
  });

  test('the weights of an input that never was anything but 0 are rounded, and take nothing from the others', () => {
    const x = inputsOf(60, 6, 5);
    for (let i = 2; i < x.length; i += 6) x[i] = 0;
    const weight = normal(18, 6);
    const found = quantizeGptq(weight, [3, 6], { bits: 8, axis: 0, products: productsOf(x, 6) }, at);
    const rounded = quantizeFixedBit(weight, [3, 6], { ...ROUNDED, bits: 8 }, at);
    const [ours, theirs] = [dequantize(found), dequantize(rounded)];
    expect([ours[2], ours[8], ours[14]]).toEqual([theirs[2], theirs[8], theirs[14]]);
    expect(ours[2]).not.toBe(0);
    expect(ours).not.toEqual(theirs);
  });

  test('without any input all weights are rounded', () => {
    const weight = normal(6, 7);
    const found = quantizeGptq(weight, [2, 3], { bits: 4, axis: 0, products: new InputProducts(3) }, at);
    expect(found).toEqual(quantizeFixedBit(weight, [2, 3], { ...ROUNDED, bits: 4 }, at));
  });

  test('a weight that is not finite is refused', () => {
    const products = productsOf(inputsOf(5, 2, 1), 2);
    expect(() => quantizeGptq(Float32Array.of(1, Number.NaN), [1, 2], { bits: 8, axis: 0, products }, at)).toThrow(
      'QNT201',
    );
  });
});
