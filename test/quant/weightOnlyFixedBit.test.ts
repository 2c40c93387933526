import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Granularity, PER_TENSOR } from '../../src/base/quantParams.ts';
import { quantizeFixedBit } from '../../src/quant/weightOnly/fixedBit.ts';
import { SHARED_DATA } from '../helpers/sharedData.ts';
import { goldenWeight } from './weightOnlyGolden.ts';

const at = { file: 'm.onnx' };
const golden = join(SHARED_DATA, '..', 'reference', 'mindspore-golden.json');

interface Case {
  readonly bits: number;
  readonly per_channel: number;
  readonly symmetric: number;
  readonly params: readonly {
    readonly scale: number | null;
    readonly zp: number;
    readonly var_corr: number | null;
    readonly mean_corr: number | null;
  }[];
  readonly q_first8: readonly number[];
  readonly q_sum: number;
}

describe.skipIf(!existsSync(golden))('golden weights of the reference', () => {
  const { cases } = JSON.parse(readFileSync(golden, 'utf8')).weights as { cases: readonly Case[] };
  const weight = goldenWeight();

  test('there are 28', () => expect(cases).toHaveLength(28));

  test.each(cases.filter((c) => c.bits > 1 || c.symmetric === 0))(
    '$bits bits, per channel $per_channel, symmetric $symmetric',
    ({ bits, per_channel, symmetric, params, q_first8, q_sum }) => {
      const granularity: Granularity = per_channel === 1 ? { kind: 'perChannel', axis: 0 } : PER_TENSOR;
      const mapping = symmetric === 1 ? 'symmetric' : 'asymmetric';
      const q = quantizeFixedBit(weight, [4, 3, 3, 3], { bits, granularity, mapping, correction: 'applied' }, at);
      const codes = Array.from(q.codes.data as Int8Array);
      expect(q.params.correction).toBeDefined();
      expect(
        params.map((_, c) => ({
          scale: q.params.scale[c],
          zp: q.params.zeroPoint[c],
          var_corr: q.params.correction?.variance[c],
          mean_corr: q.params.correction?.mean[c],
        })),
      ).toEqual(
        params.map((p) => ({
          ...p,
          var_corr: Math.fround(p.var_corr as number),
          mean_corr: Math.fround(p.mean_corr as number),
        })),
      );
      expect(codes.slice(0, 8)).toEqual(q_first8);
      expect(codes.reduce((a, b) => a + b, 0)).toBe(q_sum);
    },
  );
});
