import type { CauseId, Evidence } from '../protocol/diagnosisViews.ts';

/** A cause that the figures of a node speak for. */
export interface Named {
  readonly id: CauseId;
  /** In (0, 1]. */
  readonly certainty: number;
  readonly evidence: readonly Evidence[];
  /** A range that would do without what is wrong, where there is one. */
  readonly range?: { readonly lo: number; readonly hi: number };
  /** Whether it is the weight's. */
  readonly ofWeight?: boolean;
}
