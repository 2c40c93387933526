import type { ConfigChange } from './changes.ts';
import type { JudgeChoice } from './sensitivityViews.ts';

/** A table with one row each (title, doc) stands in causes.ts. */
export type CauseId =
  | 'clipping'
  | 'outliers'
  | 'unlikeRanges'
  | 'dominatingChannel'
  | 'deadChannels'
  | 'biasOverflow'
  | 'symmetricAfterClamp'
  | 'floatIsland'
  | 'carried'
  | 'weights'
  | 'activations'
  | 'calibrationRange'
  | 'preprocessing';

/** A measured figure that speaks for a cause. */
export interface Evidence {
  /** English name of the figure, a key of the translations. */
  readonly label: string;
  readonly value: number;
  /** `share` is a fraction 0..1 shown in percent. */
  readonly unit: 'share' | 'ratio' | 'dB' | 'count' | 'bytes' | 'number';
  /** What is healthy, where that is known. */
  readonly healthy?: number;
  /** Where it was seen, as far as it has a place. */
  readonly tensor?: string;
  readonly valueId?: number;
  readonly channel?: number;
  readonly sample?: string;
}

/** Something that was tried against a cause. */
export interface Cure {
  /** `method:KL`, `per_channel`, `skip`, `bits:16`, `range`, `equalization` …: what it is, a key of the translations. */
  readonly kind: string;
  readonly change: ConfigChange;
  /** By the judge, before and after, on the same samples. */
  readonly before: number;
  readonly after: number;
  /** Loss before minus loss after: positive is better. */
  readonly gain: number;
  /** Bytes of the quantized model's constants, after minus before. */
  readonly bytes: number;
  /** Shares 0..1 of the model's MACs after it: on codes of 8 bits, and of 16. What remains is float. */
  readonly integerShare: number;
  readonly wideShare: number;
  /** Nodes that it concerns, where its kind names none. */
  readonly nodes?: number;
}

/** Cures of the model as a whole; which nodes they take in goes by what each loses alone. */
export interface WholeCures {
  /** Those that win more than what helps against single causes, best first. */
  readonly cures: readonly Cure[];
  /** Those that were tried and do not. */
  readonly tried: readonly Cure[];
}

export interface Cause {
  readonly id: CauseId;
  readonly nodeId: number;
  readonly handle: string;
  readonly opType: string;
  /** Loss at the output that the node is to blame for, by leave-one-out; causes are sorted by it. */
  readonly blame: number;
  /** 0..1: how far the evidence is beyond the border at which the cause is named. */
  readonly certainty: number;
  readonly evidence: readonly Evidence[];
  /** Measured ones that help, best first. */
  readonly cures: readonly Cure[];
  /** Those that were tried and do not help. */
  readonly tried: readonly Cure[];
}

/** What speaks for another preprocessing, odd samples, or too few of them. */
export type DataFinding =
  | {
      readonly kind: 'preprocessing';
      /** `image_to_format=RGB`, as config settings. */
      readonly change: ConfigChange;
      readonly label: string;
      readonly evidence: readonly Evidence[];
      /** Whether the evidence calls for it. */
      readonly advised: boolean;
    }
  /** One of the calibration samples, by its name. */
  | { readonly kind: 'oddSample'; readonly sample: string; readonly evidence: readonly Evidence[] }
  | {
      readonly kind: 'tooFewSamples';
      /** Mean range of the activations, relative to that of all samples, after 1, 2, 4 … samples. */
      readonly growth: readonly { readonly samples: number; readonly range: number }[];
      readonly evidence: readonly Evidence[];
      readonly advised: boolean;
    };

/** What number is good enough: measured on labelled samples, or the healthy RMSE/scale. */
export type Reference =
  | {
      readonly kind: 'accuracy';
      /** Trials of growing error: mean cosine of the first output against top-1. */
      readonly points: readonly { readonly cosine: number; readonly top1: number }[];
      readonly floatTop1: number;
      /** Least cosine of these at which top-1 is within `margin` of the float model's; null where none is. */
      readonly enough: number | null;
      /** Fraction 0..1. */
      readonly margin: number;
    }
  | {
      readonly kind: 'rmseScale';
      readonly healthy: number;
      readonly worst: number;
      readonly above: number;
      readonly nodes: number;
    };

export interface DiagnosisRequest {
  readonly judge: JudgeChoice;
  /** Evaluation samples, from the first. */
  readonly samples: number;
  /** Nodes that are looked at, worst first. */
  readonly nodes: number;
  /** Whether cures are tried; else causes alone. */
  readonly cures: boolean;
  /** Whether calibration data are doubted as well. */
  readonly data: boolean;
}

export interface DiagnosisView {
  readonly request: DiagnosisRequest;
  readonly configText: string;
  readonly float: number;
  readonly quantized: number;
  readonly samples: number;
  /** Worst first. */
  readonly causes: readonly Cause[];
  readonly data: readonly DataFinding[];
  readonly reference: Reference | null;
  /** Best cures together, measured together; null where none helps. */
  readonly together: Cure | null;
  /** Null where they are not called for: single cures do, or activations have no codes. */
  readonly whole: WholeCures | null;
  readonly done: boolean;
  readonly elapsedMs: number;
}
