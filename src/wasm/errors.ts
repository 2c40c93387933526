import { DiagnosticError } from '../base/diagnostics.ts';

/** EXE401: the kernels' address space, or what `maxBytes` allows of it, is used up. */
export function outOfMemory(wantedBytes: number, bytesInUse: number, maxBytes: number): DiagnosticError {
  return new DiagnosticError({
    severity: 'error',
    code: 'EXE401',
    message:
      `the engine needs ${megabytes(wantedBytes)} MB more memory, but uses ${megabytes(bytesInUse)} MB ` +
      `of the ${megabytes(maxBytes)} MB it may; a smaller batch needs less`,
    at: { file: 'kernels.wasm' },
  });
}

/** EXE402: the host has no shared WebAssembly memory, which the kernels are built for. */
export function noSharedMemory(cause: unknown): DiagnosticError {
  return new DiagnosticError({
    severity: 'error',
    code: 'EXE402',
    message: `the kernels need a shared WebAssembly memory, which cannot be had here: ${String(cause)}`,
    at: { file: 'kernels.wasm' },
  });
}

function megabytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}
