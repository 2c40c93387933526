import { Worker } from 'node:worker_threads';
import { invariant } from '../base/diagnostics.ts';
import type { ThreadPool } from '../kernels/kernelSet.ts';
import { KernelControl } from './kernelControl.ts';
import type { KernelThreadData } from './kernelThread.ts';

export interface ThreadPoolOptions {
  /** Workers and the caller; at least 2. */
  readonly threads: number;
  /** kernels.wasm. */
  readonly wasmBytes: Uint8Array;
  /** The shared memory of the kernels. */
  readonly memory: WebAssembly.Memory;
  /** The built src/node/kernelThread.ts. */
  readonly entryPath: string | URL;
  /** Told when a worker dies (its entry cannot be loaded); the others do its part. Without it, Node throws. */
  readonly onError?: (error: Error) => void;
}

export interface NodeThreadPool extends ThreadPool {
  /** Leaves all work to the caller until told otherwise: the cores are wanted for something else. */
  rest(isResting: boolean): void;
  /** Ends the workers. The pool must be idle and cannot be used afterwards. */
  dispose(): Promise<void>;
}

/**
 * Threads that call kernels on shared memory. Until the workers have started, the caller does their part, so that
 * nothing waits for them; they do not keep the process alive.
 */
export function createThreadPool({
  threads,
  wasmBytes,
  memory,
  entryPath,
  onError,
}: ThreadPoolOptions): NodeThreadPool {
  invariant(threads >= 2, `a pool of ${threads} threads; one thread needs no pool`);
  const module = new WebAssembly.Module(new Uint8Array(wasmBytes));
  const control = new KernelControl(memory, module);
  const workerData: KernelThreadData = { memory, module };
  const workers = Array.from({ length: threads - 1 }, () => {
    const worker = new Worker(entryPath, { workerData });
    if (onError !== undefined) worker.on('error', onError);
    worker.unref();
    return worker;
  });
  let resting = false;
  return {
    get threads() {
      return resting ? 1 : threads;
    },
    rest: (isResting) => {
      resting = isResting;
    },
    run: (name, lists) => control.run(name, lists),
    dispose: async () => {
      control.stop();
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}
