import { sizeOf } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import type { Dim } from '../graph/model.ts';
import type { TensorQuant } from '../kernels/kernelSet.ts';
import { codesOf, dequantizeCode } from './codes.ts';
import { indexOf } from './convDirect.ts';
import type { Dims, Inferring } from './facts.ts';
import { rangeOf } from './numbers.ts';
import { type AttributeSpecs, defineOp, type OpDef, type RunContext } from './opDef.ts';
import { ALREADY_INTEGER, type CodeDType, checkTensorQuant, codeDType, packedCode, quantsOfPair } from './qlinear.ts';
import { convertInto, logicalDims, physicalDims } from './storage.ts';
import { resolveWindow, WINDOW_ATTRIBUTES, type Window, windowOutput } from './window.ts';

type Codes = Int8Array | Uint8Array;
type Context = Pick<RunContext<AttributeSpecs>, 'input' | 'output' | 'scratch' | 'kernels'>;

/** Codes of any rank with their channels last: [N, spatial..., C]. */
interface CodeImage {
  readonly data: Codes;
  readonly batch: number;
  readonly channels: number;
  readonly spatial: readonly number[];
}

/** Input 0 of an `nhwc` step, whose file says [N, C, spatial...], or [N, spatial..., C] with `channels_last`. */
function imageOf(context: Context, channelsLast: boolean): CodeImage {
  const x = context.input(0);
  const [batch, ...rest] = logicalDims(x.dims, 'nhwc') as [number, ...number[]]; // infer checked the rank
  const channels = (channelsLast ? rest.at(-1) : rest[0]) as number;
  const spatial = channelsLast ? rest.slice(0, -1) : rest.slice(1);
  const image = { batch, channels, spatial };
  if ((x.dims.length === 4) !== channelsLast) return { ...image, data: codesOf(x) };
  const data = context.scratch(x.dtype as CodeDType, x.data.length);
  if (channelsLast) convertInto(x, 'nhwc', 'plain', data, context.kernels);
  else context.kernels.transpose8(codesOf(x), data, batch, channels, sizeOf(spatial));
  return { ...image, data };
}

/** Output 0 by `compute`, which writes [N, spatial..., C]. */
function imageOutput(
  context: Context,
  { batch, channels, spatial }: Omit<CodeImage, 'data'>,
  channelsLast: boolean,
  compute: (out: Codes) => void,
): Tensor {
  const dtype = context.input(0).dtype as CodeDType; // as infer checked
  const logical = channelsLast ? [batch, ...spatial, channels] : [batch, channels, ...spatial];
  const out = context.output(0, dtype, physicalDims(logical, 'nhwc'));
  if ((logical.length === 4) !== channelsLast) {
    compute(out.data);
    return out;
  }
  const last = context.scratch(dtype, out.data.length);
  compute(last);
  if (channelsLast) convertInto({ dtype, dims: logical, data: last }, 'plain', 'nhwc', out.data, context.kernels);
  else context.kernels.transpose8(last, out.data, batch, sizeOf(spatial), channels);
  return out;
}

/** One mean per channel: integer sums, then equation (R) with sx / (sy count), by `averagePoolQ8`. */
function poolWhole(context: Context, image: CodeImage, qx: TensorQuant, qy: TensorQuant, out: Codes): void {
  const count = sizeOf(image.spatial);
  const one = { strideHeight: 1, strideWidth: 1, dilationHeight: 1, dilationWidth: 1, padTop: 0, padLeft: 0 };
  const rows = { inHeight: 1, outHeight: 1, kernelHeight: 1, inWidth: count, outWidth: 1, kernelWidth: count };
  const geometry = { ...one, ...rows, batch: image.batch, channels: image.channels };
  context.kernels.averagePoolQ8(image.data, qx, out, qy, geometry, false);
}

/** [N, C, spatial...] or [N, spatial..., C] with other spatial dims. */
function inferPooled(context: Inferring, channelsLast: boolean, pooled: (spatial: Dims) => readonly Dim[]) {
  const dtype = codeDType(context, 0);
  checkTensorQuant(context, 1, 2, dtype);
  checkTensorQuant(context, 3, 4, dtype);
  const { dims } = context.input(0);
  if (dims === undefined) return [{ dtype, dims }];
  if (dims.length < 3) context.fail(`the input has rank ${dims.length}, expected one above 2`);
  const [batch, ...rest] = dims as [Dim, ...Dim[]];
  if (channelsLast) return [{ dtype, dims: [batch, ...pooled(rest.slice(0, -1)), rest.at(-1) as Dim] }];
  return [{ dtype, dims: [batch, rest[0] as Dim, ...pooled(rest.slice(1))] }];
}

