import { describe, expect, it } from 'vitest';
import { numbersOf } from '../suites/numbers.ts';
import { ENGINES } from './engines.ts';

const LENGTHS = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 70];

describe.each(ENGINES)('copyRows ($name)', ({ create }) => {
  it.each(['copied', 'through a table'])(
    'moves rows of any length and stride, %s, and nothing beside them',
    async (how) => {
      const kernels = await create();
      const table = how === 'copied' ? undefined : Uint8Array.from({ length: 256 }, (_, i) => (i * 11 + 5) & 255);
      let compared = 0;
      for (const length of LENGTHS) {
        for (const rows of [0, 1, 2, 5]) {
          for (const gap of [0, 1, 16]) {
            for (const place of ['in memory', 'elsewhere']) {
              const [fromStride, toStride] = [length + gap, length + 3 * gap];
              const source = numbersOf(length).codes(3 + rows * fromStride, 'unsigned');
              const size = 5 + rows * toStride;
              const target = place === 'elsewhere' ? new Uint8Array(size) : kernels.memory.allocate('uint8', size);
              const [from, to] = [source.subarray(3) as Uint8Array, target.fill(99).subarray(1)];
              kernels.copyRows(from, to, { rows, length, fromStride, toStride }, table);
              const expected = new Uint8Array(size).fill(99);
              for (let row = 0; row < rows; row++)
                for (let i = 0; i < length; i++, compared++) {
                  const byte = from[row * fromStride + i] as number;
                  expected[1 + row * toStride + i] = table?.[byte] ?? byte;
                }
              expect(Array.from(target), `${rows} x ${length}, ${gap} apart, ${place}`).toEqual(Array.from(expected));
              if (place === 'in memory') kernels.memory.free(target);
            }
          }
        }
      }
      expect(compared).toBeGreaterThan(10_000);
    },
  );
});
