import type { DType } from '../base/dtype.ts';
import { formatDims } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import { toNumbers } from '../base/tensor.ts';
import type { TensorFact } from '../graph/fact.ts';
import type { Dim } from '../graph/model.ts';
import { type Cells, cellsOf, outputOf } from './cells.ts';
import { accepts8, type MovedTables, movesCodes, outputQuant, requantizeTable, tensorQuant } from './codes.ts';
import {
  axisOf,
  type Dims,
  factWithElements,
  type Inferring,
  knownElements,
  knownNumbers,
  mapDim,
  sameDim,
} from './facts.ts';
import {
  type AttributeSpecs,
  type AttributeValues,
  defineOp,
  type InferContext,
  type OpDef,
  type QuantInfo,
  type RunContext,
} from './opDef.ts';
import { cutPart, joinPart } from './parts.ts';

const concatAttributes = { axis: { kind: 'int', default: 1 } } as const;

const concat = defineOp<
  typeof concatAttributes,
  undefined,
  { readonly tables: readonly (Uint8Array | undefined)[]; readonly signed: boolean }
>({
  type: 'Concat',
  domain: '',
  since: 4,
  arity: [1, Number.MAX_SAFE_INTEGER],
  attributes: concatAttributes,
  layout: { kind: 'plain' },
  infer: (context) => {
    const facts = context.inputs.map((_, i) => context.input(i));
    const { dtype, dims: first } = context.input(0);
    for (const f of facts) if (f.dtype !== dtype) context.fail(`inputs are ${dtype} and ${f.dtype}, expected one type`);
    const dims = concatDims(context, context.attributes.axis, facts);
    if (first === undefined || dims === undefined) return [{ dtype, dims: undefined }];
    const elements = facts.map(knownElements);
    const known = first.length === 1 && elements.every((e) => e !== undefined);
    return [factWithElements(dtype, dims, known ? elements.flatMap((e) => e ?? []) : undefined)];
  },
  run: (context) => [concatInto(context)],
  quant: () => ({ kind: 'observed' }),
  integer: {
    accepts: (context) =>
      accepts8(
        context,
        context.inputs.map((_, i) => i),
      ),
    prepare: (context) => {
      const y = outputQuant(context, 0);
      return {
        tables: context.inputQuants.map((q) => requantizeTable(tensorQuant(q as QuantInfo), y)),
        signed: y.signed,
      };
    },
    run: (context) => {
      const { tables, signed } = context.prepared;
      return [concatInto(context, signed ? 'int8' : 'uint8', tables)];
    },
  },
});

/** @param tables by input, what its codes become. */
function concatInto<P>(
  context: RunContext<typeof concatAttributes, P>,
  dtype = context.input(0).dtype,
  tables: readonly (Uint8Array | undefined)[] = [],
): Tensor {
  const parts = context.inputs.map((_, i) => {
    const t = context.input(i);
    return { dims: t.dims, cells: cellsOf(t), table: tables[i] };
  });
  return joinParts(context, context.attributes.axis, dtype, parts);
}

/** Output 0: `parts` one after the other along `axis`; bytes of a part with a table go through it. */
export function joinParts(
  context: Pick<RunContext<AttributeSpecs>, 'output' | 'kernels'>,
  axis: number,
  dtype: DType,
  parts: readonly {
    readonly dims: readonly number[];
    readonly cells: Cells;
    readonly table?: Uint8Array | undefined;
  }[],
): Tensor {
  const [first] = parts as [(typeof parts)[number]]; // one or more: the operators' arity
  const joined = axis < 0 ? axis + first.dims.length : axis;
  const length = parts.reduce((sum, p) => sum + (p.dims[joined] as number), 0);
  const dims = first.dims.map((d, i) => (i === joined ? length : d));
  const out = outputOf(context, 0, dtype, dims);
  const whole = cellsOf(out);
  let at = 0;
  for (const { dims: partDims, cells: part, table } of parts) {
    joinPart(context.kernels, { whole, wholeDims: dims, part, partDims, axis: joined, at }, table);
    at += partDims[joined] as number;
  }
  return out;
}

