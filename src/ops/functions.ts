import { rint } from '../base/round.ts';
import type { UnaryOp } from '../kernels/kernelSet.ts';
import type { OpDef } from './opDef.ts';
import { erf } from './special.ts';
import { defineUnary } from './unary.ts';

const plain = (type: string, since: number, f: (x: number) => number, big?: (x: bigint) => bigint): OpDef =>
  defineUnary({ type, since, scalar: () => f, ...(big && { big }) });

/** A function with a float32 kernel. */
const withKernel = (
  type: string,
  since: number,
  op: UnaryOp,
  f: (x: number) => number,
  big?: (x: bigint) => bigint,
): OpDef => defineUnary({ type, since, scalar: () => f, kernel: () => ({ op }), ...(big && { big }) });

/** Mathematical functions of one number. */
export const functionOps: readonly OpDef[] = [
  withKernel('Abs', 1, 'abs', Math.abs, (x) => (x < 0n ? -x : x)),
  withKernel(
    'Neg',
    1,
    'neg',
    (x) => -x,
    (x) => -x,
  ),
  plain('Sign', 9, Math.sign, (x) => (x > 0n ? 1n : x < 0n ? -1n : 0n)),
  plain(
    'BitwiseNot',
    18,
    (x) => ~x,
    (x) => ~x,
  ),
  withKernel('Exp', 1, 'exp', Math.exp),
  withKernel('Log', 1, 'log', Math.log),
  withKernel('Sqrt', 1, 'sqrt', Math.sqrt),
  withKernel('Reciprocal', 1, 'reciprocal', (x) => 1 / x),
  withKernel('Floor', 1, 'floor', Math.floor),
  withKernel('Ceil', 1, 'ceil', Math.ceil),
  withKernel('Round', 1, 'round', (x) => (Math.abs(x) < 2 ** 51 ? rint(x) : x)),
  withKernel('Erf', 9, 'erf', erf),
  plain('Sin', 7, Math.sin),
  plain('Cos', 7, Math.cos),
  plain('Tan', 7, Math.tan),
  plain('Asin', 7, Math.asin),
  plain('Acos', 7, Math.acos),
  plain('Atan', 7, Math.atan),
  plain('Sinh', 9, Math.sinh),
  plain('Cosh', 9, Math.cosh),
  plain('Asinh', 9, Math.asinh),
  plain('Acosh', 9, Math.acosh),
  plain('Atanh', 9, Math.atanh),
];
