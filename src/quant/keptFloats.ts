import type { Stored } from '../exec/program.ts';
import type { ValueId } from '../graph/model.ts';

/** Float activations that passes over the same samples leave to later ones. */
export interface KeptFloats {
  /** What is there of a sample, in the layouts of the float program. */
  of(sample: number): ReadonlyMap<ValueId, Stored>;
  /** Sees a tensor that is valid during the call only, and may copy it. */
  offer(sample: number, value: ValueId, stored: Stored): void;
}
