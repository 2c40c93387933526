import { formatDims, sizeOf } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import type { Dim } from '../graph/model.ts';
import type { ConvGeometry, WindowGeometry } from '../kernels/kernelSet.ts';
import { type Dims, type Inferring, mapDim } from './facts.ts';
import type { AttributeSpecs, RunContext } from './opDef.ts';

/** Attributes of every operator that slides a window. */
export const WINDOW_ATTRIBUTES = {
  auto_pad: { kind: 'string', default: 'NOTSET' },
  dilations: { kind: 'ints' },
  kernel_shape: { kind: 'ints' },
  pads: { kind: 'ints' },
  strides: { kind: 'ints' },
} as const;

export interface WindowAttributes {
  readonly auto_pad: string;
  readonly dilations: readonly number[] | undefined;
  readonly kernel_shape?: readonly number[] | undefined;
  readonly pads: readonly number[] | undefined;
  readonly strides: readonly number[] | undefined;
}

/** A window over any number of spatial dimensions, one entry per dimension. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly padBegin: readonly number[];
  readonly padEnd: readonly number[];
  readonly out: readonly number[];
}

export type Rounding = 'floor' | 'ceil';

/** Fails where strides, dilations or pads have another length than the spatial dims, or are not positive. */
export function checkWindow(context: Inferring, attributes: WindowAttributes, rank: number): void {
  const expect = (name: string, list: readonly number[] | undefined, length: number, least: number) => {
    if (list === undefined || list.length === 0) return;
    if (list.length !== length) context.fail(`${name} has ${list.length} entries, expected ${length}`);
    if (list.some((v) => v < least))
      context.fail(`${name} is ${formatDims(list)}, expected entries of at least ${least}`);
  };
  expect('strides', attributes.strides, rank, 1);
  expect('dilations', attributes.dilations, rank, 1);
  expect('pads', attributes.pads, 2 * rank, -Number.MAX_SAFE_INTEGER);
  if (!['NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID', ''].includes(attributes.auto_pad)) {
    context.fail(`auto_pad is ${attributes.auto_pad}, expected NOTSET, SAME_UPPER, SAME_LOWER or VALID`);
  }
}

/** The spatial output dims of a sliding window; symbols where the input's or the kernel's are. */
export function windowOutput(
  context: Inferring,
  attributes: WindowAttributes,
  spatial: Dims,
  kernel: Dims,
  rounding: Rounding,
): Dim[] {
  checkWindow(context, attributes, spatial.length);
  return spatial.map((size, i) => {
    const k = kernel[i] as Dim;
    if (typeof k === 'string') return context.symbol('window');
    return mapDim(
      context,
      size,
      (n) => {
        const out = axisOfWindow(attributes, { size: n, kernel: k, axis: i, rank: spatial.length, rounding }).out;
        return out >= 0 ? out : context.fail(`a window of ${k} does not fit a dimension of ${n} with its pads`);
      },
      'window',
    );
  });
}

/** The window over known spatial dims. */
export function resolveWindow(
  attributes: WindowAttributes,
  spatial: readonly number[],
  kernel: readonly number[],
  rounding: Rounding,
): Window {
  const rank = spatial.length;
  const axes = spatial.map((size, axis) =>
    axisOfWindow(attributes, { size, kernel: kernel[axis] as number, axis, rank, rounding }),
  );
  return {
    kernel,
    strides: axes.map((a) => a.stride),
    dilations: axes.map((a) => a.dilation),
    padBegin: axes.map((a) => a.padBegin),
    padEnd: axes.map((a) => a.padEnd),
    out: axes.map((a) => a.out),
  };
}

interface AxisQuestion {
  readonly size: number;
  readonly kernel: number;
  readonly axis: number;
  readonly rank: number;
  readonly rounding: Rounding;
}

function axisOfWindow(attributes: WindowAttributes, { size, kernel, axis, rank, rounding }: AxisQuestion) {
  const stride = attributes.strides?.[axis] ?? 1;
  const dilation = attributes.dilations?.[axis] ?? 1;
  const extent = dilation * (kernel - 1) + 1;
  let padBegin = 0;
  let padEnd = 0;
  if (attributes.auto_pad === 'SAME_UPPER' || attributes.auto_pad === 'SAME_LOWER') {
    const out = Math.ceil(size / stride);
    const total = Math.max(0, (out - 1) * stride + extent - size);
    padBegin = attributes.auto_pad === 'SAME_UPPER' ? Math.floor(total / 2) : Math.ceil(total / 2);
    padEnd = total - padBegin;
    return { stride, dilation, padBegin, padEnd, out };
  }
  if (attributes.auto_pad !== 'VALID') {
    padBegin = attributes.pads?.[axis] ?? 0;
    padEnd = attributes.pads?.[axis + rank] ?? 0;
  }
  const steps = (size + padBegin + padEnd - extent) / stride;
  let out = (rounding === 'ceil' ? Math.ceil(steps) : Math.floor(steps)) + 1;
  if (rounding === 'ceil' && (out - 1) * stride >= size + padBegin) out--; // no window may start in the end padding
  return { stride, dilation, padBegin, padEnd, out };
}

