import type { KernelSet, UnaryOp } from '../kernels/kernelSet.ts';
import type { Engine } from './engine.ts';
import { lend } from './lend.ts';

/** Numbers of the functions in assembly/unary.ts, and about how many nanoseconds an element takes. */
const UNARY_OPS: Readonly<Record<UnaryOp, readonly [number: number, elementNs: number]>> = {
  abs: [0, 0.3],
  neg: [1, 0.3],
  floor: [2, 0.3],
  ceil: [3, 0.3],
  round: [4, 0.3],
  sqrt: [5, 0.4],
  reciprocal: [6, 0.4],
  square: [7, 0.3],
  exp: [8, 1],
  log: [9, 1],
  sigmoid: [10, 1],
  tanh: [11, 1.5],
  erf: [12, 1.5],
  gelu: [13, 1.7],
  geluTanh: [14, 1.7],
  swish: [15, 1],
  hardSigmoid: [16, 0.3],
  hardSwish: [17, 0.3],
  leakyRelu: [18, 0.3],
  elu: [19, 1],
  selu: [20, 1],
  celu: [21, 1],
};

/** Functions of single elements; ranges start on multiples of 16 elements. */
export function unaryKernels(engine: Engine): Pick<KernelSet, 'unaryF32'> {
  return {
    unaryF32: (op, x, out, alpha = 0, beta = 0) =>
      lend(engine.memory, (loan) => {
        const [from, to] = [loan.read(x), loan.write(out)];
        const [number, elementNs] = UNARY_OPS[op];
        const ranges = engine.split(x.length, x.length * elementNs, 16);
        engine.run(
          'unaryF32',
          ranges.map(([first, end]) => [number, from + 4 * first, to + 4 * first, end - first, alpha, beta]),
        );
      }),
  };
}
