import { formatDims } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import type { TensorFact } from '../graph/fact.ts';
import type { Dim } from '../graph/model.ts';
import { attentionMacs, FLOAT_ATTENTION, sumDims } from './attention.ts';
import { attend, copyHeads, type Floats, type Heads, headsAt, packedHeads, separateHeads } from './attentionCore.ts';
import { type Dims, divideDims, isNumeric, sameDim } from './facts.ts';
import { checkMaskIndex, microsoftScores } from './microsoftMask.ts';
import { floatsOf, isFloat32Stored, stored } from './numbers.ts';
import { defineOp, type InferContext, type OpDef, type RunContext } from './opDef.ts';

const ATTRIBUTES = {
  num_heads: { kind: 'int', required: true },
  unidirectional: { kind: 'int', default: 0 },
  mask_filter_value: { kind: 'float', default: -10000 },
  scale: { kind: 'float', default: 0 },
} as const;

/** Inputs by their place. */
const AT = { query: 0, key: 1, value: 2, bias: 3, mask: 4, attentionBias: 5, pastKey: 6, pastValue: 7 } as const;

/** Q, K and V as [B, H, L, D] of facts or tensors, wherever they come from. */
interface Operands {
  readonly q: Dims;
  readonly k: Dims;
  readonly v: Dims;
}

/**
 * Attention of projected Q, K and V: three tensors [B, L, H D]; Q and [B, S, H, 2, D]; [B, S, H, 3, D] alone; or Q with
 * K and V of an encoder, [B, H, S, D]. A bias of the projection is added to those that are not [B, H, S, D].
 *
 * @source ONNX Runtime, com.microsoft.MultiHeadAttention.
 */
const multiHeadAttention = defineOp({
  type: 'MultiHeadAttention',
  domain: 'com.microsoft',
  since: 1,
  arity: [1, 10],
  attributes: ATTRIBUTES,
  layout: { kind: 'plain' },
  infer: inferMultiHead,
  run: runMultiHead,
  quant: () => FLOAT_ATTENTION,
  macs: ([query, key, , , , , past], [y]) => {
    const inputs = [{ dtype: 'float32' as const, dims: y?.dims }, ...(key === undefined ? [] : [key])];
    return query?.dims?.length === 3 && key?.dims?.length !== 5 ? attentionMacs(inputs, y, past?.dims?.[2]) : NaN;
  },
});

function inferMultiHead(context: InferContext<typeof ATTRIBUTES>): TensorFact[] {
  const { inputs } = context;
  const { dtype } = context.input(AT.query);
  if (!isFloat32Stored(dtype)) context.fail(`the query is ${dtype}, expected float32 or a narrower type`);
  for (const index of [8, 9])
    if (inputs[index] !== undefined) context.fail('shared buffers and beams are not supported');
  if (context.outputCount > 3) context.fail('output 3 (qk) is not supported');
  const found = operandsOf(context);
  if (found === undefined) {
    const unknown = { dtype, dims: undefined };
    return [unknown, unknown, unknown].slice(0, Math.max(1, context.outputCount));
  }
  const { q, k, v } = found;
  const [batch, heads, length] = q as [Dim, Dim, Dim, Dim];
  sameDim(context, batch, k[0] as Dim, 'batch of query and key');
  sameDim(context, q[3] as Dim, k[3] as Dim, 'head size of query and key');
  sameDim(context, k[2] as Dim, v[2] as Dim, 'lengths of key and value');
  const past = inputs[AT.pastKey]?.dims;
  if (past !== undefined && past.length !== 4) context.fail(`past_key has shape ${formatDims(past)}, expected rank 4`);
  const keys = past === undefined ? (k[2] as Dim) : sumDims(context, past[2] as Dim, k[2] as Dim);
  checkMaskIndex(context, inputs[AT.mask], [batch, length, keys]);
  const width = isNumeric([heads, v[3] as Dim]) ? (heads as number) * (v[3] as number) : context.symbol('hidden');
  return [
    { dtype, dims: [batch, length, width] },
    { dtype, dims: [batch, heads, keys, k[3] as Dim] },
    { dtype, dims: [batch, heads, keys, v[3] as Dim] },
  ].slice(0, Math.max(1, context.outputCount));
}

/** The dims of Q, K and V as [B, H, L, D]; undefined where an input's are not known. */
function operandsOf(context: InferContext<typeof ATTRIBUTES>): Operands | undefined {
  const { inputs } = context;
  const heads = context.attributes.num_heads;
  const [query, key, value] = [AT.query, AT.key, AT.value].map((i) => inputs[i]?.dims);
  const rank = (what: string, dims: Dims): never =>
    context.fail(`the ${what} has shape ${formatDims(dims)}, which is no form of it`);
  if (query === undefined) return undefined;
  const separate = (what: string, dims: Dims): Dims => {
    if (dims.length !== 3) return rank(what, dims);
    const width = divideDims(context, [dims[2] as Dim], [heads], 'head');
    if (width === undefined) context.fail(`${dims[2]} elements of the ${what} do not divide into ${heads} heads`);
    return [dims[0] as Dim, heads, dims[1] as Dim, width as Dim];
  };
  const packed = (what: string, dims: Dims, count: number): Dims => {
    if (dims.length !== 5) return rank(what, dims);
    sameDim(context, dims[2] as Dim, heads, `heads of the ${what} ${formatDims(dims)}`);
    sameDim(context, dims[3] as Dim, count, `parts of the ${what} ${formatDims(dims)}`);
    return [dims[0] as Dim, heads, dims[1] as Dim, dims[4] as Dim];
  };
  if (inputs[AT.key] === undefined) {
    const all = packed('query', query, 3);
    return { q: all, k: all, v: all };
  }
  if (key === undefined) return undefined;
  const q = separate('query', query);
  if (inputs[AT.value] === undefined) {
    const both = packed('key', key, 2);
    return { q, k: both, v: both };
  }
  if (value === undefined) return undefined;
  if (key.length === 4) return { q, k: key, v: value };
  return { q, k: separate('key', key), v: separate('value', value) };
}

