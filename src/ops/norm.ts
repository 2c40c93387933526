import { formatDims, sizeOf } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import type { TensorFact } from '../graph/fact.ts';
import type { Dim } from '../graph/model.ts';
import { neverInteger } from './codes.ts';
import { type Inferring, sameDim } from './facts.ts';
import { floatsOf, isFloat32Stored, numbersOf, stored } from './numbers.ts';
import { defineOp, type OpDef, type QuantRule, type RunContext } from './opDef.ts';

const FLOAT_NORM: QuantRule = {
  kind: 'float',
  why: 'Normalization divides by statistics of its input, which codes cannot hold.',
};

/** Iterates [N, C, spatial...] as runs of one channel: `visit(n, c, first index, step, count)`. */
function forEachChannel(
  dims: readonly number[],
  visit: (n: number, c: number, at: number, step: number, count: number) => void,
): void {
  const channelsLast = dims.length === 4;
  const channels = (channelsLast ? dims[3] : (dims[1] ?? 1)) as number;
  const spatial = sizeOf(channelsLast ? dims.slice(1, 3) : dims.slice(2));
  for (let n = 0; n < (dims[0] as number); n++) {
    for (let c = 0; c < channels; c++) {
      if (channelsLast) visit(n, c, n * spatial * channels + c, channels, spatial);
      else visit(n, c, (n * channels + c) * spatial, 1, spatial);
    }
  }
}

function checkChannels(context: Inferring, names: readonly string[]): void {
  const channels = context.input(0).dims?.[1];
  names.forEach((name, i) => {
    const { dims } = context.input(i + 1);
    if (dims === undefined || channels === undefined) return;
    if (dims.length !== 1) context.fail(`${name} has shape ${formatDims(dims)}, expected [C]`);
    sameDim(context, channels, dims[0] as Dim, `channels and length of ${name}`);
  });
}

const batchAttributes = {
  epsilon: { kind: 'float', default: 1e-5 },
  momentum: { kind: 'float', default: 0.9 },
  training_mode: { kind: 'int', default: 0 },
  spatial: { kind: 'int', default: 1 },
} as const;
type BatchSpecs = typeof batchAttributes;

/**
 * BatchNormalization of inference, y = (x - mean) / sqrt(var + epsilon) * scale + B per channel; of training (opset 14,
 * training_mode) with the batch's own statistics and running ones as further outputs.
 */
function batchNormalization(since: number): OpDef {
  return defineOp<BatchSpecs>({
    type: 'BatchNormalization',
    domain: '',
    since,
    arity: [5, 5],
    attributes: batchAttributes,
    layout: { kind: 'nhwc', inputs: [0] },
    infer: (context) => {
      checkChannels(context, ['scale', 'B', 'mean', 'var']);
      if (context.attributes.spatial === 0) context.fail('spatial is 0 (statistics per element), expected 1');
      const { dtype, dims } = context.input(0);
      const running = context.input(3);
      const extra: TensorFact[] = context.attributes.training_mode
        ? [1, 2].map(() => ({ dtype: running.dtype, dims: running.dims }))
        : [];
      return [{ dtype, dims }, ...extra].slice(0, Math.max(1, context.outputCount));
    },
    run: (context) => (context.attributes.training_mode ? normalizeBatch(context) : [applyStatistics(context)]),
    quant: () => ({ kind: 'observed' }),
    integer: neverInteger('BatchNormalization runs on floats; folded into the convolution before it, it has no cost.'),
  });
}

function applyStatistics(context: RunContext<BatchSpecs>): Tensor {
  const x = context.input(0);
  const [scale, shift, mean, variance] = [1, 2, 3, 4].map((i) => numbersOf(context.input(i))) as [
    Nums,
    Nums,
    Nums,
    Nums,
  ];
  const out = context.output(0, x.dtype, x.dims);
  const [from, to] = [numbersOf(x), numbersOf(out)];
  const { epsilon } = context.attributes;
  const factor = Float64Array.from(scale, (s, c) => s / Math.sqrt((variance[c] as number) + epsilon));
  if (isFloat32Stored(x.dtype) && channelsLast(x.dims)) {
    const offset = factor.map((f, c) => (shift[c] as number) - (mean[c] as number) * f);
    context.kernels.scaleChannelsF32(floatsOf(x), factor, offset, floatsOf(out));
    return stored(out, context.kernels);
  }
  scaleChannels(x.dims, from, to, { mean, factor, shift });
  return stored(out, context.kernels);
}

/** Whether channels are the last dimension as the tensor lies in memory. */
function channelsLast(dims: readonly number[]): boolean {
  return dims.length === 4 || dims.length === 2;
}

/** Per channel: y = (x - mean) * factor + shift. */
interface Affine {
  readonly mean: Nums;
  readonly factor: Nums;
  readonly shift: Nums;
}

/** Applies an affine map per channel, in the order of memory. */
function scaleChannels(
  dims: readonly number[],
  x: Nums,
  y: { [index: number]: number },
  { mean, factor, shift }: Affine,
): void {
  if (dims.length !== 4) {
    forEachChannel(dims, (_, c, at, step, count) => {
      const [f, m, b] = [factor[c] as number, mean[c] as number, shift[c] as number];
      for (let i = 0, p = at; i < count; i++, p += step) y[p] = ((x[p] as number) - m) * f + b;
    });
    return;
  }
  const channels = dims[3] as number;
  for (let at = 0; at < sizeOf(dims); at += channels) {
    for (let c = 0; c < channels; c++) {
      y[at + c] = ((x[at + c] as number) - (mean[c] as number)) * (factor[c] as number) + (shift[c] as number);
    }
  }
}

