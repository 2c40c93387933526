import { invariant } from '../base/diagnostics.ts';
import { type FixedPointForm, MULTIPLIER_LIMIT, multiplyByFixedPoint, toFixedPoint } from '../base/fixedPoint.ts';
import { clamp } from '../base/round.ts';
import type { BinaryOp, TensorQuant } from '../kernels/kernelSet.ts';
import { rangeOf } from './numbers.ts';

/** Parameters of both operands and of the result. */
export interface PairQuants {
  readonly a: TensorQuant;
  readonly b: TensorQuant;
  readonly y: TensorQuant;
}

/** Bits by which the operands of a sum are raised before they are brought to one scale. */
const HEADROOM = 20;

/**
 * What takes codes to codes: of a product sa sb / sy, [1]; of a sum both operands to twice the larger scale, and the
 * sum to codes, [3]. Undefined for other operations, and where one has no fixed-point form.
 */
export function pairMultipliers(op: BinaryOp, { a, b, y }: PairQuants): Float64Array | undefined {
  const common = 2 * Math.max(a.scale, b.scale);
  const all =
    op === 'mul'
      ? [(a.scale * b.scale) / y.scale]
      : op === 'add' || op === 'sub'
        ? [a.scale / common, b.scale / common, common / (2 ** HEADROOM * y.scale)]
        : [];
  return all.length > 0 && all.every((m) => m < MULTIPLIER_LIMIT) ? Float64Array.from(all) : undefined;
}

/**
 * The code of every pair of codes, on integers alone: that of a and b at 256 (a & 255) + (b & 255), as a byte. Undefined
 * where {@link pairMultipliers} are.
 *
 * @source the scheme of TensorFlow Lite's quantized Add and Mul (operands raised by 20 bits, one common scale).
 */
export function fixedPointPairs(op: BinaryOp, quants: PairQuants, form: FixedPointForm): Uint8Array | undefined {
  const multipliers = pairMultipliers(op, quants);
  if (multipliers === undefined) return undefined;
  const [first, second = first, sum = first] = Array.from(multipliers, (m) => toFixedPoint(m, form));
  invariant(first !== undefined && second !== undefined && sum !== undefined, 'pairs have one multiplier or three');
  const { a, b, y } = quants;
  const distances = (q: TensorQuant): number[] =>
    Array.from({ length: 256 }, (_, byte) => (q.signed && byte > 127 ? byte - 256 : byte) - q.zeroPoint);
  const raised = 2 ** HEADROOM;
  const left = distances(a).map((d) => (op === 'mul' ? d : multiplyByFixedPoint(d * raised, first)));
  const right = distances(b).map((d) => (op === 'mul' ? d : multiplyByFixedPoint(d * raised, second)));
  const [lo, hi] = rangeOf(y.signed ? 'int8' : 'uint8');
  const combine =
    op === 'mul' ? Math.imul : op === 'add' ? (p: number, q: number) => p + q : (p: number, q: number) => p - q;
  const table = new Uint8Array(65536);
  for (const [i, p] of left.entries())
    for (const [j, q] of right.entries())
      table[256 * i + j] = clamp(multiplyByFixedPoint(combine(p, q), sum) + y.zeroPoint, lo, hi);
  return table;
}
