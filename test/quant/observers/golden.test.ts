import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PER_TENSOR, type QuantScheme } from '../../../src/base/quantParams.ts';
import type { CalibrationMethod } from '../../../src/quant/methods.ts';
import type { KlFlavour } from '../../../src/quant/observers/kl.ts';
import { mindsporeParams, pairOf, type Range } from '../../../src/quant/qparams.ts';
import { SHARED_DATA } from '../../helpers/sharedData.ts';
import { ENGINES } from '../../kernels/engines.ts';
import { goldenGauss } from '../weightOnlyGolden.ts';
import { rangeBy } from './rangeBy.ts';

const F32 = Math.fround;
const golden = join(SHARED_DATA, '..', 'reference', 'mindspore-golden.json');
const SCHEME: QuantScheme = { dtype: 'int8', mapping: 'asymmetric', granularity: PER_TENSOR, qmin: -128, qmax: 127 };

/** Two rounds of 20,000 values, as the section `calibration` describes them. */
function rounds(index: number): Float32Array[] {
  const gauss = goldenGauss(100 + index);
  const change = [
    (v: number) => v,
    (v: number) => Math.max(v, 0),
    (v: number) => F32(F32(v * v) * v),
    (v: number) => v,
  ][index] as (v: number) => number;
  return [0, 1].map(() => {
    const x = Float32Array.from({ length: 20_000 }, () => change(gauss()));
    if (index === 3) for (let i = 0; i < 20; i++) x[i * 997] = (x[i * 997] as number) * 10;
    return x;
  });
}

interface Case extends Readonly<Record<string, number>> {
  readonly case: number;
}

describe.skipIf(!existsSync(golden)).each(ENGINES)(`calibration as the reference ($name, ${golden})`, ({ create }) => {
  const read = (): readonly Case[] => JSON.parse(readFileSync(golden, 'utf8')).calibration.cases;

  async function ranges(c: Case, method: CalibrationMethod, klFlavour: KlFlavour = 'reference'): Promise<Range> {
    const options = { kernels: await create(), scheme: SCHEME, percentile: 99.999, klFlavour };
    return rangeBy(method, options, rounds(c.case));
  }

  test('MAX_MIN, KL and REMOVAL_OUTLIER give the golden ranges, scales and zero points to the last bit', async () => {
    expect(read()).toHaveLength(4);
    for (const c of read()) {
      const [whole, kl, outliers] = [
        await ranges(c, 'MAX_MIN'),
        await ranges(c, 'KL'),
        await ranges(c, 'REMOVAL_OUTLIER'),
      ];
      const pair = (range: Range) => pairOf(range, SCHEME, 'mindspore');
      expect({
        case: c.case,
        real_min: whole.lo,
        real_max: whole.hi,
        interval: F32(Math.max(-whole.lo, whole.hi) / 2048),
        kl_T: kl.hi,
        kl_bin: Math.floor(kl.hi / F32(Math.max(-whole.lo, whole.hi) / 2048)),
        kl_scale: pair(kl).scale,
        kl_zp: pair(kl).zeroPoint,
        maxmin_scale: pair(whole).scale,
        maxmin_zp: pair(whole).zeroPoint,
        ro_min: outliers.lo,
        ro_max: outliers.hi,
        ro_scale: pair(outliers).scale,
        ro_zp: pair(outliers).zeroPoint,
      }).toEqual(Object.fromEntries(Object.entries(c).map(([key, v]) => [key, key.includes('_bin') ? v : F32(v)])));
      expect(kl.lo).toBe(-kl.hi);
    }
  });

  test('KL of the observed sides has all codes for what was seen, where the reference wastes half of them', async () => {
    const rectified = read()[1] as Case;
    const range = await ranges(rectified, 'KL', 'observedSides');
    const { scale, zeroPoint } = mindsporeParams(range, SCHEME);
    expect(range.lo).toBe(0);
    expect(range.hi).toBeLessThanOrEqual(F32(rectified.real_max as number));
    expect(zeroPoint).toBe(-128);
    expect(scale).toBeLessThan((rectified.kl_scale as number) * 0.6);
  });
});
