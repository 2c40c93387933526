import { formatDims } from '../base/shape.ts';
import { type Tensor, toNumbers } from '../base/tensor.ts';
import type { TensorFact } from '../graph/fact.ts';
import type { Dim } from '../graph/model.ts';
import { attentionMacs, FLOAT_ATTENTION } from './attention.ts';
import {
  additiveMask,
  addMask,
  attend,
  capScores,
  copyHeads,
  type Floats,
  type Heads,
  headsAt,
  maskCausally,
  packedHeads,
  scaleScores,
  separateHeads,
  softmaxWithSink,
} from './attentionCore.ts';
import { dimsOfRank, divideDims, isNumeric, knownElements, sameDim } from './facts.ts';
import { floatsOf, isFloat32Stored, numbersOf, stored } from './numbers.ts';
import { defineOp, type InferContext, type OpDef, type RunContext } from './opDef.ts';
import { rotate } from './rotaryEmbedding.ts';

const ATTRIBUTES = {
  num_heads: { kind: 'int', required: true },
  kv_num_heads: { kind: 'int', required: true },
  causal: { kind: 'int', default: 1 },
  do_rotary: { kind: 'int', default: 0 },
  local_window_size: { kind: 'int', default: -1 },
  rotary_interleaved: { kind: 'int', default: 0 },
  scale: { kind: 'float', default: 0 },
  smooth_softmax: { kind: 'int', default: 0 },
  softcap: { kind: 'float', default: 0 },
  sliding_window_cache: { kind: 'int', default: 0 },
  k_quant_type: { kind: 'string', default: 'NONE' },
  v_quant_type: { kind: 'string', default: 'NONE' },
} as const;
type Running = RunContext<typeof ATTRIBUTES>;

/** Inputs by their place. */
const AT = {
  query: 0,
  key: 1,
  value: 2,
  pastKey: 3,
  pastValue: 4,
  lengths: 5,
  total: 6,
  cos: 7,
  sin: 8,
  positions: 9,
  bias: 10,
  sink: 11,
} as const;

/**
 * Attention whose key heads serve groups of query heads, over a cache [B, K, P, D] that every run appends to. Query is
 * [B, L, H D], or [B, L, (H + 2 K) D] with key and value in it; `seqlens_k` + 1 are the valid keys of each batch, this
 * run's included.
 *
 * @source ONNX Runtime, com.microsoft.GroupQueryAttention.
 */
const groupQueryAttention = defineOp({
  type: 'GroupQueryAttention',
  domain: 'com.microsoft',
  since: 1,
  arity: [7, 16],
  attributes: ATTRIBUTES,
  layout: { kind: 'plain' },
  infer: inferGroupQuery,
  run: runGroupQuery,
  quant: () => FLOAT_ATTENTION,
  macs: (_, [y, keys]) => (keys === undefined ? NaN : attentionMacs([{ dtype: 'float32', dims: y?.dims }, keys], y)),
});

function inferGroupQuery(context: InferContext<typeof ATTRIBUTES>): TensorFact[] {
  const { inputs, attributes } = context;
  const { num_heads: heads, kv_num_heads: kvHeads } = attributes;
  const { dtype } = context.input(AT.query);
  refuse(context, dtype);
  const query = dimsOfRank(context, AT.query, 3);
  const shape = (y: readonly Dim[] | undefined, cache: readonly Dim[] | undefined) =>
    [y, cache, cache].map((dims) => ({ dtype, dims })).slice(0, Math.max(1, context.outputCount));
  if (query === undefined) return shape(undefined, undefined);
  const [batch, length, hidden] = query as [Dim, Dim, Dim];
  const isPacked = inputs[AT.key] === undefined;
  const width = divideDims(context, [hidden], [isPacked ? heads + 2 * kvHeads : heads], 'head');
  if (width === undefined) context.fail(`${hidden} elements of the query do not divide into ${heads} heads`);
  for (const index of isPacked ? [] : [AT.key, AT.value]) {
    const dims = dimsOfRank(context, index, 3);
    if (dims === undefined) continue;
    sameDim(context, dims[1] as Dim, length, `rows of input ${index} ${formatDims(dims)} and of the query`);
    if (typeof width === 'number') sameDim(context, dims[2] as Dim, kvHeads * width, `last dim of input ${index}`);
  }
  const past = inputs[AT.pastKey]?.dims;
  if (past !== undefined && past.length !== 4) context.fail(`past_key has shape ${formatDims(past)}, expected rank 4`);
  const total = knownElements(inputs[AT.total])?.[0];
  const before = past === undefined ? 0 : (past[2] as Dim);
  const known = typeof total === 'number' && typeof before === 'number';
  const keys = known ? Math.max(total, before) : context.symbol('total');
  const y = isNumeric([width as Dim]) ? heads * (width as number) : hidden;
  return shape(
    [batch, length, isPacked && !isNumeric([width as Dim]) ? context.symbol('hidden') : y],
    [batch, kvHeads, keys, width as Dim],
  );
}

