/** What the model is at one scale. */
export interface Candidate {
  /** 1 / initScale; an integer s in converter_lite's walk. */
  readonly scale: number;
  /** Relative error of the weights; in converter_lite's walk that of a step to the norm of its weight, but a floor. */
  readonly initScale: number;
  /** Mean cosine similarity of the outputs. */
  readonly cosine: number;
  /** Bytes of the float constants by those of the quantized ones. */
  readonly ratio: number;
}

export interface AutoTuneParts {
  /** Cosine similarity to keep. */
  readonly target: number;
  /** Candidates to try, about: a quarter of them in each of up to four passes. */
  readonly maxIterations: number;
  /** Elements of the largest weight that is quantized. */
  readonly largestWeight: number;
  /** Quantizes at a scale and measures. */
  readonly measure: (scale: number) => Promise<Candidate>;
}

export interface AutoTuned {
  /** The scale that was found; undefined where none keeps the target. */
  readonly best: Candidate | undefined;
  /** All that were measured, in order. */
  readonly tried: readonly Candidate[];
}

const LAST_SCALE = 30000;
const MOST_COARSE_STEPS = 173;
const MOST_FINE_STEPS = 20;
const FINE_PASSES = 3;
const FINEST_STEP = 2;
/** What 8-bit codes reach: less is no reason to stop at the coarsest scale. */
const RATIO_OF_INT8 = 4;
/** (0.01)^3 * 24: below sqrt of it by the number of elements, slack alone makes the step. */
const SLACK_SQUARE = 2.4e-5;

interface Pass {
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

/**
 * Looks for the smallest scale, which is the smallest model, whose outputs keep the target: coarse steps from 1 on, then
 * finer ones before what was found. Each pass ends at its first hit.
 * @source MindSpore Lite, auto_tune (reference behaviour).
 */
export async function autoTune({ target, maxIterations, largestWeight, measure }: AutoTuneParts): Promise<AutoTuned> {
  const known = new Map<number, Candidate>();
  const measured = async (scale: number): Promise<Candidate> => {
    const candidate = known.get(scale) ?? (await measure(scale));
    known.set(scale, candidate);
    return candidate;
  };
  /** The first scale of a pass that keeps the target, and the pass as it was walked. */
  const walk = async (pass: Pass): Promise<{ hit: Candidate | undefined; pass: Pass }> => {
    let walked = pass;
    for (let scale = pass.start; scale <= walked.end; scale += walked.step) {
      if (scale === 1) walked = extended(walked, largestWeight);
      const candidate = await measured(scale);
      if (candidate.cosine >= Math.fround(target)) return { hit: candidate, pass: walked };
    }
    return { hit: undefined, pass: walked };
  };

  const steps = Math.min(MOST_COARSE_STEPS, Math.floor(maxIterations / (FINE_PASSES + 1)));
  const first = await walk({ start: 1, end: LAST_SCALE, step: Math.floor((LAST_SCALE - 1) / steps) });
  let { hit: best, pass } = first;
  if (best === undefined || (best.scale === 1 && best.ratio < RATIO_OF_INT8))
    best = (await walk({ ...pass, start: pass.end, end: 4 * pass.end })).hit;
  for (let fine = 0; best !== undefined && fine < FINE_PASSES; fine++) {
    pass = finer(pass, best.scale, Math.min(steps, MOST_FINE_STEPS));
    best = (await walk(pass)).hit ?? best;
    if (pass.step <= FINEST_STEP) break;
  }
  return { best, tried: [...known.values()] };
}

/** Goes on to scales that matter for the largest weight, in as many steps. */
function extended({ start, end, step }: Pass, largestWeight: number): Pass {
  const last = 1 / Math.sqrt(SLACK_SQUARE / Math.max(1, largestWeight));
  if (last <= end) return { start, end, step };
  const steps = Math.floor((end - start) / step);
  return { start, end: Math.floor(last), step: Math.floor(Math.floor(last) / steps) };
}

/** The two steps before a hit in finer ones, so that they meet it. */
function finer(last: Pass, hit: number, steps: number): Pass {
  const before = hit - 2 * last.step;
  const from = Math.max(1, before);
  const least = Math.floor(Math.floor(Math.sqrt(hit - from)) / 2);
  const step = Math.max(1, least, Math.floor((hit - from) / steps));
  const aligned = hit - Math.floor((hit - from) / step) * step;
  const isKnown = aligned === last.start || aligned === before || aligned === 1;
  return { start: isKnown ? aligned + step : aligned, end: hit, step };
}
