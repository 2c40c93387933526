import { sizeOf } from '../base/shape.ts';
import { axisOf } from './facts.ts';
import { floatsOf, isFloat32Stored, numbersOf, stored } from './numbers.ts';
import { defineOp, type OpDef, type QuantRule } from './opDef.ts';

type SoftmaxType = 'Softmax' | 'LogSoftmax' | 'Hardmax';

/** Replaces `count` elements from `at` on, `step` apart, by their softmax (or log-softmax, or one-hot maximum). */
type Normalize = (
  x: ArrayLike<number>,
  out: { [index: number]: number },
  at: number,
  count: number,
  step: number,
) => void;

const NORMALIZE: Readonly<Record<SoftmaxType, Normalize>> = {
  Softmax: (x, out, at, count, step) => {
    const max = maximum(x, at, count, step);
    let sum = 0;
    for (let i = 0, p = at; i < count; i++, p += step) {
      const e = Math.exp((x[p] as number) - max);
      out[p] = e;
      sum += e;
    }
    for (let i = 0, p = at; i < count; i++, p += step) out[p] = (out[p] as number) / sum;
  },
  LogSoftmax: (x, out, at, count, step) => {
    const max = maximum(x, at, count, step);
    let sum = 0;
    for (let i = 0, p = at; i < count; i++, p += step) sum += Math.exp((x[p] as number) - max);
    const log = max + Math.log(sum);
    for (let i = 0, p = at; i < count; i++, p += step) out[p] = (x[p] as number) - log;
  },
  Hardmax: (x, out, at, count, step) => {
    let best = 0;
    for (let i = 1; i < count; i++) {
      if ((x[at + i * step] as number) > (x[at + best * step] as number)) best = i;
    }
    for (let i = 0; i < count; i++) out[at + i * step] = i === best ? 1 : 0;
  },
};

function maximum(x: ArrayLike<number>, at: number, count: number, step: number): number {
  let max = -Infinity;
  for (let i = 0, p = at; i < count; i++, p += step) max = Math.max(max, x[p] as number);
  return max;
}

const QUANT: Readonly<Record<SoftmaxType, QuantRule>> = {
  Softmax: { kind: 'fixedRange', lo: 0, hi: 1 },
  LogSoftmax: { kind: 'float', why: 'LogSoftmax has an unbounded range below.' },
  Hardmax: { kind: 'float', why: 'Hardmax chooses one element.' },
};

/** Up to opset 12 the tensor is flattened to two dimensions at `axis`; from 13 on one dimension is normalized. */
function softmaxOp(type: SoftmaxType, since: 1 | 13): OpDef {
  return defineOp({
    type,
    domain: '',
    since,
    arity: [1, 1],
    attributes: { axis: { kind: 'int', default: since === 13 ? -1 : 1 } },
    layout: { kind: 'plain' },
    infer: (context) => {
      const { dtype, dims } = context.input(0);
      const { axis } = context.attributes;
      if (dims !== undefined && !(since === 1 && axis === dims.length)) axisOf(context, axis, Math.max(1, dims.length));
      return [{ dtype, dims }];
    },
    run: (context) => {
      const x = context.input(0);
      const out = context.output(0, x.dtype, x.dims);
      const { axis } = context.attributes;
      const at = axis < 0 ? axis + x.dims.length : axis;
      const count = since === 13 ? (x.dims[at] ?? 1) : sizeOf(x.dims.slice(at));
      const step = since === 13 ? sizeOf(x.dims.slice(at + 1)) : 1;
      const rows = sizeOf(x.dims) === 0 ? 0 : sizeOf(x.dims) / (count * step);
      if (type !== 'Hardmax' && isFloat32Stored(x.dtype)) {
        const kind = type === 'Softmax' ? 'softmax' : 'logSoftmax';
        context.kernels.softmaxF32(kind, floatsOf(x), floatsOf(out), rows, count, step);
        return [stored(out, context.kernels)];
      }
      const [from, to] = [numbersOf(x), numbersOf(out)];
      for (let r = 0; r < rows; r++) {
        for (let s = 0; s < step; s++) NORMALIZE[type](from, to, r * count * step + s, count, step);
      }
      return [stored(out, context.kernels)];
    },
    quant: () => QUANT[type],
  });
}

/** Operators that normalize along an axis. On codes they run as floats: a sum of exponentials has no 8-bit form. */
export const softmaxOps: readonly OpDef[] = [
  softmaxOp('Softmax', 1),
  softmaxOp('Softmax', 13),
  softmaxOp('LogSoftmax', 1),
  softmaxOp('LogSoftmax', 13),
  softmaxOp('Hardmax', 1),
  softmaxOp('Hardmax', 13),
];
