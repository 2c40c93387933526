import { invariant } from '../base/diagnostics.ts';
import type { KernelSet } from '../kernels/kernelSet.ts';
import type { Engine } from './engine.ts';
import { type Loan, lend } from './lend.ts';

/** Histograms of float tensors, each thread's in tables of its own. */
export function histogramKernels(engine: Engine): Pick<KernelSet, 'histogramF32' | 'histogramKeysF32'> {
  return {
    histogramF32: (x, { of, origin, step }, counts) =>
      lend(engine.memory, (loan) => {
        const mask = of === 'magnitudes' ? 0x7fffffff : -1;
        addCounts(engine, loan, 'histogramF32', { x, counts, parameters: [mask, origin, step, counts.length] });
      }),
    histogramKeysF32: (x, { shift, bits, prefix }, counts) =>
      lend(engine.memory, (loan) => {
        invariant(counts.length === 2 ** bits, `${counts.length} bins for a digit of ${bits} bits`);
        const above = shift + bits;
        const [mask, shifted] = above === 32 ? [0, 0] : [-1 << above, prefix << above];
        addCounts(engine, loan, 'histogramKeysF32', { x, counts, parameters: [shift, counts.length, mask, shifted] });
      }),
  };
}

interface Counting {
  readonly x: Float32Array;
  readonly counts: Float64Array;
  /** Between the length of x and the address of the tables. */
  readonly parameters: readonly number[];
}

/** As in assembly/histogram.ts: of four tables for each thread, a kernel leaves the sum in the first. */
const TABLES = 4;
const TABLE_EXTRA_BYTES = 16;

function addCounts(engine: Engine, loan: Loan, kernel: string, { x, counts, parameters }: Counting): void {
  invariant(counts.length % 4 === 0, `${counts.length} bins, which are not a multiple of 4`);
  if (x.length === 0) return;
  const from = loan.read(x);
  const ranges = engine.split(x.length, x.length, 64);
  const tableBytes = TABLES * (4 * counts.length + TABLE_EXTRA_BYTES);
  const tables = loan.scratch(tableBytes * ranges.length);
  const tableOf = (i: number): number => tables + tableBytes * i;
  engine.run(
    kernel,
    ranges.map(([first, end], i) => [from + 4 * first, end - first, ...parameters, tableOf(i)]),
  );
  for (const [i] of ranges.entries()) {
    const table = engine.memory.at('uint32', tableOf(i), counts.length);
    for (let bin = 0; bin < counts.length; bin++) counts[bin] = (counts[bin] as number) + (table[bin] as number);
  }
}
