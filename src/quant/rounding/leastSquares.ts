import { inverseOfUpper, upperFactor } from '../weightOnly/gptq.ts';

/** Symmetric positive semi-definite second moments of a layer's inputs, [size, size] in rows. */
export interface InputMoments {
  readonly size: number;
  readonly sums: Float64Array;
}

/** What rounding one weight after the other needs, from the moments of the inputs that meet them. */
export interface Feedback {
  readonly size: number;
  /** Weights in the order of rounding: those of the strongest inputs first. */
  readonly order: Int32Array;
  /** Upper triangular U with U'U = the inverse of the (ordered, damped) moments, [size, size]. */
  readonly upper: Float64Array;
}

/** The grid of one row of weights: w = scale (q - zeroPoint), q in [qmin, qmax]. */
export interface Grid {
  readonly scale: number;
  readonly zeroPoint: number;
  readonly qmin: number;
  readonly qmax: number;
}

/** Share of the mean diagonal added to the diagonal, so that inputs that always vary together do not blow up weights. */
const DAMPING = 0.01;

/**
 * Prepares {@link roundRow}. Undefined where no input was ever different from 0.
 * @source E. Frantar et al., GPTQ, 2022 (the method; ordering by the diagonal is their act-order).
 */
export function feedbackOf({ size, sums }: InputMoments): Feedback | undefined {
  let trace = 0;
  for (let i = 0; i < size; i++) trace += sums[i * size + i] as number;
  if (!(trace > 0) || !Number.isFinite(trace)) return undefined;
  const damping = (DAMPING * trace) / size;
  const order = Int32Array.from({ length: size }, (_, i) => i);
  const diagonal = (i: number): number => sums[i * size + i] as number;
  order.sort((a, b) => diagonal(b) - diagonal(a) || a - b);
  const ordered = new Float64Array(size * size);
  for (let i = 0; i < size; i++)
    for (let j = 0; j < size; j++)
      ordered[i * size + j] =
        (sums[(order[i] as number) * size + (order[j] as number)] as number) + (i === j ? damping : 0);
  return { size, order, upper: inverseOfUpper(upperFactor(ordered, size), size) };
}

/**
 * Rounds one row of weights, [size], to a grid so that its sums over the inputs stay: what a weight loses to rounding is
 * made up for by those that are still to be rounded.
 * @param out codes, [size].
 */
export function roundRow(weights: Float32Array, { size, order, upper }: Feedback, grid: Grid, out: Int32Array): void {
  const { scale, zeroPoint, qmin, qmax } = grid;
  const rest = Float64Array.from(order, (i) => weights[i] as number);
  for (let i = 0; i < size; i++) {
    const w = rest[i] as number;
    const q = Math.min(qmax, Math.max(qmin, Math.round(w / scale) + zeroPoint));
    out[order[i] as number] = q;
    const error = (w - scale * (q - zeroPoint)) / (upper[i * size + i] as number);
    for (let j = i + 1; j < size; j++) rest[j] = (rest[j] as number) - error * (upper[i * size + j] as number);
  }
}
