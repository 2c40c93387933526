import type { Severity } from '../base/diagnostics.ts';
import type {
  Accuracy,
  AutoTuneView,
  ClusteredTensorView,
  ClustersView,
  DifferenceView,
  NodeForm,
  RequantizerView,
  RunView,
  SizesView,
} from '../protocol/views.ts';
import type { TensorJson } from './tensorSummary.ts';

/** Raised when a field changes its meaning or goes; new fields may come without. */
export const REPORT_SCHEMA_VERSION = 1;

/** What of a run the report tells; no times, so that the same run writes the same bytes. */
export type ReportInput = Pick<
  RunView,
  | 'model'
  | 'config'
  | 'quantType'
  | 'method'
  | 'evaluatedOn'
  | 'samples'
  | 'outputs'
  | 'nodes'
  | 'accuracy'
  | 'sizes'
  | 'autoTune'
  | 'clusters'
  | 'requantizers'
  | 'differences'
  | 'diagnostics'
>;

/** `report.json`. Decibels without error (infinite) and what was not measured are null; rates are fractions 0..1. */
export interface ReportJson {
  readonly schemaVersion: typeof REPORT_SCHEMA_VERSION;
  readonly model: string;
  readonly config: string;
  readonly quantType: string;
  /** Target, codes, how ranges are chosen and what is mended, in words. */
  readonly method: string;
  /** What the figures were measured on, in words. */
  readonly evaluatedOn: string;
  /** Samples the figures are means of. */
  readonly samples: number;
  readonly outputs: readonly OutputJson[];
  /** Every node of the user's file, in its order. */
  readonly nodes: readonly NodeJson[];
  /** Every tensor of every node, as in the rounds: figures over the rounds. */
  readonly tensors: readonly TensorJson[];
  readonly accuracy: Accuracy | null;
  /** Bytes of the constants, in all and of each coded weight. */
  readonly sizes: SizesView;
  /** What auto_tune tried; null where no scale was searched. */
  readonly autoTune: AutoTuneView | null;
  /** Weights replaced by centroids; null where none were. */
  readonly clusters: ClustersJson | null;
  /** How sums become codes; null where no node requantizes any. */
  readonly requantizers: RequantizersJson | null;
  /** What strict_reference changes, by node; null where the method tells that in its diagnostics. */
  readonly differences: readonly DifferenceView[] | null;
  readonly diagnostics: readonly DiagnosticJson[];
}

export interface OutputJson {
  readonly name: string;
  readonly cosine: number | null;
  readonly sqnrDb: number | null;
}

export interface NodeJson {
  readonly handle: string;
  readonly opType: string;
  readonly form: NodeForm;
  /** `int4`, `int8`, `int16`, `float16`, `bfloat16` or `float32`; null where a file, or a method without choices, decides. */
  readonly precision: string | null;
  readonly quantized: boolean;
  readonly skipped: boolean;
  readonly why: string;
  /** Cumulative: float model against quantized model. */
  readonly cosine: number | null;
  readonly sqnrDb: number | null;
  /** Local: its own float inputs, quantized alone. */
  readonly localSqnrDb: number | null;
  readonly clipRate: number | null;
  readonly sensitivity: number | null;
}

/** Weights as centroids; decibels without error are null. */
export interface ClustersJson {
  readonly clusters: number;
  readonly start: ClustersView['start'];
  readonly tensors: readonly (Omit<ClusteredTensorView, 'sqnrDb'> & { readonly sqnrDb: number | null })[];
}

/** The requantizers of the run, with figures of each node's worst channel. */
export interface RequantizersJson {
  readonly flavour: 'fp32' | 'fixedPoint';
  readonly bits: number;
  readonly tolerance: number | null;
  readonly comparedOn: number | null;
  readonly nodes: readonly RequantizerJson[];
}

export interface RequantizerJson extends Omit<RequantizerView, 'nodeId' | 'worst'>, WorstMultiplier {}
type WorstMultiplier = RequantizerView['worst'];

export interface DiagnosticJson {
  readonly severity: Severity;
  readonly code: string;
  readonly message: string;
  readonly file: string;
  readonly line: number | null;
  readonly node: string | null;
  readonly tensor: string | null;
}

/** The contents of `report.json`. @param tensors figures of the rounds. */
export function reportJson(run: ReportInput, tensors: readonly TensorJson[]): ReportJson {
  return {
    schemaVersion: REPORT_SCHEMA_VERSION,
    model: run.model,
    config: run.config,
    quantType: run.quantType,
    method: run.method,
    evaluatedOn: run.evaluatedOn,
    samples: run.samples,
    outputs: run.outputs.map((o) => ({ name: o.name, cosine: finite(o.cosine), sqnrDb: finite(o.sqnrDb) })),
    nodes: run.nodes.map((n) => ({
      handle: n.handle,
      opType: n.opType,
      form: n.form,
      precision: n.precision,
      quantized: n.quantized,
      skipped: n.skipped,
      why: n.why,
      cosine: finite(n.cosine),
      sqnrDb: finite(n.sqnrDb),
      localSqnrDb: finite(n.localSqnrDb),
      clipRate: finite(n.clipRate),
      sensitivity: finite(n.sensitivity),
    })),
    tensors,
    accuracy: run.accuracy,
    sizes: run.sizes,
    autoTune: run.autoTune,
    clusters: run.clusters && {
      ...run.clusters,
      tensors: run.clusters.tensors.map((t) => ({ ...t, sqnrDb: finite(t.sqnrDb) })),
    },
    requantizers: run.requantizers && {
      ...run.requantizers,
      nodes: run.requantizers.nodes.map(({ nodeId: _, worst, ...node }) => ({ ...node, ...worst })),
    },
    differences: run.differences,
    diagnostics: run.diagnostics.map(({ severity, code, message, at }) => ({
      severity,
      code,
      message,
      file: at.file,
      line: at.line ?? null,
      node: at.node ?? null,
      tensor: at.tensor ?? null,
    })),
  };
}

function finite(x: number | null): number | null {
  return x !== null && Number.isFinite(x) ? x : null;
}