/** X, x_scale, x_zero_point, y_scale, y_zero_point. */
const qLinearGlobalAveragePool = defineOp({
  type: 'QLinearGlobalAveragePool',
  domain: 'com.microsoft',
  since: 1,
  arity: [5, 5],
  attributes: { channels_last: { kind: 'int', default: 0 } },
  layout: { kind: 'nhwc', inputs: [0] },
  infer: (context) => inferPooled(context, context.attributes.channels_last !== 0, (spatial) => spatial.map(() => 1)),
  run: (context) => {
    const channelsLast = context.attributes.channels_last !== 0;
    const image = imageOf(context, channelsLast);
    const [qx, qy] = quantsOfPair(context);
    const pooled = { ...image, spatial: image.spatial.map(() => 1) };
    return [imageOutput(context, pooled, channelsLast, (out) => poolWhole(context, image, qx, qy, out))];
  },
  quant: () => ALREADY_INTEGER,
});

const averageAttributes = {
  ...WINDOW_ATTRIBUTES,
  kernel_shape: { kind: 'ints', required: true },
  ceil_mode: { kind: 'int', default: 0 },
  count_include_pad: { kind: 'int', default: 0 },
  channels_last: { kind: 'int', default: 0 },
} as const;

/**
 * As {@link qLinearGlobalAveragePool} where the window is the whole image without padding; otherwise codes become
 * float32, are added in the window's order, divided by their count, by sy, and the zero point joins before rounding.
 *
 * @source ONNX Runtime's QLinearAveragePool.
 */
const qLinearAveragePool = defineOp({
  type: 'QLinearAveragePool',
  domain: 'com.microsoft',
  since: 1,
  arity: [4, 5],
  attributes: averageAttributes,
  layout: { kind: 'nhwc', inputs: [0] },
  infer: (context) => {
    const { attributes } = context;
    const rounding = attributes.ceil_mode ? 'ceil' : 'floor';
    return inferPooled(context, attributes.channels_last !== 0, (spatial) => {
      const { kernel_shape: kernel } = attributes;
      if (kernel.length !== spatial.length) {
        context.fail(`kernel_shape has ${kernel.length} entries, expected ${spatial.length}`);
      }
      return windowOutput(context, attributes, spatial, kernel, rounding);
    });
  },
  run: (context) => {
    const { attributes } = context;
    const channelsLast = attributes.channels_last !== 0;
    const image = imageOf(context, channelsLast);
    const rounding = attributes.ceil_mode ? 'ceil' : 'floor';
    const window = resolveWindow(attributes, image.spatial, attributes.kernel_shape, rounding);
    const [qx, qy] = quantsOfPair(context);
    const pool = coversAll(window, image.spatial)
      ? (out: Codes) => poolWhole(context, image, qx, qy, out)
      : (out: Codes) => poolWindows(image, window, { qx, qy, countPadding: attributes.count_include_pad !== 0 }, out);
    return [imageOutput(context, { ...image, spatial: window.out }, channelsLast, pool)];
  },
  quant: () => ALREADY_INTEGER,
});

function coversAll(window: Window, spatial: readonly number[]): boolean {
  return spatial.every((d, i) => window.kernel[i] === d && window.padBegin[i] === 0 && window.padEnd[i] === 0);
}

interface Averaging {
  readonly qx: TensorQuant;
  readonly qy: TensorQuant;
  readonly countPadding: boolean;
}

function poolWindows(image: CodeImage, window: Window, { qx, qy, countPadding }: Averaging, out: Codes): void {
  const { data, batch, channels, spatial } = image;
  const value = Float32Array.from({ length: 256 }, (_, i) => dequantizeCode(qx.signed ? (i << 24) >> 24 : i, qx));
  const [lo, hi] = rangeOf(qy.signed ? 'int8' : 'uint8');
  const sums = new Float32Array(channels);
  const size = sizeOf(spatial);
  let to = 0;
  for (let n = 0; n < batch; n++) {
    for (let p = 0; p < sizeOf(window.out); p++) {
      const pixels = pixelsOf(window, spatial, indexOf(p, window.out));
      sums.fill(0);
      for (const pixel of pixels) {
        const from = (n * size + pixel) * channels;
        for (let c = 0; c < channels; c++)
          sums[c] = (sums[c] as number) + (value[(data[from + c] as number) & 255] as number);
      }
      const count = countPadding ? sizeOf(window.kernel) : pixels.length;
      for (let c = 0; c < channels; c++) {
        const steps = Math.fround(Math.fround((sums[c] as number) / count) / qy.scale);
        out[to++] = packedCode(Math.fround(steps + qy.zeroPoint), lo, hi);
      }
    }
  }
}

/** Flat positions of the pixels under the window at output `index`, in C order. */
export function pixelsOf(window: Window, spatial: readonly number[], index: readonly number[]): readonly number[] {
  let pixels: readonly number[] = [0];
  spatial.forEach((size, d) => {
    const first = (index[d] as number) * (window.strides[d] as number) - (window.padBegin[d] as number);
    const inside: number[] = [];
    for (let k = 0; k < (window.kernel[d] as number); k++) {
      const at = first + k * (window.dilations[d] as number);
      if (at >= 0 && at < size) inside.push(at);
    }
    pixels = pixels.flatMap((p) => inside.map((at) => p * size + at));
  });
  return pixels;
}

/** Means of codes over windows and whole images. */
export const qLinearPoolOps: readonly OpDef[] = [qLinearGlobalAveragePool, qLinearAveragePool];
