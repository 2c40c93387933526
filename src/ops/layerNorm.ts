import { formatDims, sizeOf } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import type { TensorFact } from '../graph/fact.ts';
import { zipBroadcast } from './broadcast.ts';
import { broadcastStrides } from './cells.ts';
import { indexOf } from './convDirect.ts';
import { axesOf, axisOf, broadcastFacts, expectDims } from './facts.ts';
import { normalizeLocally } from './localResponse.ts';
import { floatsOf, isFloat32Stored, numbersOf, stored } from './numbers.ts';
import { type AttributeSpecs, defineOp, type OpDef, type QuantRule, type RunContext } from './opDef.ts';

/** Why normalizations stay float. */
export const FLOAT_NORM: QuantRule = {
  kind: 'float',
  why: 'Normalization divides by statistics of its input, which codes cannot hold.',
};

type Nums = ArrayLike<number>;

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
    infer: (context) => {
      const { dtype, dims } = context.input(0);
      const groups = context.attributes.num_groups;
      const channels = dims?.[1];
      if (typeof channels === 'number' && (groups < 1 || channels % groups !== 0))
        context.fail(`${channels} channels do not divide into ${groups} groups`);
      const length = since === 18 ? groups : (channels ?? 'channels');
      for (const i of [1, 2]) expectDims(context, i, [length]);
      return [{ dtype, dims }];
    },
    run: (context) => {
      const x = context.input(0);
      const { num_groups: groups, epsilon } = context.attributes;
      const [scale, shift] = [numbersOf(context.input(1)), numbersOf(context.input(2))];
      const out = context.output(0, x.dtype, x.dims);
      const [batch, channels] = x.dims as [number, number];
      const spatial = sizeOf(x.dims.slice(2));
      const per = channels / groups;
      if (isFloat32Stored(x.dtype)) {
        const channelOf = (g: number, c: number) => (since === 18 ? g : g * per + c);
        const expand = (of: ArrayLike<number>, g: number) => {
          const row = context.scratch('float32', per * spatial);
          for (let c = 0; c < per; c++) row.fill(of[channelOf(g, c)] as number, c * spatial, (c + 1) * spatial);
          return row;
        };
        for (let g = 0; g < groups; g++) {
          const [factor, offset] = [expand(scale, g), expand(shift, g)];
          for (let n = 0; n < batch; n++) {
            const at = (n * groups + g) * per * spatial;
            const [row, to] = [x, out].map((t) => floatsOf(t).subarray(at, at + per * spatial)) as [
              Float32Array,
              Float32Array,
            ];
            const found = { centred: true, epsilon, ...rowStatistics(context, 1) };
            context.kernels.normalizeRowsF32(row, factor, offset, to, found);
          }
        }
        return [stored(out, context.kernels)];
      }
      const [from, to] = [numbersOf(x), numbersOf(out)];
      for (let g = 0; g < batch * groups; g++) {
        const at = g * per * spatial;
        const { mean, deviation } = statistics(from, at, 1, per * spatial, epsilon);
        for (let i = 0; i < per * spatial; i++) {
          const channel = (g % groups) * per + Math.floor(i / spatial);
          const c = since === 18 ? g % groups : channel;
          to[at + i] = (((from[at + i] as number) - mean) / deviation) * (scale[c] as number) + (shift[c] as number);
        }
      }
      return [stored(out, context.kernels)];
    },
    quant: () => FLOAT_NORM,
  });

const layerAttributes = {
  axis: { kind: 'int', default: -1 },
  epsilon: { kind: 'float', default: 1e-5 },
  stash_type: { kind: 'int', default: 1 },
} as const;

type LayerNormType = 'LayerNormalization' | 'RMSNormalization' | 'SimplifiedLayerNormalization';

/** Whether the mean is taken off, and which statistics of a row follow output 0: mean, 1 / deviation. */
const LAYER_NORMS: Readonly<
  Record<LayerNormType, { readonly centred: boolean; readonly shown: readonly ('mean' | 'inverse')[] }>
> = {
  LayerNormalization: { centred: true, shown: ['mean', 'inverse'] },
  RMSNormalization: { centred: false, shown: [] },
  SimplifiedLayerNormalization: { centred: false, shown: ['inverse'] },
};

/**
 * Normalization over all dimensions from `axis` on; scale (and B) broadcast to them. ONNX Runtime takes
 * LayerNormalization of any opset, and writes SimplifiedLayerNormalization for RMSNormalization.
 */
function layerNorm(type: LayerNormType, since: number): OpDef {
  const { centred, shown } = LAYER_NORMS[type];
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
      for (const i of [1, 2]) {
        const given = context.inputs[i]?.dims;
        const whole = broadcastFacts(context, dims, given);
        if (
          dims !== undefined &&
          whole?.some((d, k) => typeof d === 'number' && typeof dims[k] !== 'string' && d !== dims[k])
        )
          context.fail(
            `input ${i} has shape ${formatDims(given ?? [])}, which does not broadcast to ${formatDims(dims)}`,
          );
      }
      const reduced = dims?.map((d, i) => (i < axis ? d : 1));
      const extra: TensorFact[] = shown.map(() => ({ dtype: 'float32', dims: reduced }));
      return [{ dtype, dims }, ...extra].slice(0, Math.max(1, context.outputCount));
    },
    run: (context) => runLayerNorm(context, context.attributes, LAYER_NORMS[type]),
    quant: () => FLOAT_NORM,
  });
}

