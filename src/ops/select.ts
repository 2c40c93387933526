import { isBigInt } from '../base/dtype.ts';
import { sizeOf, stridesOf } from '../base/shape.ts';
import { type Tensor, toNumbers } from '../base/tensor.ts';
import type { Dim } from '../graph/model.ts';
import { cellsOf, copyStrided, outputOf, whole } from './cells.ts';
import { indexOf } from './convDirect.ts';
import { dtypeOfCode } from './dtypeCodes.ts';
import { axisOf, knownElements, knownNumbers } from './facts.ts';
import { asNumbers, bigintsOf, numbersOf, stored } from './numbers.ts';
import { defineOp, type OpDef, type QuantRule } from './opDef.ts';

const INDICES: QuantRule = { kind: 'float', why: 'Its outputs are indices or depend on the order of values.' };

/** TopK: the k largest (or smallest) along an axis with their indices; k is an attribute before opset 10. */
function topK(since: 1 | 10): OpDef {
  const kOf = (k: number | undefined, input: readonly number[] | undefined) => (since === 1 ? k : input?.[0]);
  return defineOp({
    type: 'TopK',
    domain: '',
    since,
    arity: since === 1 ? [1, 1] : [2, 2],
    attributes: {
      axis: { kind: 'int', default: -1 },
      k: { kind: 'int' },
      largest: { kind: 'int', default: 1 },
      sorted: { kind: 'int', default: 1 },
    },
    layout: { kind: 'plain' },
    infer: (context) => {
      const { dtype, dims } = context.input(0);
      const axis = dims === undefined ? 0 : axisOf(context, context.attributes.axis, dims.length);
      const k: Dim | undefined = since === 1 ? context.attributes.k : knownElements(context.inputs[1])?.[0];
      const out = dims?.map((d, i) => (i === axis ? (k ?? context.symbol('topk')) : d));
      return [
        { dtype, dims: out },
        { dtype: 'int64', dims: out },
      ];
    },
    run: (context) => {
      const x = context.input(0);
      const { attributes } = context;
      const k = kOf(attributes.k, context.inputs[1] && toNumbers(context.inputs[1])) ?? context.fail('k is missing');
      const axis = attributes.axis < 0 ? attributes.axis + x.dims.length : attributes.axis;
      const count = x.dims[axis] as number;
      if (k > count) context.fail(`k is ${k}, but the axis has ${count} elements`);
      const dims = x.dims.map((d, i) => (i === axis ? k : d));
      const values = outputOf(context, 0, x.dtype, dims);
      const indices = context.output(1, 'int64', dims);
      const data = x.data as ArrayLike<number | bigint>;
      const [from, to] = [cellsOf(x) as Uint32Array, cellsOf(values) as Uint32Array]; // only read and written
      const step = sizeOf(x.dims.slice(axis + 1));
      const sign = attributes.largest ? -1 : 1; // of a greater value, in ascending order of rank
      for (let r = 0; r < sizeOf(x.dims) / Math.max(1, count); r++) {
        const at = Math.floor(r / step) * count * step + (r % step);
        const out = Math.floor(r / step) * k * step + (r % step);
        const order = Array.from({ length: count }, (_, i) => i).sort((a, b) => {
          const [va, vb] = [data[at + a * step] as number, data[at + b * step] as number];
          return va === vb ? a - b : va < vb ? -sign : sign;
        });
        for (let i = 0; i < k; i++) {
          to[out + i * step] = from[at + (order[i] as number) * step] as number;
          indices.data[out + i * step] = BigInt(order[i] as number);
        }
      }
      return [values, indices];
    },
    quant: () => INDICES,
  });
}

const nonZero = defineOp({
  type: 'NonZero',
  domain: '',
  since: 9,
  arity: [1, 1],
  attributes: {},
  layout: { kind: 'plain' },
  infer: (context) => [
    { dtype: 'int64', dims: [context.input(0).dims?.length ?? context.symbol('rank'), context.symbol('nonzero')] },
  ],
  run: (context) => {
    const x = context.input(0);
    const places: number[] = [];
    asNumbersForEach(x, (v, i) => {
      if (v !== 0) places.push(i);
    });
    const out = context.output(0, 'int64', [x.dims.length, places.length]);
    places.forEach((p, i) => {
      indexOf(p, x.dims).forEach((v, d) => {
        out.data[d * places.length + i] = BigInt(v);
      });
    });
    return [out];
  },
  quant: () => INDICES,
});

