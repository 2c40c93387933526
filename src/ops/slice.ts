import { formatDims } from '../base/shape.ts';
import { type Tensor, toNumbers } from '../base/tensor.ts';
import type { TensorFact } from '../graph/fact.ts';
import type { Dim } from '../graph/model.ts';
import { copyStrided, outputOf, whole } from './cells.ts';
import { type MovedTables, movesCodes } from './codes.ts';
import { axesOf, factWithElements, type Inferring, knownElements, knownNumbers } from './facts.ts';
import { defineOp, type OpDef, type RunContext } from './opDef.ts';

const attributes = { axes: { kind: 'ints' }, starts: { kind: 'ints' }, ends: { kind: 'ints' } } as const;
type Specs = typeof attributes;

/** One axis of a slice: `count` elements from `start` on, `step` apart. */
interface Span {
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

function spanOf(size: number, start: number, end: number, step: number): Span {
  const clampTo = (x: number, lo: number, hi: number) => Math.min(Math.max(x < 0 ? x + size : x, lo), hi);
  const from = step > 0 ? clampTo(start, 0, size) : clampTo(start, 0, size - 1);
  const to = step > 0 ? clampTo(end, 0, size) : clampTo(end, -1, size - 1);
  return { start: from, step, count: Math.max(0, Math.ceil((to - from) / step)) };
}

function run(context: RunContext<Specs>, since: number): Tensor[] {
  const x = context.input(0);
  const given = (i: number) => (context.inputs[i] === undefined ? undefined : toNumbers(context.input(i)));
  const starts = (since < 10 ? context.attributes.starts : given(1)) ?? [];
  const ends = (since < 10 ? context.attributes.ends : given(2)) ?? [];
  const axes = (since < 10 ? context.attributes.axes : given(3)) ?? starts.map((_, i) => i);
  const steps = (since < 10 ? undefined : given(4)) ?? starts.map(() => 1);
  const source = whole(x);
  const dims = [...x.dims];
  const strides = [...source.strides];
  let offset = 0;
  axes.forEach((a, i) => {
    const axis = a < 0 ? a + x.dims.length : a;
    const span = spanOf(x.dims[axis] as number, starts[i] as number, ends[i] as number, steps[i] as number);
    dims[axis] = span.count;
    offset += span.start * (source.strides[axis] as number);
    strides[axis] = span.step * (source.strides[axis] as number);
  });
  const out = outputOf(context, 0, x.dtype, dims);
  copyStrided(dims, { cells: source.cells, offset, strides }, whole(out), context.kernels);
  return [out];
}

interface Bounds {
  readonly starts: readonly Dim[] | undefined;
  readonly ends: readonly Dim[] | undefined;
  readonly axes: readonly number[] | undefined;
  readonly steps: readonly number[] | undefined;
}

function inferSlice(context: Inferring, { starts, ends, axes, steps }: Bounds): TensorFact {
  const x = context.input(0);
  if (x.dims === undefined) return { dtype: x.dtype, dims: undefined };
  if (axes === undefined) return { dtype: x.dtype, dims: x.dims.map(() => context.symbol('slice')) };
  const dims = [...x.dims];
  const normalized = axesOf(context, axes, x.dims.length);
  let elements = x.dims.length === 1 ? knownElements(x) : undefined;
  for (const [i, axis] of normalized.entries()) {
    const size = dims[axis] as Dim;
    const [start, end, step] = [starts?.[i], ends?.[i], steps?.[i]];
    if (step === 0) context.fail(`step of axis ${axis} is 0`);
    const fixed = typeof start === 'number' && typeof end === 'number' && step !== undefined;
    if (fixed && typeof size === 'number') {
      const span = spanOf(size, start, end, step);
      dims[axis] = span.count;
      elements =
        elements && Array.from({ length: span.count }, (_, j) => elements?.[span.start + j * span.step] as Dim);
    } else {
      const wholeAxis = start === 0 && step === 1 && (end === size || (typeof end === 'number' && end >= 2 ** 31 - 1));
      dims[axis] = wholeAxis ? size : context.symbol('slice');
      if (!wholeAxis) elements = undefined;
    }
  }
  return factWithElements(x.dtype, dims, elements);
}

/** Slice: bounds as attributes up to opset 9, as inputs (and with steps) from 10 on. */
function slice(since: 1 | 10): OpDef {
  return defineOp<Specs, undefined, MovedTables>({
    type: 'Slice',
    domain: '',
    since,
    arity: since < 10 ? [1, 1] : [3, 5],
    attributes,
    layout: { kind: 'plain' },
    infer: (context) => {
      if (since < 10) {
        const { starts, ends, axes } = context.attributes;
        if (starts === undefined || ends === undefined) context.fail('attributes starts and ends are required');
        const order = axes ?? (starts ?? []).map((_, i) => i);
        return [inferSlice(context, { starts, ends, axes: order, steps: order.map(() => 1) })];
      }
      const starts = knownElements(context.inputs[1]);
      const count = starts?.length ?? context.input(1).dims?.[0];
      const first = typeof count === 'number' ? Array.from({ length: count }, (_, i) => i) : undefined;
      if (first !== undefined && starts !== undefined && starts.length > (context.input(0).dims?.length ?? Infinity)) {
        context.fail(`starts ${formatDims(starts)} has more entries than the input has dimensions`);
      }
      const axes = context.inputs[3] === undefined ? first : knownNumbers(context.inputs[3]);
      const steps = context.inputs[4] === undefined ? first?.map(() => 1) : knownNumbers(context.inputs[4]);
      return [inferSlice(context, { starts, ends: knownElements(context.inputs[2]), axes, steps })];
    },
    run: (context) => run(context, since),
    quant: () => ({ kind: 'sharesInput' }),
    integer: movesCodes((context) => run(context, since)),
  });
}

/** Takes a box, with steps, out of a tensor. */
export const sliceOps: readonly OpDef[] = [slice(1), slice(10)];
