import { beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import type { Tensor } from '../../src/base/tensor.ts';
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

const random = seededRandom(5);
let engines: readonly KernelSet[];

beforeAll(async () => {
  engines = await Promise.all(ENGINES.map((e) => e.create()));
});

function withQuants(x: Tensor, dtype: CodeDType, scales: readonly [number, number]): Tensor[] {
  const zero = () => zeroPoint(dtype, randomZeroPoint(random, dtype));
  return [x, scalar(scales[0]), zero(), scalar(scales[1]), zero()];
}

describe('QLinearLeakyRelu', () => {
  it.each(CODE_DTYPES)('equals ONNX Runtime on every %s code', async (dtype) => {
    for (let trial = 0; trial < 40; trial++) {
      const unit = randomScale(random);
      const inputs = withQuants(allCodes(dtype), dtype, [randomScale(random, unit), unit]);
      const attributes = trial === 0 ? {} : { alpha: { kind: 'float', value: Math.fround(random.next()) } as const };
      await expectEqual({ type: 'QLinearLeakyRelu', inputs, attributes }, engines);
    }
  });

  it('keeps any shape, and takes computed parameters', async () => {
    for (const dims of [[], [0], [1], [2, 3, 4, 5], [17]]) {
      const inputs = withQuants(randomCodes(random, 'int8', dims), 'int8', [0.1, 0.03]);
      await expectEqual({ type: 'QLinearLeakyRelu', inputs, fed: [0, 1, 2, 3, 4] }, engines);
    }
  });

  it('computes the worked example', async () => {
    const x = codesFrom('int8', [4], [-128, -2, 0, 127]);
    const inputs = [x, scalar(0.5), zeroPoint('int8', 0), scalar(0.25), zeroPoint('int8', 1)];
    const attributes = { alpha: { kind: 'float', value: 0.25 } as const };
    const y = codesFrom('int8', [4], [-63, 1 - 1, 1, 127]); // -64 / 4 / 0.25 = -64; -0.25 / 0.25 = -1
    await expectVector({ type: 'QLinearLeakyRelu', inputs, attributes }, [y], engines);
  });
});

describe('QLinearSigmoid', () => {
  it.each(CODE_DTYPES)('equals ONNX Runtime on every %s code', async (dtype) => {
    for (let trial = 0; trial < 60; trial++) {
      const x = Math.fround(2 ** (random.next() * 8 - 8));
      const y = trial % 2 === 0 ? 1 / 256 : Math.fround(random.next() / 100);
      await expectEqual({ type: 'QLinearSigmoid', inputs: withQuants(allCodes(dtype), dtype, [x, y]) }, engines);
    }
  });

  it('computes the worked example', async () => {
    const x = codesFrom('uint8', [3], [128, 255, 0]);
    const inputs = [x, scalar(0.25), zeroPoint('uint8', 128), scalar(1 / 256), zeroPoint('uint8', 0)];
    await expectVector({ type: 'QLinearSigmoid', inputs }, [codesFrom('uint8', [3], [128, 255, 0])], engines);
  });
});

describe('QLinearSoftmax', () => {
  const shapes: readonly (readonly [dims: readonly number[], axis: number, opset: number])[] = [
    [[1], 0, 13],
    [[3, 10], -1, 13],
    [[2, 3, 1000], 2, 13],
    [[2, 7, 5], 1, 13],
    [[2, 7, 5], 1, 12],
    [[2, 3, 4, 5], 2, 11],
    [[6, 2], 0, 13],
  ];

  it.each(CODE_DTYPES)('equals ONNX Runtime for %s over axes of both definitions', async (dtype) => {
    for (const [dims, axis, opset] of shapes) {
      for (const scales of [
        [0.05, 1 / 256],
        [0.3, 1 / 255],
        [1.7, 0.0041],
        [1e-3, 0.004],
      ] as const) {
        const inputs = withQuants(randomCodes(random, dtype, dims), dtype, scales);
        await expectEqual({ type: 'QLinearSoftmax', inputs, attributes: { axis, opset } }, engines);
      }
    }
  });

  it('takes the last axis where none is given, and a scale that is computed', async () => {
    for (const opset of [12, 13]) {
      const inputs = withQuants(randomCodes(random, 'uint8', [3, 4, 5]), 'uint8', [0.1, 1 / 256]);
      await expectEqual({ type: 'QLinearSoftmax', inputs, attributes: { opset }, fed: [0, 1] }, engines);
    }
  });

  it('computes the worked example', async () => {
    const x = codesFrom('uint8', [1, 4], [9, 9, 9, 9]);
    const inputs = [x, scalar(0.1), zeroPoint('uint8', 0), scalar(1 / 256), zeroPoint('uint8', 0)];
    const y = codesFrom('uint8', [1, 4], [64, 64, 64, 64]);
    await expectVector({ type: 'QLinearSoftmax', inputs, attributes: { opset: 13 } }, [y], engines);
  });

  it('makes nothing of nothing', async () => {
    const inputs = withQuants(codesFrom('uint8', [0, 3], []), 'uint8', [0.1, 1 / 256]);
    const attributes = { opset: 13 };
    await expectVector({ type: 'QLinearSoftmax', inputs, attributes }, [codesFrom('uint8', [0, 3], [])], engines);
  });

  it('refuses an axis outside the tensor', async () => {
    const inputs = withQuants(randomCodes(random, 'uint8', [2, 3]), 'uint8', [0.1, 1 / 256]);
    const built = await buildNode({ type: 'QLinearSoftmax', inputs, attributes: { axis: 2, opset: 13 } });
    await expect(runHere(built, engines[0]!)).rejects.toThrow('axis 2');
  });
});
