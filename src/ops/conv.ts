import { formatDims, sameDims, sizeOf } from '../base/shape.ts';
import type { Dim } from '../graph/model.ts';
import type { ConvGeometry } from '../kernels/kernelSet.ts';
import { codesOf, inputQuant } from './codes.ts';
import { convolveDirectly } from './convDirect.ts';
import { countOf, type Dims, isNumeric, sameDim } from './facts.ts';
import { floatsOf, isFloat32Stored, stored } from './numbers.ts';
import {
  type AttributeSpecs,
  type AttributeValues,
  defineOp,
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
  geometryOf,
  type Image,
  imageOf,
  imageOfCodes,
  imageOutput,
  imageOutputCodes,
  packingGeometry,
  resolveWindow,
  WINDOW_ATTRIBUTES,
  windowOutput,
} from './window.ts';

export const CONV_ATTRIBUTES = { ...WINDOW_ATTRIBUTES, group: { kind: 'int', default: 1 } } as const;
export type ConvAttributes = AttributeValues<typeof CONV_ATTRIBUTES>;

/**
 * The output dims of Conv and its integer twins, from x [N, C, ...] and w [O, C/group, ...]; fails where channels,
 * groups or the kernel do not fit.
 */
export function inferConvDims(
  context: Parameters<typeof windowOutput>[0],
  attributes: ConvAttributes,
  x: Dims | undefined,
  w: Dims | undefined,
): Dim[] | undefined {
  if (x === undefined || w === undefined) return undefined;
  if (x.length < 3) context.fail(`x has shape ${formatDims(x)}, expected [N, C, spatial...]`);
  if (w.length !== x.length) context.fail(`w has shape ${formatDims(w)}, expected rank ${x.length} as x`);
  const [outChannels, perGroup] = w as [Dim, Dim];
  const channels = x[1] as Dim;
  if (typeof perGroup === 'number') {
    sameDim(
      context,
      channels,
      perGroup * attributes.group,
      `channels of x ${formatDims(x)} and w ${formatDims(w)} times group ${attributes.group}`,
    );
  }
  if (typeof outChannels === 'number' && outChannels % attributes.group !== 0) {
    context.fail(`${outChannels} output channels do not divide into ${attributes.group} groups`);
  }
  const kernel = w.slice(2);
  if (attributes.kernel_shape !== undefined) {
    for (const [i, k] of kernel.entries()) {
      sameDim(context, k, attributes.kernel_shape[i] ?? k, 'kernel_shape and the dims of w');
    }
  }
  return [x[0] as Dim, outChannels, ...windowOutput(context, attributes, x.slice(2), kernel, 'floor')];
}

/** Multiply-accumulates: output elements times (C/group times kernel) = dims of w after the first. */
export function convMacs(inputs: MaybeFacts, outputs: MaybeFacts, weight = 1): number {
  const out = countOf(outputs[0]?.dims);
  const per = countOf(inputs[weight]?.dims?.slice(1));
  return out === undefined || per === undefined ? NaN : out * per;
}

const conv = defineOp<typeof CONV_ATTRIBUTES, PreparedWeights, PreparedCodes>({
  type: 'Conv',
  domain: '',
  since: 1,
  arity: [2, 3],
  attributes: CONV_ATTRIBUTES,
  layout: { kind: 'nhwc', inputs: [0] },
  fusesClamp: true,
  infer: (context) => {
    const x = context.input(0);
    const w = context.input(1);
    if (x.dtype !== w.dtype) context.fail(`x is ${x.dtype} and w is ${w.dtype}, expected one type`);
    const bias = context.inputs[2]?.dims;
    if (bias !== undefined && w.dims !== undefined) {
      if (bias.length !== 1) context.fail(`the bias has shape ${formatDims(bias)}, expected [O]`);
      sameDim(context, bias[0] as Dim, w.dims[0] as Dim, 'length of the bias and output channels');
    }
    return [{ dtype: x.dtype, dims: inferConvDims(context, context.attributes, x.dims, w.dims) }];
  },
  prepare: (context) => {
    const [, w, bias] = context.constants;
    const biasIsVariable = context.facts[2] !== undefined && bias === undefined;
    if (w === undefined || biasIsVariable || w.dims.length > 4 || !isFloat32Stored(w.dtype))
      return preparedWeights(undefined);
    const geometry = weightGeometry(w.dims, context.attributes);
    return preparedWeights(
      context.kernels.packConvF32(floatsOf(w), bias === undefined ? undefined : floatsOf(bias), geometry),
    );
  },
  run: (context) => [runConv(context)],
  quant: () => ({ kind: 'weighted', activation: 0, weight: 1, bias: 2, channelAxis: 0 }),
  integer: {
    accepts: (context) => {
      const rank = context.inputs[0]?.dims?.length;
      if (rank !== 3 && rank !== 4)
        return `Convolution over rank ${rank ?? 'unknown'} has no integer form; ranks 3 and 4 have.`;
      const roles = convRoles(context);
      return roles === undefined ? 'The weight has no static shape.' : acceptsWeighted(context, roles);
    },
    prepare: (context) => {
      const w = context.constants[1];
      const roles = convRoles(context);
      if (w === undefined || roles === undefined) throw new Error('invariant: accepts() checked the weight');
      const bias = context.constants[2];
      const packed = context.kernels.packConvQ8(
        {
          codes: codesOf(w),
          zeroPoint: zeroPointsOf(context, 1),
          bias: bias === undefined ? undefined : (bias.data as Int32Array), // checked by acceptsWeighted
        },
        weightGeometry(w.dims, context.attributes),
        inputQuant(context, 0).zeroPoint,
      );
      return {
        packed,
        requantizer: requantizerOf(context, roles),
        weightDims: w.dims,
        release: () => packed.release(),
      };
    },
    multipliers: (context) => multipliersOf(context, convRoles(context)),
    run: (context) => {
      const x = imageOfCodes(context, 0);
      const { packed, requantizer, weightDims } = context.prepared;
      const { geometry, spatial } = resolved(context, x, weightDims);
      const shape = {
        dtype: requantizer.signed ? ('int8' as const) : ('uint8' as const),
        batch: x.batch,
        channels: geometry.outChannels,
        spatial,
      };
      return [
        imageOutputCodes(context, shape, (out) => context.kernels.convQ8(x.data, packed, requantizer, out, geometry)),
      ];
    },
  },
  macs: (inputs, outputs) => convMacs(inputs, outputs),
});