/** Fails for what this definition does not do. */
function refuse(context: InferContext<typeof ATTRIBUTES>, dtype: TensorFact['dtype']): void {
  const { attributes, inputs } = context;
  const { num_heads: heads, kv_num_heads: kvHeads } = attributes;
  if (!isFloat32Stored(dtype)) context.fail(`the query is ${dtype}, expected float32 or a narrower type`);
  if (heads % kvHeads !== 0) context.fail(`${heads} query heads do not divide over ${kvHeads} key heads`);
  if (attributes.sliding_window_cache !== 0) context.fail('sliding_window_cache is not supported');
  if (attributes.k_quant_type !== 'NONE' || attributes.v_quant_type !== 'NONE' || inputs[12] !== undefined) {
    context.fail('a quantized cache is not supported');
  }
  if (inputs[14] !== undefined) context.fail('q_norm_weight is not supported');
  if (context.outputCount > 3) context.fail('output 3 (output_qk) is not supported');
  if (attributes.do_rotary !== 0 && (inputs[AT.cos] === undefined || inputs[AT.sin] === undefined)) {
    context.fail('do_rotary needs cos_cache and sin_cache');
  }
}

function runGroupQuery(context: Running): Tensor[] {
  const { attributes, inputs, kernels } = context;
  const { num_heads: heads, kv_num_heads: kvHeads } = attributes;
  const query = context.input(AT.query);
  const [batch, length] = query.dims as [number, number, number];
  const total = toNumbers(context.input(AT.total))[0] as number;
  const isPrompt = length === total;
  const pasts = toNumbers(context.input(AT.lengths)).map((n) => (isPrompt ? 0 : n + 1 - length));
  const own = turned(context, headsOfInputs(context), pasts);
  const capacity = Math.max(total, inputs[AT.pastKey]?.dims[2] ?? 0);
  const dims = [batch, kvHeads, capacity, own.k.width];
  const [keys, values] = [own.k, own.v].map((h, i) => {
    const present = context.output(i + 1, query.dtype, dims);
    fillCache(floatsOf(present), inputs[AT.pastKey + i], h, { dims, pasts });
    return present;
  }) as [Tensor, Tensor];
  const y = context.output(0, query.dtype, [batch, length, heads * own.k.width]);
  const whole = (t: Tensor): Heads => ({ ...separateHeads(floatsOf(t), dims), rows: total });
  const scale = attributes.scale === 0 ? 1 / Math.sqrt(own.q.width) : attributes.scale;
  const bias = inputs[AT.bias];
  const added = bias && additiveMask(bias.data as Floats, bias.dims, [batch, heads, length, total]);
  const sinks = inputs[AT.sink];
  const hasSink = sinks !== undefined || attributes.smooth_softmax > 0;
  attend(context, {
    batch,
    heads,
    kvHeads,
    q: own.q,
    k: whole(keys),
    v: whole(values),
    out: packedHeads(y.data as Floats, y.dims, heads),
    score: (scores, b, h) => {
      scaleScores(kernels, scores, scale);
      capScores(kernels, scores, attributes.softcap);
      if (added !== undefined) addMask(kernels, scores, total, added, b, h);
      hideOutside(scores, attributes, { length, total, past: pasts[b] as number });
    },
    ...(hasSink && {
      normalize: (scores: Floats, _: number, h: number) =>
        softmaxWithSink(scores, length, total, sinks === undefined ? 0 : (numbersOf(sinks)[h] as number)),
    }),
  });
  return [stored(y), stored(keys), stored(values)].slice(0, Math.max(1, context.outputCount));
}

