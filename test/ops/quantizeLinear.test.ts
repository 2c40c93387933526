import { beforeAll, describe, it } from 'vitest';
import { type NumericDType, newArray } from '../../src/base/dtype.ts';
import { roundInPlace } from '../../src/base/half.ts';
import { seededRandom } from '../../src/base/random.ts';
import { sizeOf } from '../../src/base/shape.ts';
import { type Tensor, tensor } from '../../src/base/tensor.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { rangeOf } from '../../src/ops/numbers.ts';
import { ENGINES } from '../kernels/engines.ts';
import { expectEqual, expectVector } from './qlinearCases.ts';

const random = seededRandom(41);
let engines: readonly KernelSet[];

beforeAll(async () => {
  engines = await Promise.all(ENGINES.map((e) => e.create()));
});

const INTEGERS = ['uint8', 'int8', 'uint16', 'int16', 'uint4', 'int4'] as const;
const FLOAT8 = ['float8e4m3fn', 'float8e4m3fnuz', 'float8e5m2', 'float8e5m2fnuz'] as const;

/** How scales lie over x [4, 6, 10]: their shape, the axis, the length of a block. */
const GRANULARITIES = [
  { dims: [], attributes: {} },
  { dims: [4], attributes: { axis: 0 } },
  { dims: [10], attributes: { axis: -1 } },
  { dims: [4, 2, 10], attributes: { axis: 1, block_size: 3 } },
  { dims: [4, 6, 3], attributes: { axis: 2, block_size: 4 } },
] as const;
const X = [4, 6, 10];

/** Codes of a type, its ends among them. */
function codes(dtype: NumericDType, dims: readonly number[]): Tensor {
  const data = newArray(dtype, sizeOf(dims)) as Float32Array;
  const [lo, hi] = rangeOf(dtype);
  for (let i = 0; i < data.length; i++) {
    if (Number.isFinite(lo)) data[i] = i < 2 ? [lo, hi][i]! : lo + random.below(hi - lo + 1);
    else data[i] = 100 * random.normal();
  }
  roundInPlace(dtype, data);
  return tensor(dtype, dims, data as never);
}

/** Multiples of 1/64, so that codes and ties are exact. */
function scales(dims: readonly number[], dtype: 'float32' | 'float16' = 'float32'): Tensor {
  const data = Float32Array.from({ length: sizeOf(dims) }, () => (1 + random.below(64)) / 64);
  return tensor(dtype, dims, data);
}

/** Numbers that fill the range of `dtype` and leave it, halves of steps among them. */
function numbers(dtype: NumericDType, xType: 'float32' | 'float16' = 'float32'): Tensor {
  const [, hi] = rangeOf(dtype);
  const most = xType === 'float16' ? 8000 : Infinity; // four times that is finite in float16
  const reach = Math.min(Number.isFinite(hi) ? hi / 2 : 300, most);
  const data = Float32Array.from({ length: sizeOf(X) }, (_, i) => {
    const x = reach * random.normal();
    return i % 3 === 0 ? Math.round(x * 128) / 128 : x;
  });
  data.set([0, -0, 1e-40, 4 * reach, -4 * reach]);
  roundInPlace(xType, data);
  return tensor(xType, X, data);
}

describe('QuantizeLinear', () => {
  it.each([...INTEGERS, ...FLOAT8])('equals ONNX Runtime to %s: per tensor, per channel, in blocks', async (dtype) => {
    const isFloat8 = dtype.startsWith('float8');
    for (const { dims, attributes } of GRANULARITIES) {
      if (isFloat8 && dims.length > 1) continue; // ONNX Runtime has no blocks of float8
      for (const zero of [codes(dtype, dims), undefined]) {
        if (zero === undefined && dtype !== 'uint8') continue;
        const zeroPoint = isFloat8 && zero ? tensor(dtype, dims, newArray(dtype, sizeOf(dims)) as never) : zero;
        const inputs = [numbers(dtype), scales(dims), zeroPoint];
        const node = { type: 'QuantizeLinear', domain: '', opset: 21, inputs, attributes };
        await expectEqual({ ...node, castOutputs: 'float32' }, engines);
      }
    }
  });

  it.each(INTEGERS)('takes the type %s from output_dtype', async (dtype) => {
    const inputs = [numbers(dtype), scales([])];
    const attributes = { output_dtype: { uint8: 2, int8: 3, uint16: 4, int16: 5, uint4: 21, int4: 22 }[dtype] };
    const node = { type: 'QuantizeLinear', domain: '', opset: 21, inputs, attributes };
    await expectEqual({ ...node, castOutputs: 'float32' }, engines);
  });

  it.each(INTEGERS)('equals ONNX Runtime from float16 to %s', async (dtype) => {
    const inputs = [numbers(dtype, 'float16'), scales([], 'float16'), codes(dtype, [])];
    const node = { type: 'QuantizeLinear', domain: '', opset: 21, inputs, fed: [] };
    await expectEqual({ ...node, castOutputs: 'float32' }, engines);
  });
});

