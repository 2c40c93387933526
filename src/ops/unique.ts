import { replacedAt, sizeOf } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import { cellsOf, outputOf } from './cells.ts';
import { axisOf } from './facts.ts';
import { defineOp, type OpDef } from './opDef.ts';

/** A tensor as slices along an axis; without an axis every element is a slice. */
interface Slices {
  readonly count: number;
  /** Dims before and after the axis, multiplied. */
  readonly outer: number;
  readonly inner: number;
}

function slicesOf(x: Tensor, axis: number | undefined): Slices {
  if (axis === undefined) return { count: x.data.length, outer: 1, inner: 1 };
  const at = axis < 0 ? axis + x.dims.length : axis;
  return { count: x.dims[at] as number, outer: sizeOf(x.dims.slice(0, at)), inner: sizeOf(x.dims.slice(at + 1)) };
}

type Element = number | bigint | string;

/** Ascending, NaN last and equal to NaN. */
function compareElements(a: Element, b: Element): number {
  if (a < b) return -1;
  if (a > b) return 1;
  if (a === b) return 0;
  return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
}

/** Slices in ascending order of their elements, compared one after the other; equal ones by position. */
function sortedSlices(
  x: Tensor,
  { count, outer, inner }: Slices,
): { order: number[]; same(a: number, b: number): boolean } {
  const data = x.data as ArrayLike<Element>;
  const compare = (a: number, b: number): number => {
    for (let o = 0; o < outer; o++) {
      const row = o * count;
      for (let i = 0; i < inner; i++) {
        const difference = compareElements(
          data[(row + a) * inner + i] as Element,
          data[(row + b) * inner + i] as Element,
        );
        if (difference !== 0) return difference;
      }
    }
    return 0;
  };
  const order = Array.from({ length: count }, (_, i) => i).sort((a, b) => compare(a, b) || a - b);
  return { order, same: (a, b) => compare(a, b) === 0 };
}

/** The positions of equal slices, ascending within each group. */
function groupsOf(x: Tensor, slices: Slices, sorted: boolean): number[][] {
  const { order, same } = sortedSlices(x, slices);
  const groups: number[][] = [];
  for (const i of order) {
    const last = groups.at(-1);
    if (last !== undefined && same(last[0] as number, i)) last.push(i);
    else groups.push([i]);
  }
  return sorted ? groups : groups.sort((a, b) => (a[0] as number) - (b[0] as number));
}

/** The distinct slices of x, where each stands first, which one each slice is, and how often it occurs. */
const unique = defineOp({
  type: 'Unique',
  domain: '',
  since: 11,
  arity: [1, 1],
  attributes: { axis: { kind: 'int' }, sorted: { kind: 'int', default: 1 } },
  layout: { kind: 'plain' },
  infer: (context) => {
    const { dtype, dims } = context.input(0);
    const { axis } = context.attributes;
    const found = context.symbol('unique');
    const at = axis === undefined || dims === undefined ? undefined : axisOf(context, axis, dims.length);
    const kept = at === undefined ? undefined : dims && replacedAt(dims, at, found);
    const whole = at === undefined ? undefined : dims?.[at];
    return [
      { dtype, dims: axis === undefined ? [found] : kept },
      { dtype: 'int64' as const, dims: [found] },
      { dtype: 'int64' as const, dims: [whole ?? context.symbol('elements')] },
      { dtype: 'int64' as const, dims: [found] },
    ].slice(0, context.outputCount);
  },
  run: (context) => {
    const x = context.input(0);
    const { axis, sorted } = context.attributes;
    const slices = slicesOf(x, axis);
    const groups = groupsOf(x, slices, sorted !== 0);
    const dims = axis === undefined ? [groups.length] : replacedAt(x.dims, axis, groups.length);
    const y = outputOf(context, 0, x.dtype, dims);
    const [from, to] = [cellsOf(x) as Uint32Array, cellsOf(y) as Uint32Array]; // only read and written
    let at = 0;
    for (let o = 0; o < slices.outer; o++) {
      for (const [first] of groups) {
        const start = (o * slices.count + (first as number)) * slices.inner;
        for (let i = 0; i < slices.inner; i++) to[at++] = from[start + i] as number;
      }
    }
    const outputs: Tensor[] = [y];
    const inverse = new Array<number>(slices.count);
    for (const [g, members] of groups.entries()) for (const i of members) inverse[i] = g;
    const tables = [groups.map((g) => g[0] as number), inverse, groups.map((g) => g.length)];
    for (const [i, table] of tables.entries()) {
      if (context.outputCount <= i + 1) break;
      const out = context.output(i + 1, 'int64', [table.length]);
      out.data.set(table.map(BigInt));
      outputs.push(out);
    }
    return outputs;
  },
  quant: () => ({ kind: 'float', why: 'Unique compares elements and returns indices.' }),
});

/** Distinct elements and slices. */
export const uniqueOps: readonly OpDef[] = [unique];
