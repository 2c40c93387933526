import { isBigInt } from '../base/dtype.ts';
import { dtypeOfCode } from '../base/dtypeCodes.ts';
import { sizeOf, stridesOf } from '../base/shape.ts';
import { toNumbers } from '../base/tensor.ts';
import { cellsOf, outputOf } from './cells.ts';
import { indexOf } from './convDirect.ts';
import { bigintsOf, numbersOf, stored } from './numbers.ts';
import { defineOp, type OpDef } from './opDef.ts';

const trilu = defineOp({
  type: 'Trilu',
  domain: '',
  since: 14,
  arity: [1, 2],
  attributes: { upper: { kind: 'int', default: 1 } },
  layout: { kind: 'plain' },
  infer: (context) => [{ dtype: context.input(0).dtype, dims: context.input(0).dims }],
  run: (context) => {
    const x = context.input(0);
    const k = context.inputs[1] === undefined ? 0 : (toNumbers(context.inputs[1])[0] as number);
    const out = outputOf(context, 0, x.dtype, x.dims);
    const [rows, columns] = x.dims.slice(-2) as [number, number];
    const [from, to] = [cellsOf(x) as Uint32Array, cellsOf(out) as Uint32Array]; // only read and written
    const zero = (isBigInt(x.dtype) ? 0n : 0) as number;
    for (let i = 0; i < to.length; i++) {
      const [r, c] = [Math.floor(i / columns) % rows, i % columns];
      const kept = context.attributes.upper ? c - r >= k : c - r <= k;
      to[i] = kept ? (from[i] as number) : zero;
    }
    return [out];
  },
  quant: () => ({ kind: 'sharesInput' }),
});

function cumulative(type: 'CumSum' | 'CumProd', since: number): OpDef {
  const isSum = type === 'CumSum';
  return defineOp({
    type,
    domain: '',
    since,
    arity: [2, 2],
    attributes: { exclusive: { kind: 'int', default: 0 }, reverse: { kind: 'int', default: 0 } },
    layout: { kind: 'plain' },
    infer: (context) => [{ dtype: context.input(0).dtype, dims: context.input(0).dims }],
    run: (context) => {
      const x = context.input(0);
      const given = toNumbers(context.input(1))[0] as number;
      const axis = given < 0 ? given + x.dims.length : given;
      const out = context.output(0, x.dtype as 'float32', x.dims); // numeric by the operator's definition
      const { exclusive, reverse } = context.attributes;
      const [count, step] = [x.dims[axis] as number, stridesOf(x.dims)[axis] as number];
      const walk = <T>(from: ArrayLike<T>, to: { [i: number]: T }, start: T, add: (a: T, b: T) => T) => {
        for (let r = 0; r < sizeOf(x.dims) / Math.max(1, count); r++) {
          const at = Math.floor(r / step) * count * step + (r % step);
          let sum = start;
          for (let i = 0; i < count; i++) {
            const p = at + (reverse ? count - 1 - i : i) * step;
            const next = add(sum, from[p] as T);
            to[p] = exclusive ? sum : next;
            sum = next;
          }
        }
      };
      if (isBigInt(x.dtype)) walk(bigintsOf(x), bigintsOf(out), isSum ? 0n : 1n, (a, b) => (isSum ? a + b : a * b));
      else walk(numbersOf(x), numbersOf(out), isSum ? 0 : 1, (a, b) => (isSum ? a + b : a * b));
      return [stored(out)];
    },
    quant: () => ({ kind: 'float', why: `${type} sums without bound.` }),
  });
}

const eyeLike = defineOp({
  type: 'EyeLike',
  domain: '',
  since: 9,
  arity: [1, 1],
  attributes: { dtype: { kind: 'int' }, k: { kind: 'int', default: 0 } },
  layout: { kind: 'plain' },
  infer: (context) => {
    const { dtype } = context.attributes;
    const named =
      dtype === undefined
        ? context.input(0).dtype
        : (dtypeOfCode(dtype) ?? context.fail(`the type numbered ${dtype} is not supported`));
    return [{ dtype: named, dims: context.input(0).dims }];
  },
  run: (context) => {
    const code = context.attributes.dtype;
    const dtype = code === undefined ? context.input(0).dtype : (dtypeOfCode(code) ?? context.fail('unsupported type'));
    const { dims } = context.input(0);
    const out = context.output(0, dtype as 'float32', dims); // numeric: a string has no one
    const [rows, columns] = dims as [number, number];
    const [zero, one] = (isBigInt(dtype) ? [0n, 1n] : [0, 1]) as [number, number];
    out.data.fill(zero);
    for (let r = 0; r < rows; r++) {
      const c = r + context.attributes.k;
      if (c >= 0 && c < columns) out.data[r * columns + c] = one;
    }
    return [out];
  },
  quant: () => ({ kind: 'float', why: 'EyeLike makes a constant.' }),
});

const reverseSequence = defineOp({
  type: 'ReverseSequence',
  domain: '',
  since: 10,
  arity: [2, 2],
  attributes: { batch_axis: { kind: 'int', default: 1 }, time_axis: { kind: 'int', default: 0 } },
  layout: { kind: 'plain' },
  infer: (context) => [{ dtype: context.input(0).dtype, dims: context.input(0).dims }],
  run: (context) => {
    const x = context.input(0);
    const { batch_axis: batch, time_axis: time } = context.attributes;
    const lengths = toNumbers(context.input(1));
    const out = outputOf(context, 0, x.dtype, x.dims);
    const strides = stridesOf(x.dims);
    const [from, to] = [cellsOf(x) as Uint32Array, cellsOf(out) as Uint32Array]; // only read and written
    for (let i = 0; i < to.length; i++) {
      const at = indexOf(i, x.dims);
      const [t, length] = [at[time] as number, lengths[at[batch] as number] as number];
      to[i] = from[t < length ? i + (length - 1 - 2 * t) * (strides[time] as number) : i] as number;
    }
    return [out];
  },
  quant: () => ({ kind: 'sharesInput' }),
});

/** Running sums, triangles and reversals: functions of position along axes. */
export const cumulativeOps: readonly OpDef[] = [
  trilu,
  cumulative('CumSum', 11),
  cumulative('CumProd', 26),
  eyeLike,
  reverseSequence,
];
