import { roundTo } from '../kernels/js/convert.ts';
import type { Conversion, KernelSet } from '../kernels/kernelSet.ts';
import type { Engine } from './engine.ts';
import { lend } from './lend.ts';

/** Numbers of the conversions in assembly/convert.ts. */
const CONVERSIONS: Readonly<Record<Conversion, number>> = {
  'u8 to f32': 0,
  'i8 to f32': 1,
  'i32 to f32': 2,
  'i64 to f32': 3,
  'f32 to bool': 4,
  'f32 to i32': 5,
  'i64 to i32': 6,
  'i32 to i64': 7,
  'u8 to i32': 8,
  'u8 to i64': 9,
};
/** Nanoseconds per element, roughly. */
const ELEMENT_NS = 0.6;

/** Choices and changes of type, element by element; ranges start on multiples of 16 elements. */
export function convertKernels(engine: Engine): Pick<KernelSet, 'whereCells' | 'convert' | 'roundTo'> {
  return {
    whereCells: (condition, x, y, out) => {
      if (out.length === 0) return;
      const width = out.BYTES_PER_ELEMENT;
      lend(engine.memory, (loan) => {
        const [pc, px, py, po] = [loan.read(condition), loan.read(x), loan.read(y), loan.write(out)];
        const calls = engine.split(out.length, out.length * ELEMENT_NS, 16).map(([first, end]) => {
          const offset = first * width;
          return [width, pc + first, px + offset, py + offset, po + offset, end - first];
        });
        engine.run('whereCells', calls);
      });
    },
    roundTo: (type, x) => {
      if (!engine.memory.owns(x)) {
        roundTo(type, x); // to bring it here and back takes as long
        return;
      }
      const ranges = engine.split(x.length, x.length * ELEMENT_NS, 16);
      const kind = type === 'float16' ? 1 : 0;
      engine.run(
        'roundToNarrow',
        ranges.map(([first, end]) => [kind, x.byteOffset + 4 * first, end - first]),
      );
    },
    convert: (kind, x, out) => {
      if (out.length === 0) return;
      lend(engine.memory, (loan) => {
        const [from, to] = [loan.read(x), loan.write(out)];
        const calls = engine.split(out.length, out.length * ELEMENT_NS, 16).map(([first, end]) => {
          const source = from + first * x.BYTES_PER_ELEMENT;
          return [CONVERSIONS[kind], source, to + first * out.BYTES_PER_ELEMENT, end - first];
        });
        engine.run('convertCells', calls);
      });
    },
  };
}
