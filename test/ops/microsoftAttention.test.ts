import { beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import type { Tensor } from '../../src/base/tensor.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { ENGINES } from '../kernels/engines.ts';
import { expectClose, int32s, normals } from './floatCases.ts';
import { buildNode, runHere } from './oneNode.ts';

let engines: readonly KernelSet[];
beforeAll(async () => {
  engines = await Promise.all(ENGINES.map((e) => e.create()));
});

/** Inputs of Attention for B, L, in and hidden. */
function attentionInputs(seed: number, batch: number, length: number, width: number, total: number) {
  const random = seededRandom(seed);
  const x = normals(random, [batch, length, width]);
  return [x, normals(random, [width, total], 1 / Math.sqrt(width)), normals(random, [total])];
}

describe('Attention of com.microsoft computes what ONNX Runtime computes', () => {
  const type = 'Attention';
  const attributes = { num_heads: 2 };

  it.each([
    [1, 1],
    [2, 5],
    [3, 17],
  ])('batch %i, length %i', async (batch, length) => {
    const inputs = attentionInputs(1, batch, length, 8, 24);
    await expectClose({ type, inputs, attributes }, 32, engines);
    await expectClose({ type, inputs, attributes: { ...attributes, unidirectional: 1 } }, 32, engines);
    await expectClose({ type, inputs, attributes: { ...attributes, scale: 0.125 }, fed: [0, 1, 2] }, 32, engines);
  });

  it('is the same without a bias as with one of zeros', async () => {
    const [x, weights, bias] = attentionInputs(7, 2, 3, 8, 24) as [Tensor, Tensor, Tensor];
    const without = await buildNode({ type, inputs: [x, weights], attributes });
    const zeros = { ...bias, data: new Float32Array(24) } as Tensor;
    const withZeros = await buildNode({ type, inputs: [x, weights, zeros], attributes });
    for (const kernels of engines) expect(await runHere(without, kernels)).toEqual(await runHere(withZeros, kernels));
  });

  it('V of another size', async () => {
    const inputs = attentionInputs(2, 2, 4, 6, 8 + 8 + 12);
    const sizes = { kind: 'ints', value: [8, 8, 12] } as const;
    await expectClose({ type, inputs, attributes: { ...attributes, qkv_hidden_sizes: sizes } }, 32, engines);
  });

  const MASKS = [
    { name: '[B, S]', dims: [2, 4], values: [1, 1, 1, 0, 0, 1, 1, 1] },
    {
      name: '[B, L, S]',
      dims: [2, 4, 4],
      values: [1, 0, 0, 0, 1, 1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 1, ...new Array(16).fill(1)],
    },
    { name: '[B]', dims: [2], values: [3, 4] },
    { name: '[2 B]', dims: [4], values: [4, 3, 1, 0] },
  ];
  it.each(MASKS)('a mask $name, alone, unidirectional, and with a filter value', async ({ dims, values }) => {
    const inputs = [...attentionInputs(3, 2, 4, 8, 24), int32s(dims, values)];
    for (const extra of [{}, { unidirectional: 1 }, { mask_filter_value: -3.5 }]) {
      await expectClose({ type, inputs, fed: [0, 3], attributes: { ...attributes, ...extra } }, 32, engines);
    }
  });

  it('a row whose keys are all hidden', async () => {
    const inputs = [...attentionInputs(4, 1, 3, 8, 24), int32s([1, 3], [0, 0, 0])];
    await expectClose({ type, inputs, fed: [0, 3], attributes }, 32, engines);
  });

  it('past and present, with a mask over all keys', async () => {
    const random = seededRandom(5);
    const past = normals(random, [2, 2, 2, 3, 4]);
    const own = attentionInputs(6, 2, 2, 8, 24);
    const mask = int32s([2, 5], [0, 1, 1, 1, 1, 1, 1, 1, 1, 0]);
    const withPast = [...own, undefined, past];
    for (const extra of [{}, { unidirectional: 1 }]) {
      const all = { ...attributes, ...extra };
      await expectClose({ type, inputs: withPast, fed: [0, 4], attributes: all, outputs: 2 }, 32, engines);
      const masked = [...own, mask, past];
      await expectClose({ type, inputs: masked, fed: [0, 3, 4], attributes: all, outputs: 2 }, 32, engines);
    }
    await expectClose({ type, inputs: own, attributes, outputs: 2 }, 32, engines);
  });

  it('a bias of the scores, one for all batches or heads', async () => {
    const random = seededRandom(8);
    const inputs = [...attentionInputs(9, 2, 3, 8, 24), int32s([2, 3], [0, 1, 1, 1, 1, 1]), undefined];
    for (const [batch, heads] of [
      [2, 2],
      [1, 2],
      [1, 1],
      [2, 1],
    ] as const) {
      const biased = [...inputs, normals(random, [batch, heads, 3, 3])];
      await expectClose({ type, inputs: biased, fed: [0, 3, 5], attributes }, 32, engines);
    }
  });
});

describe('MultiHeadAttention computes what ONNX Runtime computes', () => {
  const type = 'MultiHeadAttention';
  const attributes = { num_heads: 2 };
  const fed = [0, 1, 2];

  it.each([
    [1, 1, 1],
    [2, 5, 5],
    [2, 3, 18],
  ])('batch %i, %i queries, %i keys', async (batch, length, keys) => {
    const random = seededRandom(10);
    const inputs = [
      normals(random, [batch, length, 8]),
      normals(random, [batch, keys, 8]),
      normals(random, [batch, keys, 8]),
    ];
    await expectClose({ type, inputs, attributes, fed }, 32, engines);
    await expectClose({ type, inputs, attributes: { ...attributes, scale: 0.2 }, fed }, 32, engines);
    await expectClose({ type, inputs: [...inputs, normals(random, [24])], attributes, fed }, 32, engines);
    await expectClose({ type, inputs, attributes, fed, outputs: 3 }, 32, engines);
  });

  it('unidirectional, V of another size, masks and a bias of the scores', async () => {
    const random = seededRandom(11);
    const inputs = [normals(random, [2, 4, 8]), normals(random, [2, 4, 8]), normals(random, [2, 4, 12])];
    await expectClose({ type, inputs, attributes, fed }, 32, engines);
    await expectClose({ type, inputs: [...inputs, normals(random, [28])], attributes, fed }, 32, engines);
    await expectClose({ type, inputs, attributes: { ...attributes, unidirectional: 1 }, fed }, 32, engines);
    const mask = int32s([2, 4], [1, 1, 1, 0, 1, 0, 1, 1]);
    await expectClose({ type, inputs: [...inputs, undefined, mask], attributes, fed: [...fed, 4] }, 32, engines);
    for (const dims of [
      [2, 2, 4, 4],
      [1, 2, 4, 4],
      [1, 1, 4, 4],
      [2, 1, 4, 4],
    ]) {
      const biased = [...inputs, undefined, mask, normals(random, dims)];
      await expectClose({ type, inputs: biased, attributes, fed: [...fed, 4, 5] }, 32, engines);
    }
  });

  it('past and present', async () => {
    const random = seededRandom(12);
    const row = () => normals(random, [2, 1, 8]);
    const inputs = [row(), row(), row(), undefined, undefined, undefined];
    const past = [normals(random, [2, 2, 3, 4]), normals(random, [2, 2, 3, 4])];
    const all = { type, inputs: [...inputs, ...past], attributes, fed: [0, 1, 2, 6, 7], outputs: 3 };
    await expectClose(all, 32, engines);
    const bias = normals(random, [24]);
    await expectClose({ ...all, inputs: all.inputs.map((t, i) => (i === 3 ? bias : t)) }, 32, engines);
    await expectClose({ ...all, attributes: { ...attributes, unidirectional: 1 } }, 32, engines);
  });

  it('K and V of an encoder', async () => {
    const random = seededRandom(13);
    const inputs = [normals(random, [2, 3, 8]), normals(random, [2, 2, 5, 4]), normals(random, [2, 2, 5, 4])];
    await expectClose({ type, inputs, attributes, fed }, 32, engines);
  });
});
