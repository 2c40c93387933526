import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { buildWasm } from '../../scripts/buildWasm.mjs';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { createWasmKernels, type WasmOptions } from '../../src/wasm/load.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const WASM = join(ROOT, 'out/test/kernels.wasm');

/** Bytes of the kernels, compiled when their sources changed. */
export async function wasmBytes(): Promise<Uint8Array> {
  await buildWasm(WASM);
  return readFileSync(WASM);
}

export async function wasmKernels(options: WasmOptions = {}): Promise<KernelSet> {
  return createWasmKernels(await wasmBytes(), options);
}

/** Every engine, for suites. */
export const ENGINES: readonly { readonly name: string; readonly create: () => Promise<KernelSet> }[] = [
  { name: 'js', create: async () => createJsKernels() },
  { name: 'wasm', create: () => wasmKernels() },
];
