import { Worker } from 'node:worker_threads';
import { Cancelled } from '../../base/abort.ts';
import type { WorkerEvents, WorkerRequests } from '../../protocol/messages.ts';
import { Rpc } from '../../protocol/rpc.ts';
import type { WorkerData } from '../../protocol/workerData.ts';

/** The host's end of the connection to a worker. */
export type HostRpc = Rpc<WorkerRequests, Record<never, never>, Record<never, never>, WorkerEvents>;

export interface WorkerOptions {
  /** Absolute path of the bundled worker. */
  readonly script: string;
  /** 0 for one per core. */
  readonly threads: number;
  /** Bytes for activations and packed weights; undefined for no limit. */
  readonly budgetBytes: number | undefined;
  /** Bytes of activations kept for trials. */
  readonly whatIfBytes: number;
  /** Called once, however the worker ends. */
  readonly onEnd: (reason: string) => void;
  readonly onStderr: (text: string) => void;
}

/** How long cancelled work may take to stop before the worker is ended. */
const GRACE_MS = 3000;

/** A running worker thread. */
export interface ModelWorker {
  readonly rpc: HostRpc;
  /**
   * Runs stoppable work; only one may run at a time.
   *
   * @throws Cancelled when `cancel` was called, also when the worker had to be ended for it.
   */
  job<T>(work: (rpc: HostRpc) => Promise<T>): Promise<T>;
  /** Asks the job in progress to stop, and ends the worker when it does not. */
  cancel(): void;
  dispose(): void;
}

/** Starts a worker thread. */
export function startNodeWorker({ script, onEnd, onStderr, ...limits }: WorkerOptions): ModelWorker {
  const cancelCell = new SharedArrayBuffer(4);
  const cell = new Int32Array(cancelCell);
  const workerData: WorkerData = { cancelCell, ...limits };
  const worker = new Worker(script, { workerData, stderr: true });
  const rpc: HostRpc = new Rpc(
    {
      post: (message, transfer) => worker.postMessage(message, transfer as readonly ArrayBuffer[] | undefined), // the rpc sends array buffers alone
      onMessage: (listener) => worker.on('message', listener),
    },
    { peer: 'worker', handlers: {} },
  );
  let ended = false;
  const end = (reason: string) => {
    if (ended) return;
    ended = true;
    rpc.close(reason);
    onEnd(reason);
  };
  worker.on('error', (error) => end(error.message));
  worker.on('exit', (code) => end(`exit code ${code}`));
  worker.stderr.on('data', (data) => onStderr(String(data).trimEnd()));

  let running: symbol | undefined;
  let grace: NodeJS.Timeout | undefined;
  const endUnlessDone = (job: symbol): void => {
    // Where this thread was held up itself, the answer waits already: messages come before immediates, and timers before both.
    setImmediate(() => {
      if (running === job) void worker.terminate();
    });
  };
  return {
    rpc,
    async job(work) {
      Atomics.store(cell, 0, 0);
      running = Symbol('job');
      try {
        return await work(rpc);
      } catch (error) {
        throw Atomics.load(cell, 0) !== 0 ? new Cancelled() : error;
      } finally {
        running = undefined;
        clearTimeout(grace);
        grace = undefined;
      }
    },
    cancel() {
      if (running === undefined) return;
      Atomics.store(cell, 0, 1);
      grace ??= setTimeout(endUnlessDone, GRACE_MS, running);
    },
    dispose() {
      clearTimeout(grace);
      ended = true;
      rpc.close('the model was closed');
      void worker.terminate();
    },
  };
}
