import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { createThreadPool, type NodeThreadPool } from '../../src/node/threads.ts';
import { convCases, requantizerFor, sizesOf } from '../suites/conv.ts';
import { numbersOf } from '../suites/numbers.ts';
import { wasmBytes, wasmKernels } from './engines.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const ENTRY = join(ROOT, 'out/test/kernelThread.cjs');
/** Bytes as text: comparing arrays element by element is slow. */
function bytesOf(...arrays: readonly ArrayBufferView[]): string {
  return arrays.map((a) => Buffer.from(a.buffer, a.byteOffset, a.byteLength).toString('latin1')).join();
}

const NO_CLAMP = { lo: -Infinity, hi: Infinity };

const pools: NodeThreadPool[] = [];
let single: KernelSet;
let several: KernelSet;

beforeAll(async () => {
  await build({
    entryPoints: [join(ROOT, 'src/node/kernelThread.ts')],
    outfile: ENTRY,
    bundle: true,
    format: 'cjs',
    platform: 'node',
  });
  const bytes = await wasmBytes();
  single = await wasmKernels();
  several = await wasmKernels({
    pool: (memory) => {
      const pool = createThreadPool({ threads: 3, wasmBytes: bytes, memory, entryPath: ENTRY });
      pools.push(pool);
      return pool;
    },
  });
});

afterAll(async () => {
  for (const pool of pools) await pool.dispose();
});

describe('a pool', () => {
  it('loses no job when a thread is late for it', async () => {
    const script = join(ROOT, 'out/test/manyJobs.mjs');
    await build({
      entryPoints: [join(ROOT, 'test/kernels/manyJobs.ts')],
      outfile: script,
      bundle: true,
      format: 'esm',
      platform: 'node',
    });
    const wasm = join(ROOT, 'out/test/manyJobs.wasm');
    writeFileSync(wasm, await wasmBytes());
    const args = [script, wasm, ENTRY, '200000'];
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 50_000 });
    expect(stdout.trim()).toBe('200000 jobs, all done');
  });
});

