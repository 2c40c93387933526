import { formatDims, sizeOf } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import type { TensorFact } from '../graph/fact.ts';
import type { Dim } from '../graph/model.ts';
import { broadcastStrides } from './cells.ts';
import { neverInteger } from './codes.ts';
import { indexOf } from './convDirect.ts';
import { axisOf, type Inferring, sameDim } from './facts.ts';
import { numbersOf, stored } from './numbers.ts';
import { type AttributeSpecs, defineOp, type OpDef, type QuantRule, type RunContext } from './opDef.ts';

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
  scaleChannels(x.dims, from, to, { mean, factor, shift });
  return stored(out);
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
  const outputs: Tensor[] = [stored(out)];
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
    return [stored(out)];
  },
  quant: () => FLOAT_NORM,
});

/** Mean and sqrt(variance + epsilon) of `count` elements, `step` apart. */
function statistics(x: Nums, at: number, step: number, count: number, epsilon: number) {
  let sum = 0;
  for (let i = 0, p = at; i < count; i++, p += step) sum += x[p] as number;
  const mean = sum / count;
  let squares = 0;
  for (let i = 0, p = at; i < count; i++, p += step) squares += ((x[p] as number) - mean) ** 2;
  return { mean, deviation: Math.sqrt(squares / count + epsilon) };
}

const groupNormalization = (since: 18 | 21): OpDef =>
  defineOp({
    type: 'GroupNormalization',
    domain: '',
    since,
    arity: [3, 3],
    attributes: {
      epsilon: { kind: 'float', default: 1e-5 },
      num_groups: { kind: 'int', required: true },
      stash_type: { kind: 'int', default: 1 },
    },
    layout: { kind: 'plain' },
    infer: (context) => [{ dtype: context.input(0).dtype, dims: context.input(0).dims }],
    run: (context) => {
      const x = context.input(0);
      const { num_groups: groups, epsilon } = context.attributes;
      const [scale, shift] = [numbersOf(context.input(1)), numbersOf(context.input(2))];
      const out = context.output(0, x.dtype, x.dims);
      const [from, to] = [numbersOf(x), numbersOf(out)];
      const [batch, channels] = x.dims as [number, number];
      const spatial = sizeOf(x.dims.slice(2));
      const per = channels / groups;
      for (let g = 0; g < batch * groups; g++) {
        const at = g * per * spatial;
        const { mean, deviation } = statistics(from, at, 1, per * spatial, epsilon);
        for (let i = 0; i < per * spatial; i++) {
          const channel = (g % groups) * per + Math.floor(i / spatial);
          const c = since === 18 ? g % groups : channel;
          to[at + i] = (((from[at + i] as number) - mean) / deviation) * (scale[c] as number) + (shift[c] as number);
        }
      }
      return [stored(out)];
    },
    quant: () => FLOAT_NORM,
  });

const layerAttributes = {
  axis: { kind: 'int', default: -1 },
  epsilon: { kind: 'float', default: 1e-5 },
  stash_type: { kind: 'int', default: 1 },
} as const;

/** LayerNormalization and RMSNormalization: over all dimensions from `axis` on; scale (and B) broadcast to them. */
function layerNorm(type: 'LayerNormalization' | 'RMSNormalization', since: number): OpDef {
  const centred = type === 'LayerNormalization';
  return defineOp({
    type,
    domain: '',
    since,
    arity: centred ? [2, 3] : [2, 2],
    attributes: layerAttributes,
    layout: { kind: 'plain' },
    infer: (context) => {
      const { dtype, dims } = context.input(0);
      const axis = dims === undefined ? 0 : axisOf(context, context.attributes.axis, dims.length);
      const reduced = dims?.map((d, i) => (i < axis ? d : 1));
      const extra: TensorFact[] = centred ? [1, 2].map(() => ({ dtype: 'float32', dims: reduced })) : [];
      return [{ dtype, dims }, ...extra].slice(0, Math.max(1, context.outputCount));
    },
    run: (context) => runLayerNorm(context, context.attributes, centred),
    quant: () => FLOAT_NORM,
  });
}

function runLayerNorm(
  context: RunContext<AttributeSpecs>,
  attributes: { readonly axis: number; readonly epsilon: number },
  centred: boolean,
): Tensor[] {
  const x = context.input(0);
  const axis = attributes.axis < 0 ? attributes.axis + x.dims.length : attributes.axis;
  const inner = x.dims.slice(axis);
  const count = sizeOf(inner);
  const rows = count === 0 ? 0 : sizeOf(x.dims) / count;
  const scale = expandedTo(context.input(1), x.dims);
  const shift = context.inputs[2] === undefined ? undefined : expandedTo(context.inputs[2], x.dims);
  const out = context.output(0, x.dtype, x.dims);
  const reduced = x.dims.map((d, i) => (i < axis ? d : 1));
  const extra = [1, 2].filter((i) => context.outputCount > i).map((i) => context.output(i, 'float32', reduced));
  const [from, to] = [numbersOf(x), numbersOf(out)];
  for (let r = 0; r < rows; r++) {
    const at = r * count;
    const { mean, deviation } = centred
      ? statistics(from, at, 1, count, attributes.epsilon)
      : rootMeanSquare(from, at, count, attributes.epsilon);
    for (let i = at; i < at + count; i++) {
      const normalized = ((from[i] as number) - mean) / deviation;
      to[i] = normalized * scale(i) + (shift === undefined ? 0 : shift(i));
    }
    if (extra[0] !== undefined) extra[0].data[r] = mean;
    if (extra[1] !== undefined) extra[1].data[r] = 1 / deviation;
  }
  return [stored(out), ...extra];
}

