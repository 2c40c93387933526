import { isBigInt, isFloat } from '../base/dtype.ts';
import { sizeOf, stridesOf } from '../base/shape.ts';
import { type Tensor, toNumbers } from '../base/tensor.ts';
import type { TensorFact } from '../graph/fact.ts';
import type { Dim } from '../graph/model.ts';
import type { ReduceOp } from '../kernels/kernelSet.ts';
import { indexOf } from './convDirect.ts';
import { EXACT_REDUCTIONS, integerRange } from './exactReduction.ts';
import { axesOf, axisOf, factWithElements, foldDims, knownElements, knownNumbers } from './facts.ts';
import { asNumbers, bigintsOf, floatsOf, isFloat32Stored, stored } from './numbers.ts';
import { defineOp, type InferContext, type OpDef, type RunContext } from './opDef.ts';

/** What a reduction computes from the elements it covers: f(accumulator, x) from `start`, then `finish` by their count. */
interface Reduction {
  readonly start: number;
  readonly step: (sum: number, x: number) => number;
  readonly finish?: (sum: number, count: number) => number;
}

const add = (sum: number, x: number) => sum + x;

const REDUCTIONS = {
  ReduceSum: { start: 0, step: add },
  ReduceMean: { start: 0, step: add, finish: (sum, count) => sum / count },
  ReduceMax: { start: -Infinity, step: Math.max },
  ReduceMin: { start: Infinity, step: Math.min },
  ReduceProd: { start: 1, step: (product, x) => product * x },
  ReduceL1: { start: 0, step: (sum, x) => sum + Math.abs(x) },
  ReduceL2: { start: 0, step: (sum, x) => sum + x * x, finish: Math.sqrt },
  ReduceSumSquare: { start: 0, step: (sum, x) => sum + x * x },
  ReduceLogSum: { start: 0, step: add, finish: Math.log },
  ReduceLogSumExp: { start: 0, step: add, finish: Math.log },
} as const satisfies Readonly<Record<string, Reduction>>;

type ReduceType = keyof typeof REDUCTIONS;

/** Kernels of reductions over adjacent axes of float32. */
const KERNELS: Readonly<Partial<Record<ReduceType, ReduceOp>>> = {
  ReduceSum: 'sum',
  ReduceMean: 'mean',
  ReduceMax: 'max',
  ReduceMin: 'min',
  ReduceL1: 'l1',
  ReduceL2: 'l2',
  ReduceSumSquare: 'sumSquare',
};

const attributes = {
  axes: { kind: 'ints' },
  keepdims: { kind: 'int', default: 1 },
  noop_with_empty_axes: { kind: 'int', default: 0 },
} as const;
type Specs = typeof attributes;

/** The axes a reduction covers; 'none' where it is the identity, 'unknown' where a node computes them. */
function coveredAxes(given: readonly number[] | undefined, noop: boolean, rank: number): readonly number[] | 'none' {
  if (given !== undefined && given.length > 0) return given;
  return noop ? 'none' : Array.from({ length: rank }, (_, i) => i);
}

function reduction(type: ReduceType, since: number, axesFrom: 'attribute' | 'input'): OpDef {
  return defineOp<Specs>({
    type,
    domain: '',
    since,
    arity: [1, axesFrom === 'input' ? 2 : 1],
    attributes,
    layout: { kind: 'plain' },
    infer: (context) => [inferReduction(context, type, axesFrom)],
    run: (context) => [runReduction(context, type, axesFrom)],
    quant: () => ({ kind: 'observed' }),
  });
}

function inferReduction(context: InferContext<Specs>, type: ReduceType, axesFrom: 'attribute' | 'input'): TensorFact {
  const { dtype, dims } = context.input(0);
  const { keepdims, noop_with_empty_axes: noop } = context.attributes;
  if (dims === undefined) return { dtype, dims: undefined };
  const computed =
    axesFrom === 'input' && context.inputs[1] !== undefined && knownNumbers(context.inputs[1]) === undefined;
  if (computed) return { dtype, dims: keepdims ? dims.map(() => context.symbol('reduce')) : undefined };
  const given = axesFrom === 'input' ? knownNumbers(context.inputs[1]) : context.attributes.axes;
  const covered = coveredAxes(given, noop !== 0, dims.length);
  if (covered === 'none') return { dtype, dims };
  const axes = axesOf(context, covered, dims.length);
  const out = keepdims ? dims.map((d, i) => (axes.includes(i) ? 1 : d)) : dims.filter((_, i) => !axes.includes(i));
  const elements = type === 'ReduceProd' && dims.length === 1 ? knownElements(context.input(0)) : undefined;
  return factWithElements(dtype, out, elements && [foldDims(context, elements, 'product')]);
}