function convRoles(context: IntegerContext<AttributeSpecs>): WeightedRoles | undefined {
  const dims = context.inputs[1]?.dims;
  if (dims === undefined || !isNumeric(dims)) return undefined;
  return { weight: 1, bias: 2, k: sizeOf(dims.slice(1)), outChannels: dims[0] as number, channelAxis: 0 };
}

function weightGeometry(dims: readonly number[], attributes: ConvAttributes) {
  const [outChannels, perGroup] = dims as [number, number]; // rank at least 3: infer checked
  return packingGeometry(outChannels, perGroup * attributes.group, attributes.group, dims.slice(2), attributes);
}

function runConv(context: RunContext<typeof CONV_ATTRIBUTES, PreparedWeights>) {
  const w = context.input(1);
  const xTensor = context.input(0);
  const { dtype } = xTensor;
  if (w.dims.length > 4 || !isFloat32Stored(dtype)) return convolveDirectly(context, 0);
  const x = imageOf(context, 0);
  const { geometry, spatial } = resolved(context, x, w.dims);
  const bias = context.inputs[2];
  const packed =
    context.prepared.packed ??
    context.kernels.packConvF32(floatsOf(w), bias === undefined ? undefined : floatsOf(bias), geometry);
  const channels = geometry.outChannels;
  const shape = { dtype: dtype as 'float32', batch: x.batch, channels, spatial }; // held as float32
  const out = imageOutput(context, shape, (y) => context.kernels.convF32(x.data, packed, y, geometry, context.clamp));
  if (context.prepared.packed === undefined) packed.release();
  return stored(out, context.kernels);
}

/** The geometry of a run, and what it was made from. */
interface Resolved {
  readonly attributes: ConvAttributes;
  readonly x: Omit<Image, 'data'>;
  readonly weightDims: readonly number[];
  readonly geometry: ConvGeometry;
  /** Of the output. */
  readonly spatial: readonly number[];
}

/** The last one of each convolution: shapes seldom change from run to run, and kernels know a geometry again. */
const lastResolved = new WeakMap<object, Resolved>();

function resolved(
  { attributes, prepared }: RunContext<typeof CONV_ATTRIBUTES, object>,
  { batch, channels, spatial }: Omit<Image, 'data'>,
  weightDims: readonly number[],
): Resolved {
  const last = lastResolved.get(prepared);
  if (
    last?.attributes === attributes &&
    last.x.batch === batch &&
    last.x.channels === channels &&
    sameDims(last.x.spatial, spatial) &&
    sameDims(last.weightDims, weightDims)
  )
    return last;
  const window = resolveWindow(attributes, spatial, weightDims.slice(2), 'floor');
  const outChannels = weightDims[0] as number;
  const groups = attributes.group;
  const geometry = { ...geometryOf(batch, spatial, window), inChannels: channels, outChannels, groups };
  const made = { attributes, x: { batch, channels, spatial }, weightDims, geometry, spatial: window.out };
  lastResolved.set(prepared, made);
  return made;
}

/** Convolutions on floats; the integer operators of ONNX stand in convInteger.ts. */
export const convOps: readonly OpDef[] = [conv];