function runMultiHead(context: RunContext<typeof ATTRIBUTES>): Tensor[] {
  const { attributes, inputs } = context;
  const heads = attributes.num_heads;
  const query = context.input(AT.query);
  const batch = query.dims[0] as number;
  const { q, k, v } = biased(context, headsOfInputs(context), batch);
  const [keys, keysOut] = withPast(context, k, 1, AT.pastKey, batch);
  const [values, valuesOut] = withPast(context, v, 2, AT.pastValue, batch);
  const y = context.output(0, query.dtype, [batch, q.rows, heads * v.width]);
  attend(context, {
    batch,
    heads,
    kvHeads: heads,
    q,
    k: keys,
    v: values,
    out: packedHeads(y.data as Floats, y.dims, heads),
    score: microsoftScores(context, {
      dims: [batch, heads, q.rows, keys.rows],
      past: keys.rows - k.rows,
      scale: attributes.scale,
      headSize: q.width,
      unidirectional: attributes.unidirectional !== 0,
      maskFilterValue: attributes.mask_filter_value,
      mask: inputs[AT.mask],
      bias: inputs[AT.attentionBias],
    }),
  });
  return [stored(y), ...[keysOut, valuesOut].filter((t) => t !== undefined).map((t) => stored(t))];
}

/** The heads of Q, K and V where they lie in the inputs. */
function headsOfInputs(context: RunContext<typeof ATTRIBUTES>): {
  readonly q: Heads;
  readonly k: Heads;
  readonly v: Heads;
} {
  const heads = context.attributes.num_heads;
  const [query, key, value] = [context.input(AT.query), context.inputs[AT.key], context.inputs[AT.value]];
  const packed = (t: Tensor) => packedHeads(floatsOf(t), t.dims, heads);
  if (key === undefined) return { q: partOf(query, 0), k: partOf(query, 1), v: partOf(query, 2) };
  if (value === undefined) return { q: packed(query), k: partOf(key, 0), v: partOf(key, 1) };
  if (key.dims.length === 4) {
    return {
      q: packed(query),
      k: separateHeads(floatsOf(key), key.dims),
      v: separateHeads(floatsOf(value), value.dims),
    };
  }
  return { q: packed(query), k: packed(key), v: packed(value) };
}

/** Part `index` of [B, S, H, parts, D]. */
function partOf(t: Tensor, index: number): Heads {
  const [, rows, heads, parts, width] = t.dims as [number, number, number, number, number];
  const rowStep = heads * parts * width;
  const places = { rows, width, batchStep: rows * rowStep, headStep: parts * width, rowStep, offset: index * width };
  return headsAt(floatsOf(t), places);
}

/** Q, K and V with the projection's bias [Q + K + V]; K and V of an encoder have theirs already. */
function biased(context: RunContext<typeof ATTRIBUTES>, operands: ReturnType<typeof headsOfInputs>, batch: number) {
  const bias = context.inputs[AT.bias];
  if (bias === undefined) return operands;
  const { num_heads: heads } = context.attributes;
  const { q, k, v } = operands;
  const widths = [q, k, v].map((h) => heads * h.width) as [number, number, number];
  const isEncoded = context.inputs[AT.key]?.dims.length === 4;
  const plus = (from: Heads, offset: number): Heads => {
    const dims = [batch, heads, from.rows, from.width];
    const data = context.scratch('float32', batch * heads * from.rows * from.width);
    copyHeads(from, data, batch, heads, 0, from.rows);
    for (let i = 0; i < data.length; i++) {
      const head = Math.floor(i / (from.rows * from.width)) % heads;
      data[i] = (data[i] as number) + (floatsOf(bias)[offset + head * from.width + (i % from.width)] as number);
    }
    return separateHeads(data, dims);
  };
  if (isEncoded) return { q: plus(q, 0), k, v };
  return { q: plus(q, 0), k: plus(k, widths[0]), v: plus(v, widths[0] + widths[1]) };
}

/** Heads behind those of a past [B, H, P, D], and the output that holds them where there is one. */
function withPast(
  context: RunContext<typeof ATTRIBUTES>,
  own: Heads,
  output: 1 | 2,
  input: number,
  batch: number,
): readonly [Heads, Tensor | undefined] {
  const past = context.inputs[input];
  const isAskedFor = context.outputCount > output;
  if (past === undefined && !isAskedFor) return [own, undefined];
  const heads = context.attributes.num_heads;
  const before = past?.dims[2] ?? 0;
  const dims = [batch, heads, before + own.rows, own.width];
  const present = context.output(output, context.input(AT.query).dtype, dims);
  const data = floatsOf(present);
  if (past !== undefined) copyHeads(separateHeads(floatsOf(past), past.dims), data, batch, heads, 0, before + own.rows);
  copyHeads(own, data, batch, heads, before, before + own.rows);
  return [separateHeads(data, dims), isAskedFor ? present : undefined];
}

/** Attention of projected operands. */
export const multiHeadAttentionOps: readonly OpDef[] = [multiHeadAttention];
