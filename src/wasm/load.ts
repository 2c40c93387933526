import type { KernelSet, ThreadPool } from '../kernels/kernelSet.ts';
import { broadcastKernels } from './broadcastKernels.ts';
import { convertKernels } from './convertKernels.ts';
import { convKernels } from './convKernels.ts';
import { convTransposeKernels } from './convTransposeKernels.ts';
import { convTransposeQ8Kernels } from './convTransposeQ8.ts';
import { copyKernels } from './copyKernels.ts';
import { elementwiseKernels } from './elementwiseKernels.ts';
import { Engine } from './engine.ts';
import { gemmKernels } from './gemmKernels.ts';
import { histogramKernels } from './histogramKernels.ts';
import { WasmMemory } from './memory.ts';
import { poolKernels } from './poolKernels.ts';
import { reduceKernels } from './reduceKernels.ts';
import { resampleKernels } from './resampleKernels.ts';
import { statisticsKernels } from './statisticsKernels.ts';
import { stridedCopyKernels } from './stridedCopyKernels.ts';
import { unaryKernels } from './unaryKernels.ts';

export interface WasmOptions {
  /** Makes the threads that share the memory; without it kernels run on the caller's. */
  readonly pool?: (memory: WebAssembly.Memory) => ThreadPool;
  /** How far the memory may grow; 4 GiB unless told. */
  readonly maxBytes?: number;
  /** How much of it programs should use; all unless told. */
  readonly budgetBytes?: number;
}

/**
 * The SIMD engine.
 *
 * @param bytes kernels.wasm.
 * @throws DiagnosticError EXE402 where WebAssembly has no shared memories.
 */
export function createWasmKernels(bytes: Uint8Array, options: WasmOptions = {}): KernelSet {
  const memory = new WasmMemory(options.maxBytes, options.budgetBytes);
  const engine = new Engine(memory, bytes, options.pool?.(memory.memory));
  return {
    engine: 'wasm',
    threads: engine.threads,
    memory,
    ...convKernels(engine),
    ...convTransposeKernels(engine),
    ...convTransposeQ8Kernels(engine),
    ...gemmKernels(engine),
    ...poolKernels(engine),
    ...elementwiseKernels(engine),
    ...copyKernels(engine),
    ...unaryKernels(engine),
    ...stridedCopyKernels(engine),
    ...broadcastKernels(engine),
    ...convertKernels(engine),
    ...resampleKernels(engine),
    ...reduceKernels(engine),
    ...statisticsKernels(engine),
    ...histogramKernels(engine),
  };
}
