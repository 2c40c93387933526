import { describe, expect, it } from 'vitest';
import { newArray } from '../../src/base/dtype.ts';
import type { Cells, CopyLevel } from '../../src/kernels/kernelSet.ts';
import { numbersOf } from '../suites/numbers.ts';
import { ENGINES } from './engines.ts';

const WIDTHS = ['uint8', 'uint16', 'uint32', 'uint64'] as const;

/** Strides of C order over dims. */
function stridesOf(dims: readonly number[]): number[] {
  return dims.map((_, i) => dims.slice(i + 1).reduce((a, b) => a * b, 1));
}

function permutations(items: readonly number[]): number[][] {
  if (items.length < 2) return [[...items]];
  return items.flatMap((item) => permutations(items.filter((i) => i !== item)).map((rest) => [item, ...rest]));
}

describe.each(ENGINES)('copies ($name)', ({ create }) => {
  it.each(WIDTHS)('copyCells permutes dimensions of any sizes, of %s', async (dtype) => {
    const { memory, copyCells } = await create();
    for (const dims of [[1], [40], [5, 9], [8, 16], [33, 12], [3, 4, 5], [2, 9, 8, 17], [1, 16, 1, 7], [2, 0, 3]]) {
      const length = dims.reduce((a, b) => a * b, 1);
      const from = fillCells(memory.allocate(dtype, length));
      const own = stridesOf(dims);
      for (const perm of permutations(dims.map((_, i) => i))) {
        const to = memory.allocate(dtype, length);
        const outDims = perm.map((p) => dims[p] as number);
        const outStrides = stridesOf(outDims);
        const levels = perm.map(
          (p, i): CopyLevel => ({ size: dims[p] as number, source: own[p] as number, target: outStrides[i] as number }),
        );
        copyCells(from, to, { levels, source: 0, target: 0 });
        const wrong = to.findIndex((cell: number | bigint, at: number) => {
          const source = outDims.reduce(
            (sum, d, i) => sum + (Math.floor(at / (outStrides[i] as number)) % d) * (own[perm[i] as number] as number),
            0,
          );
          return cell !== from[source];
        });
        expect(wrong, `${dims} by ${perm}`).toBe(-1);
        memory.free(to);
      }
      memory.free(from);
    }
  });

  it.each(WIDTHS)('copyCells steps, repeats, runs backwards and leaves the rest alone, of %s', async (dtype) => {
    const { memory, copyCells } = await create();
    const numbers = numbersOf(5);
    for (let round = 0; round < 200; round++) {
      const from = fillCells(memory.allocate(dtype, 5000));
      const to = memory.allocate(dtype, 12_000);
      const expected = newArray(dtype, to.length) as Cells;
      const sizes = [numbers.within(1, 4), numbers.within(1, 19), numbers.within(1, 21)];
      const steps = stridesOf(sizes.map((s) => s + numbers.within(0, 1)));
      const levels = sizes.map(
        (size, i): CopyLevel => ({
          size,
          source: numbers.pick([0, 1, 2, -1, 7, 20]),
          target: (steps[i] as number) * (i === 2 ? numbers.pick([1, 1, 2]) : 3),
        }),
      );
      const copy = { levels, source: 1000, target: 11 };
      const [a, b, c] = levels as [CopyLevel, CopyLevel, CopyLevel];
      for (let i = 0; i < a.size; i++) {
        for (let j = 0; j < b.size; j++) {
          for (let n = 0; n < c.size; n++) {
            const at = 1000 + i * a.source + j * b.source + n * c.source;
            expected[11 + i * a.target + j * b.target + n * c.target] = from[at] as never;
          }
        }
      }
      copyCells(from, to, copy);
      const wrong = to.findIndex((cell: number | bigint, at: number) => cell !== expected[at]);
      expect(wrong, JSON.stringify(copy)).toBe(-1);
      memory.free(from);
      memory.free(to);
    }
  });

  it('copyCells takes arrays of other memories', async () => {
    const { copyCells } = await create();
    const [from, to] = [Uint32Array.from({ length: 100 }, (_, i) => i), new Uint32Array(102).fill(7)];
    copyCells(from, to, { levels: [{ size: 100, source: -1, target: 1 }], source: 99, target: 1 });
    expect([...to]).toEqual([7, ...Array.from(from).reverse(), 7]);
  });

  it.each(WIDTHS)('gatherBlocks takes blocks of any length, of %s', async (dtype) => {
    const { memory, gatherBlocks } = await create();
    for (const length of [1, 2, 3, 5, 16, 33, 700]) {
      const from = fillCells(memory.allocate(dtype, 3000) as Cells);
      const rows = Int32Array.of(0, 900, 300);
      const columns = Int32Array.of(7, 7, 0, 600);
      const to = memory.allocate(dtype, rows.length * columns.length * length) as Cells;
      gatherBlocks(from, to, rows, columns, length);
      const wrong = to.findIndex((cell: number | bigint, at: number) => {
        const block = Math.floor(at / length);
        const start = (rows[block >> 2] as number) + (columns[block & 3] as number);
        return cell !== from[start + (at % length)];
      });
      expect(wrong).toBe(-1);
      gatherBlocks(from, to.subarray(0, 0) as Cells, rows.subarray(0, 0), columns, length);
      const elsewhere = newArray(dtype, to.length) as Cells;
      gatherBlocks(from, elsewhere, rows, columns, length);
      expect(elsewhere.every((cell: number | bigint, at: number) => cell === to[at])).toBe(true);
    }
  });
});

function fillCells<C extends Cells>(cells: C): C {
  for (let i = 0; i < cells.length; i++)
    cells[i] = (typeof cells[0] === 'bigint' ? BigInt(i * 7 + 1) : i * 7 + 1) as never;
  return cells;
}
