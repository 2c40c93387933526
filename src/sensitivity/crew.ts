import type { Tensor } from '../base/tensor.ts';
import type { Recipe } from '../exec/program.ts';
import type { ValueId } from '../graph/model.ts';
import type { PlainGraph } from '../graph/plainGraph.ts';
import type { Pair } from '../whatif/pairs.ts';
import type { ContestantSpec } from './contestantSpec.ts';
import type { SampleOutputs, SampleSweepParts } from './sampleSweep.ts';

/** A sweep as plain data: what a thread needs to run samples of it. */
export interface CrewJob extends Pick<SampleSweepParts, 'keepsQuant' | 'keptBytes' | 'needsOutputs'> {
  /** The float model, the quantized one, and those that contestants have of their own; `recipes` likewise. */
  readonly graphs: readonly PlainGraph[];
  readonly recipes: readonly Recipe[];
  readonly floatOf: ReadonlyMap<ValueId, ValueId>;
  readonly quantPairs: readonly Pair[];
  readonly contestants: readonly {
    readonly spec: ContestantSpec;
    /** Index of its own graph. */
    readonly own: number | undefined;
    /** It has seen the samples before this place. */
    readonly from: number;
  }[];
}

/** Threads that run samples of a sweep beside the caller, each on kernels and in memory of its own. */
export interface SweepCrew {
  readonly size: number;
  /** Until {@link CrewRun.end} the caller's kernels keep to the caller's thread. One run at a time. */
  start(job: CrewJob): CrewRun;
}

export interface CrewRun {
  /** Offers the next sample to whoever is free; samples are counted from 0 by place, in the order they are offered. */
  offer(feeds: ReadonlyMap<ValueId, Tensor>): void;
  /** Takes a sample for the caller: the place of the first that nobody has taken. Undefined: all are taken. */
  claim(): number | undefined;
  /**
   * What came from the others since the last call, by place; `waits` until something does.
   * Undefined: a thread has ended or failed, and what others took is lost.
   */
  results(waits: boolean): Promise<ReadonlyMap<number, SampleOutputs> | undefined>;
  end(): void;
}
