import type { TrialComparison } from '../../src/protocol/trialViews.ts';

export interface GainRow {
  readonly name: string;
  readonly a: number;
  readonly b: number;
  /** b - a. */
  readonly gain: number;
  /** Of the largest change of all, 0..1. */
  readonly share: number;
}

/** Samples by how much they changed, the most first; of equal ones the earlier first. */
export function gainRows(samples: TrialComparison['samples']): GainRow[] {
  const rows = samples.map(({ name, a, b }) => ({ name, a, b, gain: b - a }));
  const most = rows.reduce((largest, { gain }) => Math.max(largest, Math.abs(gain)), 0);
  return rows
    .map((row) => ({ ...row, share: most === 0 ? 0 : Math.abs(row.gain) / most }))
    .sort((a, b) => b.share - a.share);
}
