import type { QuantParams } from '../../base/quantParams.ts';
import { rint } from '../../base/round.ts';
import { type ChannelsView, MOST_CHANNELS } from '../../protocol/chartViews.ts';
import { channelsOf, forRuns } from '../../quant/channels.ts';
import type { ChartedTensor } from './charted.ts';

/** Ranges and errors of a tensor by the entries of an axis; null where it has no such axis, or no elements. */
export function channelFigures(pair: ChartedTensor, axis: number): ChannelsView | null {
  const { dims, origin, dequant, params } = pair;
  const count = dims[axis];
  if (count === undefined || origin.length === 0) return null;
  const shown = count > MOST_CHANNELS ? 0 : count;
  const filled = (value: number): Float64Array => new Float64Array(shown).fill(value);
  const [min, dequantMin] = [filled(Number.POSITIVE_INFINITY), filled(Number.POSITIVE_INFINITY)];
  const [max, dequantMax] = [filled(Number.NEGATIVE_INFINITY), filled(Number.NEGATIVE_INFINITY)];
  const [power, error, finite, clipped] = [filled(0), filled(0), filled(0), filled(0)];
  const isClipped = params && dequant && clippedIn(pair, params);
  if (shown > 0) {
    forRuns(origin.length, channelsOf(dims, { kind: 'perChannel', axis }), (c, from, to) => {
      for (let i = from; i < to; i++) {
        const x = origin[i] as number;
        const y = dequant === undefined ? x : (dequant[i] as number);
        if (!Number.isFinite(x) || !Number.isFinite(y)) continue;
        min[c] = Math.min(min[c] as number, x);
        max[c] = Math.max(max[c] as number, x);
        dequantMin[c] = Math.min(dequantMin[c] as number, y);
        dequantMax[c] = Math.max(dequantMax[c] as number, y);
        power[c] = (power[c] as number) + x * x;
        error[c] = (error[c] as number) + (x - y) * (x - y);
        clipped[c] = (clipped[c] as number) + (isClipped?.[i] ?? 0);
        finite[c] = (finite[c] as number) + 1;
      }
    });
  }
  const errors = (): NonNullable<ChannelsView['quantized']> => ({
    min: where(dequantMin),
    max: where(dequantMax),
    rmse: error.map((sum, c) => Math.sqrt(sum / (finite[c] as number))),
    sqnrDb: where(error.map((sum, c) => (sum === 0 ? Number.POSITIVE_INFINITY : decibels(power[c] as number, sum)))),
    clipRate: clipped.map((n, c) => (isClipped === undefined ? Number.NaN : n / (finite[c] as number))),
  });
  const where = (values: Float64Array): Float64Array => values.map((v, c) => (finite[c] === 0 ? Number.NaN : v));
  return {
    axis,
    count,
    min: where(min),
    max: where(max),
    quantized: dequant === undefined ? null : errors(),
    scale: shown > 0 && params !== undefined && isAlong(params, axis) ? params.scale.slice() : null,
  };
}

/** The axis of the parameters; else that of a weight's outputs or an image's channels, the features of anything else. */
export function likelyAxis({ dims, params, kind }: ChartedTensor): number {
  const granularity = params?.scheme.granularity;
  if (granularity?.kind === 'perChannel') return granularity.axis;
  const rank = dims.length;
  if (kind === 'Weight') return rank >= 3 ? 0 : rank - 1;
  return rank >= 4 ? 1 : rank - 1;
}

function isAlong({ scheme: { granularity }, table }: QuantParams, axis: number): boolean {
  return table === undefined && granularity.kind === 'perChannel' && granularity.axis === axis;
}

/** 1 for elements whose code would lie outside [qmin, qmax]: `rint(x / scale) + zeroPoint`; undefined behind a table. */
function clippedIn({ dims, origin }: ChartedTensor, params: QuantParams): Uint8Array | undefined {
  const { scheme, scale, zeroPoint, table } = params;
  if (table !== undefined || scheme.granularity.kind === 'perBlock') return undefined;
  const out = new Uint8Array(origin.length);
  forRuns(origin.length, channelsOf(dims, scheme.granularity), (c, from, to) => {
    const [s, z] = [scale[c] as number, zeroPoint[c] as number];
    for (let i = from; i < to; i++) {
      const code = rint(Math.fround((origin[i] as number) / s)) + z;
      out[i] = code < scheme.qmin || code > scheme.qmax ? 1 : 0;
    }
  });
  return out;
}

function decibels(power: number, error: number): number {
  return 10 * Math.log10(power / error);
}
