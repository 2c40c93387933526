import { expect, test } from 'vitest';
import { tensorBuffers } from '../../src/worker/serveTensors.ts';

test('arrays of elements move to the host, each once; other answers are copied', () => {
  const float = Float32Array.of(1, 2);
  const slice = { rows: [0, 1], columns: [0, 2], float, dequantized: null, codes: Int32Array.of(3), scale: null };
  expect(tensorBuffers('tensor/slice', slice)).toEqual([float.buffer, slice.codes.buffer]);
  expect(tensorBuffers('heat/get', { values: float })).toEqual([]);
  expect(tensorBuffers('tensor/write', undefined)).toEqual([]);
  expect(tensorBuffers('tensor/samples', null)).toEqual([]);
});
