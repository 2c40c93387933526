import type { ConfigChange } from './changes.ts';
import type { OutputFigures } from './views.ts';

/** One config that was tried: a full run is a root, every change after it a child of what it was made from. */
export interface TrialNode {
  readonly id: string;
  /** null for a full run. */
  readonly parent: string | null;
  /** The user's name for it; '' for none. */
  readonly name: string;
  readonly pinned: boolean;
  /** Milliseconds since 1970. */
  readonly timeMs: number;
  /** From its parent's config to its own. */
  readonly change: ConfigChange;
  /** Samples the figures are means of. */
  readonly samples: number;
  readonly outputs: readonly OutputFigures[];
  /** Top-1 of the quantized model, 0..1; null without labels. */
  readonly top1: number | null;
  /** Bytes of the constants as stored. */
  readonly bytes: number;
  /** Share of MACs that run on integers, 0..1. */
  readonly integerShare: number;
  /** Estimated time by MACs and precision, that of all in float32 being 1. */
  readonly cost: number;
}

/** All trials of a model under one config file, oldest first. */
export interface TrialTree {
  readonly trials: readonly TrialNode[];
  /** The one whose figures are on display; null for none. */
  readonly current: string | null;
}

/** Two trials beside each other. */
export interface TrialComparison {
  readonly a: string;
  readonly b: string;
  /** From the config of `a` to that of `b`. */
  readonly change: ConfigChange;
  /** Of each sample both know: mean cosine over the outputs. */
  readonly samples: readonly { readonly name: string; readonly a: number; readonly b: number }[];
}
