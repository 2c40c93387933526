import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../src/base/random.ts';
import { feedbackOf, type InputMoments, roundRow } from '../../../src/quant/rounding/leastSquares.ts';

const GRID = { scale: 0.1, zeroPoint: 0, qmin: -127, qmax: 127 };

describe('rounding by least squares', () => {
  test('is rounding to nearest where inputs do not vary together', () => {
    const moments = momentsOf([
      [1, 0, 0],
      [0, 2, 0],
      [0, 0, 3],
    ]);
    expect(rounded([0.14, -0.26, 0.31], moments)).toEqual([1, -3, 3]);
  });

  test('makes up with one weight for what another loses where both meet the same input', () => {
    const moments = momentsOf([[1, 1]]);
    // Both 0.14 are nearest to 0.1, which loses 0.08 of their sum; one of them becomes 0.2.
    expect(rounded([0.14, 0.14], moments).reduce((a, b) => a + b, 0)).toBe(3);
  });

  test('factors the inverse of the ordered, damped moments', () => {
    const random = seededRandom(4);
    const size = 12;
    const inputs = Array.from({ length: 40 }, () => Array.from({ length: size }, () => random.normal()));
    const moments = momentsOf(inputs);
    const feedback = feedbackOf(moments);
    const { order = new Int32Array(), upper = new Float64Array() } = feedback ?? {};
    const trace = Array.from({ length: size }, (_, i) => moments.sums[i * size + i] as number).reduce((a, b) => a + b);
    for (let i = 0; i < size; i++)
      for (let j = 0; j < size; j++) {
        // (U'U) M = I
        let sum = 0;
        for (let k = 0; k < size; k++) {
          const at = (order[k] as number) * size + (order[j] as number);
          const m = (moments.sums[at] as number) + (k === j ? (0.01 * trace) / size : 0);
          let inverse = 0;
          for (let r = 0; r < size; r++) inverse += (upper[r * size + i] as number) * (upper[r * size + k] as number);
          sum += inverse * m;
        }
        expect(Math.abs(sum - (i === j ? 1 : 0))).toBeLessThan(1e-9); // condition below 1e3, doubles
      }
  });

  test('errs less in what the layer computes than rounding to nearest', () => {
    const random = seededRandom(8);
    const size = 32;
    const common = Array.from({ length: 300 }, () => random.normal());
    const inputs = common.map((c) => Array.from({ length: size }, () => c + 0.3 * random.normal()));
    const moments = momentsOf(inputs);
    let [least, nearest] = [0, 0];
    for (let row = 0; row < 20; row++) {
      const weights = Array.from({ length: size }, () => random.normal());
      least += errorOf(inputs, weights, rounded(weights, moments));
      nearest += errorOf(
        inputs,
        weights,
        weights.map((w) => Math.round(w / GRID.scale)),
      );
    }
    expect(least).toBeLessThan(nearest / 4);
  });

  test('stays inside the codes', () => {
    expect(rounded([100, -100], momentsOf([[1, 1]]))).toEqual([127, -127]);
  });

  test('knows nothing of inputs that are all 0', () => {
    expect(feedbackOf(momentsOf([[0, 0]]))).toBeUndefined();
  });
});

function momentsOf(inputs: readonly (readonly number[])[]): InputMoments {
  const size = inputs[0]?.length ?? 0;
  const sums = new Float64Array(size * size);
  for (const x of inputs)
    for (let i = 0; i < size; i++)
      for (let j = 0; j < size; j++)
        sums[i * size + j] = (sums[i * size + j] as number) + (x[i] as number) * (x[j] as number);
  return { size, sums };
}

function rounded(weights: readonly number[], moments: InputMoments): number[] {
  const feedback = feedbackOf(moments);
  if (feedback === undefined) throw new Error('the inputs are all 0');
  const out = new Int32Array(weights.length);
  roundRow(Float32Array.from(weights), feedback, GRID, out);
  return [...out];
}

function errorOf(inputs: readonly (readonly number[])[], weights: readonly number[], codes: readonly number[]): number {
  return inputs.reduce((sum, x) => {
    const e = x.reduce((s, v, i) => s + v * ((weights[i] as number) - GRID.scale * (codes[i] as number)), 0);
    return sum + e * e;
  }, 0);
}
