import { sizeOf } from '../base/shape.ts';
import type { Dim } from '../graph/model.ts';
import { codesOf } from './codes.ts';
import { CONV_ATTRIBUTES, convMacs, inferConvDims } from './conv.ts';
import { indexOf } from './convDirect.ts';
import {
  convolution,
  type PreparedConv,
  packConv,
  prepareConv,
  QLINEAR_INPUTS,
  requantizerFor,
} from './convInteger.ts';
import type { Dims } from './facts.ts';
import { rangeOf } from './numbers.ts';
import { type AttributeSpecs, defineOp, type OpDef, type RunContext } from './opDef.ts';
import { ALREADY_INTEGER, type CodeDType, codeDType } from './qlinear.ts';
import { pixelsOf } from './qlinearPool.ts';
import { geometryOf, resolveWindow, WINDOW_ATTRIBUTES, windowOutput } from './window.ts';

type Codes = Int8Array | Uint8Array;

const convAttributes = { ...CONV_ATTRIBUTES, channels_last: { kind: 'int', default: 0 } } as const;
type ConvSpecs = typeof convAttributes;

/** [N, spatial..., C] as [N, C, spatial...]. */
function channelsFirst(dims: Dims | undefined): Dims | undefined {
  return dims && [dims[0] as Dim, dims.at(-1) as Dim, ...dims.slice(1, -1)];
}

/** The image of input 0, its channels last in memory whichever way the file has them. */
function imageOf(context: Pick<RunContext<AttributeSpecs>, 'input' | 'scratch' | 'kernels'>, channelsLast: boolean) {
  const x = context.input(0);
  const [batch, ...rest] = x.dims as [number, ...number[]]; // infer checked the rank
  const channels = (channelsLast ? rest.at(-1) : rest[0]) as number;
  const spatial = channelsLast ? rest.slice(0, -1) : rest.slice(1);
  if (channelsLast) return { data: codesOf(x), batch, channels, spatial };
  const data = context.scratch(x.dtype as CodeDType, x.data.length);
  context.kernels.transpose8(codesOf(x), data, batch, channels, sizeOf(spatial));
  return { data, batch, channels, spatial };
}

/** QLinearConv as ONNX Runtime's optimizer writes it: with `channels_last`, x and y are [N, spatial..., C]. */
const qLinearConv = defineOp<ConvSpecs, PreparedConv>({
  type: 'QLinearConv',
  domain: 'com.microsoft',
  since: 1,
  arity: [8, 9],
  attributes: convAttributes,
  layout: { kind: 'plain' },
  infer: (context) => {
    const { attributes } = context;
    const last = attributes.channels_last !== 0;
    const { dims } = context.input(0);
    if (dims !== undefined && dims.length !== 3 && dims.length !== 4) {
      context.fail(`x has rank ${dims.length}, expected 3 or 4`);
    }
    const out = inferConvDims(context, attributes, last ? channelsFirst(dims) : dims, context.input(3).dims);
    const [batch, channels, ...spatial] = out ?? [];
    const { dtype } = context.input(7);
    if (out === undefined || !last) return [{ dtype, dims: out }];
    return [{ dtype, dims: [batch as Dim, ...spatial, channels as Dim] }];
  },
  prepare: (context) => prepareConv(context, QLINEAR_INPUTS),
  run: (context) => {
    const last = context.attributes.channels_last !== 0;
    const x = imageOf(context, last);
    const { geometry, spatial } = convolution(context, QLINEAR_INPUTS, x);
    const packed = context.prepared.packed ?? packConv(context, context.inputs, QLINEAR_INPUTS);
    const requantizer = requantizerFor(context, geometry.outChannels);
    const dtype = requantizer.signed ? ('int8' as const) : ('uint8' as const);
    const { batch, outChannels } = geometry;
    const out = context.output(0, dtype, last ? [batch, ...spatial, outChannels] : [batch, outChannels, ...spatial]);
    const y: Codes = last ? out.data : context.scratch(dtype, out.data.length);
    context.kernels.convQ8(x.data, packed, requantizer, y, geometry);
    if (!last) context.kernels.transpose8(y, out.data, batch, sizeOf(spatial), outChannels);
    if (context.prepared.packed === undefined) packed.release();
    return [out];
  },
  quant: () => ALREADY_INTEGER,
  macs: (inputs, outputs, { channels_last: last }) => {
    const [y] = outputs;
    return convMacs(inputs, last && y ? [{ ...y, dims: channelsFirst(y.dims) }] : outputs, 3);
  },
});

const poolAttributes = {
  ...WINDOW_ATTRIBUTES,
  kernel_shape: { kind: 'ints', required: true },
  ceil_mode: { kind: 'int', default: 0 },
} as const;

/** MaxPool of codes [N, spatial..., C]. */
const nhwcMaxPool = defineOp({
  type: 'NhwcMaxPool',
  domain: 'com.microsoft',
  since: 1,
  arity: [1, 1],
  attributes: poolAttributes,
  layout: { kind: 'plain' },
  infer: (context) => {
    const { attributes } = context;
    const dtype = codeDType(context, 0);
    const { dims } = context.input(0);
    if (dims === undefined) return [{ dtype, dims }];
    const { kernel_shape: kernel } = attributes;
    if (dims.length < 3 || kernel.length !== dims.length - 2) {
      context.fail(`kernel_shape has ${kernel.length} entries for an input of rank ${dims.length}`);
    }
    const rounding = attributes.ceil_mode ? 'ceil' : 'floor';
    const spatial = windowOutput(context, attributes, dims.slice(1, -1), kernel, rounding);
    return [{ dtype, dims: [dims[0] as Dim, ...spatial, dims.at(-1) as Dim] }];
  },
  run: (context) => {
    const { attributes } = context;
    const x = imageOf(context, true);
    const rounding = attributes.ceil_mode ? 'ceil' : 'floor';
    const window = resolveWindow(attributes, x.spatial, attributes.kernel_shape, rounding);
    const dtype = context.input(0).dtype as CodeDType; // infer checked
    const out = context.output(0, dtype, [x.batch, ...window.out, x.channels]);
    if (x.spatial.length <= 2) {
      const geometry = { ...geometryOf(x.batch, x.spatial, window), channels: x.channels };
      context.kernels.maxPoolQ8(x.data, out.data, geometry);
      return [out];
    }
    const [places, size] = [sizeOf(window.out), sizeOf(x.spatial)];
    out.data.fill(rangeOf(dtype)[0]);
    for (let p = 0; p < places; p++) {
      for (const pixel of pixelsOf(window, x.spatial, indexOf(p, window.out))) {
        for (let n = 0; n < x.batch; n++) {
          const [from, to] = [(n * size + pixel) * x.channels, (n * places + p) * x.channels];
          for (let c = 0; c < x.channels; c++) {
            out.data[to + c] = Math.max(out.data[to + c] as number, x.data[from + c] as number);
          }
        }
      }
    }
    return [out];
  },
  quant: () => ALREADY_INTEGER,
});

/** Operators on images of codes whose channels are last in the file too. */
export const channelsLastOps: readonly OpDef[] = [qLinearConv, nhwcMaxPool];
