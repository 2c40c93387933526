import { beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { int64Tensor, type Tensor, tensor } from '../../src/base/tensor.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { ENGINES } from '../kernels/engines.ts';
import { expectClose, normals } from './floatCases.ts';
import { buildNode, type OneNode, runHere } from './oneNode.ts';
import { fact, infer } from './runOp.ts';

let engines: readonly KernelSet[];
beforeAll(async () => {
  engines = await Promise.all(ENGINES.map((e) => e.create()));
});

/** A node whose given inputs are all fed. */
function attention(inputs: readonly (Tensor | undefined)[], rest: Partial<OneNode> = {}): OneNode {
  const fed = inputs.flatMap((t, i) => (t === undefined ? [] : [i]));
  return { type: 'Attention', domain: '', opset: 23, inputs, fed, ...rest };
}

function operands(seed: number, rows: number, keys: number, width = 8) {
  const random = seededRandom(seed);
  return [normals(random, [2, 4, rows, 8]), normals(random, [2, 2, keys, 8]), normals(random, [2, 2, keys, width])];
}

describe('Attention computes what ONNX Runtime computes', () => {
  it.each([
    [1, 1],
    [5, 5],
    [3, 18],
    [33, 17],
  ])('%i queries over %i keys, two query heads per key head', async (rows, keys) => {
    const inputs = operands(1, rows, keys, 12);
    await expectClose(attention(inputs), 32, engines);
    await expectClose(attention(inputs, { attributes: { scale: 0.125, softcap: 1.5 } }), 32, engines);
  });

  it('heads side by side', async () => {
    const random = seededRandom(2);
    const inputs = [normals(random, [2, 3, 32]), normals(random, [2, 5, 16]), normals(random, [2, 5, 24])];
    const attributes = { q_num_heads: 4, kv_num_heads: 2 };
    await expectClose(attention(inputs, { attributes }), 32, engines);
  });

  it('masks of numbers and of bools that broadcast', async () => {
    const random = seededRandom(3);
    const inputs = operands(4, 3, 5);
    for (const dims of [
      [3, 5],
      [4, 3, 5],
      [2, 1, 3, 5],
      [1, 4, 3, 5],
    ]) {
      await expectClose(attention([...inputs, normals(random, dims)]), 32, engines);
    }
    const shown = tensor('bool', [3, 5], Uint8Array.of(1, 1, 0, 0, 1, 1, 0, 1, 1, 1, 0, 0, 0, 0, 1));
    await expectClose(attention([...inputs, shown]), 32, engines);
  });

  it('causal order behind a past', async () => {
    const random = seededRandom(5);
    const inputs = [...operands(6, 3, 3), undefined, normals(random, [2, 2, 4, 8]), normals(random, [2, 2, 4, 8])];
    await expectClose(attention(inputs, { attributes: { is_causal: 1 }, outputs: 3 }), 32, engines);
  });
});

describe('Attention by its definition', () => {
  it('is the mean of the values where all scores are equal', async () => {
    const q = tensor('float32', [1, 1, 1, 2], new Float32Array(2));
    const k = tensor('float32', [1, 1, 2, 2], Float32Array.of(1, 2, 3, 4));
    const v = tensor('float32', [1, 1, 2, 3], Float32Array.of(1, 2, 3, 5, 6, 7));
    const built = await buildNode(attention([q, k, v]));
    for (const kernels of engines) {
      const [y] = await runHere(built, kernels);
      expect([...(y?.data ?? [])]).toEqual([3, 4, 5]);
    }
  });

  it('computes float64 in float64', async () => {
    const wide = (dims: readonly number[], ...values: number[]) => tensor('float64', dims, Float64Array.from(values));
    const inputs = [wide([1, 1, 1, 1], 1), wide([1, 1, 2, 1], 0, 1), wide([1, 1, 2, 1], 0, 1)];
    const [y] = await runHere(await buildNode(attention(inputs)), engines[0] as KernelSet);
    expect(y?.data[0]).toBe(1 / (1 + Math.exp(-1)));
  });

  it('reads as many keys as each batch has, the last query the last of them', async () => {
    const inputs = operands(7, 2, 4);
    const [q, k, v] = inputs as [Tensor, Tensor, Tensor];
    const counts = int64Tensor([2], [3, 4]);
    const attributes = { is_causal: 1 };
    const padded = attention([q, k, v, undefined, undefined, undefined, counts], { opset: 24, attributes });
    const [y] = await runHere(await buildNode(padded), engines[0] as KernelSet);
    for (const [b, count] of [3, 4].entries()) {
      const part = (t: Tensor, rows: number) => {
        const [, heads, all, width] = t.dims as [number, number, number, number];
        const data = Float32Array.from({ length: heads * rows * width }, (_, i) => {
          const head = Math.floor(i / (rows * width));
          return t.data[(b * heads + head) * all * width + (i % (rows * width))] as number;
        });
        return tensor('float32', [1, heads, rows, width], data);
      };
      const mask = tensor(
        'bool',
        [2, count],
        Uint8Array.from({ length: 2 * count }, (_, i) => Number(i % count <= Math.floor(i / count) + count - 2)),
      );
      const alone = await buildNode(attention([part(q, 2), part(k, count), part(v, count), mask]));
      const [expected] = await runHere(alone, engines[0] as KernelSet);
      expect(part(y as Tensor, 2).data).toEqual(expected?.data);
    }
  });
});

describe('Attention judges shapes', () => {
  const spec = { type: 'Attention', opset: 23 };

  it('keeps symbols', () => {
    const q = fact(['B', 4, 'L', 64]);
    const kv = fact(['B', 2, 'S', 64]);
    const facts = infer(spec, [q, kv, kv], 3).map((f) => f?.dims);
    expect(facts).toEqual([
      ['B', 4, 'L', 64],
      ['B', 2, 'S', 64],
      ['B', 2, 'S', 64],
    ]);
  });

  const WRONG = [
    {
      inputs: [fact([1, 2, 3, 8]), fact([1, 2, 3, 4]), fact([1, 2, 3, 8])],
      says: 'head size of Q and K: 8 and 4 differ',
    },
    {
      inputs: [fact([1, 3, 3, 8]), fact([1, 2, 3, 8]), fact([1, 2, 3, 8])],
      says: '3 query heads do not divide over 2 key heads',
    },
    {
      inputs: [fact([1, 3, 8]), fact([1, 3, 8]), fact([1, 3, 8])],
      says: 'attribute q_num_heads is missing; inputs of rank 3 need it',
    },
    {
      inputs: [fact([1, 2, 3, 8]), fact([1, 2, 3, 8]), fact([1, 2, 3, 8]), fact([3, 4])],
      says: 'attn_mask has 4 keys per row, at most 3 are there',
    },
  ];
  it.each(WRONG)('$says', ({ inputs, says }) => {
    expect(() => infer(spec, inputs)).toThrow(says);
  });
});
