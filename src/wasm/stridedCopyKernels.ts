import { copyCells, gatherBlocks } from '../kernels/js/stridedCopy.ts';
import type { CopyLevel, KernelSet } from '../kernels/kernelSet.ts';
import { LEVEL_BYTES } from './assembly/layout.ts';
import type { Engine } from './engine.ts';
import { lend } from './lend.ts';

/** Fewer cells are moved from JavaScript, which takes less time than a call. */
const FEW_CELLS = 32;
/** Nanoseconds per cell, roughly. */
const CELL_NS = 0.5;

/** Copies between strided places. What lies in other memory is copied by JavaScript: to bring it here is a copy, too. */
export function stridedCopyKernels(engine: Engine): Pick<KernelSet, 'copyCells' | 'gatherBlocks'> {
  const { memory } = engine;
  return {
    copyCells: (from, to, copy) => {
      const cells = copy.levels.reduce((product, level) => product * level.size, 1);
      if (cells === 0) return;
      if (cells <= FEW_CELLS || !memory.owns(from) || !memory.owns(to)) {
        copyCells(from, to, copy);
        return;
      }
      const width = from.BYTES_PER_ELEMENT;
      const levels = inOrder(copy.levels);
      const [outermost] = levels;
      lend(memory, (loan) => {
        const descriptor = loan.scratch(LEVEL_BYTES * levels.length);
        const fields = levels.flatMap(({ size, source, target }) => [size, source * width, target * width]);
        memory.at('int32', descriptor, fields.length).set(fields);
        const [source, target] = [from.byteOffset + copy.source * width, to.byteOffset + copy.target * width];
        const ranges = engine.split(outermost.size, cells * CELL_NS, 8);
        engine.run(
          'copyCells',
          ranges.map(([first, end]) => [
            width,
            descriptor,
            levels.length,
            end - first,
            source + first * outermost.source * width,
            target + first * outermost.target * width,
          ]),
        );
      });
    },
    gatherBlocks: (from, to, rows, columns, length) => {
      if (to.length === 0) return;
      if (to.length <= FEW_CELLS || !memory.owns(from) || !memory.owns(to)) {
        gatherBlocks(from, to, rows, columns, length);
        return;
      }
      const width = from.BYTES_PER_ELEMENT;
      lend(memory, (loan) => {
        const [source, target] = [loan.read(from), loan.write(to)];
        const [rowOffsets, columnOffsets] = [rows, columns].map((list) => loan.read(list.map((o) => o * width)));
        engine.run(
          'gatherBlocks',
          engine
            .split(rows.length, to.length * CELL_NS, 1)
            .map(([first, end]) => [
              source,
              target,
              rowOffsets as number,
              columnOffsets as number,
              columns.length,
              length * width,
              first,
              end,
            ]),
        );
      });
    },
  };
}

type Levels = readonly [CopyLevel, CopyLevel, ...CopyLevel[]];

/**
 * At least two levels, those with short steps of the target innermost; where the innermost reads with long steps, the
 * one that reads neighbours comes next to it: the two are then transposed.
 */
function inOrder(levels: readonly CopyLevel[]): Levels {
  const sorted = [...levels].sort((a, b) => Math.abs(b.target) - Math.abs(a.target));
  while (sorted.length < 2) sorted.unshift({ size: 1, source: 0, target: 0 });
  if (sorted.at(-1)?.source !== 1) {
    const neighbours = sorted.findIndex((level) => level.source === 1);
    if (neighbours >= 0) sorted.splice(sorted.length - 2, 0, ...sorted.splice(neighbours, 1));
  }
  return sorted as unknown as Levels; // two were made sure of
}
