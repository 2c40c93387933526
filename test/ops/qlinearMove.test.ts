import { beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { sizeOf } from '../../src/base/shape.ts';
import { type Tensor, tensor } from '../../src/base/tensor.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { ENGINES } from '../kernels/engines.ts';
import { buildNode, runHere } from './oneNode.ts';
import {
  allCodes,
  CODE_DTYPES,
  type CodeDType,
  codesFrom,
  expectEqual,
  expectVector,
  randomCodes,
  randomScale,
  randomZeroPoint,
  scalar,
  zeroPoint,
} from './qlinearCases.ts';

const random = seededRandom(9);
let engines: readonly KernelSet[];

beforeAll(async () => {
  engines = await Promise.all(ENGINES.map((e) => e.create()));
});

const quant = (dtype: CodeDType, unit: number) => [
  scalar(randomScale(random, unit)),
  zeroPoint(dtype, randomZeroPoint(random, dtype)),
];

describe('QLinearConcat', () => {
  const joined = (dtype: CodeDType, parts: readonly (readonly number[])[], unit = randomScale(random)): Tensor[] => [
    ...quant(dtype, unit),
    ...parts.flatMap((dims) => [randomCodes(random, dtype, dims), ...quant(dtype, unit)]),
  ];
  const fed = (parts: number) => Array.from({ length: parts }, (_, i) => 3 * i + 2);

  it.each(CODE_DTYPES)('equals ONNX Runtime on every %s code, near ties too', async (dtype) => {
    for (let trial = 0; trial < 40; trial++) {
      const inputs = joined(dtype, [[1]]);
      inputs[2] = allCodes(dtype);
      await expectEqual({ type: 'QLinearConcat', inputs, attributes: { axis: 0 }, fed: [2] }, engines);
    }
  });

  it.each([
    [
      0,
      [
        [1, 3],
        [4, 3],
      ],
    ],
    [
      1,
      [
        [2, 1, 5],
        [2, 0, 5],
        [2, 33, 5],
      ],
    ],
    [
      -1,
      [
        [2, 3, 4, 5],
        [2, 3, 4, 1],
      ],
    ],
  ] as const)('equals ONNX Runtime along axis %i', async (axis, parts) => {
    const node = { type: 'QLinearConcat', inputs: joined('uint8', parts), attributes: { axis } };
    await expectEqual({ ...node, fed: fed(parts.length) }, engines);
    await expectEqual({ ...node, fed: node.inputs.map((_, i) => i) }, engines);
  });

  it('keeps codes whose parameters are the output’s, and brings others to them', async () => {
    const part = codesFrom('uint8', [2], [10, 20]);
    const inputs = [
      ...[scalar(0.5), zeroPoint('uint8', 10)],
      ...[part, scalar(0.5), zeroPoint('uint8', 10)],
      ...[part, scalar(1), zeroPoint('uint8', 0)],
    ];
    const y = codesFrom('uint8', [4], [10, 20, 30, 50]);
    await expectVector({ type: 'QLinearConcat', inputs, attributes: { axis: 0 }, fed: fed(2) }, [y], engines);
  });

  it('refuses parts without their parameters', async () => {
    const inputs = joined('uint8', [[2], [2]]).slice(0, 7);
    const built = await buildNode({ type: 'QLinearConcat', inputs, attributes: { axis: 0 }, fed: [2] });
    await expect(runHere(built, engines[0]!)).rejects.toThrow('7 inputs are not two and then threes');
  });
});

describe('QLinearWhere', () => {
  const condition = (dims: readonly number[]) =>
    tensor(
      'bool',
      dims,
      Uint8Array.from({ length: sizeOf(dims) }, () => random.below(2)),
    );
  const chosen = (
    dtype: CodeDType,
    [c, x, y]: readonly (readonly number[])[],
    unit = randomScale(random),
  ): Tensor[] => [
    condition(c!),
    ...[randomCodes(random, dtype, x!), ...quant(dtype, unit)],
    ...[randomCodes(random, dtype, y!), ...quant(dtype, unit)],
    ...quant(dtype, unit),
  ];

  it.each(['uint8'] as const)('equals ONNX Runtime for %s under broadcasting', async (dtype) => {
    const shapes = [
      [[7], [7], [7]],
      [[1], [33], [1]],
      [[2, 1, 3], [4, 3], [1]],
      [[5], [1], [2, 5]],
      [[2, 3, 4, 5], [], [5]],
    ];
    for (const dims of shapes) {
      for (let trial = 0; trial < 6; trial++) {
        await expectEqual({ type: 'QLinearWhere', inputs: chosen(dtype, dims), fed: [0, 1, 4] }, engines);
      }
    }
  });

  it.each(CODE_DTYPES)('brings every %s code to the parameters of the output', async (dtype) => {
    for (const one of [0, 1]) {
      const inputs = chosen(dtype, [[1], [256], [256]]);
      inputs[0] = tensor('bool', [1], Uint8Array.of(one));
      inputs[1] = allCodes(dtype);
      inputs[4] = allCodes(dtype);
      await expectEqual({ type: 'QLinearWhere', inputs, fed: [0, 1, 4] }, engines);
    }
  });

  it('computes the worked example', async () => {
    const inputs = [
      tensor('bool', [4], Uint8Array.of(1, 0, 1, 0)),
      ...[codesFrom('int8', [4], [1, 2, 3, 4]), scalar(1), zeroPoint('int8', 0)],
      ...[codesFrom('int8', [1], [8]), scalar(0.5), zeroPoint('int8', -2)],
      ...[scalar(0.5), zeroPoint('int8', 0)],
    ];
    const z = codesFrom('int8', [4], [2, 10, 6, 10]);
    await expectVector({ type: 'QLinearWhere', inputs, fed: [0, 1, 4] }, [z], engines);
  });
});
