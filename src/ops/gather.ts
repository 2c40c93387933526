import { formatDims, sizeOf, stridesOf } from '../base/shape.ts';
import { type Tensor, toNumbers } from '../base/tensor.ts';
import type { Dim } from '../graph/model.ts';
import { cellsOf, copyStrided, outputOf, whole } from './cells.ts';
import { type MovedTables, movesCodes } from './codes.ts';
import { indexOf } from './convDirect.ts';
import { axisOf, type Dims, factWithElements, knownElements } from './facts.ts';
import { gatherCells } from './gatherAxes.ts';
import { defineOp, type OpDef, type RunContext } from './opDef.ts';

const axisAttributes = { axis: { kind: 'int', default: 0 } } as const;
type AxisSpecs = typeof axisAttributes;

/** An index counted from the front; fails outside [-size, size - 1]. */
export function checkedIndex(fail: (message: string) => never, index: number, size: number): number {
  const at = index < 0 ? index + size : index;
  return at >= 0 && at < size ? at : fail(`index ${index} is outside a dimension of ${size}`);
}

function runGather(context: RunContext<AxisSpecs>): Tensor[] {
  const [x, indices] = [context.input(0), context.input(1)];
  const axis = context.attributes.axis < 0 ? context.attributes.axis + x.dims.length : context.attributes.axis;
  const dims = [...x.dims.slice(0, axis), ...indices.dims, ...x.dims.slice(axis + 1)];
  const out = outputOf(context, 0, x.dtype, dims);
  const inner = sizeOf(x.dims.slice(axis + 1));
  const outer = sizeOf(x.dims.slice(0, axis));
  const size = x.dims[axis] as number;
  const list = toNumbers(indices);
  const rows = Int32Array.from({ length: outer }, (_, o) => o * size * inner);
  const columns = Int32Array.from(list, (index) => checkedIndex((m) => context.fail(m), index, size) * inner);
  gatherCells(context.kernels, cellsOf(x), cellsOf(out), { rows, columns, length: inner });
  return [out];
}

const gather = defineOp<AxisSpecs, undefined, MovedTables>({
  type: 'Gather',
  domain: '',
  since: 1,
  arity: [2, 2],
  attributes: axisAttributes,
  layout: { kind: 'plain' },
  infer: (context) => {
    const [x, indices] = [context.input(0), context.input(1)];
    if (x.dims === undefined || indices.dims === undefined) return [{ dtype: x.dtype, dims: undefined }];
    const axis = axisOf(context, context.attributes.axis, x.dims.length);
    const dims = [...x.dims.slice(0, axis), ...indices.dims, ...x.dims.slice(axis + 1)];
    const elements = x.dims.length === 1 && indices.dims.length <= 1 ? knownElements(x) : undefined;
    const list = knownElements(indices);
    if (elements === undefined || list === undefined) return [{ dtype: x.dtype, dims }];
    const picked = list.map((i) =>
      typeof i === 'number'
        ? (elements.at(i) ?? context.fail(`index ${i} is outside ${formatDims(elements)}`))
        : context.symbol('gather'),
    );
    return [factWithElements(x.dtype, dims, picked)];
  },
  run: runGather,
  quant: () => ({ kind: 'sharesInput' }),
  integer: movesCodes(runGather),
});

function runGatherElements(context: RunContext<AxisSpecs>): Tensor[] {
  const [x, indices] = [context.input(0), context.input(1)];
  const axis = context.attributes.axis < 0 ? context.attributes.axis + x.dims.length : context.attributes.axis;
  const out = outputOf(context, 0, x.dtype, indices.dims);
  const strides = stridesOf(x.dims);
  const list = toNumbers(indices);
  const [from, to] = [cellsOf(x) as Uint32Array, cellsOf(out) as Uint32Array]; // only read and written
  list.forEach((index, i) => {
    const at = indexOf(i, indices.dims);
    at[axis] = checkedIndex((m) => context.fail(m), index, x.dims[axis] as number);
    to[i] = from[at.reduce((sum, v, d) => sum + v * (strides[d] as number), 0)] as number;
  });
  return [out];
}

const gatherElements = defineOp<AxisSpecs, undefined, MovedTables>({
  type: 'GatherElements',
  domain: '',
  since: 11,
  arity: [2, 2],
  attributes: axisAttributes,
  layout: { kind: 'plain' },
  infer: (context) => {
    const { dtype, dims } = context.input(0);
    if (dims !== undefined) axisOf(context, context.attributes.axis, dims.length);
    return [{ dtype, dims: context.input(1).dims }];
  },
  run: runGatherElements,
  quant: () => ({ kind: 'sharesInput' }),
  integer: movesCodes(runGatherElements),
});

const batchAttributes = { batch_dims: { kind: 'int', default: 0 } } as const;

function runGatherND(context: RunContext<typeof batchAttributes>): Tensor[] {
  const [x, indices] = [context.input(0), context.input(1)];
  const batchDims = context.attributes.batch_dims;
  const depth = indices.dims.at(-1) as number;
  const rest = x.dims.slice(batchDims + depth);
  const dims = [...indices.dims.slice(0, -1), ...rest];
  const out = outputOf(context, 0, x.dtype, dims);
  const block = sizeOf(rest);
  const strides = stridesOf(x.dims);
  const rows = depth === 0 ? 0 : sizeOf(indices.dims) / depth;
  const batch = sizeOf(x.dims.slice(0, batchDims));
  const list = toNumbers(indices);
  const [from, to] = [cellsOf(x), cellsOf(out)];
  for (let r = 0; r < rows; r++) {
    let offset = Math.floor(r / (rows / batch)) * sizeOf(x.dims.slice(batchDims));
    for (let d = 0; d < depth; d++) {
      const size = x.dims[batchDims + d] as number;
      offset +=
        checkedIndex((m) => context.fail(m), list[r * depth + d] as number, size) * (strides[batchDims + d] as number);
    }
    copyStrided([block], { cells: from, offset, strides: [1] }, { cells: to, offset: r * block, strides: [1] });
  }
  return [out];
}

