import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { KernelSet, ThreadPool } from '../kernels/kernelSet.ts';
import { createThreadPool } from '../node/threads.ts';
import { createWasmKernels } from '../wasm/load.ts';

/** Kernels with their threads; `close` ends the threads. */
export interface Engine {
  readonly kernels: KernelSet;
  close(): void;
}

/** @param threads 0 for one per core. */
export function startEngine(threads: number): Engine {
  const wasmBytes = readFileSync(fileURLToPath(new URL('./kernels.wasm', import.meta.url)));
  const count = threads === 0 ? availableParallelism() : threads;
  const entryPath = fileURLToPath(new URL('./kernelThread.cjs', import.meta.url));
  const pools: (ThreadPool & { dispose(): void })[] = [];
  const kernels = createWasmKernels(wasmBytes, {
    ...(count > 1 && {
      pool: (memory) => {
        const pool = createThreadPool({ threads: count, wasmBytes, memory, entryPath });
        pools.push(pool);
        return pool;
      },
    }),
  });
  return {
    kernels,
    close: () => {
      for (const pool of pools) pool.dispose();
    },
  };
}
