import type { QuantizedTensor } from '../base/quantParams.ts';
import { channelsOf, forRuns } from './channels.ts';

/**
 * The float32 that codes stand for: what their table says, or equation (D), then the correction where one applies, `scale * (q - zeroPoint) *
 * variance + mean`; computed in float64 and rounded once.
 */
export function dequantize({ codes, params }: QuantizedTensor): Float32Array {
  const { scale, zeroPoint, scheme, correction, table } = params;
  const q = codes.data as ArrayLike<number>;
  const out = new Float32Array(q.length);
  if (table !== undefined) return out.map((_, i) => table[(q[i] as number) - scheme.qmin] as number);
  const applied = correction?.applied === true ? correction : undefined;
  forRuns(q.length, channelsOf(codes.dims, scheme.granularity), (c, from, to) => {
    const s = scale[c] as number;
    const z = zeroPoint[c] as number;
    if (applied === undefined) {
      for (let i = from; i < to; i++) out[i] = ((q[i] as number) - z) * s;
      return;
    }
    const variance = applied.variance[c] as number;
    const mean = applied.mean[c] as number;
    for (let i = from; i < to; i++) out[i] = ((q[i] as number) - z) * s * variance + mean;
  });
  return out;
}
