import type { DType } from '../base/dtype.ts';
import { arithmetic } from './arithmetic.ts';

/** A reduction of 64-bit integers in their own ring: stores wrap to the type, as they do in the operators on two tensors. */
interface ExactReduction {
  readonly start: (dtype: DType) => bigint;
  readonly step: (sum: bigint, x: bigint) => bigint;
}

const BITS = 64;
const wrapped = (x: bigint): bigint => BigInt.asIntN(BITS, x);
const distance = (x: bigint): bigint => (x < 0n ? -x : x);

/** The reductions whose results are integers; others divide or take roots. Floats would lose what lies beyond 2^53. */
export const EXACT_REDUCTIONS: Readonly<Partial<Record<string, ExactReduction>>> = {
  ReduceSum: { start: () => 0n, step: (sum, x) => sum + x },
  ReduceMax: { start: (dtype) => integerRange(dtype).lowest, step: arithmetic.Max.big },
  ReduceMin: { start: (dtype) => integerRange(dtype).highest, step: arithmetic.Min.big },
  ReduceProd: { start: () => 1n, step: (product, x) => wrapped(product * x) },
  ReduceL1: { start: () => 0n, step: (sum, x) => sum + distance(x) },
  ReduceSumSquare: { start: () => 0n, step: (sum, x) => wrapped(sum + x * x) },
};

/** The bounds of an integer type (`int8`, `uint64`), those of bool being 0 and 1. */
export function integerRange(dtype: DType): { readonly lowest: bigint; readonly highest: bigint } {
  const [, unsigned, bits] = /^(u?)int(\d+)$/.exec(dtype) ?? [];
  if (bits === undefined) return { lowest: 0n, highest: 1n };
  const values = 1n << BigInt(bits);
  return unsigned === 'u' ? { lowest: 0n, highest: values - 1n } : { lowest: -values / 2n, highest: values / 2n - 1n };
}