/** The dims of facts joined along `axis`; undefined where those of one are unknown. */
export function concatDims(
  context: Inferring,
  axis: number,
  facts: readonly Pick<TensorFact, 'dims'>[],
): Dims | undefined {
  const first = facts[0]?.dims;
  if (first === undefined || facts.some((f) => f.dims === undefined)) return undefined;
  const at = axisOf(context, axis, first.length);
  const dims = [...first];
  for (const { dims: next = [] } of facts.slice(1)) {
    if (next.length !== first.length)
      context.fail(`shapes ${formatDims(first)} and ${formatDims(next)} differ in rank`);
    next.forEach((d, i) => {
      const sum = dims[i] as Dim;
      if (i !== at)
        dims[i] = sameDim(context, sum, d, `dimension ${i} of ${formatDims(first)} and ${formatDims(next)}`);
      else dims[i] = typeof sum === 'number' && typeof d === 'number' ? sum + d : context.symbol('concat');
    });
  }
  return dims;
}

const splitAttributes = {
  axis: { kind: 'int', default: 0 },
  split: { kind: 'ints' },
  num_outputs: { kind: 'int' },
} as const;
type SplitSpecs = typeof splitAttributes;

/** Split: lengths as an attribute up to opset 12, as an input from 13 on, or equal parts (18: the last may be shorter). */
function split(since: number, from: 'attribute' | 'input'): OpDef {
  const lengthsGiven = (
    context: { readonly attributes: AttributeValues<SplitSpecs> },
    input: readonly number[] | undefined,
  ) => (from === 'attribute' ? context.attributes.split : input);
  const run = (context: RunContext<SplitSpecs>): Tensor[] => {
    const x = context.input(0);
    const axis = context.attributes.axis < 0 ? context.attributes.axis + x.dims.length : context.attributes.axis;
    const input = context.inputs[1];
    const given = lengthsGiven(context, input === undefined ? undefined : toNumbers(input));
    const lengths = given ?? equalParts(x.dims[axis] as number, context.outputCount);
    const whole = cellsOf(x);
    let at = 0;
    return lengths.map((length, i) => {
      const dims = x.dims.map((d, j) => (j === axis ? length : d));
      const out = outputOf(context, i, x.dtype, dims);
      cutPart(context.kernels, { whole, wholeDims: x.dims, part: cellsOf(out), partDims: dims, axis, at });
      at += length;
      return out;
    });
  };
  return defineOp<SplitSpecs, undefined, MovedTables>({
    type: 'Split',
    domain: '',
    since,
    arity: [1, from === 'input' ? 2 : 1],
    attributes: splitAttributes,
    layout: { kind: 'plain' },
    infer: (context) => {
      const { dtype, dims } = context.input(0);
      const given = lengthsGiven(context, knownNumbers(context.inputs[1]));
      if (dims === undefined) return Array.from({ length: context.outputCount }, () => ({ dtype, dims: undefined }));
      const axis = axisOf(context, context.attributes.axis, dims.length);
      const lengths = splitLengths(context, dims, axis, given, from === 'input' && context.inputs[1] !== undefined);
      return lengths.map((length) => ({ dtype, dims: dims.map((d, i) => (i === axis ? length : d)) }));
    },
    run,
    quant: () => ({ kind: 'sharesInput' }),
    integer: movesCodes(run),
  });
}

function splitLengths(
  context: InferContext<SplitSpecs>,
  dims: Dims,
  axis: number,
  given: readonly number[] | undefined,
  hasInput: boolean,
): Dims {
  const size = dims[axis] as Dim;
  const count = context.outputCount;
  if (given !== undefined) {
    const sum = given.reduce((a, b) => a + b, 0);
    if (typeof size === 'number' && sum !== size)
      context.fail(`split ${formatDims(given)} adds up to ${sum}, but dimension ${axis} is ${size}`);
    if (given.length !== count) context.fail(`split has ${given.length} lengths for ${count} outputs`);
    return given;
  }
  if (hasInput) return Array.from({ length: count }, () => context.symbol('split'));
  const parts = typeof size === 'number' ? equalParts(size, count) : undefined;
  return Array.from({ length: count }, (_, i) => mapDim(context, size, () => parts?.[i] as number, 'split'));
}

function equalParts(size: number, count: number): number[] {
  const part = Math.ceil(size / count);
  return Array.from({ length: count }, (_, i) => Math.max(0, Math.min(part, size - i * part)));
}

/** Joins tensors, and takes them apart. */
export const concatOps: readonly OpDef[] = [concat, split(1, 'attribute'), split(13, 'input'), split(18, 'input')];
