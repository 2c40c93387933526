import { sizeOf, stridesOf } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import type { Packed, Requantizer } from '../kernels/kernelSet.ts';
import { cellsOf, copyStrided } from './cells.ts';
import { codesOf } from './codes.ts';
import { CONV_ATTRIBUTES, convMacs, inferConvDims } from './conv.ts';
import { directSums } from './convDirect.ts';
import { numbersOf, rangeOf } from './numbers.ts';
import { defineOp, type OpDef, type PrepareContext, type RunContext } from './opDef.ts';
import { ALREADY_INTEGER } from './qlinear.ts';
import { geometryOf, type Image, imageOfCodes, imageOutputCodes, packingGeometry, resolveWindow } from './window.ts';

type ConvSpecs = typeof CONV_ATTRIBUTES;

function zeroPointOf(t: Tensor | undefined): number {
  return t === undefined ? 0 : (numbersOf(t)[0] as number);
}

/** Constant weights, packed. */
export interface PreparedConv {
  readonly packed: Packed | undefined;
  release(): void;
}

/** x, w, x_zero_point, w_zero_point (one, or one per output channel). */
const convInteger = defineOp<ConvSpecs, PreparedConv>({
  type: 'ConvInteger',
  domain: '',
  since: 1,
  arity: [2, 4],
  attributes: CONV_ATTRIBUTES,
  layout: { kind: 'nhwc', inputs: [0] },
  infer: (context) => [
    { dtype: 'int32', dims: inferConvDims(context, context.attributes, context.input(0).dims, context.input(1).dims) },
  ],
  prepare: (context) => prepareForAnyZero(context) ?? prepareConv(context, INTEGER_INPUTS),
  run: (context) => {
    if (context.input(0).dims.length > 4) return [sumDirectly(context)];
    const x = imageOfCodes(context, 0);
    const { geometry, spatial } = convolution(context, INTEGER_INPUTS, x);
    const packed = context.prepared.packed ?? packConv(context, context.inputs, INTEGER_INPUTS);
    const { batch, outChannels } = geometry;
    const whole = spatial.length === 2;
    const out = context.output(0, 'int32', whole ? [batch, ...spatial, outChannels] : [batch, outChannels, ...spatial]);
    const sums = whole ? out.data : context.scratch('int32', out.data.length);
    context.kernels.convQ8Accumulators(x.data, packed, sums, geometry, zeroPointOf(context.inputs[2]));
    if (!whole) {
      const [columns] = spatial as [number]; // rank 3 has one spatial dimension
      const from = {
        cells: cellsOf({ ...out, data: sums }),
        offset: 0,
        strides: [columns * outChannels, 1, outChannels],
      };
      copyStrided(out.dims, from, { cells: cellsOf(out), offset: 0, strides: stridesOf(out.dims) });
    }
    if (context.prepared.packed === undefined) packed.release();
    return [out];
  },
  quant: () => ALREADY_INTEGER,
  macs: (inputs, outputs) => convMacs(inputs, outputs),
});

/** By its definition, for windows of three dimensions. */
function sumDirectly(context: RunContext<ConvSpecs, PreparedConv>): Tensor {
  const [x, w, wZero] = [context.input(0), context.input(1), context.inputs[3]];
  const window = resolveWindow(context.attributes, x.dims.slice(2), w.dims.slice(2), 'floor');
  const [batch, outChannels, spatial] = [x.dims[0] as number, w.dims[0] as number, sizeOf(window.out)];
  const out = context.output(0, 'int32', [batch, outChannels, ...window.out]);
  const sums = directSums({
    x: numbersOf(x),
    xDims: x.dims,
    w: numbersOf(w),
    wDims: w.dims,
    window,
    group: context.attributes.group,
    xZero: zeroPointOf(context.inputs[2]),
    ...(wZero && { wZero: numbersOf(wZero) }),
  });
  for (let i = 0; i < out.data.length; i++) {
    const channel = Math.floor(i / spatial);
    out.data[i] = sums(Math.floor(channel / outChannels), channel % outChannels, i % spatial);
  }
  return out;
}

/** Where a convolution of codes finds its operands among the inputs. */
export interface ConvInputs {
  readonly xZero: number;
  readonly w: number;
  readonly wZero: number;
  readonly bias: number | undefined;
}
const INTEGER_INPUTS: ConvInputs = { xZero: 2, w: 1, wZero: 3, bias: undefined };
export const QLINEAR_INPUTS: ConvInputs = { xZero: 2, w: 3, wZero: 5, bias: 8 };

/** Packs weights where they, their zero points and what joins their sums are constant. */
export function prepareConv(context: PrepareContext<ConvSpecs>, at: ConvInputs): PreparedConv {
  const { constants, facts } = context;
  const needed = [at.xZero, at.w, at.wZero, ...(at.bias === undefined ? [] : [at.bias])];
  const variable = needed.some((i) => facts[i] !== undefined && constants[i] === undefined);
  const rank = facts[at.w]?.dims?.length ?? 0;
  const packed = variable || rank > 4 ? undefined : packConv(context, constants, at);
  return { packed, release: () => packed?.release() };
}

