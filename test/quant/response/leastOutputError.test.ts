import { describe, expect, test } from 'vitest';
import { createJsKernels } from '../../../src/kernels/js/jsKernels.ts';
import { Responses } from '../../../src/quant/response/elementwise.ts';
import { leastOutputError } from '../../../src/quant/response/leastOutputError.ts';
import { activationScheme } from '../../../src/quant/scheme.ts';
import { type ModelBuilder, model } from '../../models/model.ts';
import { rangeBy } from '../observers/rangeBy.ts';

const kernels = createJsKernels();
const scheme = activationScheme('int8');
const DIMS = [1, 2, 4, 4];

describe('what element-wise operators make of a value', () => {
  test('of SiLU is its product, not the sigmoid inside', async () => {
    const response = await responseOf((m) => m.node('Sigmoid', { outputs: ['s'] }).node('Mul', { inputs: ['u', 's'] }));
    const x = Float32Array.of(-20, -1, 0, 2);
    const [product, ...others] = response?.at(x) ?? [];
    expect(others).toEqual([]);
    x.forEach((v, i) => {
      expect(product?.[i]).toBeCloseTo(v / (1 + Math.exp(-v)), 6);
    });
  });

  test('has an exit for each value that something else reads, the value itself included', async () => {
    const response = await responseOf((m) => m.node('Sigmoid', { outputs: ['s'] }).output('u', 's'));
    expect(response?.at(Float32Array.of(0))).toEqual([Float32Array.of(0), Float32Array.of(0.5)]);
  });

  test('differs by channel where a constant does', async () => {
    const response = await responseOf((m) => m.floats('k', [1, 2, 1, 1], [2, 3]).node('Mul', { inputs: ['u', 'k'] }));
    expect(response?.channels).toBe(2);
    expect(response?.at(Float32Array.of(1, 10, 1, 10))).toEqual([Float32Array.of(2, 20, 3, 30)]);
  });

  test.each<[string, (m: ModelBuilder) => ModelBuilder]>([
    ['a pooling', (m) => m.maxPool()],
    ['a sum with another activation', (m) => m.add('x')],
    ['a division by it', (m) => m.floats('k', [], [2]).node('Div', { inputs: ['k', 'u'] })],
    ['a constant for each element', (m) => m.floats('k', DIMS).node('Mul', { inputs: ['u', 'k'] })],
  ])('is unknown before %s', async (_, reader) => {
    expect(await responseOf(reader)).toBeUndefined();
  });
});

describe('OUTPUT_MSE', () => {
  const normal = Float32Array.from({ length: 4096 }, (_, i) => 30 * Math.sin(i * i));

  test('leaves out what hard swish makes zero of', async () => {
    const response = await responseOf((m) => m.node('HardSwish', { inputs: ['u'] }));
    const options = { kernels, scheme, percentile: 99, klFlavour: 'observedSides', response } as const;
    const { lo, hi } = rangeBy('OUTPUT_MSE', options, [normal]);
    expect(lo).toBeGreaterThan(-4); // hard swish is 0 below -3
    expect(lo).toBeLessThan(0);
    expect(hi).toBeGreaterThan(25);
  });

  test('does not end short of values that all make nearly the same', async () => {
    const response = await responseOf((m) => m.node('HardSigmoid', { inputs: ['u'] }));
    const options = { kernels, scheme, percentile: 99, klFlavour: 'observedSides', response } as const;
    const values = Float32Array.from({ length: 4096 }, (_, i) => 2 + (18 * i) / 4095);
    const { hi } = rangeBy('OUTPUT_MSE', options, [values]);
    expect(hi).toBeGreaterThan(2.25); // hard sigmoid is 0.9 at 2 and 1 from 2.5 on
  });

  test('keeps both sides of a value that is read itself', () => {
    const options = { kernels, scheme, percentile: 99, klFlavour: 'observedSides' } as const;
    const { lo, hi } = rangeBy('OUTPUT_MSE', options, [normal]);
    expect(lo).toBeLessThan(-25);
    expect(hi).toBeGreaterThan(25);
  });

  test('is the whole range where nothing stands out', () => {
    const counts = new Float64Array(256).fill(1);
    const edges = Float32Array.from({ length: 257 }, (_, i) => -1 + i / 128);
    const found = leastOutputError({ extremes: { lo: -1, hi: 1 }, channels: 1, counts }, [edges], scheme);
    expect(found).toEqual({ lo: -1, hi: 1 });
  });

  test('clips one value that is far from all others', () => {
    const counts = new Float64Array(1024);
    counts.fill(10_000, 0, 64);
    counts[1023] = 1;
    const edges = Float32Array.from({ length: 1025 }, (_, i) => i);
    const { lo, hi } = leastOutputError({ extremes: { lo: 0, hi: 1024 }, channels: 1, counts }, [edges], scheme);
    expect(lo).toBe(0);
    expect(hi).toBeGreaterThan(63);
    expect(hi).toBeLessThan(1024);
  });

  test('has one end for symmetric codes', () => {
    const counts = new Float64Array(256).fill(1);
    const edges = Float32Array.from({ length: 257 }, (_, i) => -0.5 + (1.5 * i) / 256);
    const symmetric = activationScheme('int8', 'symmetric');
    const { lo, hi } = leastOutputError({ extremes: { lo: -0.5, hi: 1 }, channels: 1, counts }, [edges], symmetric);
    expect(lo).toBe(-hi);
  });
});

/** The response of `u`, which a convolution makes of the input. */
async function responseOf(readers: (m: ModelBuilder) => ModelBuilder) {
  const start = model().input('x', DIMS).conv({ name: 'conv', channels: 2 });
  const { model: built, ids } = readers(start.node('Identity', { outputs: ['u'] }).follow(DIMS)).build();
  const responses = await Responses.load(built.graph, { kernels, opsets: built.opsets, dimsOf: () => DIMS });
  const u = ids.get('u');
  return u === undefined ? undefined : responses.of(u);
}
