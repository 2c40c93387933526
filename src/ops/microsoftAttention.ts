import { formatDims, sizeOf } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import type { TensorFact } from '../graph/fact.ts';
import type { Dim } from '../graph/model.ts';
import { FLOAT_ATTENTION, sumDims } from './attention.ts';
import { attend, copyHeads, type Floats, type Heads, headsAt, packedHeads, separateHeads } from './attentionCore.ts';
import { countOf, dimsOfRank, sameDim } from './facts.ts';
import { checkMaskIndex, microsoftScores } from './microsoftMask.ts';
import { floatsOf, isFloat32Stored, stored } from './numbers.ts';
import { type AttributeSpecs, defineOp, type InferContext, type OpDef, type RunContext } from './opDef.ts';
import { type PreparedWeights, preparedWeights } from './weighted.ts';

const ATTRIBUTES = {
  num_heads: { kind: 'int', required: true },
  unidirectional: { kind: 'int', default: 0 },
  mask_filter_value: { kind: 'float', default: -10000 },
  scale: { kind: 'float', default: 0 },
  qkv_hidden_sizes: { kind: 'ints', default: [] },
  do_rotary: { kind: 'int', default: 0 },
  rotary_embedding_dim: { kind: 'int', default: 0 },
  past_present_share_buffer: { kind: 'int', default: 0 },
} as const;
type Attributes = { readonly num_heads: number; readonly qkv_hidden_sizes: readonly number[] };

/** Inputs by their place. */
const AT = { x: 0, weights: 1, bias: 2, mask: 3, past: 4, attentionBias: 5 } as const;

/**
 * Self-attention with its projection: x [B, L, in] times weights [in, Q + K + V] plus a bias, then attention of
 * `num_heads` heads.
 *
 * @source ONNX Runtime, com.microsoft.Attention.
 */
const microsoftAttention = defineOp<typeof ATTRIBUTES, PreparedWeights>({
  type: 'Attention',
  domain: 'com.microsoft',
  since: 1,
  arity: [2, 7],
  attributes: ATTRIBUTES,
  layout: { kind: 'plain' },
  infer: inferAttention,
  prepare: ({ constants: [, weights, bias], facts, kernels }) => {
    if (weights === undefined || (facts[AT.bias] !== undefined && bias === undefined))
      return preparedWeights(undefined);
    return preparedWeights(kernels.packGemmF32(floatsOf(weights), bias && floatsOf(bias), shapeOf(weights.dims)));
  },
  run: runAttention,
  quant: () => FLOAT_ATTENTION,
  macs: ([x, weights, , , past], [y]) => projectedMacs({ x, weights, past, y }),
});

/** Of the projection [B L, in] times [in, 3 H D] and of the two products of attention. */
export function projectedMacs({
  x,
  weights,
  past,
  y,
}: Readonly<Record<ProjectedFact, TensorFact | undefined>>): number {
  const rows = countOf(x?.dims?.slice(0, 2)) ?? NaN;
  const [length, before] = [x?.dims?.[1], past?.dims?.[3] ?? 0];
  const keys = typeof length === 'number' && typeof before === 'number' ? length + before : NaN;
  const [product, results] = [countOf(weights?.dims) ?? NaN, countOf(y?.dims) ?? NaN];
  return rows * product + 2 * keys * results;
}

type ProjectedFact = 'x' | 'weights' | 'past' | 'y';

/** The widths of Q, K and V in a projection of `total` columns. */
function widthsOf(attributes: Attributes, total: number): readonly [number, number, number] {
  const [q = total / 3, k = total / 3, v = total / 3] = attributes.qkv_hidden_sizes;
  return [q, k, v];
}

const shapeOf = (dims: readonly number[]) => ({ k: dims[0] as number, n: dims[1] as number, transposed: false });

function inferAttention(context: InferContext<typeof ATTRIBUTES>): TensorFact[] {
  const { attributes } = context;
  const { dtype } = context.input(AT.x);
  if (!isFloat32Stored(dtype)) context.fail(`the input is ${dtype}, expected float32 or a narrower type`);
  if (attributes.do_rotary !== 0) context.fail('do_rotary is not supported; RotaryEmbedding before attention is');
  if (attributes.past_present_share_buffer !== 0) context.fail('past_present_share_buffer is not supported');
  const [x, weights] = [dimsOfRank(context, AT.x, 3), dimsOfRank(context, AT.weights, 2)];
  const outputs = (y: readonly Dim[] | undefined, present: readonly Dim[] | undefined) =>
    [
      { dtype, dims: y },
      { dtype, dims: present },
    ].slice(0, Math.max(1, context.outputCount));
  const total = weights?.[1];
  if (x === undefined || weights === undefined || typeof total !== 'number') return outputs(undefined, undefined);
  const [batch, length, width] = x as [Dim, Dim, Dim];
  sameDim(context, width, weights[0] as Dim, 'last dim of the input and rows of the weights');
  const [q, k, v] = widthsOf(attributes, total);
  if (q !== k || q + k + v !== total || [q, v].some((n) => n % attributes.num_heads !== 0)) {
    context.fail(`${total} columns of the weights do not divide into Q, K and V of ${attributes.num_heads} heads`);
  }
  const past = context.inputs[AT.past]?.dims;
  if (past !== undefined && past.length !== 5) context.fail(`past has shape ${formatDims(past)}, expected rank 5`);
  if (q !== v && (past !== undefined || context.outputCount > 1)) {
    context.fail('past and present need Q, K and V of one size');
  }
  const keys = past === undefined ? length : sumDims(context, past[3] as Dim, length);
  checkMaskIndex(context, context.inputs[AT.mask], [batch, length, keys]);
  return outputs([batch, length, v], [2, batch, attributes.num_heads, keys, q / attributes.num_heads]);
}

