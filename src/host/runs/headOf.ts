import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { RunView } from '../../protocol/views.ts';
import { type ModelState, type RunHead, STORED_RUN_VERSION } from './storedRun.ts';

export interface FinishedRun {
  readonly run: RunView;
  readonly timeMs: number;
  /** URIs as text. */
  readonly model: string;
  readonly config: string;
  readonly modelState: ModelState;
  readonly configText: string;
  /** What a trial changed; null for a run. */
  readonly trial: {
    readonly base: string | null;
    readonly added: readonly string[];
    readonly removed: readonly string[];
  } | null;
}

/** What is listed of a run, under an id of its own. */
export function headOf({ run, timeMs, model, config, modelState, configText, trial }: FinishedRun): RunHead {
  const { quantType, method, evaluatedOn, samples, outputs, accuracy, elapsedMs } = run;
  return {
    version: STORED_RUN_VERSION,
    id: `${new Date(timeMs).toISOString().replace(/\D/g, '')}-${randomBytes(4).toString('hex')}`,
    kind: trial === null ? 'run' : 'trial',
    base: trial?.base ?? null,
    timeMs,
    name: '',
    pinned: false,
    model,
    modelState,
    config: { uri: config, sha256: sha256(configText) },
    quantType,
    method,
    evaluatedOn,
    samples,
    outputs,
    accuracy,
    sizes: { float: run.sizes.float, quantized: run.sizes.quantized },
    elapsedMs,
    added: trial?.added ?? [],
    removed: trial?.removed ?? [],
  };
}

/** Of a text in UTF-8, as hex. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Of a file on disk, as hex; '' where it cannot be read. */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path), hash);
  } catch {
    return '';
  }
  return hash.digest('hex');
}
