import { isFloat } from '../base/dtype.ts';
import { formatDims } from '../base/shape.ts';
import { type Tensor, toNumbers } from '../base/tensor.ts';
import type { TensorFact } from '../graph/fact.ts';
import type { Dim } from '../graph/model.ts';
import {
  type AdditiveMask,
  additiveMask,
  addMask,
  attend,
  capScores,
  copyHeads,
  type Floats,
  type Heads,
  headsOf,
  maskCausally,
  scaleScores,
  separateHeads,
} from './attentionCore.ts';
import { broadcastFacts, countOf, type Dims, divideDims, type Inferring, isNumeric, sameDim } from './facts.ts';
import { stored } from './numbers.ts';
import {
  type AttributeValues,
  defineOp,
  type InferContext,
  type MaybeFacts,
  type OpDef,
  type QuantRule,
  type RunContext,
} from './opDef.ts';

/** Why attention stays float as a whole. */
export const FLOAT_ATTENTION: QuantRule = {
  kind: 'float',
  why: 'Attention multiplies activations with activations around a softmax; codes stop at its inputs and outputs.',
};

const ATTRIBUTES = {
  is_causal: { kind: 'int', default: 0 },
  q_num_heads: { kind: 'int', default: 0 },
  kv_num_heads: { kind: 'int', default: 0 },
  qk_matmul_output_mode: { kind: 'int', default: 0 },
  scale: { kind: 'float' },
  softcap: { kind: 'float', default: 0 },
  softmax_precision: { kind: 'int', default: 0 }, // float32 or wider here, whatever is asked for
} as const;
type Attributes = AttributeValues<typeof ATTRIBUTES>;

/** What the scores are when `qk_matmul_output` shows them, in the order they are computed. */
const SHOWN = { products: 0, capped: 1, masked: 2, probabilities: 3 } as const;

function attention(since: 23 | 24): OpDef {
  return defineOp({
    type: 'Attention',
    domain: '',
    since,
    arity: [3, since === 23 ? 6 : 7],
    attributes: ATTRIBUTES,
    layout: { kind: 'plain' },
    infer: inferAttention,
    run: runAttention,
    quant: () => FLOAT_ATTENTION,
    macs: (inputs, outputs) => attentionMacs(inputs, outputs[0], inputs[4]?.dims?.[2]),
  });
}

/** One operand as [B, heads, rows, width], symbols included. */
function headDims(context: Inferring, index: number, heads: number, attribute: string): Dims | undefined {
  const { dims, dtype } = context.input(index);
  if (!isFloat(dtype)) context.fail(`input ${index} is ${dtype}, expected a floating-point type`);
  if (dims === undefined || dims.length === 4) return dims;
  if (dims.length !== 3) context.fail(`input ${index} has shape ${formatDims(dims)}, expected rank 3 or 4`);
  if (heads <= 0) context.fail(`attribute ${attribute} is missing; inputs of rank 3 need it`);
  const [batch, rows, hidden] = dims as [Dim, Dim, Dim];
  const width = divideDims(context, [hidden], [heads], 'head');
  if (width === undefined) context.fail(`${hidden} elements do not divide into ${heads} heads`);
  return [batch, heads, rows, width as Dim];
}