function runAttention(context: RunContext<typeof ATTRIBUTES, PreparedWeights>): Tensor[] {
  const { attributes, inputs } = context;
  const { dtype, dims } = context.input(AT.x);
  const [batch, length] = dims as [number, number, number]; // infer checked rank 3
  return attendProjected(context, attributes, {
    dtype: dtype as 'float32', // held as float32: infer checked
    batch,
    length,
    data: project(context, batch * length),
    widths: widthsOf(attributes, context.input(AT.weights).dims[1] as number),
    mask: inputs[AT.mask],
    past: inputs[AT.past],
    bias: inputs[AT.attentionBias],
  });
}

/** Q, K and V side by side, and what attention over them takes besides. */
export interface Projection {
  /** Of the outputs. */
  readonly dtype: 'float32';
  readonly batch: number;
  readonly length: number;
  /** [B, L, Q + K + V]. */
  readonly data: Float32Array;
  /** Of Q, K and V. */
  readonly widths: readonly [q: number, k: number, v: number];
  readonly mask: Tensor | undefined;
  readonly past: Tensor | undefined;
  readonly bias: Tensor | undefined;
}

/** The attributes of attention over a projection. */
export type ProjectedAttributes = Pick<
  RunContext<typeof ATTRIBUTES>['attributes'],
  'num_heads' | 'scale' | 'unidirectional' | 'mask_filter_value'
>;

type Attending = Pick<RunContext<AttributeSpecs>, 'kernels' | 'scratch' | 'output' | 'outputCount'>;

/** Attention of `num_heads` heads over a projection: output 0, and as output 1 the keys and values where asked for. */
export function attendProjected(context: Attending, attributes: ProjectedAttributes, projection: Projection): Tensor[] {
  const heads = attributes.num_heads;
  const { batch, length, data, widths, dtype } = projection;
  const [qWidth, kWidth, vWidth] = widths;
  const total = qWidth + kWidth + vWidth;
  const part = (offset: number, width: number): Heads =>
    headsAt(data, {
      rows: length,
      width: width / heads,
      batchStep: length * total,
      headStep: width / heads,
      rowStep: total,
      offset,
    });
  const q = part(0, qWidth);
  const own = { k: part(qWidth, kWidth), v: part(qWidth + kWidth, vWidth) };
  const { k, v, present } = withPast(context, projection, heads, own);
  const y = context.output(0, dtype, [batch, length, vWidth]);
  attend(context, {
    batch,
    heads,
    kvHeads: heads,
    q,
    k,
    v,
    out: packedHeads(y.data as Floats, y.dims, heads),
    score: microsoftScores(context, {
      dims: [batch, heads, length, k.rows],
      past: k.rows - length,
      scale: attributes.scale,
      headSize: q.width,
      unidirectional: attributes.unidirectional !== 0,
      maskFilterValue: attributes.mask_filter_value,
      mask: projection.mask,
      bias: projection.bias,
    }),
  });
  return present === undefined ? [stored(y)] : [stored(y), stored(present)];
}

/** x times the weights plus the bias, [rows, Q + K + V]. */
function project(context: RunContext<typeof ATTRIBUTES, PreparedWeights>, rows: number): Float32Array {
  const [x, weights, bias] = [context.input(AT.x), context.input(AT.weights), context.inputs[AT.bias]];
  const shape = shapeOf(weights.dims);
  const out = context.scratch('float32', rows * shape.n);
  const packed =
    context.prepared.packed ?? context.kernels.packGemmF32(floatsOf(weights), bias && floatsOf(bias), shape);
  if (out.length > 0) context.kernels.gemmF32(floatsOf(x), packed, out, rows, { lo: -Infinity, hi: Infinity });
  if (context.prepared.packed === undefined) packed.release();
  return out;
}

/** Keys and values behind those of `past` [2, B, H, P, D], as output 1 holds them. */
function withPast(
  context: Attending,
  { past, dtype, batch }: Projection,
  heads: number,
  { k, v }: { readonly k: Heads; readonly v: Heads },
) {
  if (past === undefined && context.outputCount < 2) return { k, v, present: undefined };
  const before = past?.dims[3] ?? 0;
  const total = before + k.rows;
  const present = context.output(1, dtype, [2, batch, heads, total, k.width]);
  const size = sizeOf(present.dims) / 2;
  const [keys, values] = [k, v].map((own, i) => {
    const data = floatsOf(present).subarray(i * size, (i + 1) * size);
    const old = past && floatsOf(past).subarray((i * past.data.length) / 2, ((i + 1) * past.data.length) / 2);
    if (old !== undefined) copyHeads(separateHeads(old, [batch, heads, before, k.width]), data, batch, heads, 0, total);
    copyHeads(own, data, batch, heads, before, total);
    return separateHeads(data, [batch, heads, total, k.width]);
  }) as [Heads, Heads];
  return { k: keys, v: values, present };
}

/** Attention with its projection. */
export const microsoftAttentionOps: readonly OpDef[] = [microsoftAttention];