/** Weights whose input's zero point is known when they run; depthwise ones are packed for it then, which is little. */
function prepareForAnyZero(context: PrepareContext<ConvSpecs>): PreparedConv | undefined {
  const { constants, facts, attributes } = context;
  const [, w, xZero, wZero] = constants;
  const isMoving = facts[2] !== undefined && xZero === undefined;
  const isReady = w !== undefined && w.dims.length <= 4 && (facts[3] === undefined || wZero !== undefined);
  const isDepthwise = w?.dims[1] === 1 && attributes.group === w.dims[0];
  if (!isMoving || !isReady || isDepthwise) return undefined;
  const packed = packConv(context, [undefined, w, undefined, wZero], INTEGER_INPUTS);
  return { packed, release: () => packed.release() };
}

export function packConv(
  { kernels, attributes: { group } }: Pick<RunContext<ConvSpecs>, 'kernels' | 'attributes'>,
  inputs: readonly (Tensor | undefined)[],
  at: ConvInputs,
): Packed {
  const w = inputs[at.w] as Tensor; // a required input
  const zero = inputs[at.wZero];
  const bias = at.bias === undefined ? undefined : inputs[at.bias];
  const [outChannels, perGroup] = w.dims as [number, number]; // rank 3 or 4: infer checked
  const weights = {
    codes: codesOf(w),
    zeroPoint: zero === undefined ? Int32Array.of(0) : Int32Array.from(numbersOf(zero)),
    bias: bias === undefined ? undefined : (bias.data as Int32Array), // int32 by the operator's definition
  };
  const geometry = packingGeometry(outChannels, perGroup * group, group, w.dims.slice(2));
  return kernels.packConvQ8(weights, geometry, zeroPointOf(inputs[at.xZero]));
}

/** The geometry of a convolution of rank 3 or 4 over an image, and its spatial output dims. */
export function convolution(
  context: Pick<RunContext<ConvSpecs>, 'input' | 'attributes'>,
  at: ConvInputs,
  x: Omit<Image, 'data'>,
) {
  const w = context.input(at.w);
  const window = resolveWindow(context.attributes, x.spatial, w.dims.slice(2), 'floor');
  const channels = { inChannels: x.channels, outChannels: w.dims[0] as number, groups: context.attributes.group };
  return { geometry: { ...geometryOf(x.batch, x.spatial, window), ...channels }, spatial: window.out };
}

/** x, x_scale, x_zero_point, w, w_scale, w_zero_point, y_scale, y_zero_point, B (int32). */
const qLinearConv = defineOp<ConvSpecs, PreparedConv>({
  type: 'QLinearConv',
  domain: '',
  since: 10,
  arity: [8, 9],
  attributes: CONV_ATTRIBUTES,
  layout: { kind: 'nhwc', inputs: [0] },
  infer: (context) => {
    const rank = context.input(0).dims?.length;
    if (rank !== undefined && rank !== 3 && rank !== 4) context.fail(`x has rank ${rank}, expected 3 or 4`);
    const dims = inferConvDims(context, context.attributes, context.input(0).dims, context.input(3).dims);
    return [{ dtype: context.input(7).dtype, dims }];
  },
  prepare: (context) => prepareConv(context, QLINEAR_INPUTS),
  run: (context) => {
    const x = imageOfCodes(context, 0);
    const { geometry, spatial } = convolution(context, QLINEAR_INPUTS, x);
    const packed = context.prepared.packed ?? packConv(context, context.inputs, QLINEAR_INPUTS);
    const requantizer = requantizerFor(context, geometry.outChannels);
    const dtype = requantizer.signed ? ('int8' as const) : ('uint8' as const);
    const shape = { dtype, batch: x.batch, channels: geometry.outChannels, spatial };
    const out = imageOutputCodes(context, shape, (y) =>
      context.kernels.convQ8(x.data, packed, requantizer, y, geometry),
    );
    if (context.prepared.packed === undefined) packed.release();
    return [out];
  },
  quant: () => ALREADY_INTEGER,
  macs: (inputs, outputs) => convMacs(inputs, outputs, 3),
});

/** Equation (R): multiplier[c] = fround(fround(sx * sw[c]) / sy). */
export function requantizerFor(context: Pick<RunContext<ConvSpecs>, 'input'>, outChannels: number): Requantizer {
  const [sx, sw, sy] = [1, 4, 6].map((i) => numbersOf(context.input(i))) as [
    ArrayLike<number>,
    ArrayLike<number>,
    ArrayLike<number>,
  ];
  const multiplier = Float32Array.from(
    { length: outChannels },
    (_, c) => Math.fround((sx[0] as number) * (sw[sw.length === 1 ? 0 : c] as number)) / (sy[0] as number),
  );
  const signed = context.input(7).dtype === 'int8';
  const [lo, hi] = rangeOf(signed ? 'int8' : 'uint8');
  return { flavour: 'fp32', multiplier, zeroPoint: zeroPointOf(context.input(7)), signed, lo, hi };
}

/** Convolutions of ONNX's own integer operators. */
export const convIntegerOps: readonly OpDef[] = [convInteger, qLinearConv];
