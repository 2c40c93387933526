import { formatDims, sizeOf } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import { toNumbers } from '../base/tensor.ts';
import type { TensorFact } from '../graph/fact.ts';
import type { Dim } from '../graph/model.ts';
import { reshaped } from './cells.ts';
import { viewsCodes } from './codes.ts';
import {
  axesOf,
  axisOf,
  countOf,
  type Dims,
  divideDims,
  factWithElements,
  foldDims,
  type Inferring,
  knownElements,
  knownNumbers,
} from './facts.ts';
import { type AttributeSpecs, defineOp, type InferContext, type OpDef, type RunContext } from './opDef.ts';

/** Carries constant and elements of a reshaped shape-like tensor along while it stays of rank 0 or 1. */
function carried(input: TensorFact, dims: Dims | undefined): TensorFact {
  const elements = knownElements(input);
  const flat = dims !== undefined && dims.length <= 1;
  return factWithElements(input.dtype, dims, flat ? elements : undefined);
}

interface ViewSpec<S extends AttributeSpecs> {
  readonly type: string;
  readonly since: number;
  readonly arity: readonly [number, number];
  readonly attributes: S;
  /** The output dims, symbols included; undefined when the inputs do not tell. */
  infer(context: InferContext<S>): Dims | undefined;
  /** The output dims of a run. */
  dims(context: RunContext<S>): readonly number[];
}

/** An operator whose output is its input's data under other dims. */
function defineView<const S extends AttributeSpecs>(spec: ViewSpec<S>): OpDef {
  const run = (context: RunContext<S>) => [reshaped(context.input(0), spec.dims(context))];
  return defineOp<S, undefined, undefined>({
    type: spec.type,
    domain: '',
    since: spec.since,
    arity: spec.arity,
    attributes: spec.attributes,
    layout: { kind: 'plain' },
    aliases: 0,
    infer: (context) => [carried(context.input(0), spec.infer(context))],
    run,
    quant: () => ({ kind: 'sharesInput' }),
    integer: viewsCodes(run),
  });
}

const reshapeAttributes = { allowzero: { kind: 'int', default: 0 } } as const;

function reshape(since: number): OpDef {
  return defineView({
    type: 'Reshape',
    since,
    arity: [2, 2],
    attributes: reshapeAttributes,
    infer: (context) => inferReshape(context, context.attributes.allowzero !== 0),
    dims: (context) => {
      const x = context.input(0);
      const target = toNumbers(context.input(1));
      const dims = target.map((d, i) => (d === 0 && context.attributes.allowzero === 0 ? (x.dims[i] as number) : d));
      const open = dims.indexOf(-1);
      if (open >= 0) dims[open] = sizeOf(x.dims) / sizeOf(dims.filter((_, i) => i !== open));
      if (sizeOf(dims) !== sizeOf(x.dims)) {
        context.fail(
          `${formatDims(x.dims)} does not reshape to ${formatDims(target)}: ${sizeOf(x.dims)} elements against ${sizeOf(dims)}`,
        );
      }
      return dims;
    },
  });
}

function inferReshape(context: Inferring, allowZero: boolean): Dims | undefined {
  const { dims: from } = context.input(0);
  const target = knownElements(context.input(1));
  if (target === undefined) {
    const rank = context.input(1).dims?.[0];
    return typeof rank === 'number' ? Array.from({ length: rank }, () => context.symbol('reshape')) : undefined;
  }
  if (target.filter((d) => d === -1).length > 1) context.fail(`the target ${formatDims(target)} has more than one -1`);
  const dims = target.map((d, i) => {
    if (d !== 0 || allowZero) return d;
    if (from === undefined) return context.symbol('reshape');
    return (
      from[i] ?? context.fail(`the target ${formatDims(target)} has 0 at ${i}, but the input has rank ${from.length}`)
    );
  });
  const open = dims.indexOf(-1);
  if (from === undefined) return dims.map((d) => (d === -1 ? context.symbol('reshape') : d));
  const known = dims.filter((_, i) => i !== open);
  if (open < 0) {
    const [a, b] = [countOf(from), countOf(dims)];
    if (a !== undefined && b !== undefined && a !== b) {
      context.fail(`${formatDims(from)} does not reshape to ${formatDims(target)}: ${a} elements against ${b}`);
    }
    return dims;
  }
  const rest = divideDims(context, from, known, 'reshape');
  if (rest === undefined)
    context.fail(`${formatDims(from)} does not reshape to ${formatDims(target)}: no whole number fits -1`);
  return dims.map((d, i) => (i === open ? (rest as Dim) : d));
}

const flatten = (since: number): OpDef =>
  defineView({
    type: 'Flatten',
    since,
    arity: [1, 1],
    attributes: { axis: { kind: 'int', default: 1 } },
    infer: (context) => {
      const { dims } = context.input(0);
      if (dims === undefined) return [context.symbol('flatten'), context.symbol('flatten')];
      const { axis } = context.attributes;
      const at = axis === dims.length ? axis : axisOf(context, axis, Math.max(1, dims.length));
      return [foldDims(context, dims.slice(0, at), 'flatten'), foldDims(context, dims.slice(at), 'flatten')];
    },
    dims: (context) => {
      const { dims } = context.input(0);
      const { axis } = context.attributes;
      const at = axis < 0 ? axis + dims.length : axis;
      return [sizeOf(dims.slice(0, at)), sizeOf(dims.slice(at))];
    },
  });

