import { describe, expect, it } from 'vitest';
import type { DType } from '../../src/base/dtype.ts';
import { newArray } from '../../src/base/dtype.ts';
import { int64Tensor, tensor } from '../../src/base/tensor.ts';
import { fact, infer, opOf, runFloat } from './runOp.ts';

const MOST = 2n ** 63n - 1n;
const LEAST = -(2n ** 63n);
const BEYOND_DOUBLES = 2n ** 53n + 1n;

const longs = (...values: bigint[]) => tensor('int64', [values.length], BigInt64Array.from(values));
const opset = 18;

describe('64-bit integers', () => {
  const x = longs(MOST - 1n, MOST, LEAST, -1n, 0n, BEYOND_DOUBLES);

  it.each([
    ['ReduceMax', MOST],
    ['ReduceMin', LEAST],
    ['ReduceSum', BigInt.asIntN(64, MOST - 1n + MOST + LEAST - 1n + BEYOND_DOUBLES)],
    ['ReduceProd', 0n],
    ['ReduceL1', BigInt.asIntN(64, MOST - 1n + MOST - LEAST + 1n + BEYOND_DOUBLES)],
    ['ReduceSumSquare', BigInt.asIntN(64, (MOST - 1n) ** 2n + MOST ** 2n + LEAST ** 2n + 1n + BEYOND_DOUBLES ** 2n)],
  ])('%s keeps all bits', (type, expected) => {
    expect(runFloat({ type, opset, attributes: { keepdims: 0 } }, [x])[0]?.data).toEqual(BigInt64Array.of(expected));
  });

  it('ReduceProd wraps, over several axes too', () => {
    const cube = tensor('int64', [2, 1, 2], BigInt64Array.of(BEYOND_DOUBLES, 3n, MOST, 2n));
    const [made] = runFloat({ type: 'ReduceProd', opset }, [cube, int64Tensor([2], [0, 2])]);
    expect(made?.data).toEqual(BigInt64Array.of(BigInt.asIntN(64, BEYOND_DOUBLES * 3n * MOST * 2n)));
  });

  it('ArgMax and ArgMin tell neighbours beyond 2^53 apart', () => {
    expect(runFloat({ type: 'ArgMax', opset }, [x])[0]?.data).toEqual(BigInt64Array.of(1n));
    const low = longs(LEAST + 1n, LEAST, 0n);
    expect(runFloat({ type: 'ArgMin', opset }, [low])[0]?.data).toEqual(BigInt64Array.of(1n));
  });

  it.each([63n, 64n, MOST])('a shift to the left by %s wraps', (by) => {
    const shifted = runFloat({ type: 'BitShift', opset, attributes: { direction: 'LEFT' } }, [
      tensor('uint64', [1], BigUint64Array.of(3n)),
      tensor('uint64', [1], BigUint64Array.of(by)),
    ]);
    expect(shifted[0]?.data).toEqual(BigUint64Array.of(by === 63n ? 2n ** 63n : 0n));
  });
});

describe('nothing', () => {
  const none = (dtype: DType) => tensor(dtype as 'float32', [2, 0], newArray(dtype as 'float32', 0));

  it.each([
    ['ReduceMax', 'float32', [-Infinity, -Infinity]],
    ['ReduceMin', 'float32', [Infinity, Infinity]],
    ['ReduceMax', 'int8', [-128, -128]],
    ['ReduceMin', 'int8', [127, 127]],
    ['ReduceMax', 'uint8', [0, 0]],
    ['ReduceMin', 'uint8', [255, 255]],
    ['ReduceMax', 'int32', [-(2 ** 31), -(2 ** 31)]],
    ['ReduceMin', 'uint32', [2 ** 32 - 1, 2 ** 32 - 1]],
    ['ReduceMax', 'int64', [LEAST, LEAST]],
    ['ReduceMin', 'int64', [MOST, MOST]],
    ['ReduceMin', 'uint64', [2n ** 64n - 1n, 2n ** 64n - 1n]],
    ['ReduceMax', 'bool', [0, 0]],
    ['ReduceMin', 'bool', [1, 1]],
    ['ReduceSum', 'int64', [0n, 0n]],
    ['ReduceProd', 'int32', [1, 1]],
  ] as const)('%s of no %s is the bound of its type, or the neutral element', (type, dtype, expected) => {
    const [made] = runFloat({ type, opset, attributes: { keepdims: 0 } }, [none(dtype), int64Tensor([1], [1])]);
    expect([...(made?.data ?? [])]).toEqual(expected);
  });

  it('ArgMax has no index to give', () => {
    expect(() => infer({ type: 'ArgMax', opset, attributes: { axis: 1 } }, [fact([2, 0])])).toThrow(
      'axis 1 has no elements to choose from',
    );
  });

  it.each([
    [0, [0, 3], [0, 2]],
    [1, [2, 0], [2, 3]],
    [1, [2, 3], [2, 0]],
  ])('Concat joins parts without elements: case %#', (_, left, right) => {
    const part = (dims: readonly number[]) => {
      const length = dims.reduce((a, b) => a * b, 1);
      return tensor(
        'float32',
        dims,
        Float32Array.from({ length }, (_, i) => i),
      );
    };
    const [made] = runFloat({ type: 'Concat', opset, attributes: { axis: 1 } }, [part(left), part(right)]);
    expect(made?.dims).toEqual([left[0], (left[1] ?? 0) + (right[1] ?? 0)]);
    expect([...(made?.data ?? [])]).toEqual([...part(left).data, ...part(right).data]);
  });
});

