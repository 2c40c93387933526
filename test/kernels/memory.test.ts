import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DiagnosticError } from '../../src/base/diagnostics.ts';
import { WasmMemory } from '../../src/wasm/memory.ts';
import { wasmKernels } from './engines.ts';

const MB = 2 ** 20;

describe('WasmMemory', () => {
  it('hands out zero-filled, aligned blocks that do not overlap, and takes them back', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 5000 }), fc.boolean()), { minLength: 1, maxLength: 60 }),
        (steps) => {
          const memory = new WasmMemory(64 * MB);
          const live: Uint8Array[] = [];
          for (const [length, drop] of steps) {
            if (drop && live.length > 0) memory.free(live.splice(length % live.length, 1)[0] as Uint8Array);
            const block = memory.allocate('uint8', length);
            expect(block.byteOffset % 64).toBe(0);
            expect(block.every((v) => v === 0)).toBe(true);
            block.fill(255);
            live.push(block);
          }
          const ends = live
            .map((b) => [b.byteOffset, b.byteOffset + b.byteLength] as const)
            .sort((a, b) => a[0] - b[0]);
          for (let i = 1; i < ends.length; i++) expect(ends[i]?.[0]).toBeGreaterThanOrEqual(ends[i - 1]?.[1] as number);
          for (const block of live) memory.free(block);
          expect(memory.bytesInUse).toBe(0);
          const before = memory.memory.buffer.byteLength;
          memory.free(memory.allocate('uint8', before - 65536 - 64));
          expect(memory.memory.buffer.byteLength).toBe(before);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('knows its arrays when another shared memory grows, which replaces the buffer objects of all', () => {
    const memory = new WasmMemory(64 * MB);
    const before = memory.allocate('float32', 10);
    new WebAssembly.Memory({ initial: 1, maximum: 4, shared: true }).grow(1);
    const after = memory.allocate('float32', 10);
    expect(memory.owns(before)).toBe(true);
    expect(memory.owns(after)).toBe(true);
    memory.free(before);
    memory.free(after);
    expect(memory.bytesInUse).toBe(0);
  });

  it('keeps arrays valid and its own while it grows', () => {
    const memory = new WasmMemory(256 * MB);
    const first = memory.allocate('float32', 4);
    first.fill(1.5);
    const large = memory.allocate('uint8', 100 * MB);
    expect([...first]).toEqual([1.5, 1.5, 1.5, 1.5]);
    expect([...memory.at('float32', first.byteOffset, 4)]).toEqual([1.5, 1.5, 1.5, 1.5]);
    expect(memory.owns(first)).toBe(true);
    expect(memory.owns(new Float32Array(4))).toBe(false);
    memory.free(large);
    memory.free(first);
    expect(memory.peakBytes).toBe(100 * MB + 64);
    expect(() => memory.free(first)).toThrow('freed');
  });

  it('gives typed windows of a block', () => {
    const memory = new WasmMemory(64 * MB);
    const block = memory.allocate('uint8', 128);
    memory.view(block, 'int32', 64, 2).set([-1, 7]);
    expect([...block.subarray(64, 72)]).toEqual([255, 255, 255, 255, 7, 0, 0, 0]);
  });

  it('says by code and numbers when it is used up', () => {
    const memory = new WasmMemory(2 * MB);
    const block = memory.allocate('uint8', MB);
    const error = catchError(() => memory.allocate('float32', MB));
    expect(error).toBeInstanceOf(DiagnosticError);
    expect((error as DiagnosticError).diagnostic.code).toBe('EXE401');
    expect((error as DiagnosticError).message).toContain('4.0 MB more memory, but uses 1.0 MB of the 2.0 MB');
    memory.free(block);
    expect(memory.allocate('uint8', MB).length).toBe(MB);
  });

  it('works above 2 GiB, where addresses are negative as int32', async () => {
    const kernels = await wasmKernels();
    const memory = kernels.memory as WasmMemory; // what the engine makes
    memory.take(2.2 * 1024 * MB);
    const x = kernels.memory.allocate('float32', 21);
    expect(x.byteOffset).toBeGreaterThan(2 ** 31);
    x.set(x.map((_, i) => i));
    const sum = kernels.memory.allocate('float32', 21);
    kernels.binaryF32('add', x, x, sum, 1, 21);
    expect([...sum]).toEqual([...x.map((v) => 2 * v)]);
    expect(kernels.momentsF32(x).sum).toBe(210);
    const packed = kernels.packGemmF32(
      x.map(() => 1),
      undefined,
      { k: 7, n: 3, transposed: false },
    );
    const out = kernels.memory.allocate('float32', 9);
    kernels.gemmF32(x, packed, out, 3, { lo: -Infinity, hi: Infinity });
    expect([...out]).toEqual([21, 21, 21, 70, 70, 70, 119, 119, 119]);
    const codes = kernels.memory.allocate('uint8', 21);
    kernels.quantizeF32(x, { scale: 1, zeroPoint: 4, signed: false }, codes);
    const weights = { codes: new Int8Array(21).fill(1), zeroPoint: new Int32Array(1), bias: undefined };
    const packed8 = kernels.packGemmQ8(weights, { k: 7, n: 3, transposed: false }, 4);
    const accumulators = kernels.memory.allocate('int32', 9);
    kernels.gemmQ8Accumulators(codes, packed8, accumulators, 3);
    expect([...accumulators]).toEqual([...out]);
  });

  it('is left as it was by a kernel that runs out of it', async () => {
    const kernels = await wasmKernels({ maxBytes: 2 * MB });
    const large = new Float32Array(MB);
    expect(() => kernels.clampF32(large, large, { lo: 0, hi: 1 })).toThrow('EXE401');
    expect(kernels.memory.bytesInUse).toBe(0);
  });
});

function catchError(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}