const gatherND = defineOp<typeof batchAttributes, undefined, MovedTables>({
  type: 'GatherND',
  domain: '',
  since: 11,
  arity: [2, 2],
  attributes: batchAttributes,
  layout: { kind: 'plain' },
  infer: (context) => {
    const [x, indices] = [context.input(0), context.input(1)];
    const depth = indices.dims?.at(-1);
    if (x.dims === undefined || indices.dims === undefined || typeof depth !== 'number')
      return [{ dtype: x.dtype, dims: undefined }];
    const used = context.attributes.batch_dims + depth;
    if (used > x.dims.length) context.fail(`indices of depth ${depth} do not fit an input of rank ${x.dims.length}`);
    return [{ dtype: x.dtype, dims: [...indices.dims.slice(0, -1), ...x.dims.slice(used)] }];
  },
  run: runGatherND,
  quant: () => ({ kind: 'sharesInput' }),
  integer: movesCodes(runGatherND),
});

/** The box of an Expand, Tile or Transpose-like read through strides of its source. */
function runExpand(context: RunContext<Record<never, never>>): Tensor[] {
  const x = context.input(0);
  const shape = toNumbers(context.input(1));
  const rank = Math.max(x.dims.length, shape.length);
  const at = (list: readonly number[], i: number) => list[list.length - rank + i] ?? 1;
  const dims = Array.from({ length: rank }, (_, i) => (at(x.dims, i) === 1 ? at(shape, i) : at(x.dims, i)));
  const out = outputOf(context, 0, x.dtype, dims);
  const own = stridesOf(x.dims);
  const strides = dims.map((_, i) => (at(x.dims, i) === 1 ? 0 : (own[own.length - rank + i] as number)));
  copyStrided(dims, { cells: cellsOf(x), offset: 0, strides }, whole(out), context.kernels);
  return [out];
}

const expand = defineOp<Record<never, never>, undefined, MovedTables>({
  type: 'Expand',
  domain: '',
  since: 8,
  arity: [2, 2],
  attributes: {},
  layout: { kind: 'plain' },
  infer: (context) => {
    const x = context.input(0);
    const shape = knownElements(context.input(1));
    if (x.dims === undefined || shape === undefined) {
      const rank = context.input(1).dims?.[0];
      const known = x.dims !== undefined && typeof rank === 'number' ? Math.max(rank, x.dims.length) : undefined;
      return [
        {
          dtype: x.dtype,
          dims: known === undefined ? undefined : Array.from({ length: known }, () => context.symbol('expand')),
        },
      ];
    }
    const { dims: from } = x;
    const rank = Math.max(from.length, shape.length);
    const dims = Array.from({ length: rank }, (_, i): Dim => {
      const [a, b] = [from[from.length - rank + i] ?? 1, shape[shape.length - rank + i] ?? 1];
      if (b === 1 || a === b) return a;
      if (a === 1) return b;
      if (typeof a === 'number' && typeof b === 'number') {
        return context.fail(`${formatDims(from)} does not expand to ${formatDims(shape)}: ${a} against ${b}`);
      }
      return typeof a === 'number' ? a : context.symbol('expand');
    });
    const elements = rank === 1 && typeof dims[0] === 'number' && dims[0] <= 64 ? knownElements(x) : undefined;
    const repeated = elements?.length === 1 ? new Array<Dim>(dims[0] as number).fill(elements[0] as Dim) : undefined;
    return [factWithElements(x.dtype, dims, repeated)];
  },
  run: runExpand,
  quant: () => ({ kind: 'sharesInput' }),
  integer: movesCodes(runExpand),
});

function runTile(context: RunContext<Record<never, never>>): Tensor[] {
  const x = context.input(0);
  const repeats = toNumbers(context.input(1));
  const out = outputOf(
    context,
    0,
    x.dtype,
    x.dims.map((d, i) => d * (repeats[i] as number)),
  );
  const own = stridesOf(x.dims);
  const box = x.dims.flatMap((d, i) => [repeats[i] as number, d]);
  const strides = own.flatMap((s) => [0, s]);
  const target = stridesOf(out.dims).flatMap((s, i) => [s * (x.dims[i] as number), s]);
  const to = { cells: cellsOf(out), offset: 0, strides: target };
  copyStrided(box, { cells: cellsOf(x), offset: 0, strides }, to, context.kernels);
  return [out];
}

const tile = defineOp<Record<never, never>, undefined, MovedTables>({
  type: 'Tile',
  domain: '',
  since: 6,
  arity: [2, 2],
  attributes: {},
  layout: { kind: 'plain' },
  infer: (context) => {
    const x = context.input(0);
    const repeats = knownElements(context.input(1));
    const scaled = (d: Dim, r: Dim | undefined): Dim =>
      r === 1 ? d : typeof d === 'number' && typeof r === 'number' ? d * r : context.symbol('tile');
    const dims: Dims | undefined = x.dims?.map((d, i) => scaled(d, repeats?.[i]));
    return [{ dtype: x.dtype, dims }];
  },
  run: runTile,
  quant: () => ({ kind: 'sharesInput' }),
  integer: movesCodes(runTile),
});

/** Picks and repeats elements. */
export const gatherOps: readonly OpDef[] = [gather, gatherElements, gatherND, expand, tile];