/** The window of one or two spatial dimensions as kernels take it; one dimension gets height 1. */
export function geometryOf(batch: number, spatial: readonly number[], window: Window): WindowGeometry {
  const pick = (list: readonly number[], fromEnd: number, missing: number) => list[list.length - fromEnd] ?? missing;
  return {
    batch,
    inHeight: pick(spatial, 2, 1),
    inWidth: pick(spatial, 1, 1),
    outHeight: pick(window.out, 2, 1),
    outWidth: pick(window.out, 1, 1),
    kernelHeight: pick(window.kernel, 2, 1),
    kernelWidth: pick(window.kernel, 1, 1),
    strideHeight: pick(window.strides, 2, 1),
    strideWidth: pick(window.strides, 1, 1),
    dilationHeight: pick(window.dilations, 2, 1),
    dilationWidth: pick(window.dilations, 1, 1),
    padTop: pick(window.padBegin, 2, 0),
    padLeft: pick(window.padBegin, 1, 0),
  };
}

/** A geometry that has only what packing needs: kernel, channels, groups, and strides and dilations where they matter. */
export function packingGeometry(
  outChannels: number,
  inChannels: number,
  groups: number,
  kernel: readonly number[],
  { strides, dilations }: Partial<Pick<WindowAttributes, 'strides' | 'dilations'>> = {},
): ConvGeometry {
  const ones = kernel.map(() => 1);
  const window = {
    kernel,
    strides: ones.map((one, axis) => strides?.[axis] ?? one),
    dilations: ones.map((one, axis) => dilations?.[axis] ?? one),
    padBegin: ones.map(() => 0),
    padEnd: ones.map(() => 0),
    out: ones,
  };
  return { ...geometryOf(1, kernel, window), inChannels, outChannels, groups };
}

/** An image of rank 3 or 4 channels last, whatever its rank in the model: [N, C, W] was transposed into scratch. */
export interface Image {
  readonly data: Float32Array;
  readonly batch: number;
  readonly channels: number;
  readonly spatial: readonly number[];
}

/** Input `index` of an `nhwc` step as an image with channels last; of rank 3 or 4. */
export function imageOf<S extends AttributeSpecs>(context: RunContext<S>, index: number): Image {
  const x = context.input(index);
  const data = x.data as Float32Array; // callers take this path for types held as float32 only
  if (x.dims.length === 4) {
    const [batch, height, width, channels] = x.dims as [number, number, number, number]; // rank just checked
    return { data, batch, channels, spatial: [height, width] };
  }
  const [batch, channels, width] = x.dims as [number, number, number]; // callers pass rank 3 or 4
  const last = context.scratch('float32', data.length);
  context.kernels.transposeF32(data, last, batch, channels, width);
  return { data: last, batch, channels, spatial: [width] };
}

/** The same for 8-bit codes. */
export function imageOfCodes<S extends AttributeSpecs>(
  context: RunContext<S>,
  index: number,
): Omit<Image, 'data'> & { readonly data: Int8Array | Uint8Array } {
  const x = context.input(index);
  const data = x.data as Int8Array | Uint8Array; // integer steps carry 8-bit codes
  if (x.dims.length === 4) {
    const [batch, height, width, channels] = x.dims as [number, number, number, number]; // rank just checked
    return { data, batch, channels, spatial: [height, width] };
  }
  const [batch, channels, width] = x.dims as [number, number, number]; // `accepts` lets rank 3 and 4 pass
  const last = context.scratch(x.dtype === 'int8' ? 'int8' : 'uint8', data.length);
  context.kernels.transpose8(data, last, batch, channels, width);
  return { data: last, batch, channels, spatial: [width] };
}

/**
 * Makes output 0 of an `nhwc` step by `compute`, which writes channels last; one spatial dimension is transposed back.
 */
export function imageOutput<S extends AttributeSpecs>(
  context: RunContext<S>,
  shape: Omit<Image, 'data'> & { readonly dtype: 'float32' | 'float16' | 'bfloat16' },
  compute: (out: Float32Array) => void,
): Tensor {
  const { batch, channels, spatial, dtype } = shape;
  if (spatial.length === 2) {
    const out = context.output(0, dtype, [batch, ...spatial, channels]);
    compute(out.data);
    return out;
  }
  const last = context.scratch('float32', batch * channels * sizeOf(spatial));
  compute(last);
  const out = context.output(0, dtype, [batch, channels, ...spatial]);
  context.kernels.transposeF32(last, out.data, batch, sizeOf(spatial), channels);
  return out;
}

export function imageOutputCodes<S extends AttributeSpecs>(
  context: RunContext<S>,
  shape: Omit<Image, 'data'> & { readonly dtype: 'int8' | 'uint8' },
  compute: (out: Int8Array | Uint8Array) => void,
): Tensor {
  const { batch, channels, spatial, dtype } = shape;
  if (spatial.length === 2) {
    const out = context.output(0, dtype, [batch, ...spatial, channels]);
    compute(out.data);
    return out;
  }
  const last = context.scratch(dtype, batch * channels * sizeOf(spatial));
  compute(last);
  const out = context.output(0, dtype, [batch, channels, ...spatial]);
  context.kernels.transpose8(last, out.data, batch, sizeOf(spatial), channels);
  return out;
}
