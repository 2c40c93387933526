import { clamp } from '../base/round.ts';
import { formatDims, sizeOf } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import type { Dim } from '../graph/model.ts';
import { codesOf, inputQuant } from './codes.ts';
import { indexOf, logicalOf, logicalStrides, physicalOf } from './convDirect.ts';
import { countOf, type Dims, sameDim } from './facts.ts';
import { floatsOf, isFloat32Stored, numbersOf, stored } from './numbers.ts';
import {
  type AttributeValues,
  defineOp,
  type InferContext,
  type IntegerContext,
  type MaybeFacts,
  type OpDef,
  type RunContext,
} from './opDef.ts';
import {
  acceptsWeighted,
  multipliersOf,
  type PreparedCodes,
  type PreparedWeights,
  preparedWeights,
  requantizerOf,
  type WeightedRoles,
  zeroPointsOf,
} from './weighted.ts';
import {
  checkWindow,
  geometryOf,
  imageOf,
  imageOfCodes,
  imageOutput,
  imageOutputCodes,
  packingGeometry,
  WINDOW_ATTRIBUTES,
  type Window,
} from './window.ts';

const ATTRIBUTES = {
  ...WINDOW_ATTRIBUTES,
  group: { kind: 'int', default: 1 },
  output_padding: { kind: 'ints' },
  output_shape: { kind: 'ints' },
} as const;
type Specs = typeof ATTRIBUTES;
type Attributes = AttributeValues<Specs>;

/** One spatial axis of a transposed convolution: its output length and the pads cut off. */
function axisOfTransposed(a: Attributes, size: number, kernel: number, axis: number, rank: number) {
  const stride = a.strides?.[axis] ?? 1;
  const dilation = a.dilations?.[axis] ?? 1;
  const full = stride * (size - 1) + (a.output_padding?.[axis] ?? 0) + dilation * (kernel - 1) + 1;
  const same = a.auto_pad === 'SAME_UPPER' || a.auto_pad === 'SAME_LOWER';
  const shape = a.output_shape;
  const wished =
    shape !== undefined && shape.length > 0 ? shape[shape.length - rank + axis] : same ? size * stride : undefined;
  if (wished !== undefined) {
    const total = Math.max(0, full - wished);
    const smaller = Math.floor(total / 2);
    const padBegin = a.auto_pad === 'SAME_UPPER' ? smaller : total - smaller;
    return { stride, dilation, padBegin, padEnd: total - padBegin, out: wished };
  }
  const padBegin = a.auto_pad === 'VALID' ? 0 : (a.pads?.[axis] ?? 0);
  const padEnd = a.auto_pad === 'VALID' ? 0 : (a.pads?.[axis + rank] ?? 0);
  return { stride, dilation, padBegin, padEnd, out: full - padBegin - padEnd };
}

function windowOf(a: Attributes, spatial: readonly number[], kernel: readonly number[]): Window {
  const axes = spatial.map((size, i) => axisOfTransposed(a, size, kernel[i] as number, i, spatial.length));
  return {
    kernel,
    strides: axes.map((x) => x.stride),
    dilations: axes.map((x) => x.dilation),
    padBegin: axes.map((x) => x.padBegin),
    padEnd: axes.map((x) => x.padEnd),
    out: axes.map((x) => x.out),
  };
}

function inferDims(context: InferContext<Specs>, x: Dims | undefined, w: Dims | undefined): Dim[] | undefined {
  if (x === undefined || w === undefined) return undefined;
  if (x.length < 3 || w.length !== x.length) {
    context.fail(
      `x has shape ${formatDims(x)} and w ${formatDims(w)}, expected [N, C, spatial...] and [C, O/group, kernel...]`,
    );
  }
  checkWindow(context, context.attributes, x.length - 2);
  sameDim(context, x[1] as Dim, w[0] as Dim, 'channels of x and first dimension of w');
  const perGroup = w[1] as Dim;
  const spatial = x.slice(2).map((size, i) => {
    const kernel = w[i + 2] as Dim;
    if (typeof size === 'string' || typeof kernel === 'string') return context.symbol('window');
    const { out } = axisOfTransposed(context.attributes, size, kernel, i, x.length - 2);
    return out >= 0 ? out : context.fail(`pads cut more than the output has (${out})`);
  });
  const channels = typeof perGroup === 'number' ? perGroup * context.attributes.group : context.symbol('channels');
  return [x[0] as Dim, channels, ...spatial];
}

