import { formatDims, sizeOf, stridesOf } from '../base/shape.ts';
import { type Tensor, toNumbers } from '../base/tensor.ts';
import type { TensorFact } from '../graph/fact.ts';
import type { Dim } from '../graph/model.ts';
import { outputOf } from './cells.ts';
import { type MovedTables, movesCodes } from './codes.ts';
import { axesOf, type Dims, type Inferring, knownElements, knownNumbers } from './facts.ts';
import { gatherAxes } from './gatherAxes.ts';
import { floatsOf, isFloat32Stored, numbersOf, stored } from './numbers.ts';
import {
  type AttributeValues,
  defineOp,
  type InferContext,
  type IntegerForm,
  type OpDef,
  type RunContext,
} from './opDef.ts';
import { COORDINATE_MODES, type Interpolation, resampleAxis, type Taps, tapsOf } from './resample.ts';

const attributes = {
  mode: { kind: 'string', default: 'nearest' },
  coordinate_transformation_mode: { kind: 'string', default: 'half_pixel' },
  nearest_mode: { kind: 'string', default: 'round_prefer_floor' },
  cubic_coeff_a: { kind: 'float', default: -0.75 },
  exclude_outside: { kind: 'int', default: 0 },
  extrapolation_value: { kind: 'float', default: 0 },
  antialias: { kind: 'int', default: 0 },
  keep_aspect_ratio_policy: { kind: 'string', default: 'stretch' },
  axes: { kind: 'ints' },
  scales: { kind: 'floats' },
} as const;
type Specs = typeof attributes;
type Attributes = AttributeValues<Specs>;

/** Where a version of Resize or Upsample finds its scales, and whether it samples corners first (opset 10 and Upsample). */
interface Variant {
  readonly type: 'Resize' | 'Upsample';
  readonly since: number;
  readonly scales: number | 'attribute';
  readonly sizes?: number;
  readonly roi?: number;
  readonly cornerFirst?: true;
}

/** Size and scale of every logical axis. */
interface Plan {
  readonly out: readonly number[];
  readonly scale: readonly number[];
}

/** From the given scales or sizes of `axes` to all axes. */
function planOf(
  attributes_: Attributes,
  dims: readonly number[],
  scales: readonly number[] | undefined,
  sizes: readonly number[] | undefined,
): Plan {
  const axes = (attributes_.axes ?? dims.map((_, i) => i)).map((a) => (a < 0 ? a + dims.length : a));
  const out = [...dims];
  const scale = dims.map(() => 1);
  if (sizes !== undefined) {
    const policy = attributes_.keep_aspect_ratio_policy;
    const ratios = axes.map((axis, i) => (sizes[i] as number) / (dims[axis] as number));
    const common = policy === 'not_larger' ? Math.min(...ratios) : Math.max(...ratios);
    axes.forEach((axis, i) => {
      const size = dims[axis] as number;
      out[axis] = policy === 'stretch' ? (sizes[i] as number) : Math.floor(common * size + 0.5);
      scale[axis] = policy === 'stretch' ? (ratios[i] as number) : common;
    });
  } else {
    axes.forEach((axis, i) => {
      scale[axis] = scales?.[i] as number;
      out[axis] = Math.floor(Math.fround((dims[axis] as number) * (scales?.[i] as number)));
    });
  }
  return { out, scale };
}

function interpolationOf(a: Attributes, cornerFirst: boolean): Interpolation & { readonly coordinates: string } {
  const mode = a.mode === 'bilinear' || a.mode === 'linear' ? 'linear' : a.mode === 'cubic' ? 'cubic' : 'nearest';
  return {
    mode,
    nearestMode: cornerFirst ? 'floor' : a.nearest_mode,
    cubicA: a.cubic_coeff_a,
    excludeOutside: a.exclude_outside !== 0,
    antialias: a.antialias !== 0,
    coordinates: cornerFirst ? 'asymmetric' : a.coordinate_transformation_mode,
  };
}