/** Axes of Squeeze and Unsqueeze: an attribute up to opset 12, an input from 13 on. */
type AxesFrom = 'attribute' | 'input';
const axesAttributes = { axes: { kind: 'ints' } } as const;
type AxesSpecs = typeof axesAttributes;

function inferAxes(context: InferContext<AxesSpecs>, from: AxesFrom): readonly number[] | 'unknown' | undefined {
  if (from === 'attribute') return context.attributes.axes;
  return context.inputs[1] === undefined ? undefined : (knownNumbers(context.inputs[1]) ?? 'unknown');
}

function runAxes(context: RunContext<AxesSpecs>, from: AxesFrom): readonly number[] | undefined {
  if (from === 'attribute') return context.attributes.axes;
  return context.inputs[1] === undefined ? undefined : toNumbers(context.inputs[1]);
}

function squeeze(since: number, from: AxesFrom): OpDef {
  return defineView({
    type: 'Squeeze',
    since,
    arity: [1, from === 'input' ? 2 : 1],
    attributes: axesAttributes,
    infer: (context) => {
      const { dims } = context.input(0);
      const axes = inferAxes(context, from);
      if (dims === undefined || axes === 'unknown') return undefined;
      if (axes === undefined) return dims.some((d) => typeof d === 'string') ? undefined : dims.filter((d) => d !== 1);
      const drop = axesOf(context, axes, dims.length);
      for (const a of drop) {
        const d = dims[a] as Dim;
        if (typeof d === 'number' && d !== 1) context.fail(`dimension ${a} of ${formatDims(dims)} is ${d}, expected 1`);
      }
      return dims.filter((_, i) => !drop.includes(i));
    },
    dims: (context) => {
      const { dims } = context.input(0);
      const drop = runAxes(context, from)?.map((a) => (a < 0 ? a + dims.length : a));
      return dims.filter((d, i) => (drop === undefined ? d !== 1 : !drop.includes(i)));
    },
  });
}

function unsqueeze(since: number, from: AxesFrom): OpDef {
  return defineView({
    type: 'Unsqueeze',
    since,
    arity: from === 'input' ? [2, 2] : [1, 1],
    attributes: axesAttributes,
    infer: (context) => {
      const { dims } = context.input(0);
      const axes = inferAxes(context, from);
      if (axes === undefined) context.fail('axes are missing');
      if (dims === undefined || axes === 'unknown' || axes === undefined) return undefined;
      return inserted(dims, axesOf(context, axes, dims.length + axes.length));
    },
    dims: (context) => {
      const { dims } = context.input(0);
      const axes = runAxes(context, from) ?? [];
      const rank = dims.length + axes.length;
      return inserted(
        dims,
        axes.map((a) => (a < 0 ? a + rank : a)),
      );
    },
  });
}

function inserted<D extends Dim>(dims: readonly D[], axes: readonly number[]): (D | 1)[] {
  const rest = [...dims];
  return Array.from({ length: dims.length + axes.length }, (_, i) => (axes.includes(i) ? 1 : (rest.shift() as D)));
}

function identity(since: number): OpDef {
  const run = (context: RunContext<AttributeSpecs>): Tensor[] => [context.input(0)];
  return defineOp<Record<never, never>, undefined, undefined>({
    type: 'Identity',
    domain: '',
    since,
    arity: [1, 1],
    attributes: {},
    layout: { kind: 'any' },
    aliases: 0,
    infer: (context) => [context.input(0)],
    run,
    quant: () => ({ kind: 'sharesInput' }),
    integer: viewsCodes(run),
  });
}

/** Dropout of inference: the input itself, and a mask of true where one is asked for. */
function dropout(since: number): OpDef {
  const attributes = { ratio: { kind: 'float', default: 0.5 }, seed: { kind: 'int', default: 0 } } as const;
  const run = (context: RunContext<AttributeSpecs>): Tensor[] => {
    const x = context.input(0);
    const training = context.inputs[2];
    const ratio = context.inputs[1] === undefined ? 0.5 : toNumbers(context.inputs[1])[0];
    if (training !== undefined && toNumbers(training)[0] !== 0 && ratio !== 0) {
      context.fail('training_mode is true: dropping elements at random is not supported, inference is');
    }
    if (context.outputCount < 2) return [x];
    const mask = context.output(1, since < 10 ? x.dtype : 'bool', x.dims);
    if (mask.dtype !== 'string') (mask.data as Float32Array).fill(1); // any numeric array takes 1; x is floating-point
    return [x, mask];
  };
  return defineOp<typeof attributes, undefined, undefined>({
    type: 'Dropout',
    domain: '',
    since,
    arity: [1, 3],
    attributes,
    layout: { kind: 'any' },
    aliases: 0,
    infer: (context) => {
      const { dtype, dims } = context.input(0);
      const mask: TensorFact = { dtype: since < 10 ? dtype : 'bool', dims };
      return context.outputCount > 1 ? [{ dtype, dims }, mask] : [{ dtype, dims }];
    },
    run,
    quant: () => ({ kind: 'sharesInput' }),
    integer: viewsCodes(run),
  });
}

/** Operators that give data other dims without moving it. */
export const shapeOps: readonly OpDef[] = [
  reshape(5),
  reshape(14),
  flatten(1),
  squeeze(1, 'attribute'),
  squeeze(13, 'input'),
  unsqueeze(1, 'attribute'),
  unsqueeze(13, 'input'),
  identity(1),
  dropout(7),
  dropout(10),
];
