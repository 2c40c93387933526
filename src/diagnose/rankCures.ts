import type { Cure } from '../protocol/diagnosisViews.ts';

/**
 * Least gain that counts, as a share of the loss before: other codes round otherwise everywhere behind, and a change
 * that mends nothing moves the loss of the shared models by less than this either way.
 */
export const LEAST_GAIN = 0.01;

/** Cures that win this share of what the best one wins are as good. */
const AS_GOOD = 0.9;

/** @param lossBefore by the judge. */
export function helps({ gain }: Pick<Cure, 'gain'>, lossBefore: number): boolean {
  return gain > LEAST_GAIN * lossBefore;
}

/** Best first: by gain; of those within a tenth of the best one, what stays on integers first, then the smaller. */
export function rankedCures(cures: readonly Cure[]): readonly Cure[] {
  const best = Math.max(0, ...cures.map((c) => c.gain));
  const isGood = (c: Cure): boolean => c.gain >= AS_GOOD * best;
  return [...cures].sort((a, b) => {
    if (isGood(a) !== isGood(b)) return isGood(a) ? -1 : 1;
    if (!isGood(a)) return b.gain - a.gain;
    return b.integerShare - a.integerShare || a.bytes - b.bytes || b.gain - a.gain;
  });
}

/** Without those that change more than another of their kind and win no more. @param cures the lesser change first. */
export function withoutNeedless(cures: readonly Cure[], lossBefore: number): readonly Cure[] {
  return cures.filter((c, i) =>
    cures.slice(0, i).every((lesser) => lesser.kind !== c.kind || helps({ gain: c.gain - lesser.gain }, lossBefore)),
  );
}