function inferAttention(context: InferContext<typeof ATTRIBUTES>): TensorFact[] {
  const { q_num_heads, kv_num_heads } = context.attributes;
  const { dtype } = context.input(0);
  const unknown = [context.input(0), context.input(1), context.input(2)].map((f) => ({ ...f, dims: undefined }));
  const q = headDims(context, 0, q_num_heads, 'q_num_heads');
  const k = headDims(context, 1, kv_num_heads, 'kv_num_heads');
  const v = headDims(context, 2, kv_num_heads, 'kv_num_heads');
  const shape = ([y, pk, pv]: TensorFact[], qk: Dims | undefined) =>
    [y, pk, pv, { dtype, dims: qk }].slice(0, Math.max(1, context.outputCount)) as TensorFact[];
  if (q === undefined || k === undefined || v === undefined) return shape(unknown, undefined);
  const [batch, heads, rows] = q as [Dim, Dim, Dim, Dim];
  const [, kvHeads, keys] = k as [Dim, Dim, Dim, Dim];
  sameDim(context, batch, k[0] as Dim, 'batch of Q and K');
  sameDim(context, q[3] as Dim, k[3] as Dim, 'head size of Q and K');
  sameDim(context, kvHeads, v[1] as Dim, 'heads of K and V');
  sameDim(context, keys, v[2] as Dim, 'sequence lengths of K and V');
  if (typeof heads === 'number' && typeof kvHeads === 'number' && heads % kvHeads !== 0) {
    context.fail(`${heads} query heads do not divide over ${kvHeads} key heads`);
  }
  const past = context.inputs[4]?.dims;
  if (past !== undefined && past.length !== 4) context.fail(`past_key has shape ${formatDims(past)}, expected rank 4`);
  const total = past === undefined ? keys : sumDims(context, past[2] as Dim, keys);
  checkMask(context, [batch, heads, rows, total]);
  const y =
    context.input(0).dims?.length === 4
      ? [batch, heads, rows, v[3] as Dim]
      : [batch, rows, packedWidth(context, heads, v[3] as Dim)];
  const present = [k, v].map((d, i) => ({
    dtype: context.input(i + 1).dtype,
    dims: [batch, kvHeads, total, d[3] as Dim],
  }));
  return shape([{ dtype, dims: y }, ...present], [batch, heads, rows, total]);
}

function packedWidth(context: Inferring, heads: Dim, width: Dim): Dim {
  return isNumeric([heads, width]) ? (heads as number) * (width as number) : context.symbol('hidden');
}

/** The sum of two dims; a fresh symbol where one is a symbol. */
export function sumDims(context: Pick<Inferring, 'symbol'>, a: Dim, b: Dim): Dim {
  return typeof a === 'number' && typeof b === 'number' ? a + b : context.symbol('total');
}

function checkMask(context: Inferring, scores: Dims): void {
  const mask = context.inputs[3]?.dims;
  if (mask === undefined) return;
  if (mask.length > 4 || mask.length < 2) context.fail(`attn_mask has shape ${formatDims(mask)}, expected rank 2 to 4`);
  broadcastFacts(context, scores.slice(0, 3), mask.slice(0, -1));
  const [last, total] = [mask.at(-1), scores[3]];
  if (typeof last === 'number' && typeof total === 'number' && last > total) {
    context.fail(`attn_mask has ${last} keys per row, at most ${total} are there`);
  }
}

/** The two products of attention, B H L S (D + Dv), from the dims of Q, K and Y. NaN where a dim is a symbol. */
export function attentionMacs(inputs: MaybeFacts, y: TensorFact | undefined, past: Dim = 0): number {
  const [queries, results] = [countOf(inputs[0]?.dims), countOf(y?.dims)];
  const keys = inputs[1]?.dims?.at(-2);
  if (queries === undefined || results === undefined) return NaN;
  return typeof keys === 'number' && typeof past === 'number' ? (keys + past) * (queries + results) : NaN;
}

/** Key or value heads with what `past` holds before them; as [B, H, total, D] in memory of output `index`, if there is one. */
function present(context: RunContext<typeof ATTRIBUTES>, index: 1 | 2, heads: number): Heads {
  const [x, past] = [context.input(index), context.inputs[index + 3]];
  const own = headsOf(x, heads);
  if (past === undefined && context.outputCount <= index) return own;
  const batch = x.dims[0] as number;
  const before = past?.dims[2] ?? 0;
  const dims = [batch, heads, before + own.rows, own.width];
  const out = context.output(index, x.dtype, dims);
  if (past !== undefined) copyHeads(headsOf(past, heads), out.data as Floats, batch, heads, 0, before + own.rows);
  copyHeads(own, out.data as Floats, batch, heads, before, before + own.rows);
  return separateHeads(out.data as Floats, dims);
}

