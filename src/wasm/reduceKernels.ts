import type { KernelSet, ReduceOp } from '../kernels/kernelSet.ts';
import type { Arguments, Engine } from './engine.ts';
import { lend } from './lend.ts';

type ReduceKernels = Pick<KernelSet, 'reduceF32' | 'softmaxF32' | 'normalizeRowsF32' | 'scaleChannelsF32'>;

/** Numbers of the reductions in assembly/reduce.ts. */
const REDUCE_OPS: Readonly<Record<ReduceOp, number>> = { sum: 0, mean: 1, max: 2, min: 3, sumSquare: 4, l1: 5, l2: 6 };
/** Nanoseconds per element, roughly. */
const REDUCE_NS = 0.3;
const SOFTMAX_NS = 2;
const NORMALIZE_NS = 1.2;

/** Functions of whole rows or columns; a sum is never split, so that its order is the same for any number of threads. */
export function reduceKernels(engine: Engine): ReduceKernels {
  const { memory } = engine;
  return {
    reduceF32: (op, x, out, outer, count, inner) => {
      if (out.length === 0) return;
      lend(memory, (loan) => {
        const [from, to] = [loan.read(x), loan.write(out)];
        const parts = partsOf(engine, { outer, inner }, x.length * REDUCE_NS);
        engine.run(
          'reduceF32',
          parts.map(({ first, rows, columns }) => [
            REDUCE_OPS[op],
            from + 4 * first * count * inner,
            to + 4 * first * inner,
            ...[rows, count, inner, ...columns],
          ]),
        );
      });
    },
    softmaxF32: (kind, x, out, outer, count, inner) => {
      if (out.length === 0) return;
      lend(memory, (loan) => {
        const [from, to] = [loan.read(x), loan.write(out)];
        const parts = partsOf(engine, { outer, inner }, x.length * SOFTMAX_NS);
        engine.run(
          'softmaxF32',
          parts.map(({ first, rows, columns }) => {
            const offset = 4 * first * count * inner;
            return [kind === 'softmax' ? 0 : 1, from + offset, to + offset, ...[rows, count, inner, ...columns]];
          }),
        );
      });
    },
    normalizeRowsF32: (x, scale, shift, out, { centred, epsilon, mean, inverse }) => {
      if (out.length === 0) return;
      lend(memory, (loan) => {
        const [from, factors, to] = [loan.read(x), loan.read(scale), loan.write(out)];
        const shifts = shift === undefined ? 0 : loan.read(shift);
        const [means, inverses] = [loan.write(mean), loan.write(inverse)];
        const count = scale.length;
        const calls = engine.split(mean.length, x.length * NORMALIZE_NS, 1).map(([first, end]): Arguments => {
          const [offset, rows] = [4 * first * count, end - first];
          const statistics = [centred ? 1 : 0, epsilon, means + 8 * first, inverses + 8 * first];
          return [from + offset, factors, shifts, to + offset, rows, count, ...statistics];
        });
        engine.run('normalizeRowsF32', calls);
      });
    },
    scaleChannelsF32: (x, factor, offset, out) => {
      if (out.length === 0) return;
      lend(memory, (loan) => {
        const [from, factors, offsets, to] = [loan.read(x), loan.read(factor), loan.read(offset), loan.write(out)];
        const channels = factor.length;
        const ranges = engine.split(x.length / channels, x.length / 2, 1);
        engine.run(
          'scaleChannelsF32',
          ranges.map(([first, end]) => {
            const at = 4 * first * channels;
            return [from + at, factors, offsets, to + at, end - first, channels];
          }),
        );
      });
    },
  };
}

interface Part {
  readonly first: number;
  readonly rows: number;
  readonly columns: readonly [first: number, end: number];
}

/** Whole outer rows, or, where there are few, ranges of columns of all of them. */
function partsOf(
  engine: Engine,
  { outer, inner }: { readonly outer: number; readonly inner: number },
  work: number,
): readonly Part[] {
  if (outer >= engine.threads || inner < 16 * engine.threads) {
    const ranges = engine.split(outer, work, 1);
    return ranges.map(([first, end]) => ({ first, rows: end - first, columns: [0, inner] }));
  }
  return engine.split(inner, work, 16).map((columns) => ({ first: 0, rows: outer, columns }));
}
