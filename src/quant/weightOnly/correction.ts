import type { Correction } from '../../base/quantParams.ts';
import { type Channels, forRuns } from '../channels.ts';

/** Deviations below this count as none. */
const LEAST_DEVIATION = 2.220446049250313e-16; // 2^-52
/** A variance factor from here on is not believed. */
const MOST_VARIANCE_FACTOR = 10;

/**
 * What gives the dequantized channels the deviation and the mean of the float ones: factor = deviation ratio, mean =
 * float mean - factor * dequantized mean. Where a channel has no deviation, or the ratio is not below `most`, the factor
 * is 1. Sums are float64, populations not samples; both results are float32, and the mean is taken with the rounded factor.
 *
 * @param dequantized the float32 that element `i` of a channel stands for before correction.
 * @source MindSpore Lite, mean and variance correction of weight quantization (reference behaviour).
 */
export function momentCorrection(
  weight: Float32Array,
  dequantized: (channel: number, i: number) => number,
  channels: Channels,
  most: number = MOST_VARIANCE_FACTOR,
): Omit<Correction, 'applied'> {
  const raw = momentsOf(weight.length, channels, (_, i) => weight[i] as number);
  const made = momentsOf(weight.length, channels, dequantized);
  const variance = new Float32Array(channels.count).fill(1);
  const mean = new Float32Array(channels.count);
  for (let c = 0; c < channels.count; c++) {
    const { mean: m, deviation: d } = made;
    const ratio = (raw.deviation[c] as number) / (d[c] as number);
    const counts = (raw.deviation[c] as number) > LEAST_DEVIATION && (d[c] as number) > LEAST_DEVIATION;
    const factor = Math.fround(counts && ratio > 0 && ratio < most ? ratio : 1);
    variance[c] = factor;
    mean[c] = (raw.mean[c] as number) - (m[c] as number) * factor;
  }
  return { variance, mean };
}

/** Mean and population deviation of each channel. */
function momentsOf(
  length: number,
  channels: Channels,
  value: (channel: number, i: number) => number,
): { readonly mean: Float64Array; readonly deviation: Float64Array } {
  const mean = new Float64Array(channels.count);
  const deviation = new Float64Array(channels.count);
  forRuns(length, channels, (c, from, to) => {
    let sum = mean[c] as number;
    for (let i = from; i < to; i++) sum += value(c, i);
    mean[c] = sum;
  });
  for (let c = 0; c < channels.count; c++) mean[c] = (mean[c] as number) / channels.size;
  forRuns(length, channels, (c, from, to) => {
    const m = mean[c] as number;
    let sum = deviation[c] as number;
    for (let i = from; i < to; i++) {
      const d = value(c, i) - m;
      sum += d * d;
    }
    deviation[c] = sum;
  });
  for (let c = 0; c < channels.count; c++) deviation[c] = Math.sqrt((deviation[c] as number) / channels.size);
  return { mean, deviation };
}
