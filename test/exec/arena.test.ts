import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ALIGNMENT, type Buffer, planArena } from '../../src/exec/arena.ts';

const buffer = fc
  .record({ bytes: fc.integer({ min: 0, max: 5000 }), birth: fc.nat(20), life: fc.nat(6) })
  .map(({ bytes, birth, life }): Buffer => ({ bytes, birth, death: birth + life }));

it('never gives two buffers that live at one step the same byte', () => {
  fc.assert(
    fc.property(fc.array(buffer, { maxLength: 40 }), (buffers) => {
      const { offsets, byteLength } = planArena(buffers);
      for (const [i, a] of buffers.entries()) {
        const start = offsets[i]!;
        expect(start % ALIGNMENT).toBe(0);
        expect(start + a.bytes).toBeLessThanOrEqual(byteLength);
        for (const [j, b] of buffers.entries()) {
          if (j <= i || a.death < b.birth || b.death < a.birth) continue;
          const apart = start + a.bytes <= offsets[j]! || offsets[j]! + b.bytes <= start;
          expect(apart).toBe(true);
        }
      }
    }),
  );
});

it('needs for a chain no more than its two largest neighbours', () => {
  const sizes = [640, 6400, 1280, 3200, 64];
  const { byteLength } = planArena(sizes.map((bytes, i) => ({ bytes, birth: i, death: i + 1 })));
  expect(byteLength).toBe(7680); // 6400 and 1280
});

it('plans nothing for no buffers', () => {
  expect(planArena([])).toEqual({ offsets: [], byteLength: 0 });
});
