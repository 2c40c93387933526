import { rint } from '../base/round.ts';
import type { OpDef } from './opDef.ts';
import { erf } from './special.ts';
import { defineUnary } from './unary.ts';

const plain = (type: string, since: number, f: (x: number) => number, big?: (x: bigint) => bigint): OpDef =>
  defineUnary({ type, since, scalar: () => f, ...(big && { big }) });

/** Mathematical functions of one number. */
export const functionOps: readonly OpDef[] = [
  plain('Abs', 1, Math.abs, (x) => (x < 0n ? -x : x)),
  plain(
    'Neg',
    1,
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
  plain('Exp', 1, Math.exp),
  plain('Log', 1, Math.log),
  plain('Sqrt', 1, Math.sqrt),
  plain('Reciprocal', 1, (x) => 1 / x),
  plain('Floor', 1, Math.floor),
  plain('Ceil', 1, Math.ceil),
  plain('Round', 11, (x) => (Math.abs(x) < 2 ** 51 ? rint(x) : x)),
  plain('Erf', 9, erf),
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
