import { ClippedHistogram, KL_BINS, KL_GROUPS } from './clippedHistogram.ts';

/** What each bin holds before anything is counted. */
const PREFILL = Math.fround(1e-7);
/** Where adding 1 to a float32 stops to change it. */
const SATURATION = 2 ** 24;
/** Unit roundoff of float32. */
const U = 2 ** -24;

/**
 * The number of bins i in [128, 2048) such that values clipped at bin i and put on 128 codes have the least relative
 * entropy D(i) to the unclipped ones, the first on ties; in the float32 arithmetic and order of the reference, so that
 * the choice is its own.
 *
 * Not every D(i) is computed that way: each is known in doubles, with a bound on how far float32 can be from it, and
 * those that cannot be the least are left out; first by a wide bound, then by a narrow one that knows the sum of q.
 *
 * Bounds, with u = 2^-24 and all terms positive: a spread bin is off by 21 u (18 sums, the quotient, two for a shared
 * one), the sum of i of them by (i + 21) u, p, q and p / q by u each: in every logarithm (i + 45) u, or 24 u when the sum
 * is known. Logarithm, product and the sum of i terms t add (i + 3) u sum |t|; and sum |t| <= D + sqrt(2 D), by
 * Pinsker's inequality.
 *
 * @param counts [2048] of magnitudes.
 * @source MindSpore Lite, tools/converter/quantizer/data_distribution.cc, commit 2b2887057ebe.
 */
export function leastDivergenceF32(counts: Float64Array): number {
  const bins = referenceBins(counts);
  const p = new Float32Array(KL_BINS);
  const q = new Float32Array(KL_BINS);
  const mass = new Float32Array(KL_GROUPS);
  let [best, least] = [KL_GROUPS, Number.POSITIVE_INFINITY];
  for (const { bin, tail, d, kept, share, atLeast } of candidatesOf(bins)) {
    if (atLeast > least) break;
    group(bins, bin, mass);
    spread(mass, bin, q);
    const sumQ = sumF32(q, bin);
    const known = d + share * Math.log(sumQ / kept);
    if (known - errorOf(known, share, bin, 24) > least) continue;
    p.set(bins.subarray(0, bin));
    p[bin - 1] = (p[bin - 1] as number) + tail;
    const exact = relativeEntropyF32(p, sumF32(p, bin), q, sumQ, bin);
    if (exact < least || (exact === least && bin < best)) [best, least] = [bin, exact];
  }
  return best;
}

/** Counted up one by one in float32, from 1e-7 on: exact from 2 to 2^24, where they stop. */
function referenceBins(counts: Float64Array): Float32Array {
  const one = Math.fround(PREFILL + 1);
  return Float32Array.from(counts, (c) => (c === 0 ? PREFILL : c === 1 ? one : Math.min(c, SATURATION)));
}

interface Candidate {
  readonly bin: number;
  /** What lies beyond, as the reference subtracts it down. */
  readonly tail: number;
  /** D in doubles, and what the reference's is at least. */
  readonly d: number;
  readonly atLeast: number;
  /** Sum of the kept bins without the tail, and with it over the reference's total. */
  readonly kept: number;
  readonly share: number;
}

/** By ascending lower bound. Where rounding makes the tail negative, D is NaN, which the reference never takes. */
function candidatesOf(bins: Float32Array): Candidate[] {
  const clipped = new ClippedHistogram(bins);
  let before = sumF32(bins, KL_GROUPS - 1);
  let tail = sumF32(bins.subarray(KL_GROUPS), KL_BINS - KL_GROUPS);
  const candidates: Candidate[] = [];
  for (let bin = KL_GROUPS; bin < KL_BINS; bin++) {
    const last = Math.fround((bins[bin - 1] as number) + tail);
    const total = Math.fround(before + last);
    if (last > 0) {
      const d = clipped.divergence(bin, last, total);
      const kept = clipped.massBefore(bin);
      const share = (clipped.massBefore(bin - 1) + last) / total;
      candidates.push({ bin, tail, d, kept, share, atLeast: d - errorOf(d, share, bin, bin + 45) });
    }
    before = Math.fround(before + (bins[bin - 1] as number));
    tail = Math.fround(tail - (bins[bin] as number));
  }
  return candidates.sort((a, b) => a.atLeast - b.atLeast);
}

/** How far the float32 D of i bins can be from `d`, when every logarithm is off by `units` u. */
function errorOf(d: number, share: number, i: number, units: number): number {
  const terms = Math.max(d, 0) + Math.sqrt(2 * Math.max(d, 0));
  return 1.01 * U * (units * share + (i + 3) * terms);
}

/** Sum of p ln(p / q), both divided by their sums, in float32. */
function relativeEntropyF32(p: Float32Array, sumP: number, q: Float32Array, sumQ: number, count: number): number {
  const { fround, log } = Math;
  let d = 0;
  for (let j = 0; j < count; j++) {
    const pj = fround((p[j] as number) / sumP);
    const qj = fround((q[j] as number) / sumQ);
    d = fround(d + fround(pj * fround(log(fround(pj / qj)))));
  }
  return d;
}

/** The first i bins in 128 groups; bins across a border in proportion. */
function group(bins: Float32Array, i: number, mass: Float32Array): void {
  const width = i / KL_GROUPS;
  for (let g = 0; g < KL_GROUPS; g++) {
    const [start, end] = [g * width, (g + 1) * width];
    const [first, to] = [Math.ceil(start), Math.floor(end)];
    let sum = 0;
    if (first > start) sum = Math.fround((first - start) * (bins[first - 1] as number));
    if (to < end) sum = Math.fround(sum + (end - to) * (bins[to] as number));
    for (let j = first; j < to; j++) sum = Math.fround(sum + (bins[j] as number));
    mass[g] = sum;
  }
}

/** Each group evenly over its bins. */
function spread(mass: Float32Array, i: number, q: Float32Array): void {
  const width = i / KL_GROUPS;
  q.fill(0, 0, i);
  for (let g = 0; g < KL_GROUPS; g++) {
    const [start, end] = [g * width, (g + 1) * width];
    const [first, to] = [Math.ceil(start), Math.floor(end)];
    const average = Math.fround((mass[g] as number) / width);
    if (first > start) q[first - 1] = (q[first - 1] as number) + Math.fround(average * (first - start));
    if (to < end) q[to] = (q[to] as number) + average * (end - to);
    for (let j = first; j < to; j++) q[j] = (q[j] as number) + average;
  }
}

function sumF32(x: Float32Array, count: number): number {
  let sum = 0;
  for (let j = 0; j < count; j++) sum = Math.fround(sum + (x[j] as number));
  return sum;
}
