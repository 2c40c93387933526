import { beforeAll, describe, it } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { sizeOf } from '../../src/base/shape.ts';
import { type Tensor, tensor } from '../../src/base/tensor.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { ENGINES } from '../kernels/engines.ts';
import {
  CODE_DTYPES,
  type CodeDType,
  codesFrom,
  expectEqual,
  expectVector,
  randomCodes,
  randomZeroPoint,
  scalar,
  zeroPoint,
} from './qlinearCases.ts';

const random = seededRandom(19);
let engines: readonly KernelSet[];

beforeAll(async () => {
  engines = await Promise.all(ENGINES.map((e) => e.create()));
});

const SHAPES: readonly (readonly [a: readonly number[], b: readonly number[]])[] = [
  [
    [1, 1],
    [1, 1],
  ],
  [[7], [7, 3]],
  [
    [1, 64],
    [64, 33],
  ],
  [
    [5, 31],
    [31, 16],
  ],
  [
    [2, 3, 17],
    [17, 65],
  ],
  [
    [2, 3, 4, 8],
    [2, 3, 8, 5],
  ],
  [
    [2, 1, 4, 8],
    [3, 8, 5],
  ],
];

const floats = (dims: readonly number[], scale = 1): Tensor<'float32'> =>
  tensor(
    'float32',
    dims,
    Float32Array.from({ length: sizeOf(dims) }, () => scale * random.normal()),
  );
const positive = (dims: readonly number[]): Tensor<'float32'> =>
  tensor(
    'float32',
    dims,
    Float32Array.from({ length: sizeOf(dims) }, () => 0.001 + random.next() / 50),
  );

/** Scale, zero point and bias of b: per tensor, or per column; each left out in some cases. */
function parametersOfB(dtype: CodeDType, b: readonly number[], trial: number) {
  const columns =
    trial % 2 === 0
      ? []
      : [...b.slice(0, -2).map((d) => (b.length > 2 ? d : 1)), ...(b.length > 2 ? [1] : []), b.at(-1) as number];
  return {
    scale: positive(columns),
    zero: trial % 3 === 0 ? undefined : randomCodes(random, dtype, columns),
    bias: trial % 4 < 2 ? undefined : floats([b.at(-1) as number]),
  };
}

describe('MatMulIntegerToFloat', () => {
  it.each([
    ['uint8', 'uint8'],
    ['uint8', 'int8'],
    ['int8', 'int8'],
  ] as const)('equals ONNX Runtime for %s times %s', async (typeA, typeB) => {
    for (const [a, b] of SHAPES) {
      for (let trial = 0; trial < 6; trial++) {
        const { scale, zero, bias } = parametersOfB(typeB, b, trial);
        const aZero = trial % 5 === 4 ? undefined : zeroPoint(typeA, randomZeroPoint(random, typeA));
        const operands = [randomCodes(random, typeA, a), randomCodes(random, typeB, b)];
        const inputs = [...operands, scalar(0.03 * (1 + random.next())), scale, aZero, zero, bias];
        await expectEqual({ type: 'MatMulIntegerToFloat', inputs }, engines);
        await expectEqual({ type: 'MatMulIntegerToFloat', inputs, fed: [0, 1, 2, 3] }, engines);
      }
    }
  });

  it('computes the worked example', async () => {
    const operands = [codesFrom('uint8', [1, 2], [3, 5]), codesFrom('int8', [2, 2], [2, -1, 1, 4])];
    const scales = [scalar(0.5), tensor('float32', [2], Float32Array.of(0.25, 2))];
    const rest = [zeroPoint('uint8', 1), undefined, tensor('float32', [2], Float32Array.of(10, -1))];
    const y = tensor('float32', [1, 2], Float32Array.of(11, 13)); // 8 * 0.125 + 10, 14 * 1 - 1
    await expectVector({ type: 'MatMulIntegerToFloat', inputs: [...operands, ...scales, ...rest] }, [y], engines);
  });
});

describe('products of nothing', () => {
  it('have no rows, no columns, or sums of 0', async () => {
    for (const [m, k, n] of [
      [0, 4, 3],
      [2, 4, 0],
      [2, 0, 3],
    ] as const) {
      const y = tensor('float32', [m, n], new Float32Array(m * n));
      const b = randomCodes(random, 'int8', [k, n]);
      const codes = randomCodes(random, 'uint8', [m, k]);
      await expectVector({ type: 'MatMulIntegerToFloat', inputs: [codes, b, scalar(1), scalar(1)] }, [y], engines);
      await expectVector({ type: 'DynamicQuantizeMatMul', inputs: [floats([m, k]), b, scalar(1)] }, [y], engines);
    }
  });
});

describe('DynamicQuantizeMatMul', () => {
  it.each(CODE_DTYPES)('equals ONNX Runtime with a %s matrix', async (dtype) => {
    for (const [a, b] of SHAPES) {
      for (let trial = 0; trial < 6; trial++) {
        const { scale, zero, bias } = parametersOfB(dtype, b, trial);
        const inputs = [floats(a, 2 ** (trial - 3)), randomCodes(random, dtype, b), scale, zero, bias];
        await expectEqual({ type: 'DynamicQuantizeMatMul', inputs }, engines);
      }
    }
  });

  it('equals ONNX Runtime where all of A is 0, or of one sign', async () => {
    for (const values of [
      [0, 0, 0, 0],
      [1, 2, 3, 4],
      [-1, -2, -3, -4],
      [-0, 0, 1e-40, 0],
    ]) {
      const inputs = [tensor('float32', [1, 4], Float32Array.from(values)), randomCodes(random, 'int8', [4, 3])];
      await expectEqual({ type: 'DynamicQuantizeMatMul', inputs: [...inputs, scalar(0.1)] }, engines);
    }
  });

  it('computes the worked example', async () => {
    const a = tensor('float32', [1, 2], Float32Array.of(-1, 4.1)); // scale 0.02, zero point 50, codes 0 and 255
    const inputs = [a, codesFrom('int8', [2, 1], [1, 2]), scalar(0.5)];
    const scale = Math.fround(Math.fround(5.1) / 255);
    const y = tensor('float32', [1, 1], Float32Array.of((-50 + 2 * 205) * Math.fround(scale * 0.5)));
    await expectVector({ type: 'DynamicQuantizeMatMul', inputs }, [y], engines);
  });
});
