import type { ConfigChange } from './changes.ts';
import type { JudgeChoice } from './sensitivityViews.ts';

/**
 * `skip`: the fewest nodes left float that reach the target. `bits`: bits of each node's weight so that the weights take at
 * most `bytes`, with the least loss.
 */
export type SearchGoal =
  | {
      readonly kind: 'skip';
      /** Of the judge's number, or of what it lacks to that of the float model (top-1 drop). */
      readonly target: { readonly value: number } | { readonly drop: number };
    }
  | { readonly kind: 'bits'; readonly bytes: number };

export interface SearchRequest {
  readonly goal: SearchGoal;
  readonly judge: JudgeChoice;
  /** Evaluation samples, from the first. */
  readonly samples: number;
  /** Candidates that are measured at most. */
  readonly budget: number;
}

/** One candidate that was measured. */
export interface SearchStep {
  /** `rank`: a node alone; `grow`, `shrink`: a set with one more or less; `exchange`; `verify` on all samples. */
  readonly move: 'rank' | 'grow' | 'shrink' | 'exchange' | 'verify';
  /** What differs from the config as it was. */
  readonly change: ConfigChange;
  readonly handles: readonly string[];
  /** By the judge, over so many evaluation samples from the first. */
  readonly value: number;
  readonly samples: number;
  /** Of the quantized model's constants. */
  readonly bytes: number;
  /** Whether it reaches the goal on all samples; false where it was measured on fewer. */
  readonly reached: boolean;
}

export interface SearchView {
  readonly request: SearchRequest;
  readonly configText: string;
  readonly float: number;
  readonly quantized: number;
  /** The judge's number that is asked for; null for a goal of bytes. */
  readonly target: number | null;
  /** In the order they were measured. */
  readonly tried: readonly SearchStep[];
  /** The best so far: it reaches the goal, or comes nearest; null before any. */
  readonly best: SearchStep | null;
  /** `found`: nothing smaller among what was tried; `budget`: it ended the search; `impossible`: all float does not reach it. */
  readonly ended: 'found' | 'budget' | 'impossible' | 'cancelled' | null;
  readonly elapsedMs: number;
}
