import { EVIDENCE_LABELS as LABEL } from '../protocol/causes.ts';
import { beyond, decibels, MOST_UNLIKE, ONE_BIT } from './borders.ts';
import type { Named } from './named.ts';
import type { Extent, NodeNumbers, TensorNumbers } from './numbers.ts';

/** Where clipping costs as much as rounding: a range twice as wide would cost 6 dB of rounding and save all of it. */
const CLIPPING_BORDER = 1;

/** Values beyond a range that was chosen, by a method or by hand, although calibration saw them. */
export function clipping({ tensors }: NodeNumbers): Named | undefined {
  return strongest(tensors, (t) => {
    const chosen = t.clipping - t.unseen;
    if (t.unseen > chosen) return undefined;
    const certainty = beyond(t.clipping / t.rounding, CLIPPING_BORDER);
    return certainty === 0 ? undefined : { id: 'clipping', certainty, evidence: clipEvidence(t), range: seenRange(t) };
  });
}

/**
 * Values that calibration did not see: beyond its extremes with more noise than rounding makes, or so few of them that
 * a quarter of the codes is reached, two bits are lost.
 */
export function calibrationRange({ tensors }: NodeNumbers): Named | undefined {
  return strongest(tensors, (t) => {
    if (t.calibrated === null) return undefined;
    const ratio = lengthOf(t) / lengthOf(t.calibrated);
    const where = placeOf(t);
    const range = { label: LABEL.evaluationRange, value: ratio, unit: 'ratio', healthy: 1, ...where } as const;
    const unseen = t.unseen > t.clipping - t.unseen ? beyond(t.unseen / t.rounding, CLIPPING_BORDER) : 0;
    if (unseen > 0)
      return {
        id: 'calibrationRange',
        certainty: unseen,
        evidence: [range, ...clipEvidence(t)],
        range: seenRange(t),
      };
    const wasted = ratio > 0 && fills(t.grid, t.calibrated) ? beyond(1 / ratio, ONE_BIT) : 0;
    if (wasted === 0) return undefined;
    return { id: 'calibrationRange', certainty: wasted, evidence: [range, bulk(t)], range: seenRange(t) };
  });
}

/** Rounding noise goes with the square of the range: where cutting off outliers leaves a quarter of it, one bit is lost. */
export function outliers({ tensors }: NodeNumbers): Named | undefined {
  return strongest(tensors, (t) => {
    const wins = 1 / t.best.noise;
    const certainty = beyond(wins, ONE_BIT);
    if (certainty === 0) return undefined;
    const where = placeOf(t);
    return {
      id: 'outliers',
      certainty,
      evidence: [
        { label: LABEL.wins, value: decibels(wins), unit: 'dB', healthy: 0, ...where },
        bulk(t),
        { label: LABEL.kurtosis, value: t.kurtosis, unit: 'number', healthy: 3, ...where },
      ],
      range: { lo: t.best.lo, hi: t.best.hi },
    };
  });
}

/** Operators that add or join what they read: on common codes the narrow ones have few. */
export function unlikeRanges({ meeting }: NodeNumbers): Named | undefined {
  const alive = meeting.filter((e) => lengthOf(e) > 0);
  if (alive.length < 2) return undefined;
  const byLength = [...alive].sort((a, b) => lengthOf(a) - lengthOf(b));
  const [narrow, wide] = [byLength[0] as Extent, byLength.at(-1) as Extent]; // two at least
  const ratio = lengthOf(wide) / lengthOf(narrow);
  const certainty = beyond(ratio, MOST_UNLIKE);
  if (certainty === 0) return undefined;
  return {
    id: 'unlikeRanges',
    certainty,
    evidence: [
      { label: LABEL.rangeRatio, value: ratio, unit: 'ratio', healthy: 1, ...placeOf(wide) },
      { label: LABEL.smallCodes, value: 256 / ratio, unit: 'count', healthy: 256, ...placeOf(narrow) },
    ],
  };
}

/** Symmetric codes of values that are not negative: with less than half a code below 0 none of those codes has a use. */
export function symmetricAfterClamp({ tensors }: NodeNumbers): Named | undefined {
  return strongest(tensors, (t) => {
    const { grid, lo, hi } = t;
    if (grid.mapping !== 'symmetric' || grid.negative === 0 || hi <= 0 || -lo >= grid.scale / 2) return undefined;
    return {
      id: 'symmetricAfterClamp',
      certainty: 1,
      evidence: [
        { label: LABEL.unusedCodes, value: grid.negative, unit: 'count', healthy: 0, ...placeOf(t) },
        { label: LABEL.negativeShare, value: -lo / hi, unit: 'share', ...placeOf(t) },
      ],
    };
  });
}

/** A range does what a calibration's extremes say, within a step. */
function fills(grid: TensorNumbers['grid'], range: { readonly lo: number; readonly hi: number }): boolean {
  return Math.abs(lengthOf(grid) - lengthOf(range)) <= 0.05 * lengthOf(grid);
}

function clipEvidence(t: TensorNumbers): Named['evidence'] {
  const sample = t.farSample === '' ? {} : { sample: t.farSample };
  const noise = t.rounding > 0 ? t.clipping / t.rounding : Number.POSITIVE_INFINITY;
  return [
    { label: LABEL.clippedShare, value: t.clippedShare, unit: 'share', healthy: 0, ...placeOf(t) },
    { label: LABEL.clippedFar, value: t.clippedFar, unit: 'ratio', healthy: 0, ...placeOf(t), ...sample },
    { label: LABEL.clipNoise, value: noise, unit: 'ratio', healthy: 0, ...placeOf(t) },
  ];
}

function bulk(t: TensorNumbers): Named['evidence'][number] {
  return { label: LABEL.codesUsed, value: t.bulkCodes / t.grid.codes, unit: 'share', ...placeOf(t) };
}

/** What was seen of it, or what the calibration saw, whichever reaches farther. */
function seenRange({ lo, hi, calibrated }: TensorNumbers): { readonly lo: number; readonly hi: number } {
  if (calibrated === null || calibrated.hi - calibrated.lo > 4 * (hi - lo)) return { lo, hi };
  return { lo: Math.min(lo, calibrated.lo), hi: Math.max(hi, calibrated.hi) };
}

/** Of a range that holds 0. */
function lengthOf({ lo, hi }: { readonly lo: number; readonly hi: number }): number {
  return Math.max(hi, 0) - Math.min(lo, 0);
}

function placeOf({ tensor, valueId }: Extent): { readonly tensor: string; readonly valueId: number } {
  return { tensor, valueId };
}

function strongest<T>(all: readonly T[], judge: (one: T) => Named | undefined): Named | undefined {
  return all.flatMap((one) => judge(one) ?? []).reduce<Named | undefined>(stronger, undefined);
}

function stronger(a: Named | undefined, b: Named): Named {
  return a === undefined || b.certainty > a.certainty ? b : a;
}
