import { describe, expect, it } from 'vitest';
import { clamp } from '../../src/base/round.ts';
import { requantizerFor } from '../suites/conv.ts';
import { gemmShapes } from '../suites/gemm.ts';
import { EPSILON_F32, firstDifference, numbersOf } from '../suites/numbers.ts';
import { requantizeExactly } from '../suites/requantize.ts';
import { ENGINES } from './engines.ts';

const SHAPES = gemmShapes();

describe.each(ENGINES)('matrix product ($name)', ({ create }) => {
  it('gemmF32 stays within the error of its sums', async () => {
    const kernels = await create();
    for (const [seed, { m, k, n }] of SHAPES.entries()) {
      const numbers = numbersOf(seed);
      const transposed = seed % 2 === 1;
      const a = numbers.floats(m * k);
      const b = numbers.floats(k * n);
      const bias = seed % 3 === 0 ? undefined : numbers.floats(n);
      const range = seed % 5 === 0 ? { lo: -1, hi: 1.5 } : { lo: -Infinity, hi: Infinity };
      const packed = kernels.packGemmF32(b, bias, { k, n, transposed });
      const out = new Float32Array(m * n).fill(77);
      kernels.gemmF32(a, packed, out, m, range);
      packed.release();
      const expected = new Float64Array(m * n);
      const bounds = new Float64Array(m * n);
      for (let at = 0; at < m * n; at++) {
        const [row, column] = [Math.floor(at / n), at % n];
        let sum = bias?.[column] ?? 0;
        let magnitude = Math.abs(sum);
        for (let i = 0; i < k; i++) {
          const product = (a[row * k + i] as number) * (b[transposed ? column * k + i : i * n + column] as number);
          sum += product;
          magnitude += Math.abs(product);
        }
        expected[at] = clamp(sum, range.lo, range.hi);
        bounds[at] = magnitude * (k + 2) * EPSILON_F32 * 1.01;
      }
      expect(firstDifference(out, expected, bounds), `${m}x${k}x${n}`).toBeUndefined();
    }
  });

  it('gemmQ8 is exact, on arrays in the memory of the kernels', async () => {
    const kernels = await create();
    for (const [seed, { m, k, n }] of SHAPES.entries()) {
      const numbers = numbersOf(seed);
      const transposed = seed % 2 === 1;
      const kind = seed % 3 === 0 ? 'signed' : 'unsigned';
      const dtype = kind === 'signed' ? 'int8' : 'uint8';
      const a = kernels.memory.allocate(dtype, m * k);
      a.set(numbers.codes(m * k, kind));
      const codes = numbers.codes(k * n, 'signed');
      const zeroPoint = Int32Array.of(seed % 4 === 0 ? 3 : 0);
      const inputZero = kind === 'signed' ? -5 : 131;
      const bias = numbers.int32(n, 3000);
      const packed = kernels.packGemmQ8({ codes, zeroPoint, bias }, { k, n, transposed }, inputZero);
      const sums = Array.from({ length: m * n }, (_, at) => {
        const [row, column] = [Math.floor(at / n), at % n];
        let sum = bias[column] as number;
        for (let i = 0; i < k; i++) {
          const w = (codes[transposed ? column * k + i : i * n + column] as number) - (zeroPoint[0] as number);
          sum += ((a[row * k + i] as number) - inputZero) * w;
        }
        return sum;
      });
      const accumulators = new Int32Array(m * n);
      kernels.gemmQ8Accumulators(a, packed, accumulators, m);
      expect(firstDifference(accumulators, sums), `${m}x${k}x${n}, accumulators`).toBeUndefined();
      for (const flavour of ['fp32', 'fixedPoint'] as const) {
        const requantizer = requantizerFor(numbers, n, kind, flavour, 8000 * Math.sqrt(k + 1));
        const out = kernels.memory.allocate(dtype, m * n);
        kernels.gemmQ8(a, packed, requantizer, out, m);
        const difference = firstDifference(out, requantizeExactly(sums, requantizer));
        expect(difference, `${m}x${k}x${n}, ${flavour}`).toBeUndefined();
        kernels.memory.free(out);
      }
      kernels.memory.free(a);
      packed.release();
    }
    expect(kernels.memory.bytesInUse).toBe(0);
  });

  it('a row has the same bits alone and in company', async () => {
    const kernels = await create();
    const numbers = numbersOf(5);
    const [m, k, n] = [6, 77, 45];
    const a = numbers.floats(m * k);
    const packed = kernels.packGemmF32(numbers.floats(k * n), numbers.floats(n), { k, n, transposed: false });
    const range = { lo: -Infinity, hi: Infinity };
    const together = new Float32Array(m * n);
    kernels.gemmF32(a, packed, together, m, range);
    const alone = new Float32Array(n);
    for (let row = 0; row < m; row++) {
      kernels.gemmF32(a.subarray(row * k, (row + 1) * k), packed, alone, 1, range);
      expect(alone).toEqual(together.subarray(row * n, (row + 1) * n));
    }
  });

  it('NaN passes a clamp', async () => {
    const kernels = await create();
    const packed = kernels.packGemmF32(Float32Array.of(1), undefined, { k: 1, n: 1, transposed: false });
    const out = new Float32Array(3);
    kernels.gemmF32(Float32Array.of(NaN, -2, 9), packed, out, 3, { lo: 0, hi: 6 });
    expect([...out]).toEqual([NaN, 0, 6]);
  });
});
