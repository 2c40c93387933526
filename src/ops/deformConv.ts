import { formatDims, sizeOf } from '../base/shape.ts';
import { CONV_ATTRIBUTES, inferConvDims } from './conv.ts';
import { numbersOf, stored } from './numbers.ts';
import { defineOp, type OpDef } from './opDef.ts';
import { resolveWindow } from './window.ts';

/** Bilinear value of a plane [height, width] at (y, x); zero outside. */
function bilinear(
  plane: ArrayLike<number>,
  first: number,
  size: readonly [number, number],
  y: number,
  x: number,
): number {
  const [height, width] = size;
  if (y <= -1 || y >= height || x <= -1 || x >= width) return 0;
  const [top, left] = [Math.floor(y), Math.floor(x)];
  const [fy, fx] = [y - top, x - left];
  const at = (row: number, column: number): number =>
    row < 0 || row >= height || column < 0 || column >= width ? 0 : (plane[first + row * width + column] as number);
  return (
    (1 - fy) * ((1 - fx) * at(top, left) + fx * at(top, left + 1)) +
    fy * ((1 - fx) * at(top + 1, left) + fx * at(top + 1, left + 1))
  );
}

const ATTRIBUTES = { ...CONV_ATTRIBUTES, offset_group: { kind: 'int', default: 1 } } as const;

/**
 * Convolution of x [N, C, H, W] whose taps are moved by offsets [N, groups * kH * kW * 2, oH, oW] (y, then x) and
 * weighted by a mask [N, groups * kH * kW, oH, oW].
 */
const deformConv = defineOp({
  type: 'DeformConv',
  domain: '',
  since: 19,
  arity: [3, 5],
  attributes: ATTRIBUTES,
  layout: { kind: 'plain' },
  infer: (context) => {
    const x = context.input(0);
    if (x.dims !== undefined && x.dims.length !== 4) {
      context.fail(`x has shape ${formatDims(x.dims)}; only images [N, C, H, W] are supported`);
    }
    return [{ dtype: x.dtype, dims: inferConvDims(context, context.attributes, x.dims, context.input(1).dims) }];
  },
  run: (context) => {
    const { group, offset_group: moved } = context.attributes;
    const [x, w] = [context.input(0), context.input(1)];
    const [batch, channels, height, width] = x.dims as [number, number, number, number];
    const [outChannels, perGroup, kh, kw] = w.dims as [number, number, number, number];
    const window = resolveWindow(context.attributes, [height, width], [kh, kw], 'floor');
    const [oh, ow] = window.out as [number, number];
    const taps = kh * kw;
    const points = oh * ow;
    const out = context.output(0, x.dtype as 'float32', [batch, outChannels, oh, ow]); // a floating-point type
    const [from, weights, offsets] = [numbersOf(x), numbersOf(w), numbersOf(context.input(2))];
    const bias = context.inputs[3] && numbersOf(context.inputs[3]);
    const mask = context.inputs[4] && numbersOf(context.inputs[4]);
    const to = numbersOf(out);
    const columns = new Float64Array(channels * taps);
    const outPerGroup = outChannels / group;
    const size = sizeOf([perGroup, kh, kw]);
    for (let n = 0; n < batch; n++) {
      for (let p = 0; p < points; p++) {
        const [row, column] = [Math.floor(p / ow), p % ow];
        for (let c = 0; c < channels; c++) {
          const g = n * moved + Math.floor(c / (channels / moved));
          for (let t = 0; t < taps; t++) {
            const at = (g * taps + t) * 2 * points + p;
            const y = placeOf(window, 0, row, Math.floor(t / kw)) + (offsets[at] as number);
            const xx = placeOf(window, 1, column, t % kw) + (offsets[at + points] as number);
            const value = bilinear(from, (n * channels + c) * height * width, [height, width], y, xx);
            columns[c * taps + t] = value * (mask === undefined ? 1 : (mask[(g * taps + t) * points + p] as number));
          }
        }
        for (let o = 0; o < outChannels; o++) {
          const first = Math.floor(o / outPerGroup) * perGroup * taps;
          let sum = bias === undefined ? 0 : (bias[o] as number);
          for (let k = 0; k < size; k++) sum += (weights[o * size + k] as number) * (columns[first + k] as number);
          to[(n * outChannels + o) * points + p] = sum;
        }
      }
    }
    return [stored(out)];
  },
  quant: () => ({ kind: 'float', why: 'Its taps are interpolated at computed places; it has no 8-bit form.' }),
  macs: ([, w], [out]) =>
    sizeOf((out?.dims ?? []) as readonly number[]) * sizeOf((w?.dims ?? []).slice(1) as readonly number[]),
});

/** Where a tap of the undeformed window lies. */
function placeOf(window: ReturnType<typeof resolveWindow>, axis: number, position: number, tap: number): number {
  const [stride, pad, dilation] = [window.strides, window.padBegin, window.dilations].map(
    (list) => list[axis] as number,
  );
  return position * (stride as number) - (pad as number) + tap * (dilation as number);
}

/** Convolutions with computed taps. */
export const deformConvOps: readonly OpDef[] = [deformConv];