function rootMeanSquare(x: Nums, at: number, count: number, epsilon: number) {
  let squares = 0;
  for (let i = at; i < at + count; i++) squares += (x[i] as number) ** 2;
  return { mean: 0, deviation: Math.sqrt(squares / count + epsilon) };
}

/** A tensor read as if broadcast to `dims`, by flat index. */
function expandedTo(t: Tensor, dims: readonly number[]): (i: number) => number {
  const data = numbersOf(t);
  const size = sizeOf(t.dims);
  const suffix = t.dims.length <= dims.length && t.dims.every((d, i) => d === dims[dims.length - t.dims.length + i]);
  if (suffix) return (i) => data[i % size] as number;
  const strides = broadcastStrides(t.dims, dims);
  return (i) => data[indexOf(i, dims).reduce((sum, at, d) => sum + at * (strides[d] as number), 0)] as number;
}

const lrn = defineOp({
  type: 'LRN',
  domain: '',
  since: 1,
  arity: [1, 1],
  attributes: {
    alpha: { kind: 'float', default: 1e-4 },
    beta: { kind: 'float', default: 0.75 },
    bias: { kind: 'float', default: 1 },
    size: { kind: 'int', required: true },
  },
  layout: { kind: 'plain' },
  infer: (context) => [{ dtype: context.input(0).dtype, dims: context.input(0).dims }],
  run: (context) => {
    const x = context.input(0);
    const { alpha, beta, bias, size } = context.attributes;
    const out = context.output(0, x.dtype, x.dims);
    const [from, to] = [numbersOf(x), numbersOf(out)];
    const channels = x.dims[1] as number;
    const spatial = sizeOf(x.dims.slice(2));
    const [before, after] = [Math.floor((size - 1) / 2), Math.ceil((size - 1) / 2)];
    for (let nc = 0; nc < (x.dims[0] as number) * channels; nc++) {
      const c = nc % channels;
      const [first, last] = [Math.max(0, c - before) - c, Math.min(channels - 1, c + after) - c];
      for (let p = nc * spatial; p < (nc + 1) * spatial; p++) {
        let squares = 0;
        for (let d = first; d <= last; d++) squares += (from[p + d * spatial] as number) ** 2;
        to[p] = (from[p] as number) / (bias + (alpha / size) * squares) ** beta;
      }
    }
    return [stored(out)];
  },
  quant: () => FLOAT_NORM,
});

const lpNormalization = defineOp({
  type: 'LpNormalization',
  domain: '',
  since: 1,
  arity: [1, 1],
  attributes: { axis: { kind: 'int', default: -1 }, p: { kind: 'int', default: 2 } },
  layout: { kind: 'plain' },
  infer: (context) => [{ dtype: context.input(0).dtype, dims: context.input(0).dims }],
  run: (context) => {
    const x = context.input(0);
    const axis = context.attributes.axis < 0 ? context.attributes.axis + x.dims.length : context.attributes.axis;
    const out = context.output(0, x.dtype, x.dims);
    const [from, to] = [numbersOf(x), numbersOf(out)];
    const count = x.dims[axis] as number;
    const step = sizeOf(x.dims.slice(axis + 1));
    for (let r = 0; r < sizeOf(x.dims) / count; r++) {
      const at = Math.floor(r / step) * count * step + (r % step);
      let sum = 0;
      for (let i = 0, p = at; i < count; i++, p += step) sum += Math.abs(from[p] as number) ** context.attributes.p;
      const norm = context.attributes.p === 1 ? sum : Math.sqrt(sum);
      for (let i = 0, p = at; i < count; i++, p += step) to[p] = norm === 0 ? 0 : (from[p] as number) / norm;
    }
    return [stored(out)];
  },
  quant: () => FLOAT_NORM,
});

/** Normalizations by statistics of the data or of training. */
export const normOps: readonly OpDef[] = [
  batchNormalization(7),
  instanceNormalization,
  groupNormalization(18),
  groupNormalization(21),
  layerNorm('LayerNormalization', 17),
  layerNorm('RMSNormalization', 23),
  lrn,
  lpNormalization,
];
