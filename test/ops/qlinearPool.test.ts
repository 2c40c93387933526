import { beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import type { Tensor } from '../../src/base/tensor.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { ENGINES } from '../kernels/engines.ts';
import { buildNode, runHere } from './oneNode.ts';
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
  zeroPoint,
} from './qlinearCases.ts';

const random = seededRandom(13);
let engines: readonly KernelSet[];

beforeAll(async () => {
  engines = await Promise.all(ENGINES.map((e) => e.create()));
});

function pooled(dtype: CodeDType, dims: readonly number[]): Tensor[] {
  const unit = randomScale(random);
  const near = Math.fround((unit * (1 + random.below(60))) / 20); // ONNX Runtime refuses ratios below 2^-32, above 256
  const zero = () => zeroPoint(dtype, randomZeroPoint(random, dtype));
  return [randomCodes(random, dtype, dims), scalar(near), zero(), scalar(unit), zero()];
}

describe('QLinearGlobalAveragePool', () => {
  const shapes = [
    [1, 1, 1],
    [2, 5, 9],
    [1, 8, 7, 7],
    [2, 33, 5, 3],
    [3, 1, 6, 6],
    [1, 4, 2, 3, 4],
  ];

  it.each(CODE_DTYPES)('equals ONNX Runtime for %s, channels first and last', async (dtype) => {
    for (const dims of shapes) {
      for (let trial = 0; trial < 8; trial++) {
        const attributes = { channels_last: trial % 2 };
        const inputs = pooled(dtype, dims);
        await expectEqual({ type: 'QLinearGlobalAveragePool', inputs, attributes }, engines);
      }
    }
  });

  it('rounds halves to even after the sum of integers', async () => {
    const inputs = [
      codesFrom('uint8', [1, 2, 1, 2], [1, 2, 3, 4]),
      ...[scalar(1), zeroPoint('uint8', 0), scalar(1), zeroPoint('uint8', 1)],
    ];
    const y = codesFrom('uint8', [1, 2, 1, 1], [3, 5]); // 1.5 and 3.5 become 2 and 4, then the zero point
    await expectVector({ type: 'QLinearGlobalAveragePool', inputs }, [y], engines);
  });

  it('refuses what has no image', async () => {
    const built = await buildNode({ type: 'QLinearGlobalAveragePool', inputs: pooled('uint8', [2, 3]) });
    await expect(runHere(built, engines[0]!)).rejects.toThrow('rank 2');
  });
});

describe('QLinearAveragePool', () => {
  const cases = [
    [[1, 1, 8], { kernel_shape: [3] }],
    [[2, 5, 9], { kernel_shape: [4], strides: [2], pads: [1, 2] }],
    [[1, 3, 7, 7], { kernel_shape: [2, 2], strides: [2, 2] }],
    [[1, 17, 7, 9], { kernel_shape: [3, 3], strides: [2, 1], pads: [1, 1, 1, 1] }],
    [[1, 17, 7, 9], { kernel_shape: [3, 3], strides: [2, 1], pads: [1, 0, 1, 2], count_include_pad: 1 }],
    [[2, 4, 8, 8], { kernel_shape: [3, 3], strides: [3, 3], ceil_mode: 1 }],
    [[1, 2, 6, 5], { kernel_shape: [4, 4], auto_pad: 'SAME_UPPER', strides: [2, 2] }],
    [[1, 2, 6, 5], { kernel_shape: [4, 4], auto_pad: 'SAME_LOWER' }],
    [[1, 3, 4, 4], { kernel_shape: [4, 4] }],
    [[1, 2, 5, 4, 3], { kernel_shape: [2, 3, 2], pads: [0, 1, 0, 0, 1, 0] }],
  ] as const;

  it.each(CODE_DTYPES)('equals ONNX Runtime for %s, channels first and last', async (dtype) => {
    for (const [dims, attributes] of cases) {
      for (let trial = 0; trial < 6; trial++) {
        const channelsLast = trial % 2;
        const shape = channelsLast ? [dims[0], ...dims.slice(2), dims[1]] : dims;
        const node = { type: 'QLinearAveragePool', inputs: pooled(dtype, shape) };
        await expectEqual({ ...node, attributes: { ...attributes, channels_last: channelsLast } }, engines);
      }
    }
  });

  it('joins the zero point before it rounds', async () => {
    const inputs = [
      codesFrom('uint8', [1, 1, 4], [1, 2, 3, 5]),
      ...[scalar(1), zeroPoint('uint8', 0), scalar(1), zeroPoint('uint8', 1)],
    ];
    const y = codesFrom('uint8', [1, 1, 3], [2, 4, 5]); // 1.5 + 1, 2.5 + 1 and 4 + 1: halves to even
    await expectVector({ type: 'QLinearAveragePool', inputs, attributes: { kernel_shape: [2] } }, [y], engines);
  });
});

describe('pools of no images', () => {
  it.each(['QLinearGlobalAveragePool', 'QLinearAveragePool'])('are empty: %s', async (type) => {
    for (const channelsLast of [0, 1]) {
      const dims = channelsLast ? [0, 4, 4, 3] : [0, 3, 4, 4];
      const [kernel, out] = type === 'QLinearAveragePool' ? [{ kernel_shape: [2, 2] }, 3] : [{}, 1];
      const y = codesFrom('uint8', channelsLast ? [0, out, out, 3] : [0, 3, out, out], []);
      const node = { type, inputs: pooled('uint8', dims), attributes: { ...kernel, channels_last: channelsLast } };
      await expectVector(node, [y], engines);
    }
  });
});

describe('QLinearReduceMean', () => {
  it('equals QLinearGlobalAveragePool over the axes of an image', async () => {
    for (const dtype of CODE_DTYPES) {
      for (let trial = 0; trial < 10; trial++) {
        const inputs = pooled(dtype, [2, 5, 7, 3]);
        const built = await buildNode({ type: 'QLinearGlobalAveragePool', inputs });
        const y = await runHere(built, engines[0]!);
        const attributes = { axes: [2, -1], keepdims: 1 };
        await expectVector({ type: 'QLinearReduceMean', inputs, attributes }, y, engines);
      }
    }
  });

  it('drops dimensions, takes any axes, and all by default', async () => {
    const parameters = [scalar(0.5), zeroPoint('int8', 1), scalar(0.25), zeroPoint('int8', -2)];
    const inputs = [codesFrom('int8', [2, 3], [1, 3, 5, -1, 1, 9]), ...parameters];
    const over = (axes: readonly number[], keepdims: number) => ({
      type: 'QLinearReduceMean',
      inputs,
      attributes: { axes, keepdims },
    });
    await expectVector(over([1], 0), [codesFrom('int8', [2], [2, 2])], engines);
    await expectVector(over([0], 1), [codesFrom('int8', [1, 3], [-4, 0, 10])], engines);
    await expectVector({ ...over([], 1), attributes: { keepdims: 0 } }, [codesFrom('int8', [], [2])], engines);
  });
});
