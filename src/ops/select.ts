import { sizeOf } from '../base/shape.ts';
import { type Tensor, toNumbers } from '../base/tensor.ts';
import type { Dim } from '../graph/model.ts';
import { cellsOf, copyStrided, outputOf, whole } from './cells.ts';
import { indexOf } from './convDirect.ts';
import { axisOf, knownElements, knownNumbers } from './facts.ts';
import { asNumbers } from './numbers.ts';
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

/** Choices by value, position or order. */
export const selectOps: readonly OpDef[] = [topK(1), topK(10), nonZero, oneHot, compress];
