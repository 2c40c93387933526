import { metricSums } from '../base/metrics.ts';
import { selectInPlace } from '../base/select.ts';
import type { TensorReport, TensorStats } from './reportTypes.ts';

const EPSILON = 2.220446049250313e-16;

/**
 * The same tensors in converter_lite's own arithmetic, for whoever compares with its files: `variance` holds the
 * standard deviation, quartiles pass over the first element, `clipRate` counts against the extremes of the dequantized
 * tensor, and tiny tensors have cosine 0.
 *
 * @param report of the same tensors; what differs is replaced.
 */
export function asConverterLite(report: TensorReport, origin: Float32Array, dequant: Float32Array): TensorReport {
  return {
    ...report,
    origin: statsOf(report.origin, origin),
    dequant: statsOf(report.dequant, dequant),
    clipRate: clipRate(origin, report.dequant),
    cosine: cosine(origin, dequant),
  };
}

function statsOf(stats: TensorStats, x: Float32Array): TensorStats {
  const [q1, median, q3] = quartiles(x);
  return { ...stats, q1, median, q3, variance: Math.sqrt(stats.variance) };
}

/** At rank k = floor(q n): for k = 0 the first element, else the element of rank k - 1 among all but the first. */
function quartiles(x: Float32Array): readonly [number, number, number] {
  const rest = x.slice(1);
  const at = (q: number): number => {
    const k = Math.floor(q * x.length);
    return k === 0 ? (x[0] ?? Number.NaN) : selectInPlace(rest, k - 1);
  };
  return [at(0.25), at(0.5), at(0.75)];
}

function clipRate(origin: Float32Array, { min, max }: TensorStats): number {
  let outside = 0;
  for (let i = 0; i < origin.length; i++) {
    const x = origin[i] as number;
    if (x > max || x < min) outside++;
  }
  return origin.length === 0 ? 0 : outside / origin.length;
}

/** 0 where anything is NaN or infinite. */
function cosine(origin: Float32Array, dequant: Float32Array): number {
  const { dot, aa, bb } = metricSums(origin, dequant);
  if (!Number.isFinite(aa + bb)) return 0;
  if (aa < EPSILON && bb < EPSILON) return 1;
  if (aa * bb < EPSILON) return 0;
  return Math.fround(dot / (Math.sqrt(aa) * Math.sqrt(bb)));
}