function asNumbersForEach(t: Tensor, visit: (v: number, i: number) => void): void {
  const data = asNumbers(t);
  for (let i = 0; i < data.length; i++) visit(data[i] as number, i);
}

const oneHot = defineOp({
  type: 'OneHot',
  domain: '',
  since: 9,
  arity: [3, 3],
  attributes: { axis: { kind: 'int', default: -1 } },
  layout: { kind: 'plain' },
  infer: (context) => {
    const { dims } = context.input(0);
    const { dtype } = context.input(2);
    if (dims === undefined) return [{ dtype, dims: undefined }];
    const axis = axisOf(context, context.attributes.axis, dims.length + 1);
    const depth: Dim =
      knownElements(context.input(1))?.[0] ?? knownNumbers(context.input(1))?.[0] ?? context.symbol('depth');
    return [{ dtype, dims: [...dims.slice(0, axis), depth, ...dims.slice(axis)] }];
  },
  run: (context) => {
    const [indices, values] = [context.input(0), context.input(2)];
    const depth = toNumbers(context.input(1))[0] as number;
    const axis =
      context.attributes.axis < 0 ? context.attributes.axis + indices.dims.length + 1 : context.attributes.axis;
    const dims = [...indices.dims.slice(0, axis), depth, ...indices.dims.slice(axis)];
    const out = outputOf(context, 0, values.dtype, dims);
    const [off, on] = [0, 1].map((i) => (cellsOf(values) as Uint32Array)[i] as number) as [number, number];
    const to = cellsOf(out) as Uint32Array; // as wide as values
    to.fill(off);
    const step = sizeOf(dims.slice(axis + 1));
    toNumbers(indices).forEach((v, i) => {
      const index = v < 0 ? v + depth : v;
      if (index >= 0 && index < depth) to[Math.floor(i / step) * depth * step + index * step + (i % step)] = on;
    });
    return [out];
  },
  quant: () => INDICES,
});

const compress = defineOp({
  type: 'Compress',
  domain: '',
  since: 9,
  arity: [2, 2],
  attributes: { axis: { kind: 'int' } },
  layout: { kind: 'plain' },
  infer: (context) => {
    const { dtype, dims } = context.input(0);
    const { axis } = context.attributes;
    if (axis === undefined) return [{ dtype, dims: [context.symbol('compress')] }];
    if (dims === undefined) return [{ dtype, dims: undefined }];
    const at = axisOf(context, axis, dims.length);
    return [{ dtype, dims: dims.map((d, i) => (i === at ? context.symbol('compress') : d)) }];
  },
  run: (context) => {
    const input = context.input(0);
    const x = context.attributes.axis === undefined ? { ...input, dims: [sizeOf(input.dims)] } : input;
    const axis = context.attributes.axis ?? 0;
    const at = axis < 0 ? axis + x.dims.length : axis;
    const kept = toNumbers(context.input(1)).flatMap((v, i) => (v !== 0 ? [i] : []));
    const dims = x.dims.map((d, i) => (i === at ? kept.length : d));
    const out = outputOf(context, 0, x.dtype, dims);
    const box = dims.map((d, i) => (i === at ? 1 : d));
    const [from, to] = [whole(x), whole(out)];
    kept.forEach((k, i) => {
      copyStrided(
        box,
        { ...from, offset: k * (from.strides[at] as number) },
        { ...to, offset: i * (to.strides[at] as number) },
      );
    });
    return [out];
  },
  quant: () => INDICES,
});

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

/** Choices by value, position or order. */
export const selectOps: readonly OpDef[] = [
  topK(1),
  topK(10),
  nonZero,
  oneHot,
  compress,
  trilu,
  cumulative('CumSum', 11),
  cumulative('CumProd', 26),
  eyeLike,
  reverseSequence,
];
