import { isFloat } from '../base/dtype.ts';
import { formatDims, sizeOf } from '../base/shape.ts';
import { type Tensor, tensor } from '../base/tensor.ts';
import type { TensorFact } from '../graph/fact.ts';
import type { Dim } from '../graph/model.ts';
import { attentionMacs, FLOAT_ATTENTION } from './attention.ts';
import {
  attend,
  type Floats,
  type Heads,
  multiplyHeads,
  scaleScores,
  separateHeads,
  softmaxRows,
} from './attentionCore.ts';
import { type Dims, dimsOfRank, sameDim } from './facts.ts';
import { isFloat32Stored, stored } from './numbers.ts';
import { defineOp, type InferContext, type OpDef, type RunContext } from './opDef.ts';

const ATTRIBUTES = {
  prob_mod: { kind: 'graph' },
  scale: { kind: 'float' },
  score_mod: { kind: 'graph' },
  softmax_precision: { kind: 'int', default: 0 }, // float32 or wider here, whatever is asked for
} as const;
type Mod = 'score_mod' | 'prob_mod';

/**
 * Attention of [B, H, L, D] whose scores and probabilities [B, H, L, S] may each pass through a graph.
 *
 * @source ONNX ai.onnx.preview FlexAttention-1.
 */
const flexAttention = defineOp({
  type: 'FlexAttention',
  domain: 'ai.onnx.preview',
  since: 1,
  arity: [3, 3],
  attributes: ATTRIBUTES,
  layout: { kind: 'plain' },
  infer: inferFlexAttention,
  run: runFlexAttention,
  quant: () => FLOAT_ATTENTION,
  macs: (inputs, [y]) => attentionMacs(inputs, y),
});

function inferFlexAttention(context: InferContext<typeof ATTRIBUTES>): TensorFact[] {
  const { dtype } = context.input(0);
  if (!isFloat(dtype)) context.fail(`Q is ${dtype}, expected a floating-point type`);
  const [q, k, v] = [0, 1, 2].map((i) => dimsOfRank(context, i, 4)) as (Dims | undefined)[];
  if (q === undefined || k === undefined || v === undefined) return [{ dtype, dims: undefined }];
  const [batch, heads, rows, size] = q as [Dim, Dim, Dim, Dim];
  const [, kvHeads, keys] = k as [Dim, Dim, Dim, Dim];
  sameDim(context, batch, k[0] as Dim, 'batch of Q and K');
  sameDim(context, size, k[3] as Dim, 'head size of Q and K');
  sameDim(context, keys, v[2] as Dim, 'sequence lengths of K and V');
  if (typeof heads === 'number' && typeof kvHeads === 'number' && heads % kvHeads !== 0) {
    context.fail(`${heads} query heads do not divide over ${kvHeads} key heads`);
  }
  for (const name of ['score_mod', 'prob_mod'] as const) {
    if (context.attributes[name] === undefined) continue;
    const [made] = context.body(name, [{ dtype, dims: [batch, heads, rows, keys] }]);
    if (made?.dims !== undefined && made.dims.length !== 4) {
      context.fail(`${name} makes shape ${formatDims(made.dims)}, expected that of its input`);
    }
  }
  return [{ dtype, dims: [batch, heads, rows, v[3] as Dim] }];
}

function runFlexAttention(context: RunContext<typeof ATTRIBUTES>): Tensor[] {
  const { attributes, kernels } = context;
  const [query, key, value] = [context.input(0), context.input(1), context.input(2)];
  const [batch, heads, rows, size] = query.dims as [number, number, number, number];
  const [q, k, v] = [query, key, value].map((t) => separateHeads(t.data as Floats, t.dims)) as [Heads, Heads, Heads];
  const y = context.output(0, query.dtype, [batch, heads, rows, v.width]);
  const out = separateHeads(y.data as Floats, y.dims);
  const shape = { batch, heads, kvHeads: key.dims[1] as number };
  const scale = attributes.scale ?? 1 / Math.sqrt(size);
  if (attributes.score_mod === undefined && attributes.prob_mod === undefined) {
    attend(context, { ...shape, q, k, v, out, score: (scores) => scaleScores(kernels, scores, scale) });
    return [stored(y)];
  }
  const dims = [batch, heads, rows, k.rows];
  const dtype = isFloat32Stored(query.dtype) ? 'float32' : 'float64';
  const scores = context.scratch(dtype, sizeOf(dims));
  multiplyHeads(context, shape, { left: q, right: k, transposed: true, out: separateHeads(scores, dims) });
  scaleScores(kernels, scores, scale);
  modify(context, 'score_mod', scores, dims);
  softmaxRows(kernels, scores, batch * heads * rows, k.rows);
  modify(context, 'prob_mod', scores, dims);
  multiplyHeads(context, shape, { left: separateHeads(scores, dims), right: v, transposed: false, out });
  return [stored(y)];
}

/** Runs scores through the graph in attribute `name`, if there is one. */
function modify(context: RunContext<typeof ATTRIBUTES>, name: Mod, scores: Floats, dims: readonly number[]): void {
  if (context.attributes[name] === undefined) return;
  const { dtype } = context.input(0);
  const [made] = context.body(name, [stored(tensor(dtype, dims, scores as never))]); // of the array that holds dtype
  const isWhole = made !== undefined && made.data.length === scores.length;
  const data = isWhole ? made.data : context.fail(`${name} does not keep the shape of its input`);
  scores.set(data as Float32Array);
}

/** Attention that graphs take part in. */
export const flexAttentionOps: readonly OpDef[] = [flexAttention];
