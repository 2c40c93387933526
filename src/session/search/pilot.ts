import type { AbortSignalLike } from '../../base/abort.ts';
import type { ConfigChange } from '../../protocol/changes.ts';
import { FIGURE_JUDGES, type Judge } from '../../whatif/judge.ts';
import type { Lab } from '../lab.ts';
import { KEPT_SAMPLES } from '../run.ts';

export interface PilotParts {
  readonly lab: Lab;
  readonly judge: Judge;
  /** Evaluation samples, from the first; no more than there are. */
  readonly samples: number;
  readonly signal: AbortSignalLike;
}

/** A change of the config, measured for a search. */
export interface Piloted {
  /** By the judge. */
  readonly value: number;
  readonly loss: number;
  /** The float model's own number on the same samples. */
  readonly float: number;
  /** What the outputs of the first samples lack, by the judge where it is a figure, else by cosine. */
  readonly guide: number;
  readonly bytes: number;
  readonly samples: number;
}

/** What was measured in a lab before: searches for another target take it from there. */
const KNOWN = new WeakMap<Lab, Map<string, Piloted>>();

/**
 * Measures changes on all samples, or on those first ones alone that are kept in memory. Shares of right answers stay
 * equal where outputs already differ, and commands take their time: there the cosine of the outputs guides.
 */
export class Pilot {
  /** Samples that guide. */
  readonly first: number;
  /** Samples that an answer is measured on. */
  readonly samples: number;
  readonly #parts: PilotParts;
  readonly #guide: Judge;

  constructor(parts: PilotParts) {
    this.#parts = parts;
    this.samples = parts.samples;
    this.first = Math.min(parts.samples, KEPT_SAMPLES);
    const { judge } = parts;
    this.#guide = Object.values(FIGURE_JUDGES).includes(judge) ? judge : FIGURE_JUDGES.cosine;
  }

  /** @throws as {@link Lab.variantOf}; Cancelled */
  async measure(change: ConfigChange, how: 'guide' | 'exact'): Promise<Piloted> {
    const { lab, judge, signal } = this.#parts;
    const samples = how === 'exact' ? this.samples : this.first;
    const known = KNOWN.get(lab) ?? new Map<string, Piloted>();
    KNOWN.set(lab, known);
    const key = JSON.stringify([judge.id, samples, change.skip ?? [], Object.entries(change.overrides ?? {})]);
    const found = known.get(key);
    if (found !== undefined) return found;
    const guided = guidedBy(this.#guide, judge, this.first);
    const build = await lab.run.builder.build(lab.variantOf(change), signal);
    try {
      const { value, loss, bytes } = await lab.judge(build, { judge: guided.judge, samples, signal });
      const piloted = { value, loss, float: judge.float(), bytes, guide: guided.loss(), samples };
      known.set(key, piloted);
      return piloted;
    } finally {
      build.program.release();
    }
  }
}

/** A judge that is asked of the first samples also what guides. */
function guidedBy(guide: Judge, judge: Judge, first: number): { readonly judge: Judge; loss(): number } {
  let loss = Number.NaN;
  const start: Judge['start'] = () => {
    const [guiding, judging] = [guide.start(), judge.start()];
    return {
      add: (sample, outputs) => {
        if (sample < first) guiding.add(sample, outputs);
        judging.add(sample, outputs);
      },
      finish: async () => {
        loss = guide.loss(await guiding.finish());
        return judging.finish();
      },
    };
  };
  return {
    judge: {
      id: judge.id,
      better: judge.better,
      reads: judge.reads,
      start,
      loss: (v) => judge.loss(v),
      float: () => judge.float(),
    },
    loss: () => loss,
  };
}