const convTranspose = defineOp<Specs, PreparedWeights, PreparedCodes>({
  type: 'ConvTranspose',
  domain: '',
  since: 1,
  arity: [2, 3],
  attributes: ATTRIBUTES,
  layout: { kind: 'nhwc', inputs: [0] },
  fusesClamp: true,
  infer: (context) => [
    { dtype: context.input(0).dtype, dims: inferDims(context, context.input(0).dims, context.input(1).dims) },
  ],
  prepare: (context) => {
    const [, w, bias] = context.constants;
    const biasIsVariable = context.facts[2] !== undefined && bias === undefined;
    if (w === undefined || biasIsVariable || w.dims.length > 4 || !isFloat32Stored(w.dtype))
      return preparedWeights(undefined);
    const geometry = weightGeometry(w, context.attributes.group);
    return preparedWeights(context.kernels.packConvTransposeF32(floatsOf(w), bias && floatsOf(bias), geometry));
  },
  run: (context) => [runTransposed(context)],
  quant: () => ({ kind: 'weighted', activation: 0, weight: 1, bias: 2, channelAxis: 1 }),
  integer: {
    accepts: (context) => {
      const dims = context.inputs[0]?.dims;
      if (dims?.length !== 3 && dims?.length !== 4) {
        return `Transposed convolution over rank ${dims?.length ?? 'unknown'} has no integer form; ranks 3 and 4 have.`;
      }
      if (!dims.every((d) => typeof d === 'number')) return 'The shape of its input is not known before it runs.';
      const roles = transposedRoles(context);
      return roles === undefined ? 'The weight has no static shape.' : acceptsWeighted(context, roles);
    },
    prepare: (context) => {
      const [w, bias] = [context.constants[1], context.constants[2]];
      const roles = transposedRoles(context);
      if (w === undefined || roles === undefined) throw new Error('invariant: accepts() checked the weight');
      const [batch, inChannels, ...spatial] = (context.inputs[0]?.dims ?? []) as number[]; // accepts() checked them
      const window = windowOf(context.attributes, spatial, w.dims.slice(2));
      const geometry = {
        ...geometryOf(batch as number, spatial, window),
        inChannels: inChannels as number,
        outChannels: roles.outChannels,
        groups: context.attributes.group,
      };
      const weights = {
        codes: codesOf(w),
        zeroPoint: zeroPointsOf(context, 1),
        bias: bias === undefined ? undefined : (bias.data as Int32Array), // checked by acceptsWeighted
      };
      const packed = context.kernels.packConvTransposeQ8(weights, geometry, inputQuant(context, 0).zeroPoint);
      return {
        packed,
        requantizer: requantizerOf(context, roles),
        weightDims: w.dims,
        release: () => packed.release(),
      };
    },
    multipliers: (context) => multipliersOf(context, transposedRoles(context)),
    run: (context) => {
      const { packed, requantizer, weightDims } = context.prepared;
      const x = imageOfCodes(context, 0);
      const window = windowOf(context.attributes, x.spatial, weightDims.slice(2));
      const outChannels = (weightDims[1] as number) * context.attributes.group;
      const groups = context.attributes.group;
      const geometry = { ...geometryOf(x.batch, x.spatial, window), inChannels: x.channels, outChannels, groups };
      const dtype = requantizer.signed ? 'int8' : 'uint8';
      const shape = { dtype, batch: x.batch, channels: outChannels, spatial: window.out } as const;
      return [
        imageOutputCodes(context, shape, (y) =>
          context.kernels.convTransposeQ8(x.data, packed, requantizer, y, geometry),
        ),
      ];
    },
  },
  macs,
});

function transposedRoles(context: IntegerContext<Specs>): WeightedRoles | undefined {
  const dims = context.inputs[1]?.dims;
  if (!dims?.every((d) => typeof d === 'number')) return undefined;
  const [inChannels, perGroup, ...kernel] = dims as [number, number, ...number[]]; // rank at least 3: infer checked
  const { group } = context.attributes;
  return {
    weight: 1,
    bias: 2,
    k: (inChannels / group) * sizeOf(kernel),
    outChannels: perGroup * group,
    channelAxis: 1,
  };
}

