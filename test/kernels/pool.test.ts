import { describe, expect, it } from 'vitest';
import { clamp, rint } from '../../src/base/round.ts';
import { EPSILON_F32, firstDifference, numbersOf } from '../suites/numbers.ts';
import { forEachPool, poolCases } from '../suites/pool.ts';
import { ENGINES } from './engines.ts';

const CASES = poolCases();

describe.each(ENGINES)('pooling ($name)', ({ create }) => {
  it('maxPoolF32 takes the largest, and NaN before all', async () => {
    const kernels = await create();
    for (const [seed, g] of CASES.entries()) {
      const x = numbersOf(seed).floats(g.batch * g.inHeight * g.inWidth * g.channels);
      if (seed % 4 === 0) x[x.length >> 1] = NaN;
      const out = new Float32Array(g.batch * g.outHeight * g.outWidth * g.channels).fill(77);
      kernels.maxPoolF32(x, out, g);
      const expected = new Float32Array(out.length);
      forEachPool(g, (at, inside) => {
        expected[at] = Math.max(...inside.map((i) => x[i] as number));
      });
      expect(firstDifference(out, expected), JSON.stringify(g)).toBeUndefined();
    }
  });

  it('maxPoolQ8 takes the largest code', async () => {
    const kernels = await create();
    for (const [seed, g] of CASES.entries()) {
      const kind = seed % 2 === 0 ? 'signed' : 'unsigned';
      const x = numbersOf(seed).codes(g.batch * g.inHeight * g.inWidth * g.channels, kind);
      const length = g.batch * g.outHeight * g.outWidth * g.channels;
      const out = kind === 'signed' ? new Int8Array(length) : new Uint8Array(length);
      kernels.maxPoolQ8(x, out, g);
      const expected = new Int16Array(length);
      forEachPool(g, (at, inside) => {
        expected[at] = Math.max(kind === 'signed' ? -128 : 0, ...inside.map((i) => x[i] as number));
      });
      expect(firstDifference(out, expected), JSON.stringify(g)).toBeUndefined();
    }
  });

  it.each([true, false])('averagePoolF32 divides by the window or by what lies inside (%s)', async (countPadding) => {
    const kernels = await create();
    for (const [seed, g] of CASES.entries()) {
      const x = numbersOf(seed).floats(g.batch * g.inHeight * g.inWidth * g.channels);
      const out = new Float32Array(g.batch * g.outHeight * g.outWidth * g.channels).fill(77);
      kernels.averagePoolF32(x, out, g, countPadding);
      const expected = new Float64Array(out.length);
      const bounds = new Float64Array(out.length);
      forEachPool(g, (at, inside) => {
        const count = countPadding ? g.kernelHeight * g.kernelWidth : Math.max(1, inside.length);
        const values = inside.map((i) => x[i] as number);
        expected[at] = values.reduce((sum, v) => sum + v, 0) / count;
        bounds[at] = (values.reduce((sum, v) => sum + Math.abs(v), 0) / count) * (values.length + 1) * EPSILON_F32;
      });
      expect(firstDifference(out, expected, bounds), JSON.stringify(g)).toBeUndefined();
    }
  });

  it.each([true, false])('averagePoolQ8 is exact (%s)', async (countPadding) => {
    const kernels = await create();
    for (const [seed, g] of CASES.entries()) {
      const numbers = numbersOf(seed);
      const [inKind, outKind] = seed % 3 === 0 ? (['signed', 'unsigned'] as const) : (['unsigned', 'signed'] as const);
      const x = numbers.codes(g.batch * g.inHeight * g.inWidth * g.channels, inKind);
      const qx = { scale: 0.031, zeroPoint: inKind === 'signed' ? -3 : 117, signed: inKind === 'signed' };
      const qy = { scale: 0.017, zeroPoint: outKind === 'signed' ? 4 : 130, signed: outKind === 'signed' };
      const length = g.batch * g.outHeight * g.outWidth * g.channels;
      const out = qy.signed ? new Int8Array(length) : new Uint8Array(length);
      kernels.averagePoolQ8(x, qx, out, qy, g, countPadding);
      const expected = new Int16Array(length);
      forEachPool(g, (at, inside) => {
        const count = countPadding ? g.kernelHeight * g.kernelWidth : Math.max(1, inside.length);
        const sum = inside.reduce((total, i) => total + (x[i] as number) - qx.zeroPoint, 0);
        const multiplier = Math.fround(Math.fround(qx.scale) / Math.fround(Math.fround(qy.scale) * count));
        const code = rint(Math.fround(sum * multiplier)) + qy.zeroPoint;
        expected[at] = qy.signed ? clamp(code, -128, 127) : clamp(code, 0, 255);
      });
      expect(firstDifference(out, expected), JSON.stringify(g)).toBeUndefined();
    }
  });
});
