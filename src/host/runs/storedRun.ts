import type { MetricId } from '../../protocol/metrics.ts';
import type { Accuracy, OutputFigures, RunView } from '../../protocol/views.ts';

/** Raised when the files of a run change; files of another version are left alone. */
export const STORED_RUN_VERSION = 1;

/** What tells one state of a model's file from another. External data files are not part of it. */
export interface ModelState {
  /** Modification time and size. */
  readonly stamp: string;
  /** SHA-256 of the `.onnx` file in hex, '' where it could not be read. */
  readonly sha256: string;
}

/** What is kept of a run to list it. */
export interface RunHead {
  readonly version: typeof STORED_RUN_VERSION;
  readonly id: string;
  /** A trial evaluates its run's model again under another skip list. */
  readonly kind: 'run' | 'trial';
  /** Id of the run that a trial changed; null for a run. */
  readonly base: string | null;
  /** End, in milliseconds since 1970. */
  readonly timeMs: number;
  /** '' until the user gives one. */
  readonly name: string;
  readonly pinned: boolean;
  /** URI of the model, as text. */
  readonly model: string;
  readonly modelState: ModelState;
  readonly config: { readonly uri: string; readonly sha256: string };
  readonly quantType: string;
  readonly method: string;
  readonly evaluatedOn: string;
  readonly samples: number;
  readonly outputs: readonly OutputFigures[];
  readonly accuracy: Accuracy | null;
  /** Bytes of the constants. */
  readonly sizes: { readonly float: number; readonly quantized: number };
  readonly elapsedMs: number;
  /** Handles that a trial skipped, and those it quantized again. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** A figure of every node, in file order; NaN where it was not measured. */
export interface StoredColumn {
  readonly metric: MetricId;
  /** What it is taken over. */
  readonly of: 'worst' | 'mean';
  readonly values: readonly number[];
}

/** What is kept of a run to show it again. */
export interface RunBody {
  readonly run: RunView;
  readonly configText: string;
  readonly columns: readonly StoredColumn[];
}

/** JSON in which infinities and NaN survive, as `{"$number": "Infinity"}`. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'number' && !Number.isFinite(part) ? { $number: String(part) } : part,
  );
}

/** The inverse of {@link toJson}. @throws SyntaxError */
export function fromJson(text: string): unknown {
  return JSON.parse(text, (_, part: unknown) =>
    typeof part === 'object' && part !== null && '$number' in part ? Number(part.$number) : part,
  );
}

/** Whether a parsed file is the head of a run that this version wrote. */
export function isRunHead(value: unknown): value is RunHead {
  if (typeof value !== 'object' || value === null) return false;
  const head = value as Partial<Record<keyof RunHead, unknown>>;
  return (
    head.version === STORED_RUN_VERSION &&
    [head.id, head.model, head.name, head.quantType].every((text) => typeof text === 'string') &&
    [head.timeMs, head.elapsedMs, head.samples].every((number) => typeof number === 'number') &&
    [head.outputs, head.added, head.removed].every(Array.isArray) &&
    [head.config, head.modelState, head.sizes].every((part) => typeof part === 'object' && part !== null)
  );
}

/** Whether a parsed file has what a run is shown from. */
export function isRunBody(value: unknown): value is RunBody {
  if (typeof value !== 'object' || value === null) return false;
  const { run, configText, columns } = value as Partial<Record<keyof RunBody, unknown>>;
  return typeof run === 'object' && run !== null && typeof configText === 'string' && Array.isArray(columns);
}