function run(context: RunContext<Specs>, variant: Variant): Tensor[] {
  const x = context.input(0);
  const list = (index: number | undefined) => {
    const t = index === undefined ? undefined : context.inputs[index];
    return t === undefined || sizeOf(t.dims) === 0 ? undefined : toNumbers(t);
  };
  const rank = x.dims.length;
  const order = context.layout === 'nhwc' && rank === 4 ? [0, 3, 1, 2] : x.dims.map((_, i) => i);
  const logical = order.map((p) => x.dims[p] as number);
  const scales = variant.scales === 'attribute' ? context.attributes.scales : list(variant.scales);
  const plan = planOf(context.attributes, logical, scales, list(variant.sizes));
  const how = interpolationOf(context.attributes, variant.cornerFirst === true);
  const roi = list(variant.roi);
  const axes = context.attributes.axes?.map((a) => (a < 0 ? a + rank : a)) ?? logical.map((_, i) => i);
  const outDims = [...x.dims];
  const taps = new Map<number, Taps>();
  logical.forEach((size, axis) => {
    const physical = order[axis] as number;
    const [out, scale] = [plan.out[axis] as number, plan.scale[axis] as number];
    const r = axes.indexOf(axis);
    const region =
      roi !== undefined && r >= 0 ? ([roi[r], roi[r + axes.length]] as [number, number]) : ([0, 1] as const);
    const crops = how.coordinates === 'tf_crop_and_resize' && (region[0] !== 0 || region[1] !== 1);
    outDims[physical] = out;
    if (out === size && scale === 1 && !crops) return;
    taps.set(physical, tapsOf({ size, out, scale, coordinates: how.coordinates, roi: region }, how));
  });
  const outside = [...taps.values()].some((t) => t.outside.includes(1));
  const y = how.mode === 'nearest' ? pickNearest(context, x, outDims, taps) : interpolate(context, x, outDims, taps);
  if (outside) extrapolate(y, taps, context.attributes.extrapolation_value);
  return [y];
}

/** Nearest neighbours only move elements, so any type will do. */
function pickNearest(
  context: RunContext<Specs>,
  x: Tensor,
  dims: readonly number[],
  taps: ReadonlyMap<number, Taps>,
): Tensor {
  const out = outputOf(context, 0, x.dtype, dims);
  if (sizeOf(dims) > 0)
    gatherAxes(
      context.kernels,
      x,
      out,
      dims.map((_, axis) => taps.get(axis)?.index),
    );
  return out;
}

/** One axis after the other, sums in float64. */
function interpolate(
  context: RunContext<Specs>,
  x: Tensor,
  dims: readonly number[],
  taps: ReadonlyMap<number, Taps>,
): Tensor {
  const out = context.output(0, x.dtype as 'float32', dims); // numeric: linear and cubic have no strings
  if (isFloat32Stored(x.dtype)) return interpolateFloats(context, x, out, taps);
  const target = numbersOf(out);
  let data: ArrayLike<number> = numbersOf(x);
  const now = [...x.dims];
  const axes = [...taps.keys()];
  axes.forEach((axis, i) => {
    const shape = { outer: sizeOf(now.slice(0, axis)), size: now[axis] as number, inner: sizeOf(now.slice(axis + 1)) };
    now[axis] = dims[axis] as number;
    const next = i === axes.length - 1 ? target : context.scratch('float64', sizeOf(now));
    resampleAxis(data, next, shape, taps.get(axis) as Taps);
    data = next;
  });
  if (axes.length === 0) for (let i = 0; i < target.length; i++) target[i] = data[i] as number;
  return stored(out, context.kernels);
}

/** One axis after the other, in float32: each adds half a step per tap and rounding of the largest magnitude. */
function interpolateFloats(
  context: RunContext<Specs>,
  x: Tensor,
  out: Tensor,
  taps: ReadonlyMap<number, Taps>,
): Tensor {
  const now = [...x.dims];
  const axes = [...taps.keys()];
  let data = floatsOf(x);
  axes.forEach((axis, i) => {
    const { count, index, weight, outside } = taps.get(axis) as Taps; // one of its keys
    const [size, length] = [now[axis] as number, outside.length];
    const shape = { outer: sizeOf(now.slice(0, axis)), size, inner: sizeOf(now.slice(axis + 1)), length };
    now[axis] = length;
    const next = i === axes.length - 1 ? floatsOf(out) : context.scratch('float32', sizeOf(now));
    context.kernels.resampleF32(data, next, shape, { count, index, weight: Float32Array.from(weight) });
    data = next;
  });
  if (axes.length === 0) floatsOf(out).set(data);
  return stored(out, context.kernels);
}

function extrapolate(y: Tensor, taps: ReadonlyMap<number, Taps>, value: number): void {
  const strides = stridesOf(y.dims);
  const data = numbersOf(y);
  for (let i = 0; i < data.length; i++) {
    for (const [axis, { outside }] of taps) {
      if (outside[Math.floor(i / (strides[axis] as number)) % (y.dims[axis] as number)] === 1) data[i] = value;
    }
  }
}