describe('QuantizeLinear beyond the range', () => {
  it('saturates infinities, and makes NaN the zero point', async () => {
    const x = tensor('float32', [2, 2], Float32Array.of(Infinity, -Infinity, NaN, 1e38));
    for (const dtype of INTEGERS) {
      const [lo, hi] = rangeOf(dtype);
      const zero = tensor(dtype, [2], newArray(dtype, 2).fill(3 as never) as never);
      const inputs = [x, tensor('float32', [2], Float32Array.of(0.5, 2)), zero];
      const node = { type: 'QuantizeLinear', domain: '', opset: 21, inputs, attributes: { axis: 1 } };
      const y = tensor('float32', [2, 2], Float32Array.of(hi, lo, 3, hi));
      await expectVector({ ...node, castOutputs: 'float32' }, [y], engines);
    }
  });
});

describe('DynamicQuantizeLinear', () => {
  it('equals ONNX Runtime, where all is 0 or of one sign too', async () => {
    const normal = (scale: number, shift: number) =>
      Array.from({ length: 67 }, () => scale * (random.normal() + shift));
    for (const values of [normal(1, 0), normal(1e-3, 9), normal(50, -7), [0, 0], [-0, 1e-40], [3], [-2.5, 127.5]]) {
      const inputs = [tensor('float32', [values.length], Float32Array.from(values))];
      await expectEqual({ type: 'DynamicQuantizeLinear', domain: '', inputs, outputs: 3 }, engines);
    }
  });
});

describe('DequantizeLinear', () => {
  it.each([...INTEGERS, 'int32', ...FLOAT8] as const)('equals ONNX Runtime from %s', async (dtype) => {
    const isFloat8 = dtype.startsWith('float8');
    for (const { dims, attributes } of GRANULARITIES) {
      if ((isFloat8 || dtype === 'int32') && dims.length > 1) continue; // no blocks in ONNX Runtime
      const zero = dtype === 'int32' || isFloat8 ? undefined : codes(dtype, dims);
      const inputs = [codes(dtype, X), scales(dims), zero];
      await expectEqual({ type: 'DequantizeLinear', domain: '', opset: 21, inputs, attributes, fed: [] }, engines);
      const half = [codes(dtype, X), scales(dims, 'float16'), zero];
      const node = { type: 'DequantizeLinear', domain: '', opset: 21, inputs: half, attributes, fed: [] };
      await expectEqual({ ...node, castOutputs: 'float32' }, engines);
    }
  });
});

describe('QuantizeLinear and DequantizeLinear of com.microsoft', () => {
  it.each(INTEGERS)('equal ONNX Runtime for %s', async (dtype) => {
    for (const { dims, attributes } of GRANULARITIES) {
      if (dims.length > 1) continue; // the older operators know no blocks
      const node = { opset: 21, attributes, fed: [] };
      const toCodes = [numbers(dtype), scales(dims), codes(dtype, dims)];
      await expectEqual({ ...node, type: 'QuantizeLinear', inputs: toCodes, castOutputs: 'float32' }, engines);
      const toNumbers = [codes(dtype, X), scales(dims), codes(dtype, dims)];
      await expectEqual({ ...node, type: 'DequantizeLinear', inputs: toNumbers }, engines);
    }
  });
});
