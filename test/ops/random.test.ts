import { describe, expect, it } from 'vitest';
import { randomState } from '../../src/base/mersenneTwister.ts';
import { type Tensor, tensor } from '../../src/base/tensor.ts';
import type { Attribute } from '../../src/graph/model.ts';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import { buildNode, type OneNode, runHere } from './oneNode.ts';

const float = (value: number): Attribute => ({ kind: 'float', value: Math.fround(value) });

async function run(node: Omit<OneNode, 'domain'>): Promise<Tensor> {
  const [out] = await runHere(await buildNode({ domain: '', opset: 22, ...node }), createJsKernels());
  return out as Tensor;
}

describe('the Mersenne Twister', () => {
  it('gives what NumPy gives for RandomState(0)', () => {
    const state = randomState(0);
    expect([state.uniform(), state.uniform(), state.uniform()]).toEqual([
      0.5488135039273248, 0.7151893663724195, 0.6027633760716439,
    ]);
    const normal = randomState(0);
    const drawn = [normal.normal(), normal.normal(), normal.normal(), normal.normal()];
    for (const [i, expected] of [
      1.764052345967664, 0.4001572083672233, 0.9787379841057392, 2.240893199201458,
    ].entries()) {
      expect(drawn[i]).toBeCloseTo(expected, 14); // its logarithm may differ in the last bit
    }
  });

  it('goes on after the first 624 words, and other seeds give other numbers', () => {
    const [a, b] = [randomState(1), randomState(2)];
    const [x, y] = [a, b].map((state) => Array.from({ length: 1000 }, () => state.uniform()));
    expect(new Set(x).size).toBe(1000);
    expect(x).not.toEqual(y);
    expect(x?.every((v) => v >= 0 && v < 1)).toBe(true);
  });
});

describe('random operators', () => {
  it('RandomUniform and RandomNormal scale what the generator gives', async () => {
    const uniform = await run({
      type: 'RandomUniform',
      inputs: [],
      fed: [],
      attributes: { shape: [1, 3], low: float(1), high: float(3), seed: float(0) },
    });
    expect(uniform).toEqual(
      tensor(
        'float32',
        [1, 3],
        Float32Array.of(1 + 2 * 0.5488135039273248, 1 + 2 * 0.7151893663724195, 1 + 2 * 0.6027633760716439),
      ),
    );
    const normal = await run({
      type: 'RandomNormal',
      inputs: [],
      fed: [],
      attributes: { shape: [2], mean: float(1), scale: float(2), seed: float(0), dtype: 11 },
    });
    expect(normal.dtype).toBe('float64');
    expect(Array.from(normal.data as Float64Array, (v) => (v - 1) / 2)[1]).toBeCloseTo(0.4001572083672233, 14);
  });

  it('RandomUniformLike and RandomNormalLike have the shape of their input, an empty one too', async () => {
    for (const type of ['RandomUniformLike', 'RandomNormalLike']) {
      for (const dims of [[], [0, 3], [2, 2]]) {
        const like = tensor('float32', dims, new Float32Array(dims.reduce((n, d) => n * d, 1)));
        const drawn = await run({ type, inputs: [like], attributes: { dtype: 10 } });
        expect([drawn.dtype, drawn.dims]).toEqual(['float16', dims]);
        expect(drawn).toEqual(await run({ type, inputs: [like], attributes: { dtype: 10 } }));
      }
    }
  });

  it('a seed that is no whole number gives numbers of its own', async () => {
    const draw = (seed: number) =>
      run({ type: 'RandomUniform', inputs: [], fed: [], attributes: { shape: [4], seed: float(seed) } });
    expect((await draw(0.25)).data).not.toEqual((await draw(0)).data);
    expect((await draw(0.25)).data).not.toEqual((await draw(0.5)).data);
  });

  it('Bernoulli is 1 where the generator stays below the chance', async () => {
    const chance = tensor('float32', [4], Float32Array.of(0.6, 0.6, 0, 1));
    const drawn = await run({ type: 'Bernoulli', inputs: [chance], attributes: { seed: float(0), dtype: 6 } });
    expect(drawn).toEqual(tensor('int32', [4], Int32Array.of(1, 0, 0, 1)));
  });

  it('Multinomial draws classes as often as their probabilities say', async () => {
    const logits = tensor(
      'float32',
      [2, 3],
      Float32Array.of(Math.log(1), Math.log(2), Math.log(5), 0, -Infinity, -Infinity),
    );
    const drawn = await run({ type: 'Multinomial', inputs: [logits], attributes: { sample_size: 4000, dtype: 7 } });
    expect([drawn.dtype, drawn.dims]).toEqual(['int64', [2, 4000]]);
    const classes = Array.from(drawn.data as BigInt64Array, Number);
    expect(classes.slice(4000).every((c) => c === 0)).toBe(true);
    for (const [c, p] of [1 / 8, 2 / 8, 5 / 8].entries()) {
      const found = classes.slice(0, 4000).filter((x) => x === c).length;
      expect(Math.abs(found - 4000 * p)).toBeLessThan(5 * Math.sqrt(4000 * p * (1 - p))); // five deviations
    }
  });
});