/** Every input element meets O/group times kernel weights. */
function macs(inputs: MaybeFacts): number {
  const x = countOf(inputs[0]?.dims);
  const per = countOf(inputs[1]?.dims?.slice(1));
  return x === undefined || per === undefined ? NaN : x * per;
}

function weightGeometry(w: Tensor, group: number) {
  const [inChannels, perGroup] = w.dims as [number, number]; // rank at least 3: infer checked
  return packingGeometry(perGroup * group, inChannels, group, w.dims.slice(2));
}

function runTransposed(context: RunContext<Specs, PreparedWeights>): Tensor {
  const [xTensor, w, bias] = [context.input(0), context.input(1), context.inputs[2]];
  if (w.dims.length > 4 || !isFloat32Stored(xTensor.dtype)) return runDirectly(context);
  const x = imageOf(context, 0);
  const window = windowOf(context.attributes, x.spatial, w.dims.slice(2));
  const outChannels = (w.dims[1] as number) * context.attributes.group;
  const geometry = {
    ...geometryOf(x.batch, x.spatial, window),
    inChannels: x.channels,
    outChannels,
    groups: context.attributes.group,
  };
  const { kernels, prepared } = context;
  const packed = prepared.packed ?? kernels.packConvTransposeF32(floatsOf(w), bias && floatsOf(bias), geometry);
  const shape = { dtype: xTensor.dtype as 'float32', batch: x.batch, channels: outChannels, spatial: window.out }; // held as float32
  const out = imageOutput(context, shape, (y) => kernels.convTransposeF32(x.data, packed, y, geometry, context.clamp));
  if (prepared.packed === undefined) packed.release();
  return stored(out, context.kernels);
}

/** By its definition, for ranks and types the kernels do not take: every input element adds to a window of the output. */
function runDirectly(context: RunContext<Specs, PreparedWeights>): Tensor {
  const [x, w, bias] = [context.input(0), context.input(1), context.inputs[2]];
  const dims = logicalOf(x.dims);
  const window = windowOf(context.attributes, dims.slice(2), w.dims.slice(2));
  const perGroup = w.dims[1] as number;
  const channels = perGroup * context.attributes.group;
  const out = context.output(0, x.dtype, physicalOf([dims[0] as number, channels, ...window.out]));
  const [from, to] = [logicalStrides(x.dims), logicalStrides(out.dims)];
  const [source, weights, y] = [numbersOf(x), numbersOf(w), numbersOf(out)];
  const sums = context.scratch('float64', y.length).fill(0);
  const taps = sizeOf(window.kernel);
  const depth = (dims[1] as number) / context.attributes.group;
  const count = sizeOf(dims);
  for (let i = 0; i < count; i++) {
    const at = indexOf(i, dims);
    const value = source[at.reduce((sum, p, d) => sum + p * (from[d] as number), 0)] as number;
    const [n, c] = at as [number, number];
    const firstOut = Math.floor(c / depth) * perGroup;
    for (let t = 0; t < taps; t++) {
      const tap = indexOf(t, window.kernel);
      const place = tap.map(
        (k, d) =>
          (at[d + 2] as number) * (window.strides[d] as number) +
          k * (window.dilations[d] as number) -
          (window.padBegin[d] as number),
      );
      if (place.some((p, d) => p < 0 || p >= (window.out[d] as number))) continue;
      const base = n * (to[0] as number) + place.reduce((sum, p, d) => sum + p * (to[d + 2] as number), 0);
      for (let o = 0; o < perGroup; o++) {
        const p = base + (firstOut + o) * (to[1] as number);
        sums[p] = (sums[p] as number) + value * (weights[(c * perGroup + o) * taps + t] as number);
      }
    }
  }
  const channelStep = to[1] as number;
  for (let i = 0; i < y.length; i++) {
    const channel = Math.floor(i / channelStep) % channels;
    const sum = (sums[i] as number) + (bias === undefined ? 0 : (numbersOf(bias)[channel] as number));
    y[i] = clamp(sum, context.clamp.lo, context.clamp.hi);
  }
  return stored(out, context.kernels);
}

/** Transposed convolution. */
export const convTransposeOps: readonly OpDef[] = [convTranspose];
