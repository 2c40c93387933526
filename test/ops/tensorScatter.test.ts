import { describe, expect, it } from 'vitest';
import { int64Tensor, tensor } from '../../src/base/tensor.ts';
import { fact, infer, runFloat } from './runOp.ts';

const floats = (dims: readonly number[], ...values: number[]) => tensor('float32', dims, Float32Array.from(values));
const spec = { type: 'TensorScatter', opset: 24 };

describe('TensorScatter', () => {
  const cache = floats([2, 3, 1], 1, 2, 3, 4, 5, 6);
  const update = floats([2, 2, 1], 10, 20, 30, 40);

  it('writes from the beginning, or from an index of each batch', () => {
    expect([...(runFloat(spec, [cache, update])[0]?.data ?? [])]).toEqual([10, 20, 3, 30, 40, 6]);
    const at = int64Tensor([2], [1, 0]);
    expect([...(runFloat(spec, [cache, update, at])[0]?.data ?? [])]).toEqual([1, 10, 20, 30, 40, 6]);
  });

  it('goes on at the beginning when circular, and says so when it may not', () => {
    const at = int64Tensor([2], [2, 5]);
    const circular = { ...spec, attributes: { mode: 'circular' } };
    expect([...(runFloat(circular, [cache, update, at])[0]?.data ?? [])]).toEqual([20, 2, 10, 40, 5, 30]);
    expect(() => runFloat(spec, [cache, update, at])).toThrow('write index 3 is outside a cache of 3');
  });

  it('refuses updates that do not fit', () => {
    expect(() => infer(spec, [fact([2, 3, 1]), fact([2, 4, 1])])).toThrow(
      'an update of 4 along axis 1 does not fit a cache of 3',
    );
    expect(() => infer({ ...spec, attributes: { axis: 0 } }, [fact([2, 3]), fact([2, 3])])).toThrow(
      'axis is that of the batch',
    );
  });
});