function runAttention(context: RunContext<typeof ATTRIBUTES>): Tensor[] {
  const { attributes } = context;
  const q = context.input(0);
  const heads = q.dims.length === 4 ? (q.dims[1] as number) : attributes.q_num_heads;
  const kvHeads = q.dims.length === 4 ? (context.input(1).dims[1] as number) : attributes.kv_num_heads;
  const [k, v] = [present(context, 1, kvHeads), present(context, 2, kvHeads)];
  const queries = headsOf(q, heads);
  const batch = q.dims[0] as number;
  const y = context.output(
    0,
    q.dtype,
    q.dims.length === 4 ? [batch, heads, queries.rows, v.width] : [batch, queries.rows, heads * v.width],
  );
  const dims = [batch, heads, queries.rows, k.rows];
  const shown = context.outputCount > 3 ? context.output(3, q.dtype, dims) : undefined;
  const show = shownScores(shown, attributes, queries.rows * k.rows, heads);
  attend(context, {
    batch,
    heads,
    kvHeads,
    q: queries,
    k,
    v,
    out: headsOf(y, heads),
    score: scoring(context, dims, show),
    weigh: (probabilities, b, h) => show(SHOWN.probabilities, probabilities, b, h),
  });
  const kept = [k, v].slice(0, Math.max(0, context.outputCount - 1));
  const presents = kept.map((p, i): Tensor => {
    const { dtype } = context.input(i + 1);
    return { dtype, dims: [batch, kvHeads, p.rows, p.width], data: p.data } as Tensor; // data of the output asked for in `present`
  });
  return [stored(y), ...presents, ...(shown === undefined ? [] : [stored(shown)])];
}

type Show = (stage: number, scores: Floats, batch: number, head: number) => void;

function shownScores(out: Tensor | undefined, attributes: Attributes, count: number, heads: number): Show {
  if (out === undefined) return () => undefined;
  const data = out.data as Floats;
  return (stage, scores, b, h) => {
    if (stage === attributes.qk_matmul_output_mode) data.set(scores as Float32Array, (b * heads + h) * count);
  };
}

/** From products to scores: scale, cap, mask, causal order, padding. @source ONNX Attention-24. */
function scoring(context: RunContext<typeof ATTRIBUTES>, dims: readonly number[], show: Show) {
  const { attributes, inputs, kernels } = context;
  const [, , rows, keys] = dims as [number, number, number, number];
  const q = context.input(0);
  const size = q.dims.length === 4 ? (q.dims[3] as number) : (q.dims[2] as number) / attributes.q_num_heads;
  const scale = attributes.scale ?? 1 / Math.sqrt(size);
  const mask = inputs[3] === undefined ? undefined : maskOf(context, inputs[3], dims);
  const past = inputs[4]?.dims[2];
  const filled = inputs[6] === undefined ? undefined : toNumbers(inputs[6]);
  return (scores: Floats, b: number, h: number) => {
    scaleScores(kernels, scores, scale);
    show(SHOWN.products, scores, b, h);
    capScores(kernels, scores, attributes.softcap);
    show(SHOWN.capped, scores, b, h);
    if (mask !== undefined) addMask(kernels, scores, keys, mask, b, h);
    const valid = filled?.[b] ?? keys;
    if (attributes.is_causal) {
      const before = past ?? (filled === undefined ? 0 : valid - rows);
      maskCausally(scores, rows, keys, before + 1);
    }
    for (let r = 0; r < rows; r++) scores.fill(-Infinity, r * keys + valid, (r + 1) * keys);
    show(SHOWN.masked, scores, b, h);
  };
}

/** A mask that broadcasts to [B, H, L, S]: false is -Infinity, a number is added. */
function maskOf(context: RunContext<typeof ATTRIBUTES>, mask: Tensor, dims: readonly number[]): AdditiveMask {
  if (mask.dtype !== 'bool') return additiveMask(mask.data as Floats, mask.dims, dims); // numbers of Q's type
  const isWide = context.input(0).dtype === 'float64';
  const data = context.scratch(isWide ? 'float64' : 'float32', mask.data.length);
  for (let i = 0; i < data.length; i++) data[i] = mask.data[i] === 0 ? -Infinity : 0;
  return additiveMask(data, mask.dims, dims);
}

/** Scaled dot-product attention. */
export const attentionOps: readonly OpDef[] = [attention(23), attention(24)];
