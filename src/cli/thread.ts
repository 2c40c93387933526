import { isMainThread, Worker, workerData } from 'node:worker_threads';
import type { AbortSignalLike } from '../base/abort.ts';

/** What the main thread tells the thread that works. */
interface ThreadData {
  /** Not 0 once the user pressed Ctrl+C. */
  readonly cell: SharedArrayBuffer;
  /** Columns of the terminal behind standard error; undefined where there is none. */
  readonly columns: number | undefined;
}

/** Whether this thread is the one that works: the other one, or the only one where no memory can be shared. */
export function isWorking(): boolean {
  return !isMainThread || typeof SharedArrayBuffer === 'undefined';
}

/**
 * Runs `script` again in a thread of its own and listens for Ctrl+C meanwhile: signals reach only the main thread's
 * event loop, which must be free while steps compute. A second Ctrl+C ends the process at once. The process answers with
 * the thread's exit code.
 */
export function startWorking(script: URL): void {
  const cell = new SharedArrayBuffer(4);
  const data: ThreadData = { cell, columns: process.stderr.isTTY ? process.stderr.columns : undefined };
  const worker = new Worker(script, { argv: process.argv.slice(2), workerData: data });
  process.once('SIGINT', () => Atomics.store(new Int32Array(cell), 0, 1));
  worker.on('error', (error) => {
    console.error('This is a bug in QuantScope:', error);
  });
  worker.on('exit', (code) => {
    process.exitCode = code;
  });
}

/** Says whether the user wants the work to stop; makes standard error of the working thread the terminal it writes to. */
export function startedByUser(): AbortSignalLike {
  if (isMainThread) {
    const stop = new AbortController();
    process.once('SIGINT', () => stop.abort());
    return stop.signal;
  }
  const { cell, columns }: ThreadData = workerData;
  if (columns !== undefined) Object.assign(process.stderr, { isTTY: true, columns });
  const flag = new Int32Array(cell);
  return {
    get aborted() {
      return Atomics.load(flag, 0) !== 0;
    },
  };
}
