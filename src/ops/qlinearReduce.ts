import { clamp, rint } from '../base/round.ts';
import { sizeOf } from '../base/shape.ts';
import { averageMultiplier } from '../kernels/js/pool.ts';
import { codesOf } from './codes.ts';
import { axesOf, type Dims } from './facts.ts';
import { rangeOf } from './numbers.ts';
import { defineOp, type OpDef } from './opDef.ts';
import { ALREADY_INTEGER, checkTensorQuant, codeDType, quantsOfPair } from './qlinear.ts';
import { sumOver } from './reduce.ts';

const reduceAttributes = { axes: { kind: 'ints' }, keepdims: { kind: 'int', default: 1 } } as const;

/**
 * data, data_scale, data_zero_point, reduced_scale, reduced_zero_point: the mean over axes, all by default.
 * ONNX Runtime defines the operator but has no kernel of it; the arithmetic is that of QLinearGlobalAveragePool.
 */
const qLinearReduceMean = defineOp({
  type: 'QLinearReduceMean',
  domain: 'com.microsoft',
  since: 1,
  arity: [4, 5],
  attributes: reduceAttributes,
  layout: { kind: 'plain' },
  infer: (context) => {
    const dtype = codeDType(context, 0);
    checkTensorQuant(context, 1, 2, dtype);
    checkTensorQuant(context, 3, 4, dtype);
    const { dims } = context.input(0);
    if (dims === undefined) return [{ dtype, dims }];
    const covered = axesOf(context, reducedAxes(context.attributes.axes, dims.length), dims.length);
    return [{ dtype, dims: withoutAxes(dims, covered, context.attributes.keepdims !== 0) }];
  },
  run: (context) => {
    const x = context.input(0);
    const rank = x.dims.length;
    const axes = reducedAxes(context.attributes.axes, rank).map((a) => (a < 0 ? a + rank : a));
    const [qx, qy] = quantsOfPair(context);
    const sums = sumOver(codesOf(x), x.dims, axes);
    const count = sizeOf(axes.map((a) => x.dims[a] as number));
    const out = context.output(0, x.dtype, withoutAxes(x.dims, axes, context.attributes.keepdims !== 0) as number[]);
    const multiplier = averageMultiplier(qx.scale, qy.scale, count);
    const [lo, hi] = rangeOf(qy.signed ? 'int8' : 'uint8');
    const codes = codesOf(out);
    for (let i = 0; i < codes.length; i++) {
      const sum = Math.fround((sums[i] as number) - count * qx.zeroPoint);
      codes[i] = clamp(rint(Math.fround(sum * multiplier)) + qy.zeroPoint, lo, hi);
    }
    return [out];
  },
  quant: () => ALREADY_INTEGER,
});

function reducedAxes(given: readonly number[] | undefined, rank: number): readonly number[] {
  return given !== undefined && given.length > 0 ? given : Array.from({ length: rank }, (_, i) => i);
}

function withoutAxes(dims: Dims, axes: readonly number[], keep: boolean): Dims {
  return keep ? dims.map((d, i) => (axes.includes(i) ? 1 : d)) : dims.filter((_, i) => !axes.includes(i));
}

/** Reductions of codes. */
export const qLinearReduceOps: readonly OpDef[] = [qLinearReduceMean];
