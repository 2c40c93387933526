import { copyRows } from '../kernels/js/copyRows.ts';
import type { KernelSet, RowCopy } from '../kernels/kernelSet.ts';
import type { Engine } from './engine.ts';
import { lend } from './lend.ts';

/** Bytes that one thread moves in a nanosecond: copied, and through a table. */
const COPIED_PER_NS = 8;
const LOOKED_UP_PER_NS = 2;

/** Rows that are moved, split over rows, or over bytes where they follow each other on both sides. */
export function copyKernels(engine: Engine): Pick<KernelSet, 'copyRows'> {
  return {
    copyRows: (from, to, copy, table) => {
      if (copy.rows === 0 || copy.length === 0) return;
      if (!engine.memory.owns(to)) {
        copyRows(from, to, copy, table); // bytes between the rows of another memory must stay
        return;
      }
      lend(engine.memory, (loan) => {
        const { rows, length, fromStride, toStride } = joined(copy);
        const [source, target] = [loan.read(from), to.byteOffset];
        const bytes = table === undefined ? [] : [loan.read(table)];
        const work = (rows * length) / (table === undefined ? COPIED_PER_NS : LOOKED_UP_PER_NS);
        const ranges = rows === 1 ? engine.split(length, work, 64) : engine.split(rows, work, 1);
        const calls = ranges.map(([first, end]) => {
          const [a, b] = rows === 1 ? [first, first] : [first * fromStride, first * toStride];
          const size = rows === 1 ? [1, end - first] : [end - first, length];
          return [source + a, ...bytes, target + b, ...size, fromStride, toStride];
        });
        engine.run(table === undefined ? 'copyRows' : 'lookupRows', calls);
      });
    },
  };
}

/** The same copy, as one row where the rows follow each other. */
function joined(copy: RowCopy): RowCopy {
  const { rows, length, fromStride, toStride } = copy;
  return fromStride === length && toStride === length ? { ...copy, rows: 1, length: rows * length } : copy;
}