function inferResize(context: InferContext<Specs>, variant: Variant): TensorFact {
  const { dtype, dims } = context.input(0);
  const a = context.attributes;
  checkModes(context, a);
  if (dims === undefined) return { dtype, dims: undefined };
  const axes = a.axes === undefined ? dims.map((_, i) => i) : axesOf(context, a.axes, dims.length);
  const sizesFact = variant.sizes === undefined ? undefined : nonEmpty(context, variant.sizes);
  if (sizesFact !== undefined) {
    const sizes = knownElements(sizesFact);
    if (sizes !== undefined && sizes.length !== axes.length) {
      context.fail(`sizes ${formatDims(sizes)} has ${sizes.length} entries, expected ${axes.length}`);
    }
    const stretch = a.keep_aspect_ratio_policy === 'stretch';
    if (stretch) return { dtype, dims: withAxes(dims, axes, (_, i) => sizes?.[i] ?? context.symbol('resize')) };
    const numbers = sizes?.every((s) => typeof s === 'number') && dims.every((d) => typeof d === 'number');
    const out = numbers ? planOf(a, dims as readonly number[], undefined, sizes as readonly number[]).out : undefined;
    return { dtype, dims: out ?? withAxes(dims, axes, () => context.symbol('resize')) };
  }
  const scales = variant.scales === 'attribute' ? a.scales : knownNumbers(context.inputs[variant.scales]);
  if (scales === undefined && (variant.scales === 'attribute' || context.inputs[variant.scales] === undefined)) {
    context.fail('neither scales nor sizes are given');
  }
  if (scales !== undefined && scales.length !== axes.length) {
    context.fail(`scales ${formatDims(scales)} has ${scales.length} entries, expected ${axes.length}`);
  }
  return {
    dtype,
    dims: withAxes(dims, axes, (d, i) => {
      const s = scales?.[i];
      if (s === 1) return d;
      return typeof d === 'number' && s !== undefined ? Math.floor(Math.fround(d * s)) : context.symbol('resize');
    }),
  };
}

function withAxes(dims: Dims, axes: readonly number[], of: (d: Dim, i: number) => Dim): Dim[] {
  return dims.map((d, axis) => (axes.includes(axis) ? of(d, axes.indexOf(axis)) : d));
}

function nonEmpty(context: Inferring, index: number): TensorFact | undefined {
  const fact = context.inputs[index];
  return fact?.dims?.[0] === 0 ? undefined : fact;
}

function checkModes(context: Inferring, a: Attributes): void {
  if (!['nearest', 'linear', 'bilinear', 'cubic'].includes(a.mode)) {
    context.fail(`mode is ${a.mode}, expected nearest, linear or cubic`);
  }
  if (!COORDINATE_MODES.includes(a.coordinate_transformation_mode)) {
    context.fail(
      `coordinate_transformation_mode is ${a.coordinate_transformation_mode}, expected one of ${COORDINATE_MODES.join(', ')}`,
    );
  }
}

function resize(variant: Variant): OpDef {
  const moves = movesCodes<Specs>((context) => run(context, variant));
  const integer: IntegerForm<Specs, MovedTables> = {
    ...moves,
    floats: [variant.roi, variant.scales].filter((i) => typeof i === 'number'),
    accepts: (context) => {
      const { mode, extrapolation_value, coordinate_transformation_mode } = context.attributes;
      if (mode !== 'nearest') return `Resize mode ${mode} has no integer form; mode nearest has.`;
      if (coordinate_transformation_mode === 'tf_crop_and_resize') {
        return `Resize fills with ${extrapolation_value} outside its region, which has no integer form.`;
      }
      return moves.accepts(context);
    },
  };
  const most = Math.max(0, ...[variant.scales, variant.sizes, variant.roi].map((i) => (typeof i === 'number' ? i : 0)));
  return defineOp<Specs, undefined, MovedTables>({
    type: variant.type,
    domain: '',
    since: variant.since,
    arity: [variant.since < 11 && variant.scales !== 'attribute' ? 2 : 1, most + 1],
    attributes,
    layout: { kind: 'nhwc', inputs: [0] },
    infer: (context) => [inferResize(context, variant)],
    run: (context) => run(context, variant),
    quant: ({ mode }) => (mode === 'nearest' ? { kind: 'sharesInput' } : { kind: 'observed' }),
    integer,
  });
}

/** Scaling of images; Upsample is its ancestor. */
export const resizeOps: readonly OpDef[] = [
  resize({ type: 'Upsample', since: 7, scales: 'attribute', cornerFirst: true }),
  resize({ type: 'Upsample', since: 9, scales: 1, cornerFirst: true }),
  resize({ type: 'Resize', since: 10, scales: 1, cornerFirst: true }),
  resize({ type: 'Resize', since: 11, roi: 1, scales: 2, sizes: 3 }),
];