describe('inputs that do not belong together', () => {
  const x = fact([4, 2, 3]);
  const weights = [fact([1, 20, 3]), fact([1, 20, 5]), fact([1, 40])];
  const lstm = { type: 'LSTM', opset, attributes: { hidden_size: 5 } };

  it.each([
    [1, [1, 20, 4], '[1, 20, 3]'],
    [2, [1, 20, 4], '[1, 20, 5]'],
    [2, [2, 20, 5], '[1, 20, 5]'],
    [3, [1, 20], '[1, 40]'],
    [4, [3], '[2]'],
    [5, [1, 3, 5], '[1, 2, 5]'],
    [7, [1, 5], '[1, 15]'],
  ])('LSTM refuses input %i of shape %j', (index, dims, expected) => {
    const inputs: (ReturnType<typeof fact> | undefined)[] = [x, ...weights, undefined, undefined, undefined, undefined];
    inputs[index] = fact(dims);
    expect(() => infer(lstm, inputs)).toThrow(`input ${index} has shape [${dims.join(', ')}], expected ${expected}`);
  });

  it('ScatterElements refuses updates of another shape than the indices', () => {
    const spec = { type: 'ScatterElements', opset };
    expect(() => infer(spec, [fact([6]), fact([4], 'int64'), fact([3])])).toThrow(
      'input 2 has shape [3], expected [4]',
    );
    expect(() => infer(spec, [fact([6, 2]), fact([4], 'int64'), fact([4])])).toThrow('expected rank 2');
  });

  it.each([
    [18, [2], [6], 'input 1 has shape [6], expected [2]'],
    [21, [2], [2], 'input 1 has shape [2], expected [6]'],
    [21, [4], [6], '6 channels do not divide into 4 groups'],
  ])('GroupNormalization of opset %i refuses %j groups with a scale of %j', (version, [groups = 0], scale, says) => {
    const spec = { type: 'GroupNormalization', opset: version, attributes: { num_groups: groups } };
    expect(() => infer(spec, [fact([1, 6, 4]), fact(scale), fact(scale)])).toThrow(says);
  });

  it.each([
    [[4], 'do not broadcast'],
    [[2, 2, 3], 'input 1 has shape [2, 2, 3], which does not broadcast to [1, 2, 3]'],
    [[1, 1, 2, 3], 'does not broadcast to [1, 2, 3]'],
  ])('LayerNormalization refuses a scale of %j', (scale, says) => {
    expect(() => infer({ type: 'LayerNormalization', opset }, [fact([1, 2, 3]), fact(scale)])).toThrow(says);
    expect(infer({ type: 'LayerNormalization', opset }, [fact(['n', 2, 3]), fact([3])])[0]?.dims).toEqual(['n', 2, 3]);
  });

  it('Scan refuses inputs of different lengths', () => {
    const kernelless = { num_scan_inputs: 2, body: { outputs: [] } };
    const scan = opOf({ type: 'Scan', opset: 17 });
    const fail = (message: string): never => {
      throw new Error(message);
    };
    const inputs = [longs(1n, 2n), longs(1n, 2n, 3n)];
    const attributes = { scan_input_axes: [], scan_input_directions: [], scan_output_axes: [], ...kernelless };
    expect(() => scan.run({ attributes, inputs, fail } as never)).toThrow(
      'the scan inputs have lengths 2, 3, expected one',
    );
  });
});
