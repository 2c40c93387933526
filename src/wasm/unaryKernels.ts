import type { KernelSet, UnaryOp } from '../kernels/kernelSet.ts';
import type { Engine } from './engine.ts';
import { lend } from './lend.ts';

/** About how many nanoseconds an element takes; assembly/unary.ts exports each under its name and F32. */
const ELEMENT_NS: Readonly<Record<UnaryOp, number>> = {
  abs: 0.3,
  neg: 0.3,
  floor: 0.3,
  ceil: 0.3,
  round: 0.3,
  sqrt: 0.4,
  reciprocal: 0.4,
  square: 0.3,
  exp: 1,
  log: 1,
  sigmoid: 1,
  tanh: 1.5,
  erf: 1.5,
  gelu: 1.7,
  geluTanh: 1.7,
  swish: 1,
  hardSigmoid: 0.3,
  hardSwish: 0.3,
  leakyRelu: 0.3,
  elu: 1,
  selu: 1,
  celu: 1,
};

/** Functions of single elements; ranges start on multiples of 16 elements. */
export function unaryKernels(engine: Engine): Pick<KernelSet, 'unaryF32'> {
  return {
    unaryF32: (op, x, out, alpha = 0, beta = 0) =>
      lend(engine.memory, (loan) => {
        const [from, to] = [loan.read(x), loan.write(out)];
        const ranges = engine.split(x.length, x.length * ELEMENT_NS[op], 16);
        engine.run(
          `${op}F32`,
          ranges.map(([first, end]) => [from + 4 * first, to + 4 * first, end - first, alpha, beta]),
        );
      }),
  };
}
