import { beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { sizeOf } from '../../src/base/shape.ts';
import { type Tensor, tensor } from '../../src/base/tensor.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { ENGINES } from '../kernels/engines.ts';
import { buildNode, runHere } from './oneNode.ts';
import {
  type CodeDType,
  codesFrom,
  expectEqual,
  expectVector,
  randomCodes,
  randomZeroPoint,
  scalar,
  zeroPoint,
} from './qlinearCases.ts';

const random = seededRandom(17);
let engines: readonly KernelSet[];

beforeAll(async () => {
  engines = await Promise.all(ENGINES.map((e) => e.create()));
});

/** The types that ONNX Runtime has kernels for. */
const TYPES = [
  ['uint8', 'uint8'],
  ['uint8', 'int8'],
  ['int8', 'int8'],
] as const;

const SIZES = [
  [1, 1, 1],
  [1, 17, 9],
  [3, 4, 16],
  [5, 33, 65],
  [2, 128, 31],
] as const;

const int32 = (dims: readonly number[]) =>
  tensor(
    'int32',
    dims,
    Int32Array.from({ length: sizeOf(dims) }, () => random.below(2 ** 14) - 2 ** 13),
  );

interface Options {
  readonly transA: number;
  readonly transB: number;
  readonly perColumn: boolean;
  readonly c: Tensor | undefined;
  readonly quantized: boolean;
}

function gemm(
  a: CodeDType,
  b: CodeDType,
  [m, k, n]: readonly [m: number, k: number, n: number],
  o: Options,
): (Tensor | undefined)[] {
  const columns = o.perColumn ? [n] : [];
  const scales = Float32Array.from({ length: sizeOf(columns) }, () => 0.001 + random.next() / 100);
  return [
    randomCodes(random, a, o.transA ? [k, m] : [m, k]),
    ...[scalar(0.001 + random.next() / 50), zeroPoint(a, randomZeroPoint(random, a))],
    randomCodes(random, b, o.transB ? [n, k] : [k, n]),
    ...[tensor('float32', columns, scales), randomCodes(random, b, columns)],
    o.c,
    ...(o.quantized ? [scalar(0.05 * (1 + random.next())), zeroPoint(a, randomZeroPoint(random, a))] : []),
  ];
}

describe('QGemm', () => {
  it.each(TYPES)('equals ONNX Runtime for %s times %s, in codes and floats', async (a, b) => {
    for (const size of SIZES) {
      const [m, , n] = size;
      const biases = [undefined, int32([n]), int32([m, n]), int32([m, 1]), int32([1]), int32([1, n])];
      for (const [i, c] of biases.entries()) {
        for (const perColumn of [false, true]) {
          const options = { transA: i % 2, transB: i % 3 === 0 ? 1 : 0, perColumn, c, quantized: i % 4 !== 1 };
          const inputs = gemm(a, b, size, options);
          const alpha = { kind: 'float', value: Math.fround(0.5 + random.next()) } as const;
          const attributes = { transA: options.transA, transB: options.transB, alpha };
          await expectEqual({ type: 'QGemm', inputs, attributes }, engines);
          const all = inputs.flatMap((t, at) => (t === undefined ? [] : [at]));
          await expectEqual({ type: 'QGemm', inputs, attributes, fed: all }, engines);
        }
      }
    }
  });

  it('adds C to the sums of integers before it scales', async () => {
    const inputs = [
      ...[codesFrom('uint8', [1, 2], [3, 5]), scalar(0.5), zeroPoint('uint8', 1)],
      ...[codesFrom('int8', [2, 1], [2, -1]), scalar(0.5), zeroPoint('int8', 0)],
      ...[tensor('int32', [1], Int32Array.of(6)), scalar(0.5), zeroPoint('uint8', 10)],
    ];
    const y = codesFrom('uint8', [1, 1], [13]); // (2 * 2 - 4 + 6) * 0.25 / 0.5 + 10
    await expectVector({ type: 'QGemm', inputs }, [y], engines);
    const float = tensor('float32', [1, 1], Float32Array.of(1.5));
    await expectVector({ type: 'QGemm', inputs: inputs.slice(0, 7) }, [float], engines);
  });

  it('makes C of sums of nothing', async () => {
    const inputs = [
      ...[codesFrom('uint8', [2, 0], []), scalar(1), zeroPoint('uint8', 1)],
      ...[codesFrom('int8', [0, 2], []), scalar(0.5), zeroPoint('int8', 0)],
      ...[tensor('int32', [2], Int32Array.of(6, -8)), scalar(1), zeroPoint('uint8', 10)],
    ];
    await expectVector({ type: 'QGemm', inputs }, [codesFrom('uint8', [2, 2], [13, 6, 13, 6])], engines);
  });

  it('refuses operands that do not fit', async () => {
    const options = { transA: 0, transB: 0, perColumn: false, c: undefined, quantized: true };
    const inputs = gemm('uint8', 'int8', [2, 3, 4], options);
    inputs[3] = randomCodes(random, 'int8', [4, 4]);
    const built = await buildNode({ type: 'QGemm', inputs });
    await expect(runHere(built, engines[0]!)).rejects.toThrow('inner dims of A and B: 3 and 4 differ');
  });
});
