import { formatDims, stridesOf } from '../base/shape.ts';
import type { Dim } from '../graph/model.ts';
import { cellsOf, copyStrided, whole } from './cells.ts';
import { dimsOfRank } from './facts.ts';
import { numbersOf, stored } from './numbers.ts';
import { type AttributeValues, defineOp, type OpDef } from './opDef.ts';
import { defineUnary } from './unary.ts';

/** Experimental operators of opset 1, gone since opset 10: exports of Core ML and Torch7 models have them. */
const since = 1;

/** scale * x + bias[channel] of x [N, C, H, W]. */
const imageScaler = defineOp({
  type: 'ImageScaler',
  domain: '',
  since,
  arity: [1, 1],
  attributes: { bias: { kind: 'floats', default: [] }, scale: { kind: 'float', default: 1 } },
  layout: { kind: 'plain' },
  infer: (context) => {
    const dims = dimsOfRank(context, 0, 4);
    const { length } = context.attributes.bias;
    if (length > 0 && typeof dims?.[1] === 'number' && dims[1] !== length) {
      context.fail(`bias has ${length} entries for ${dims[1]} channels`);
    }
    return [{ dtype: context.input(0).dtype, dims }];
  },
  run: (context) => {
    const x = context.input(0);
    const { bias, scale } = context.attributes;
    const [batch, channels, height, width] = x.dims as [number, number, number, number];
    const out = context.output(0, x.dtype as 'float32', x.dims); // a floating-point type
    const [from, to] = [numbersOf(x), numbersOf(out)];
    const size = height * width;
    for (let plane = 0; plane < batch * channels; plane++) {
      const add = bias[plane % channels] ?? 0;
      for (let i = plane * size; i < (plane + 1) * size; i++) to[i] = scale * (from[i] as number) + add;
    }
    return [stored(out)];
  },
  quant: () => ({ kind: 'float', why: 'It prepares the image; its input is the data as it comes.' }),
});

const CROP = { border: { kind: 'ints', required: true }, scale: { kind: 'ints' } } as const;

/** Rows and columns kept: `scale` of them from the border on, or what the border (left, top, right, bottom) leaves. */
function kept({ border, scale }: AttributeValues<typeof CROP>, height: number, width: number): [number, number] {
  const [left = 0, top = 0, right = 0, bottom = 0] = border;
  if (scale !== undefined && scale.length === 2) return [scale[0] as number, scale[1] as number];
  return [height - top - bottom, width - left - right];
}

/** A window of each plane of x [N, C, H, W]. */
const crop = defineOp({
  type: 'Crop',
  domain: '',
  since,
  arity: [1, 1],
  attributes: CROP,
  layout: { kind: 'plain' },
  infer: (context) => {
    const { dtype } = context.input(0);
    const dims = dimsOfRank(context, 0, 4);
    if (dims === undefined) return [{ dtype, dims }];
    const [n, c, h, w] = dims as [Dim, Dim, Dim, Dim];
    if (context.attributes.border.length !== 4)
      context.fail('border does not have 4 entries: left, top, right, bottom');
    if (typeof h !== 'number' || typeof w !== 'number') {
      return [{ dtype, dims: [n, c, context.symbol('rows'), context.symbol('columns')] }];
    }
    const [rows, columns] = kept(context.attributes, h, w);
    const [left = 0, top = 0] = context.attributes.border;
    if (rows < 0 || columns < 0 || left < 0 || top < 0 || top + rows > h || left + columns > w) {
      context.fail(`a window of ${formatDims([rows, columns])} at ${top}, ${left} is outside ${formatDims([h, w])}`);
    }
    return [{ dtype, dims: [n, c, rows, columns] }];
  },
  run: (context) => {
    const x = context.input(0);
    const [batch, channels, height, width] = x.dims as [number, number, number, number];
    const [rows, columns] = kept(context.attributes, height, width);
    const [left = 0, top = 0] = context.attributes.border;
    const out = context.output(0, x.dtype as 'float32', [batch, channels, rows, columns]); // a number type
    copyStrided(out.dims, { cells: cellsOf(x), offset: top * width + left, strides: stridesOf(x.dims) }, whole(out));
    return [out];
  },
  quant: () => ({ kind: 'sharesInput' }),
});

/** Operators that newer opsets no longer have. */
export const removedOps: readonly OpDef[] = [
  imageScaler,
  crop,
  defineUnary({
    type: 'Affine',
    since,
    attributes: { alpha: { kind: 'float', default: 1 }, beta: { kind: 'float', default: 0 } },
    scalar:
      ({ alpha, beta }) =>
      (x) =>
        alpha * x + beta,
  }),
  defineUnary({
    type: 'ParametricSoftplus',
    since,
    attributes: { alpha: { kind: 'float', default: 1 }, beta: { kind: 'float', default: 1 } },
    scalar:
      ({ alpha, beta }) =>
      (x) =>
        beta * x > 0 ? alpha * (beta * x + Math.log1p(Math.exp(-beta * x))) : alpha * Math.log1p(Math.exp(beta * x)),
  }),
  defineUnary({
    type: 'ScaledTanh',
    since,
    attributes: { alpha: { kind: 'float', default: 1 }, beta: { kind: 'float', default: 1 } },
    scalar:
      ({ alpha, beta }) =>
      (x) =>
        alpha * Math.tanh(beta * x),
  }),
];
