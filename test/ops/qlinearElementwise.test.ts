import { beforeAll, describe, it } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { ENGINES } from '../kernels/engines.ts';
import type { OneNode } from './oneNode.ts';
import {
  CODE_DTYPES,
  type CodeDType,
  codesFrom,
  expectEqual,
  expectVector,
  randomCodes,
  randomScale,
  randomZeroPoint,
  scalar,
  withInputs,
  zeroPoint,
} from './qlinearCases.ts';

const SHAPES: readonly (readonly [a: readonly number[], b: readonly number[]])[] = [
  [[], []],
  [[1], []],
  [[], [5]],
  [[0], [1]],
  [
    [1, 1],
    [1, 1],
  ],
  [[31], [31]],
  [[32], [1]],
  [[1], [33]],
  [
    [2, 3, 5, 7],
    [2, 3, 5, 7],
  ],
  [
    [2, 3, 5, 7],
    [3, 1, 1],
  ],
  [[2, 3, 5, 7], [7]],
  [
    [4, 1, 9],
    [1, 6, 1],
  ],
  [
    [3, 1],
    [2, 1, 8],
  ],
  [
    [2, 3, 4],
    [1, 3, 1],
  ],
];

describe.each(['QLinearAdd', 'QLinearMul'])('%s', (type) => {
  const random = seededRandom(11);
  let engines: readonly KernelSet[];

  beforeAll(async () => {
    engines = await Promise.all(ENGINES.map((e) => e.create()));
  });

  const node = (dtype: CodeDType, [a, b]: (typeof SHAPES)[number], fed = [0, 3]): OneNode => {
    const unit = randomScale(random);
    const zero = () => zeroPoint(dtype, randomZeroPoint(random, dtype));
    const operand = (dims: readonly number[]) => [
      randomCodes(random, dtype, dims),
      scalar(randomScale(random, unit)),
      zero(),
    ];
    return { type, inputs: [...operand(a), ...operand(b), scalar(unit), zero()], fed };
  };

  it.each(CODE_DTYPES)('equals ONNX Runtime on every pair of %s codes, near ties too', async (dtype) => {
    const lowest = dtype === 'int8' ? -128 : 0;
    const all = (of: (i: number) => number) =>
      codesFrom(
        dtype,
        [65536],
        Array.from({ length: 65536 }, (_, i) => lowest + of(i)),
      );
    for (let trial = 0; trial < 24; trial++) {
      const pairs = { 0: all((i) => i >> 8), 3: all((i) => i & 255) };
      await expectEqual(withInputs(node(dtype, [[1], [1]]), pairs), engines);
    }
  });

  it.each(CODE_DTYPES)('equals ONNX Runtime for %s under broadcasting', async (dtype) => {
    for (const shapes of SHAPES)
      for (let trial = 0; trial < 4; trial++) await expectEqual(node(dtype, shapes), engines);
  });

  it('repeats one element on either side as ONNX Runtime does', async () => {
    const all = codesFrom(
      'uint8',
      [256],
      Array.from({ length: 256 }, (_, i) => i),
    );
    for (let trial = 0; trial < 60; trial++) {
      await expectEqual(withInputs(node('uint8', [[1], [1]]), { [trial % 2 === 0 ? 0 : 3]: all }), engines);
    }
  });

  it('takes scales and zero points that are computed, or left out', async () => {
    await expectEqual(node('uint8', [[2, 9], [9]], [0, 1, 2, 3, 4, 5, 6, 7]), engines);
    const { inputs, ...rest } = node('int8', [[2, 9], [9]]);
    await expectEqual({ ...rest, inputs: inputs.slice(0, 7) }, engines);
  });

  it('saturates where scales are far apart', async () => {
    for (const [sa, sb, sy] of [
      [1e-3, 1e3, 1e-3],
      [1e6, 1e6, 1e-6],
      [1e-20, 1e-20, 1e10],
      [1e30, 1, 1e-8],
    ] as const) {
      const scales = { 1: scalar(sa), 4: scalar(sb), 6: scalar(sy) };
      await expectEqual(withInputs(node('uint8', [[300], [300]]), scales), engines);
    }
  });

  it('computes the worked example', async () => {
    const inputs = [
      codesFrom('uint8', [4], [10, 12, 255, 0]),
      scalar(0.5),
      zeroPoint('uint8', 10),
      codesFrom('uint8', [4], [4, 8, 255, 0]),
      scalar(0.25),
      zeroPoint('uint8', 4),
      scalar(0.5),
      zeroPoint('uint8', 100),
    ];
    const [add, mul] = [
      [100, 104, 255, 88], // 0 + 0, 1 + 1, 122.5 + 62.75, -5 - 1, in steps of 0.5 from 100
      [100, 102, 255, 110], // 0, 1 * 1, 122.5 * 62.75, -5 * -1
    ];
    await expectVector(
      { type, inputs, fed: [0, 3] },
      [codesFrom('uint8', [4], type === 'QLinearAdd' ? add : mul)],
      engines,
    );
  });
});