/** Hides keys after a query, keys that are not there, and keys that left the window. */
function hideOutside(
  scores: Floats,
  { causal, local_window_size: window }: { readonly causal: number; readonly local_window_size: number },
  { length, total, past }: { readonly length: number; readonly total: number; readonly past: number },
): void {
  if (causal) maskCausally(scores, length, total, past + 1);
  else for (let r = 0; r < length; r++) scores.fill(-Infinity, r * total + past + length, (r + 1) * total);
  if (window <= 0) return;
  for (let r = 0; r < length; r++) {
    scores.fill(-Infinity, r * total, r * total + Math.min(total, Math.max(0, past + r + 1 - window)));
  }
}

interface Operands {
  readonly q: Heads;
  readonly k: Heads;
  readonly v: Heads;
}

function headsOfInputs(context: Running): Operands {
  const { num_heads: heads, kv_num_heads: kvHeads } = context.attributes;
  const [query, key, value] = [context.input(AT.query), context.inputs[AT.key], context.inputs[AT.value]];
  if (key !== undefined && value !== undefined) {
    const packed = (t: Tensor, count: number) => packedHeads(floatsOf(t), t.dims, count);
    return { q: packed(query, heads), k: packed(key, kvHeads), v: packed(value, kvHeads) };
  }
  const [, rows, rowStep] = query.dims as [number, number, number];
  const width = rowStep / (heads + 2 * kvHeads);
  const part = (first: number): Heads =>
    headsAt(floatsOf(query), {
      rows,
      width,
      batchStep: rows * rowStep,
      headStep: width,
      rowStep,
      offset: first * width,
    });
  return { q: part(0), k: part(heads), v: part(heads + kvHeads) };
}

/** Q and K turned by the angles of their positions: as given, or counted from what is in the cache. */
function turned(context: Running, operands: Operands, pasts: readonly number[]): Operands {
  const { do_rotary, rotary_interleaved, num_heads, kv_num_heads } = context.attributes;
  if (do_rotary === 0) return operands;
  const [cos, sin] = [context.input(AT.cos), context.input(AT.sin)];
  const ids = context.inputs[AT.positions];
  const given = ids && toNumbers(ids);
  const rows = operands.q.rows;
  const turn = (from: Heads, heads: number): Heads => {
    const data = context.scratch('float32', pasts.length * heads * rows * from.width);
    copyHeads(from, data, pasts.length, heads, 0, rows);
    const block = separateHeads(data, [pasts.length, heads, rows, from.width]);
    rotate(data, data, {
      layout: {
        batch: pasts.length,
        positions: rows,
        heads,
        headSize: from.width,
        start: (b, p, h) => block.start(b, h) + p * from.width,
      },
      turning: 2 * (cos.dims[1] as number),
      interleaved: rotary_interleaved !== 0,
      cos: numbersOf(cos),
      sin: numbersOf(sin),
      row: (b, p) => given?.[b * rows + p] ?? (pasts[b] as number) + p,
    });
    return block;
  };
  return { q: turn(operands.q, num_heads), k: turn(operands.k, kv_num_heads), v: operands.v };
}

/** The cache [B, K, capacity, D]: the valid rows of `past`, this run's rows, zeros. */
function fillCache(
  out: Float32Array,
  past: Tensor | undefined,
  own: Heads,
  { dims, pasts }: { readonly dims: readonly number[]; readonly pasts: readonly number[] },
): void {
  const [batch, heads, capacity, width] = dims as [number, number, number, number];
  const size = heads * capacity * width;
  out.fill(0);
  const old = past && separateHeads(floatsOf(past), past.dims);
  for (let b = 0; b < batch; b++) {
    const before = pasts[b] as number;
    const target = out.subarray(b * size, (b + 1) * size);
    const ofBatch = (from: Heads, rows: number): Heads => ({ ...from, rows, start: (_, h) => from.start(b, h) });
    if (old !== undefined) copyHeads(ofBatch(old, before), target, 1, heads, 0, capacity);
    copyHeads(ofBatch(own, own.rows), target, 1, heads, before, capacity);
  }
}

/** Attention over a cache. */
export const groupQueryAttentionOps: readonly OpDef[] = [groupQueryAttention];
