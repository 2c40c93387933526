import type { KernelSet } from '../kernels/kernelSet.ts';
import type { Engine } from './engine.ts';
import { lend } from './lend.ts';

/** Nanoseconds per element and tap, roughly. */
const TAP_NS = 0.3;

/** Resampling of one dimension, split over rows of the output. */
export function resampleKernels(engine: Engine): Pick<KernelSet, 'resampleF32'> {
  return {
    resampleF32: (x, out, { outer, size, inner, length }, { count, index, weight }) => {
      if (out.length === 0) return;
      lend(engine.memory, (loan) => {
        const [from, indices, weights, to] = [loan.read(x), loan.read(index), loan.read(weight), loan.write(out)];
        const calls = engine
          .split(outer * length, out.length * count * TAP_NS, 1)
          .map(([first, end]) => [from, to, indices, weights, size, inner, length, count, first, end]);
        engine.run('resampleF32', calls);
      });
    },
  };
}
