import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { KernelSet } from '../kernels/kernelSet.ts';
import type { SweepCrew } from '../sensitivity/crew.ts';
import { createWasmKernels } from '../wasm/load.ts';
import { createSweepCrew } from './sweepCrew.ts';
import { createThreadPool, type NodeThreadPool } from './threads.ts';

/** Kernels with their threads; `close` ends the threads. */
export interface KernelEngine {
  readonly kernels: KernelSet;
  /** As many threads for sweeps as the kernels have beside the caller's; undefined where these have none. */
  readonly crew: SweepCrew | undefined;
  close(): void;
}

export interface EngineOptions {
  /** Bytes that programs should keep to; the kernels' whole address space unless told. */
  readonly budgetBytes?: number | undefined;
  /** Hears why the kernels run on fewer threads than asked for; written to stderr unless told. */
  readonly onFewerThreads?: (reason: string) => void;
}

/**
 * Loads kernels.wasm, kernelThread.cjs and sweepThread.cjs from beside the running bundle. Where no memory can be shared with threads, or
 * they do not start, the kernels run on the caller's alone.
 *
 * @param threads the caller's own included; 0 for one per core.
 */
export function startEngine(
  threads: number,
  { budgetBytes, onFewerThreads = (reason) => console.warn(reason) }: EngineOptions = {},
): KernelEngine {
  const wasmBytes = readFileSync(beside('kernels.wasm'));
  const wanted = threads === 0 ? availableParallelism() : threads;
  const canShare = typeof SharedArrayBuffer !== 'undefined';
  const count = canShare ? wanted : 1;
  if (count < wanted) onFewerThreads('SharedArrayBuffer is missing here: the kernels run on one thread');
  const pools: NodeThreadPool[] = [];
  const onError = (error: Error) =>
    onFewerThreads(`A thread of the kernels ended, others do its part: ${error.message}`);
  const pool = (memory: WebAssembly.Memory) => {
    const entryPath = beside('kernelThread.cjs');
    const created = createThreadPool({ threads: count, wasmBytes, memory, entryPath, onError });
    pools.push(created);
    return created;
  };
  const kernels = createWasmKernels(wasmBytes, {
    ...(count > 1 && { pool }),
    ...(budgetBytes !== undefined && { budgetBytes }),
  });
  const crew =
    count === 1
      ? undefined
      : createSweepCrew({
          ...{ size: count - 1, wasmBytes, entryPath: beside('sweepThread.cjs') },
          onBusy: (isBusy) => {
            for (const created of pools) created.rest(isBusy);
          },
          onError: (reason) => onFewerThreads(`A thread of the sweep ended, the first one does its part: ${reason}`),
        });
  return {
    kernels,
    crew,
    close: () => {
      for (const created of pools) void created.dispose();
      void crew?.dispose();
    },
  };
}

function beside(name: string): string {
  return fileURLToPath(new URL(`./${name}`, import.meta.url));
}