type Nums = ArrayLike<number>;

function normalizeBatch(context: RunContext<BatchSpecs>): Tensor[] {
  const x = context.input(0);
  const from = numbersOf(x);
  const running = context.input(3);
  const channels = running.dims[0] as number;
  const { mean, variance } = channelStatistics(x.dims, from);
  const [scale, shift] = [numbersOf(context.input(1)), numbersOf(context.input(2))];
  const out = context.output(0, x.dtype, x.dims);
  const to = numbersOf(out);
  const { epsilon, momentum } = context.attributes;
  const factor = variance.map((v, c) => (scale[c] as number) / Math.sqrt(v + epsilon));
  scaleChannels(x.dims, from, to, { mean, factor, shift });
  const outputs: Tensor[] = [stored(out, context.kernels)];
  for (const [i, batch] of [mean, variance].entries()) {
    if (context.outputCount <= i + 1) break;
    const old = numbersOf(context.input(3 + i));
    const result = context.output(i + 1, running.dtype, running.dims);
    const data = numbersOf(result);
    for (let c = 0; c < channels; c++) data[c] = (old[c] as number) * momentum + (batch[c] as number) * (1 - momentum);
    outputs.push(stored(result));
  }
  return outputs;
}

/** Mean and variance per channel over batch and space, in the order of memory. */
function channelStatistics(
  dims: readonly number[],
  x: Nums,
): { readonly mean: Float64Array; readonly variance: Float64Array } {
  const channels = (dims.length === 4 ? dims[3] : (dims[1] ?? 1)) as number;
  const run = dims.length === 4 ? 1 : sizeOf(dims.slice(2));
  const size = sizeOf(dims);
  const per = size / channels;
  const mean = new Float64Array(channels);
  const variance = new Float64Array(channels);
  const passes: readonly [Float64Array, (v: number, c: number) => number][] = [
    [mean, (v) => v],
    [variance, (v, c) => (v - (mean[c] as number)) ** 2],
  ];
  for (const [sums, of] of passes) {
    for (let at = 0; at < size; ) {
      for (let c = 0; c < channels; c++) {
        for (let i = 0; i < run; i++, at++) sums[c] = (sums[c] as number) + of(x[at] as number, c);
      }
    }
    for (let c = 0; c < channels; c++) sums[c] = (sums[c] as number) / per;
  }
  return { mean, variance };
}

const instanceNormalization = defineOp({
  type: 'InstanceNormalization',
  domain: '',
  since: 1,
  arity: [3, 3],
  attributes: { epsilon: { kind: 'float', default: 1e-5 } },
  layout: { kind: 'nhwc', inputs: [0] },
  infer: (context) => {
    checkChannels(context, ['scale', 'B']);
    return [{ dtype: context.input(0).dtype, dims: context.input(0).dims }];
  },
  run: (context) => {
    const x = context.input(0);
    const [scale, shift] = [numbersOf(context.input(1)), numbersOf(context.input(2))];
    const out = context.output(0, x.dtype, x.dims);
    const [from, to] = [numbersOf(x), numbersOf(out)];
    const [batch = 0, ...rest] = x.dims;
    const per = sizeOf(rest);
    if (isFloat32Stored(x.dtype) && x.dims.length === 4) return [normalizeImages(context, x, out)];
    for (let n = 0; n < batch; n++) {
      const image = { from: n * per, to: (n + 1) * per };
      const [source, target] = [
        Float64Array.from({ length: per }, (_, i) => from[image.from + i] as number),
        new Float64Array(per),
      ];
      const { mean, variance } = channelStatistics([1, ...rest], source);
      const factor = variance.map((v, c) => (scale[c] as number) / Math.sqrt(v + context.attributes.epsilon));
      scaleChannels([1, ...rest], source, target, { mean, factor, shift });
      for (let i = 0; i < per; i++) to[image.from + i] = target[i] as number;
    }
    return [stored(out, context.kernels)];
  },
  quant: () => FLOAT_NORM,
});

/** Each image's channels by their own statistics: sums in float64, x - mean rounded to float32 on the way. */
function normalizeImages(context: RunContext<{ readonly epsilon: EpsilonSpec }>, x: Tensor, out: Tensor): Tensor {
  const { kernels, attributes } = context;
  const [batch = 0, height = 0, width = 0, channels = 0] = x.dims;
  const pixels = height * width;
  const [scale, shift] = [numbersOf(context.input(1)), numbersOf(context.input(2))];
  const [ones, sums, squares] = [
    new Float64Array(channels).fill(1),
    new Float64Array(channels),
    new Float32Array(channels),
  ];
  for (let n = 0; n < batch; n++) {
    const [from, to] = [x, out].map((t) =>
      floatsOf(t).subarray(n * pixels * channels, (n + 1) * pixels * channels),
    ) as [Float32Array, Float32Array];
    kernels.channelSumsF32(from, pixels, channels, sums);
    const minusMean = sums.map((s) => -s / pixels);
    kernels.scaleChannelsF32(from, ones, minusMean, to);
    kernels.reduceF32('sumSquare', to, squares, 1, pixels, channels);
    const factor = ones.map(
      (_, c) => (scale[c] as number) / Math.sqrt((squares[c] as number) / pixels + attributes.epsilon),
    );
    kernels.scaleChannelsF32(to, factor, Float64Array.from(shift), to);
  }
  return stored(out, context.kernels);
}

type EpsilonSpec = { readonly kind: 'float'; readonly default: 1e-5 };

/** Normalizations per channel, by statistics of training or of the data. */
export const normOps: readonly OpDef[] = [batchNormalization(7), instanceNormalization];
