import { quartilesInPlace } from '../base/select.ts';
import { codeRange } from '../kernels/js/qdq.ts';
import type { KernelSet, Moments } from '../kernels/kernelSet.ts';
import type { Engine } from './engine.ts';
import { type Loan, lend } from './lend.ts';
import { quartilesByBrackets } from './quartiles.ts';

type StatisticsKernels = Pick<
  KernelSet,
  | 'quantizeF32'
  | 'dequantizeQ8'
  | 'quantizeWideF32'
  | 'dequantizeWide'
  | 'countClippedF32'
  | 'countSaturated8'
  | 'momentsF32'
  | 'quartilesF32'
  | 'pairSumsF32'
  | 'momentsAndErrorF32'
  | 'histogram8'
  | 'squaredDeviationF32'
  | 'channelSumsF32'
>;

/** Sums are taken over chunks of this many elements and added in order, whatever the number of threads. */
const CHUNK = 65536;
/** Below this, clearing the radix tables takes longer than selecting in a copy. */
const SMALLEST_RADIX = 8192;
/** Of the seven histograms in assembly/quartiles.ts. */
const QUARTILE_TABLE_BYTES = 7 * 2 ** 18;
/** As in assembly/statistics.ts. */
const HISTOGRAM_TABLE_BYTES = 8 * 2 ** 10;

/** Quantization and statistics of float tensors. */
export function statisticsKernels(engine: Engine): StatisticsKernels {
  const { memory } = engine;
  return {
    quantizeF32: (x, q, out) => {
      const { lo, hi } = codeRange(q.signed);
      return lend(memory, (loan) => {
        const [from, to] = [loan.read(x), loan.write(out)];
        const clipped = chunks(engine, loan, 'quantizeF32', { length: x.length, results: 1 }, (first, count) => [
          from + 4 * first,
          to + first,
          count,
          q.scale,
          q.zeroPoint,
          lo,
          hi,
        ]);
        return sum(clipped, 0, 1);
      });
    },
    dequantizeQ8: (x, q, out) =>
      lend(memory, (loan) => {
        const [from, to] = [loan.read(x), loan.write(out)];
        const signed = x instanceof Int8Array ? 1 : 0;
        engine.run(
          'dequantizeQ8',
          engine
            .split(x.length, x.length / 3, 16)
            .map(([first, end]) => [from + first, to + 4 * first, end - first, signed, q.zeroPoint, q.scale]),
        );
      }),
    quantizeWideF32: (x, { scale, zeroPoint, signed }, out) =>
      lend(memory, (loan) => {
        const [from, to] = [loan.read(x), loan.write(out)];
        engine.run(
          'quantizeWideF32',
          engine
            .split(x.length, x.length / 2, 16)
            .map(([first, end]) => [from + 4 * first, to + 2 * first, end - first, scale, zeroPoint, signed ? 1 : 0]),
        );
      }),
    dequantizeWide: (x, { scale, zeroPoint, signed }, out) =>
      lend(memory, (loan) => {
        const [from, to] = [loan.read(x), loan.write(out)];
        engine.run(
          'dequantizeWide',
          engine
            .split(x.length, x.length / 3, 16)
            .map(([first, end]) => [from + 2 * first, to + 4 * first, end - first, signed ? 1 : 0, zeroPoint, scale]),
        );
      }),
    countClippedF32: (x, q) => {
      const { lo, hi } = codeRange(q.signed);
      return lend(memory, (loan) => {
        const from = loan.read(x);
        const clipped = chunks(engine, loan, 'countClippedF32', { length: x.length, results: 1 }, (first, count) => [
          from + 4 * first,
          count,
          q.scale,
          q.zeroPoint,
          lo,
          hi,
        ]);
        return sum(clipped, 0, 1);
      });
    },
    countSaturated8: (x, lo, hi) => {
      const inside = (code: number) =>
        x instanceof Int8Array ? code >= -128 && code <= 127 : code >= 0 && code <= 255;
      const [first, second] = [lo, hi].filter(inside);
      if (first === undefined) return 0;
      return lend(memory, (loan) => {
        const from = loan.read(x);
        const hits = chunks(engine, loan, 'countSaturated8', { length: x.length, results: 1 }, (start, count) => [
          from + start,
          count,
          first,
          second ?? first,
        ]);
        return sum(hits, 0, 1);
      });
    },
    momentsF32: (x) =>
      lend(memory, (loan) => {
        const from = loan.read(x);
        const parts = chunks(engine, loan, 'momentsF32', { length: x.length, results: 7 }, (first, count) => [
          from + 4 * first,
          count,
        ]);
        return momentsOf(parts, x.length, 7);
      }),
    momentsAndErrorF32: (x, y) =>
      lend(memory, (loan) => {
        const [px, py] = [loan.read(x), loan.read(y)];
        const results = 8;
        const parts = chunks(engine, loan, 'momentsAndErrorF32', { length: x.length, results }, (first, count) => [
          px + 4 * first,
          py + 4 * first,
          count,
        ]);
        return { moments: momentsOf(parts, x.length, results), squaredError: sum(parts, 7, results) };
      }),
    quartilesF32: (x, moments) => {
      if (x.length < SMALLEST_RADIX) return quartilesInPlace(x.filter(Number.isFinite));
      return lend(memory, (loan) => {
        const from = loan.read(x);
        const known = quartilesByBrackets(engine, loan, from, x.length, moments);
        if (known !== undefined) return known;
        const out = loan.scratch(12);
        engine.call('quartilesF32', from, x.length, loan.scratch(QUARTILE_TABLE_BYTES), out);
        const found = memory.at('float32', out, 3);
        return [found[0] as number, found[1] as number, found[2] as number] as const;
      });
    },
    pairSumsF32: (a, b) =>
      lend(memory, (loan) => {
        const [pa, pb] = [loan.read(a), loan.read(b)];
        const results = 5;
        const parts = chunks(engine, loan, 'pairSumsF32', { length: a.length, results }, (first, count) => [
          pa + 4 * first,
          pb + 4 * first,
          count,
        ]);
        const squaredError = sum(parts, 3, results);
        return {
          dot: sum(parts, 0, results),
          aa: sum(parts, 1, results),
          bb: sum(parts, 2, results),
          squaredError,
          maxAbsError: Number.isNaN(squaredError) ? Number.NaN : Math.max(0, ...column(parts, 4, results)),
        };
      }),
    histogram8: (x) =>
      lend(memory, (loan) => {
        const from = loan.read(x);
        const ranges = engine.split(x.length, x.length / 2, 64);
        const tables = loan.scratch(HISTOGRAM_TABLE_BYTES * ranges.length);
        const out = loan.scratch(8 * 256 * ranges.length);
        engine.run(
          'histogram8',
          ranges.map(([first, end], i) => [
            from + first,
            end - first,
            tables + HISTOGRAM_TABLE_BYTES * i,
            out + 8 * 256 * i,
          ]),
        );
        const parts = memory.at('float64', out, 256 * ranges.length);
        const counts = new Float64Array(256);
        for (let i = 0; i < parts.length; i++) counts[i & 255] = (counts[i & 255] as number) + (parts[i] as number);
        return counts;
      }),
    squaredDeviationF32: (x, mean) =>
      lend(memory, (loan) => {
        const from = loan.read(x);
        const parts = chunks(engine, loan, 'squaredDeviationF32', { length: x.length, results: 1 }, (first, count) => [
          from + 4 * first,
          count,
          mean,
        ]);
        return sum(parts, 0, 1);
      }),
    channelSumsF32: (x, rows, channels, out) =>
      lend(memory, (loan) => {
        out.fill(0, 0, channels);
        const from = loan.read(x);
        const sums = loan.scratch(8 * channels);
        memory.at('float64', sums, channels).fill(0);
        const ranges = engine.split(channels, x.length / 2, 16);
        engine.run(
          'channelSumsF32',
          ranges.map(([first, end]) => [from, rows, channels, first, end, sums]),
        );
        out.set(memory.at('float64', sums, channels));
      }),
  };
}

