import type { ChainLink, KernelSet, UnaryOp } from '../kernels/kernelSet.ts';
import { LINK_ALPHA, LINK_BETA, LINK_BYTES } from './assembly/layout.ts';
import type { Engine } from './engine.ts';
import { type Loan, lend } from './lend.ts';

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
  clamp: 0.3,
  plus: 0.3,
  minusFrom: 0.3,
  times: 0.3,
  over: 0.4,
  under: 0.4,
  affine: 0.3,
  hardGate: 0.4,
};

/** Numbers of links in assembly/chain.ts: these functions in this order, then the product with the start. */
const LINK_OPS: readonly ChainLink['op'][] = [...(Object.keys(ELEMENT_NS) as UnaryOp[]), 'timesStart'];
/** A product in the cache. */
const PRODUCT_NS = 0.2;

/** Functions of single elements; ranges start on multiples of 16 elements. */
export function unaryKernels(engine: Engine): Pick<KernelSet, 'unaryF32' | 'chainF32'> {
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
    chainF32: (links, x, out) =>
      lend(engine.memory, (loan) => {
        const [from, to] = [loan.read(x), loan.write(out)];
        const program = writeLinks(engine, loan, links);
        const ns = links.reduce((sum, { op }) => sum + (op === 'timesStart' ? PRODUCT_NS : ELEMENT_NS[op]), 0);
        const ranges = engine.split(x.length, x.length * ns, 16);
        engine.run(
          'chainF32',
          ranges.map(([first, end]) => [program, links.length, from + 4 * first, to + 4 * first, end - first]),
        );
      }),
  };
}

/** The links as the kernel reads them: number, alpha, beta. */
function writeLinks({ memory }: Engine, loan: Loan, links: readonly ChainLink[]): number {
  const pointer = loan.scratch(LINK_BYTES * links.length);
  const fields = (LINK_BYTES / 4) * links.length;
  const [ints, floats] = [memory.at('int32', pointer, fields), memory.at('float32', pointer, fields)];
  links.forEach((link, i) => {
    const at = (LINK_BYTES / 4) * i;
    ints[at] = LINK_OPS.indexOf(link.op);
    floats[at + LINK_ALPHA / 4] = 'alpha' in link ? (link.alpha ?? 0) : 0;
    floats[at + LINK_BETA / 4] = 'beta' in link ? (link.beta ?? 0) : 0;
  });
  return pointer;
}
