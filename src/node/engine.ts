import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { KernelSet } from '../kernels/kernelSet.ts';
import { createWasmKernels } from '../wasm/load.ts';
import { createThreadPool, type NodeThreadPool } from './threads.ts';

/** Kernels with their threads; `close` ends the threads. */
export interface KernelEngine {
  readonly kernels: KernelSet;
  close(): void;
}

export interface EngineOptions {
  /** Bytes that programs should keep to; the kernels' whole address space unless told. */
  readonly budgetBytes?: number | undefined;
}

/**
 * Loads kernels.wasm and kernelThread.cjs from beside the running bundle.
 *
 * @param threads the caller's own included; 0 for one per core.
 */
export function startEngine(threads: number, { budgetBytes }: EngineOptions = {}): KernelEngine {
  const wasmBytes = readFileSync(beside('kernels.wasm'));
  const count = threads === 0 ? availableParallelism() : threads;
  const pools: NodeThreadPool[] = [];
  const pool = (memory: WebAssembly.Memory) => {
    const created = createThreadPool({ threads: count, wasmBytes, memory, entryPath: beside('kernelThread.cjs') });
    pools.push(created);
    return created;
  };
  const kernels = createWasmKernels(wasmBytes, {
    ...(count > 1 && { pool }),
    ...(budgetBytes !== undefined && { budgetBytes }),
  });
  return {
    kernels,
    close: () => {
      for (const created of pools) void created.dispose();
    },
  };
}

function beside(name: string): string {
  return fileURLToPath(new URL(`./${name}`, import.meta.url));
}
