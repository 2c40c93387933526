import type { AbortSignalLike } from '../base/abort.ts';
import type { Diagnostic } from '../base/diagnostics.ts';
import type { QuantizeParams, WorkerRequests } from '../protocol/messages.ts';
import type { GraphView, HeatView, Metric, NodeDetails, RunView, TrialView } from '../protocol/views.ts';

/** The session as its worker drives it: one model, one snapshot at a time. */
export interface SessionApi {
  open(path: string): Promise<GraphView>;
  /** @throws Cancelled when `signal` is aborted. */
  quantize(params: QuantizeParams, signal: AbortSignalLike): Promise<RunView>;
  /** @throws Cancelled when `signal` is aborted. */
  trial(params: QuantizeParams, signal: AbortSignalLike): Promise<TrialView>;
  details(nodeId: number): Promise<NodeDetails>;
  heat(metric: Metric): Promise<HeatView>;
  /** Calls `onPartial` after each node; ends early when `signal` is aborted. */
  sensitivity(
    options: { readonly samples: number },
    onPartial: (partial: SensitivityPartial) => void,
    signal: AbortSignalLike,
  ): Promise<{ readonly cancelled: boolean }>;
  skipNodes(configText: string, handles: readonly string[], skip: boolean): Promise<{ readonly configText: string }>;
  checkConfig(configText: string, configPath: string): Promise<readonly Diagnostic[]>;
  configTemplate(quantType: TemplateType): Promise<{ readonly configText: string }>;
}

export type TemplateType = WorkerRequests['config/template']['params']['quantType'];

/** One node's value: how much the output loses when only this node is quantized. */
export interface SensitivityPartial {
  readonly nodeId: number;
  readonly value: number;
  readonly done: number;
  readonly total: number;
}