function runLayerNorm(
  context: RunContext<AttributeSpecs>,
  attributes: { readonly axis: number; readonly epsilon: number },
  { centred, shown }: (typeof LAYER_NORMS)[LayerNormType],
): Tensor[] {
  const x = context.input(0);
  const axis = attributes.axis < 0 ? attributes.axis + x.dims.length : attributes.axis;
  const inner = x.dims.slice(axis);
  const count = sizeOf(inner);
  const rows = count === 0 ? 0 : sizeOf(x.dims) / count;
  const out = context.output(0, x.dtype, x.dims);
  const reduced = x.dims.map((d, i) => (i < axis ? d : 1));
  const extra = shown
    .slice(0, Math.max(0, context.outputCount - 1))
    .map((_, i) => context.output(i + 1, 'float32', reduced));
  const [factor, offset] = [context.input(1), context.inputs[2]];
  if (
    [x, factor, offset ?? factor].every((t) => isFloat32Stored(t.dtype)) &&
    isRow(factor, count) &&
    isRow(offset, count)
  ) {
    const statistics = { centred, epsilon: attributes.epsilon, ...rowStatistics(context, rows) };
    const shifts = offset && floatsOf(offset);
    context.kernels.normalizeRowsF32(floatsOf(x), floatsOf(factor), shifts, floatsOf(out), statistics);
    for (const [i, t] of extra.entries()) t.data.set(statistics[shown[i] as 'mean' | 'inverse']);
    return [stored(out, context.kernels), ...extra];
  }
  const scale = expandedTo(factor, x.dims);
  const shift = offset === undefined ? undefined : expandedTo(offset, x.dims);
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
    for (const [i, t] of extra.entries()) t.data[r] = shown[i] === 'mean' ? mean : 1 / deviation;
  }
  return [stored(out, context.kernels), ...extra];
}

/** Whether a tensor that broadcasts to rows of `count` has each of its elements once per row. */
function isRow(t: Tensor | undefined, count: number): boolean {
  return t === undefined || t.data.length === count;
}

/** Memory for the mean and the inverse deviation of rows. */
export function rowStatistics(context: Pick<RunContext<AttributeSpecs>, 'scratch'>, rows: number) {
  return { mean: context.scratch('float64', rows), inverse: context.scratch('float64', rows) };
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
    if (isFloat32Stored(x.dtype)) {
      normalizeLocally(context, x, out, context.attributes);
      return [stored(out, context.kernels)];
    }
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
    return [stored(out, context.kernels)];
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
    return [stored(out, context.kernels)];
  },
  quant: () => FLOAT_NORM,
});

/** Subtracts the mean over `axes` and divides by the standard deviation (plus 1e-9, as the function body has it). */
const meanVarianceNormalization = defineOp({
  type: 'MeanVarianceNormalization',
  domain: '',
  since: 9,
  arity: [1, 1],
  attributes: { axes: { kind: 'ints', default: [0, 2, 3] } },
  layout: { kind: 'plain' },
  infer: (context) => {
    const { dtype, dims } = context.input(0);
    if (dims !== undefined) axesOf(context, context.attributes.axes, dims.length);
    return [{ dtype, dims }];
  },
  run: (context) => {
    const x = context.input(0);
    const rank = x.dims.length;
    const axes = new Set(context.attributes.axes.map((a) => (a < 0 ? a + rank : a)));
    const out = context.output(0, x.dtype, x.dims);
    const [from, to] = [numbersOf(x), numbersOf(out)];
    const kept = x.dims.map((d, i) => (axes.has(i) ? 1 : d));
    const groups = groupsOf(x.dims, kept);
    const [sums, squares] = [new Float64Array(sizeOf(kept)), new Float64Array(sizeOf(kept))];
    const count = sizeOf(x.dims) / sizeOf(kept);
    groups.forEach((g, i) => {
      sums[g] = (sums[g] as number) + (from[i] as number);
    });
    const centred = (i: number) => (from[i] as number) - (sums[groups[i] as number] as number) / count;
    groups.forEach((g, i) => {
      squares[g] = (squares[g] as number) + centred(i) ** 2;
    });
    groups.forEach((g, i) => {
      to[i] = centred(i) / (Math.sqrt((squares[g] as number) / count) + 1e-9);
    });
    return [stored(out, context.kernels)];
  },
  quant: () => FLOAT_NORM,
});

/** For every element of `dims` the index of the element of `kept` (1 where a dimension is reduced) it belongs to. */
function groupsOf(dims: readonly number[], kept: readonly number[]): Int32Array {
  const ids = Int32Array.from({ length: sizeOf(kept) }, (_, i) => i);
  const groups = new Int32Array(sizeOf(dims));
  zipBroadcast({ a: kept, b: kept, out: dims }, ids, ids, groups, (id) => id);
  return groups;
}

/** Normalizations over groups of channels, trailing dimensions, neighbours or one axis. */
export const layerNormOps: readonly OpDef[] = [
  groupNormalization(18),
  groupNormalization(21),
  layerNorm('LayerNormalization', 1),
  layerNorm('SimplifiedLayerNormalization', 1),
  layerNorm('RMSNormalization', 23),
  lrn,
  lpNormalization,
  meanVarianceNormalization,
];
