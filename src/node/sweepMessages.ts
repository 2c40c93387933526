import type { Tensor } from '../base/tensor.ts';
import type { ValueId } from '../graph/model.ts';
import type { CrewJob } from '../sensitivity/crew.ts';
import type { SampleOutputs } from '../sensitivity/sampleSweep.ts';

/** What a sweep thread is started with. */
export interface SweepThreadData {
  /** kernels.wasm, shared. */
  readonly wasmBytes: Uint8Array;
}

/** Cells of a run that everybody looks at, accessed atomically. */
export const CELLS = { next: 0, ended: 1, length: 2 } as const;

export type ToSweepThread =
  | { readonly kind: 'job'; readonly run: number; readonly job: CrewJob; readonly cells: Int32Array }
  | { readonly kind: 'feeds'; readonly feeds: ReadonlyMap<ValueId, Tensor> }
  /** The cells say the same to one that is at work; this wakes one that waits. */
  | { readonly kind: 'ended' };

export type FromSweepThread =
  | { readonly kind: 'outputs'; readonly run: number; readonly place: number; readonly outputs: SampleOutputs }
  | { readonly kind: 'failed'; readonly run: number; readonly message: string };

/** Takes the first place that nobody has taken, of those that are offered; undefined where there is none. */
export function takePlace(cells: Int32Array, offered: number): number | undefined {
  for (;;) {
    const place = Atomics.load(cells, CELLS.next);
    if (place >= offered) return undefined;
    if (Atomics.compareExchange(cells, CELLS.next, place, place + 1) === place) return place;
  }
}

export function hasEnded(cells: Int32Array): boolean {
  return Atomics.load(cells, CELLS.ended) !== 0;
}
