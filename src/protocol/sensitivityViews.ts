/** What one number is made of the outputs of both models; a command of the user's gets them and prints it. */
export type JudgeChoice =
  | { readonly id: 'cosine' | 'sqnrDb' | 'mse' | 'top1' | 'top5' }
  | { readonly id: 'command'; readonly command: string; readonly better: 'higher' | 'lower' };

/** `layerwise`: only this node quantized; `leaveOneOut`: only this node float; `local`: its own error on float inputs. */
export type SensitivityMode = 'layerwise' | 'leaveOneOut' | 'local';

/** What of a node is quantized, or left float. */
export type SensitivityPart = 'both' | 'activations' | 'weights';

export interface SensitivityRequest {
  readonly mode: SensitivityMode;
  readonly part: SensitivityPart;
  readonly judge: JudgeChoice;
  /** Evaluation samples, from the first. */
  readonly samples: number;
  /** Only so many nodes are measured on all samples, those that lose most on two of them; null: all. */
  readonly verify: number | null;
}

export interface SensitivityEntry {
  readonly nodeId: number;
  readonly handle: string;
  readonly opType: string;
  /** By the judge; null where it has not been measured, and in mode `local`. */
  readonly value: number | null;
  /**
   * What is lost: layerwise to the float model by this node alone; leaveOneOut what the quantized model wins when this
   * node is left float; local the noise-to-signal ratio. null as `value`.
   */
  readonly loss: number | null;
  /** dB of its output, alone on float inputs; Infinity without an error. */
  readonly localSqnrDb: number | null;
  /** How many samples `value` stands on so far, where they are fewer than asked for: it is measured again on resuming. */
  readonly samples?: number;
}

/** A sweep, finished or as far as it came. */
export interface SensitivityView {
  readonly request: SensitivityRequest;
  /** Config it was measured under. */
  readonly configText: string;
  /** Of the float model and of the quantized one as it is, by the judge. */
  readonly float: number;
  readonly quantized: number;
  readonly samples: number;
  /** All units of the plan, worst first: by loss those measured on all samples, then on fewer, the rest by local SQNR. */
  readonly entries: readonly SensitivityEntry[];
  readonly done: number;
  readonly total: number;
  readonly elapsedMs: number;
}
