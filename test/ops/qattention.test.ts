import { beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { type Tensor, tensor } from '../../src/base/tensor.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { ENGINES } from '../kernels/engines.ts';
import { expectClose, int32s, normals } from './floatCases.ts';
import { buildNode, runHere } from './oneNode.ts';
import { type CodeDType, codesFrom, expectVector, randomCodes, scalar, zeroPoint } from './qlinearCases.ts';

const random = seededRandom(31);
let engines: readonly KernelSet[];

beforeAll(async () => {
  engines = await Promise.all(ENGINES.map((e) => e.create()));
});

interface Sizes {
  readonly batch: number;
  readonly length: number;
  readonly input: number;
  readonly heads: number;
  readonly head: number;
}

/** Inputs whose projections are about 1 in size. */
function attention(
  { batch, length, input, heads, head }: Sizes,
  o: { readonly weights: CodeDType; readonly perColumn?: boolean; readonly mask?: Tensor; readonly past?: number },
): (Tensor | undefined)[] {
  const total = 3 * heads * head;
  const columns = o.perColumn ? [total] : [];
  const scale = 1 / (74 * 74 * Math.sqrt(input)); // 74: the deviation of uniform codes
  const scales = Float32Array.from({ length: o.perColumn ? total : 1 }, () => scale * (0.5 + random.next()));
  return [
    randomCodes(random, 'uint8', [batch, length, input]),
    randomCodes(random, o.weights, [input, total]),
    normals(random, [total], 0.1),
    ...[scalar(1), tensor('float32', columns, scales), o.mask],
    zeroPoint('uint8', 128),
    codesFrom(
      o.weights,
      columns,
      Array.from(scales, () => (o.weights === 'int8' ? 0 : 127)),
    ),
    o.past === undefined ? undefined : normals(random, [2, batch, heads, o.past, head]),
  ];
}

const SMALL = { batch: 2, length: 5, input: 16, heads: 2, head: 8 };

describe('QAttention', () => {
  it.each(['uint8', 'int8'] as const)('is as near ONNX Runtime as float32 allows, %s weights', async (weights) => {
    const sizes = [
      { batch: 1, length: 1, input: 1, heads: 1, head: 1 },
      SMALL,
      { ...SMALL, length: 33, heads: 4, head: 16 },
    ];
    for (const size of sizes) {
      for (const perColumn of [false, true]) {
        const inputs = attention(size, { weights, perColumn });
        const node = { type: 'QAttention', inputs, attributes: { num_heads: size.heads } };
        await expectClose(node, Math.max(size.head, size.length), engines);
        await expectClose({ ...node, fed: [0, 1, 3, 4, 6, 7] }, Math.max(size.head, size.length), engines);
      }
    }
  });

  it('hides keys by masks and by order, and keeps the past', async () => {
    const masks = [int32s([2], [3, 5]), int32s([2, 5], [1, 1, 0, 1, 0, 1, 1, 1, 1, 1])];
    for (const mask of masks) {
      const inputs = attention(SMALL, { weights: 'int8', mask });
      await expectClose({ type: 'QAttention', inputs, attributes: { num_heads: 2 } }, 16, engines);
    }
    const inputs = attention(SMALL, { weights: 'int8', past: 3 });
    const attributes = { num_heads: 2, unidirectional: 1 };
    await expectClose({ type: 'QAttention', inputs, attributes, outputs: 2, fed: [0, 8] }, 16, engines);
  });

  it('passes the only value on, exactly', async () => {
    const inputs = [
      codesFrom('uint8', [1, 1, 2], [130, 126]),
      codesFrom('int8', [2, 3], [9, 9, 3, 9, 9, -5]),
      tensor('float32', [3], Float32Array.of(0, 0, 0.5)),
      ...[scalar(0.5), scalar(0.25), undefined, zeroPoint('uint8', 128)],
    ];
    const y = tensor('float32', [1, 1, 1], Float32Array.of((2 * 3 + 2 * 5) * 0.125 + 0.5));
    await expectVector({ type: 'QAttention', inputs, attributes: { num_heads: 1 } }, [y], engines);
  });

  it('refuses columns that are not three times the heads', async () => {
    const inputs = attention(SMALL, { weights: 'int8' });
    const built = await buildNode({ type: 'QAttention', inputs, attributes: { num_heads: 5 } });
    await expect(runHere(built, engines[0]!)).rejects.toThrow(
      '48 columns of the weights are not Q, K and V of 5 heads',
    );
  });
});
