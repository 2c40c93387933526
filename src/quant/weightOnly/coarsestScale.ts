import type { AutoTuned, Candidate } from './autoTune.ts';

/** Values per decade: of three digits each, 2.4 % apart (the series E96), nearer to each other than steps are found. */
const PER_DECADE = 96;
const COARSEST = 0.5;
/** Below it codes take more than 13 bits each: fixed 16 bits are the better choice. */
const FINEST = 1e-4;

/**
 * The relative errors that auto_tune chooses from, the coarsest first: 0.499, 0.487, … 0.0001.
 * Three digits, so that they can be written into a config as they are.
 */
export const INIT_SCALES: readonly number[] = initScales();

export interface CoarsestParts {
  /** Cosine similarity to keep. */
  readonly target: number;
  /** Candidates to try, at most. */
  readonly maxIterations: number;
  /** Quantizes with an init_scale and measures. */
  readonly measure: (initScale: number) => Promise<Candidate>;
}

/** Candidates that halving all of {@link INIT_SCALES} tries, at most. */
export const MOST_HALVINGS = Math.ceil(Math.log2(INIT_SCALES.length + 1));

/**
 * Looks for the coarsest init_scale whose outputs keep the target by halving what is left of {@link INIT_SCALES}: it is
 * the coarsest of all where the similarity does not fall as init_scale does, else one whose coarser neighbour loses it.
 */
export async function coarsestScale({ target, maxIterations, measure }: CoarsestParts): Promise<AutoTuned> {
  const tried: Candidate[] = [];
  let best: Candidate | undefined;
  let from = 0;
  let end = INIT_SCALES.length;
  while (from < end && tried.length < maxIterations) {
    const middle = Math.floor((from + end) / 2);
    const candidate = await measure(INIT_SCALES[middle] as number);
    tried.push(candidate);
    if (candidate.cosine >= target) {
      best = candidate;
      end = middle;
    } else {
      from = middle + 1;
    }
  }
  return { best, tried };
}

function initScales(): number[] {
  const scales: number[] = [];
  for (let i = 0; ; i++) {
    const scale = Number((10 ** (-i / PER_DECADE)).toPrecision(3));
    if (scale < FINEST) return scales;
    if (scale < COARSEST) scales.push(scale);
  }
}
