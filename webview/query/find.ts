import type { Expression } from './expression.ts';
import { scorerOf } from './match.ts';
import type { Rows } from './rows.ts';
import { Slices } from './slices.ts';

/** Rows that fit, in their order, and how well each does. */
export interface Found {
  readonly rows: Int32Array;
  readonly scores: Float32Array;
}

/**
 * Looks through all rows in slices of a few milliseconds, so that keys and frames come between.
 * @returns null when `signal` was aborted meanwhile
 */
export async function findRows(rows: Rows, expression: Expression, signal: AbortSignal): Promise<Found | null> {
  const score = scorerOf(expression, rows);
  const found = new Int32Array(rows.count);
  const scores = new Float32Array(rows.count);
  const slices = new Slices(signal);
  let count = 0;
  for (let row = 0; row < rows.count; row++) {
    if (row % 64 === 63 && !(await slices.goOn())) return null;
    const fit = score(row);
    if (fit === 0) continue;
    found[count] = row;
    scores[count++] = fit;
  }
  return signal.aborted ? null : { rows: found.slice(0, count), scores: scores.slice(0, count) };
}

/** Positions in `found`, best first; those that fit alike keep their order. */
export function bestFirst({ scores }: Found): Int32Array {
  const order = Int32Array.from(scores.keys());
  return scores.every((score) => score === scores[0]) ? order : order.sort((a, b) => scores[b]! - scores[a]! || a - b);
}