/** Calls a kernel once per chunk, with the address of its results last; returns all results, chunk by chunk. */
function chunks(
  engine: Engine,
  loan: Loan,
  kernel: string,
  { length, results }: { readonly length: number; readonly results: number },
  argumentsOf: (first: number, count: number) => number[],
): Float64Array {
  const count = Math.ceil(length / CHUNK);
  const pointer = loan.scratch(8 * results * count);
  const lists: number[][] = [];
  for (let i = 0; i < count; i++) {
    const list = argumentsOf(i * CHUNK, Math.min(CHUNK, length - i * CHUNK));
    list.push(pointer + 8 * results * i);
    lists.push(list);
  }
  engine.run(kernel, lists);
  return engine.memory.at('float64', pointer, results * count);
}

/** Of `count` elements, from the results of their chunks, the first seven of which are those of momentsF32. */
function momentsOf(parts: Float64Array, count: number, results: number): Moments {
  return {
    count,
    min: Math.min(...column(parts, 0, results)),
    max: Math.max(...column(parts, 1, results)),
    sum: sum(parts, 2, results),
    sumOfSquares: sum(parts, 3, results),
    zeros: sum(parts, 4, results),
    nan: sum(parts, 5, results),
    inf: sum(parts, 6, results),
  };
}

function column(parts: Float64Array, index: number, results: number): Float64Array {
  return parts.filter((_, i) => i % results === index);
}

function sum(parts: Float64Array, index: number, results: number): number {
  let total = 0;
  for (let i = index; i < parts.length; i += results) total += parts[i] as number;
  return total;
}