function runReduction(context: RunContext<Specs>, type: ReduceType, axesFrom: 'attribute' | 'input'): Tensor {
  const x = context.input(0);
  const { keepdims, noop_with_empty_axes: noop } = context.attributes;
  const input = context.inputs[1];
  const given = axesFrom === 'input' ? input && toNumbers(input) : context.attributes.axes;
  const rule: Reduction = REDUCTIONS[type];
  const covered = coveredAxes(given, noop !== 0, x.dims.length);
  const axes = covered === 'none' ? [] : covered.map((a) => (a < 0 ? a + x.dims.length : a));
  const kept = x.dims.map((_, i) => i).filter((i) => !axes.includes(i));
  const outDims =
    keepdims || covered === 'none'
      ? x.dims.map((d, i) => (axes.includes(i) ? 1 : d))
      : kept.map((i) => x.dims[i] as number);
  const out = context.output(0, x.dtype as 'float32', outDims); // numeric: strings have no reductions
  const kernel = KERNELS[type];
  const block = contiguousBlock(x.dims, axes);
  if (kernel !== undefined && block !== undefined && isFloat32Stored(x.dtype)) {
    context.kernels.reduceF32(kernel, floatsOf(x), floatsOf(out), block.outer, block.count, block.inner);
    return stored(out, context.kernels);
  }
  const exact = isBigInt(x.dtype) ? EXACT_REDUCTIONS[type] : undefined;
  if (exact !== undefined) {
    const [from, to] = [bigintsOf(x), bigintsOf(out)];
    const { bases, offsets } = positions(x.dims, kept, axes);
    bases.forEach((base, i) => {
      to[i] = offsets.reduce((sum, o) => exact.step(sum, from[base + o] as bigint), exact.start(x.dtype));
    });
    return out;
  }
  const results = reduceOver(asNumbers(x), x.dims, kept, axes, type, rule);
  if (isBigInt(x.dtype)) {
    const target = out.data as unknown as BigInt64Array; // of the same dtype as x
    results.forEach((v, i) => {
      target[i] = BigInt(Number.isFinite(v) ? Math.trunc(v) : 0);
    });
  } else if (isFloat(x.dtype)) out.data.set(results);
  else {
    const { lowest, highest } = integerRange(x.dtype);
    const isBool = (x.dtype as string) === 'bool';
    results.forEach((v, i) => {
      out.data[i] = isBool || !Number.isFinite(v) ? Math.min(Number(highest), Math.max(Number(lowest), v)) : v;
    });
  }
  return stored(out, context.kernels);
}

/** Sums over `axes` in float64, one per position of the other dimensions: exact for codes. */
export function sumOver(x: ArrayLike<number>, dims: readonly number[], axes: readonly number[]): Float64Array {
  const kept = dims.map((_, i) => i).filter((i) => !axes.includes(i));
  return reduceOver(x, dims, kept, axes, 'ReduceSum', REDUCTIONS.ReduceSum);
}

function reduceOver(
  x: ArrayLike<number>,
  dims: readonly number[],
  kept: readonly number[],
  axes: readonly number[],
  type: ReduceType,
  rule: Reduction,
): Float64Array {
  const block = contiguousBlock(dims, axes);
  if (block !== undefined && type !== 'ReduceLogSumExp') return reduceBlock(x, block, rule);
  const { bases, offsets } = positions(dims, kept, axes);
  const { step, finish } = rule;
  return Float64Array.from(bases, (base) => {
    if (type === 'ReduceLogSumExp') return logSumExp(x, base, offsets);
    let sum = rule.start;
    for (const o of offsets) sum = step(sum, x[base + o] as number);
    return finish === undefined ? sum : finish(sum, offsets.length);
  });
}

/** Where the elements behind each result begin, and where they lie from there. */
function positions(
  dims: readonly number[],
  kept: readonly number[],
  axes: readonly number[],
): { readonly bases: readonly number[]; readonly offsets: readonly number[] } {
  const strides = stridesOf(dims);
  const keptDims = kept.map((i) => dims[i] as number);
  const reducedDims = axes.map((i) => dims[i] as number);
  const offsetsOf = (list: readonly number[], of: readonly number[]) =>
    Array.from({ length: sizeOf(of) }, (_, p) =>
      indexOf(p, of).reduce((sum, at, d) => sum + at * (strides[list[d] as number] as number), 0),
    );
  return { bases: offsetsOf(kept, keptDims), offsets: offsetsOf(axes, reducedDims) };
}