describe('kernels on three threads', () => {
  it('give the bytes of one thread for convolutions', () => {
    expect(several.threads).toBe(3);
    const shape = { inHeight: 30, inWidth: 31, outHeight: 30, outWidth: 31, inChannels: 24, outChannels: 24 };
    const base = convCases().find((c) => c.kernelHeight === 3 && c.padTop === 1 && c.strideHeight === 1);
    for (const groups of [1, 3, 24]) {
      const g = {
        ...(base as NonNullable<typeof base>),
        ...shape,
        batch: 2,
        groups,
        dilationHeight: 1,
        dilationWidth: 1,
      };
      const numbers = numbersOf(groups);
      const x = numbers.floats(sizesOf(g).x);
      const weights = numbers.floats(sizesOf(g).weights);
      const codes = numbers.codes(sizesOf(g).x, 'unsigned');
      const q8 = { codes: numbers.codes(sizesOf(g).weights, 'signed'), zeroPoint: new Int32Array(1), bias: undefined };
      const requantizer = requantizerFor(numbers, 24, 'unsigned', 'fp32', 1e5);
      const results = [single, several].map((kernels) => {
        const out = new Float32Array(sizesOf(g).out);
        kernels.convF32(x, kernels.packConvF32(weights, undefined, g), out, g, NO_CLAMP);
        const out8 = new Uint8Array(sizesOf(g).out);
        kernels.convQ8(codes, kernels.packConvQ8(q8, g, 120), requantizer, out8, g);
        return bytesOf(out, out8);
      });
      expect(results[1] === results[0]).toBe(true);
    }
  });

  it('give the bytes of one thread for convolutions of few pixels, which are split over channels', () => {
    const sides = { batch: 1, inHeight: 5, inWidth: 5, outHeight: 5, outWidth: 5, inChannels: 200, outChannels: 200 };
    const steps = { strideHeight: 1, strideWidth: 1, dilationHeight: 1, dilationWidth: 1, groups: 1 };
    for (const size of [1, 3]) {
      const window = { kernelHeight: size, kernelWidth: size, padTop: size >> 1, padLeft: size >> 1 };
      const g = { ...sides, ...steps, ...window };
      const numbers = numbersOf(size);
      const [x, weights] = [numbers.floats(sizesOf(g).x), numbers.floats(sizesOf(g).weights)];
      const results = [single, several].map((kernels) => {
        const out = new Float32Array(sizesOf(g).out);
        kernels.convF32(x, kernels.packConvF32(weights, undefined, g), out, g, NO_CLAMP);
        return bytesOf(out);
      });
      expect(results[1] === results[0]).toBe(true);
    }
  });

  it('give the bytes of one thread for codes that are moved, looked up or spread by a kernel', () => {
    const touching = { kernelHeight: 2, kernelWidth: 2, strideHeight: 2, strideWidth: 2, padTop: 0, padLeft: 0 };
    const size = { batch: 1, inHeight: 50, inWidth: 60, outHeight: 100, outWidth: 120, inChannels: 16, outChannels: 5 };
    const g = { ...touching, ...size, dilationHeight: 1, dilationWidth: 1, groups: 1 };
    const numbers = numbersOf(31);
    const x = numbers.codes(50 * 60 * 16, 'signed');
    const q8 = { codes: numbers.codes(16 * 5 * 4, 'signed'), zeroPoint: new Int32Array(1), bias: undefined };
    const requantizer = requantizerFor(numbers, 5, 'signed', 'fp32', 1e5);
    const table = Uint8Array.from({ length: 256 }, (_, i) => (i * 7 + 3) & 255);
    const from = numbers.codes(400_000, 'unsigned') as Uint8Array;
    const results = [single, several].map((kernels) => {
      const spread = new Int8Array(100 * 120 * 5);
      kernels.convTransposeQ8(x, kernels.packConvTransposeQ8(q8, g, -7), requantizer, spread, g);
      const moved = kernels.memory.allocate('uint8', 500_000);
      kernels.copyRows(from, moved, { rows: 1000, length: 200, fromStride: 400, toStride: 500 });
      kernels.copyRows(from, moved.subarray(250), { rows: 1000, length: 201, fromStride: 400, toStride: 499 }, table);
      const looked = new Uint8Array(from.length);
      kernels.lookup8(from, table, looked);
      const bytes = bytesOf(spread, moved, looked);
      kernels.memory.free(moved);
      return bytes;
    });
    expect(results[1] === results[0]).toBe(true);
  });

  it('give the bytes of one thread for matrix products of many and of one row', () => {
    for (const m of [1, 5, 300]) {
      const [k, n] = [256, 200];
      const numbers = numbersOf(m);
      const [a, b] = [numbers.floats(m * k), numbers.floats(k * n)];
      const results = [single, several].map((kernels) => {
        const out = new Float32Array(m * n);
        kernels.gemmF32(a, kernels.packGemmF32(b, undefined, { k, n, transposed: false }), out, m, NO_CLAMP);
        return bytesOf(out);
      });
      expect(results[1] === results[0]).toBe(true);
    }
  });

  it('give the bytes of one thread for statistics, poolings and element-wise kernels', () => {
    const length = 300_000;
    const numbers = numbersOf(9);
    const [x, y] = [numbers.floats(length), numbers.floats(length)];
    const q = { scale: 0.02, zeroPoint: 3, signed: true };
    const pool = { batch: 2, inHeight: 50, inWidth: 60, outHeight: 50, outWidth: 60, channels: 50 };
    const geometry = { ...pool, ...{ kernelHeight: 3, kernelWidth: 3, strideHeight: 1, strideWidth: 1 } };
    const rest = { dilationHeight: 1, dilationWidth: 1, padTop: 1, padLeft: 1 };
    const results = [single, several].map((kernels) => {
      const codes = new Int8Array(length);
      const sum = new Float32Array(length);
      const average = new Float32Array(length);
      const transposed = new Float32Array(length);
      const channels = new Float64Array(100);
      const clipped = kernels.quantizeF32(x, q, codes);
      kernels.binaryF32('add', x, y, sum, 1, length);
      kernels.averagePoolF32(x, average, { ...geometry, ...rest }, false);
      kernels.transposeF32(x, transposed, 1, 500, 600);
      kernels.channelSumsF32(x, 3000, 100, channels);
      return {
        clipped,
        bytes: bytesOf(codes, sum, average, transposed, channels),
        moments: kernels.momentsF32(x),
        pairs: kernels.pairSumsF32(x, y),
        deviation: kernels.squaredDeviationF32(x, 0.1),
        saturated: kernels.countSaturated8(codes, -128, 127),
      };
    });
    expect(results[1]).toEqual(results[0]);
  });

  it('give the bytes of one thread for functions, reductions, normalizations and copies', () => {
    const numbers = numbersOf(4);
    const [rows, columns] = [320, 512];
    const x = numbers.floats(rows * columns);
    const [scale, shift] = [numbers.floats(columns), numbers.floats(columns)];
    const condition = Uint8Array.from(x, (v) => Number(v > 0));
    const index = Int32Array.from({ length: 2 * 640 }, () => numbers.within(0, rows - 1));
    const results = [single, several].map((kernels) => {
      const { memory } = kernels;
      const source = memory.allocate('float32', x.length);
      source.set(x);
      const out = () => memory.allocate('float32', x.length);
      const [a, b, c, d, e, f, g, h, i] = [out(), out(), out(), out(), out(), out(), out(), out(), out()] as const;
      const statistics = {
        centred: true,
        epsilon: 1e-5,
        mean: new Float64Array(rows),
        inverse: new Float64Array(rows),
      };
      kernels.unaryF32('gelu', source, a);
      kernels.softmaxF32('softmax', source, b, rows, columns, 1);
      kernels.softmaxF32('logSoftmax', source, c, 1, rows, columns);
      kernels.reduceF32('mean', source, d.subarray(0, columns), 1, rows, columns);
      kernels.reduceF32('l2', source, d.subarray(columns, columns + rows), rows, columns, 1);
      kernels.normalizeRowsF32(source, scale, shift, e, statistics);
      const levels = [
        { size: rows, a: columns, b: 0 },
        { size: columns, a: 1, b: 1 },
      ];
      kernels.broadcastF32('mul', source, scale, f, levels);
      const [from, to] = [source, g as Float32Array].map((t) => new Uint32Array(t.buffer, t.byteOffset, t.length)) as [
        Uint32Array,
        Uint32Array,
      ];
      const swap = [
        { size: columns, source: 1, target: rows },
        { size: rows, source: columns, target: 1 },
      ];
      kernels.copyCells(from, to, { levels: swap, source: 0, target: 0 });
      const chosen = new Uint32Array(h.buffer, h.byteOffset, x.length);
      kernels.whereCells(condition, from, to, chosen);
      const taps = { count: 2, index, weight: Float32Array.from(index, (v) => v / rows) };
      const shape = { outer: 1, size: rows, inner: columns / 2, length: 640 };
      kernels.resampleF32(source.subarray(0, x.length / 2), i, shape, taps);
      kernels.roundTo('float16', source);
      return bytesOf(source, a, b, c, d, e, f, g, h, i, statistics.mean, statistics.inverse);
    });
    expect(results[1] === results[0]).toBe(true);
  });

  it('survive thousands of small jobs', () => {
    const pool = pools[0] as NodeThreadPool;
    const { memory } = several;
    const x = memory.allocate('float32', 64);
    const out = memory.allocate('float32', 64);
    for (let round = 1; round <= 5000; round++) {
      x.fill(round);
      const lists = [0, 1, 2, 3].map((i) => [x.byteOffset + 64 * i, out.byteOffset + 64 * i, 16, -1e9, 1e9]);
      pool.run('clampF32', lists);
      if (out.some((v) => v !== round)) expect([...out]).toEqual(Array(64).fill(round));
    }
    memory.free(x);
    memory.free(out);
  });

  it('take more lists than the control block holds at once', () => {
    const pool = pools[0] as NodeThreadPool;
    const count = 9000;
    const out = several.memory.allocate('float64', count);
    const x = several.memory.allocate('float32', 4);
    x.fill(2);
    const lists = Array.from({ length: count }, (_, i) => [x.byteOffset, 4, 1, out.byteOffset + 8 * i]);
    pool.run('squaredDeviationF32', lists);
    expect(out.every((v) => v === 4)).toBe(true);
  });

  it('report a kernel that traps', () => {
    const pool = pools[0] as NodeThreadPool;
    const beyond = 2 ** 32 - 64;
    expect(() =>
      pool.run('squaredDeviationF32', [
        [beyond, 4, 1, 0],
        [beyond, 4, 1, 0],
      ]),
    ).toThrow('a kernel failed');
  });
});