/** The tensor as [outer, count, inner] with `count` reduced, where the axes are adjacent. */
interface Block {
  readonly outer: number;
  readonly count: number;
  readonly inner: number;
}

function contiguousBlock(dims: readonly number[], axes: readonly number[]): Block | undefined {
  const sorted = [...axes].sort((a, b) => a - b);
  const [first, last] = [sorted[0], sorted.at(-1)];
  if (first === undefined || last === undefined || last - first + 1 !== sorted.length) return undefined;
  return {
    outer: sizeOf(dims.slice(0, first)),
    count: sizeOf(dims.slice(first, last + 1)),
    inner: sizeOf(dims.slice(last + 1)),
  };
}

function reduceBlock(
  x: ArrayLike<number>,
  { outer, count, inner }: Block,
  { start, step, finish }: Reduction,
): Float64Array {
  const out = new Float64Array(outer * inner).fill(start);
  let at = 0;
  for (let o = 0; o < outer; o++) {
    for (let c = 0; c < count; c++) {
      for (let i = o * inner; i < (o + 1) * inner; i++) out[i] = step(out[i] as number, x[at++] as number);
    }
  }
  if (finish !== undefined) for (let i = 0; i < out.length; i++) out[i] = finish(out[i] as number, count);
  return out;
}

function logSumExp(x: ArrayLike<number>, base: number, offsets: readonly number[]): number {
  let max = -Infinity;
  for (const o of offsets) max = Math.max(max, x[base + o] as number);
  if (!Number.isFinite(max)) return max;
  let sum = 0;
  for (const o of offsets) sum += Math.exp((x[base + o] as number) - max);
  return max + Math.log(sum);
}

/** ArgMax, ArgMin: the index of the extreme element along an axis, the first or (select_last_index) the last. */
function argExtreme(type: 'ArgMax' | 'ArgMin', since: number): OpDef {
  return defineOp({
    type,
    domain: '',
    since,
    arity: [1, 1],
    attributes: {
      axis: { kind: 'int', default: 0 },
      keepdims: { kind: 'int', default: 1 },
      select_last_index: { kind: 'int', default: 0 },
    },
    layout: { kind: 'plain' },
    infer: (context) => {
      const { dims } = context.input(0);
      if (dims === undefined) return [{ dtype: 'int64', dims: undefined }];
      const axis = axisOf(context, context.attributes.axis, dims.length);
      if (dims[axis] === 0) context.fail(`axis ${axis} has no elements to choose from`);
      const out: Dim[] = dims.flatMap((d, i) => (i !== axis ? [d] : context.attributes.keepdims ? [1] : []));
      return [{ dtype: 'int64', dims: out }];
    },
    run: (context) => {
      const x = context.input(0);
      const { keepdims, select_last_index: last } = context.attributes;
      const axis = context.attributes.axis < 0 ? context.attributes.axis + x.dims.length : context.attributes.axis;
      const out = context.output(
        0,
        'int64',
        x.dims.flatMap((d, i) => (i !== axis ? [d] : keepdims ? [1] : [])),
      );
      const data = isBigInt(x.dtype) ? bigintsOf(x) : asNumbers(x);
      const count = x.dims[axis] as number;
      const step = sizeOf(x.dims.slice(axis + 1));
      for (let r = 0; r < out.data.length; r++) {
        const at = Math.floor(r / step) * count * step + (r % step);
        let best = 0;
        for (let i = 1; i < count; i++) {
          const [v, b] = [data[at + i * step] as number | bigint, data[at + best * step] as number | bigint];
          if ((type === 'ArgMax' ? v > b : v < b) || (last !== 0 && v === b)) best = i;
        }
        out.data[r] = BigInt(best);
      }
      return [out];
    },
    quant: () => ({ kind: 'float', why: `${type} has an integer output.` }),
  });
}

/** Opset from which axes are an input; ReduceSum led. */
const AXES_INPUT_SINCE = 18;

/** Reductions over axes. */
export const reduceOps: readonly OpDef[] = [
  ...(Object.keys(REDUCTIONS) as ReduceType[]).flatMap((type) => [
    reduction(type, 1, 'attribute'),
    reduction(type, type === 'ReduceSum' ? 13 : AXES_INPUT_SINCE, 'input'),
  ]),
  argExtreme('ArgMax', 1),
  argExtreme('ArgMin', 1),
];
