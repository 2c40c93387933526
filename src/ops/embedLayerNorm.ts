import { formatDims } from '../base/shape.ts';
import { type Tensor, toNumbers } from '../base/tensor.ts';
import type { TensorFact } from '../graph/fact.ts';
import type { Dim } from '../graph/model.ts';
import { dimsOfRank, sameDim } from './facts.ts';
import { checkedIndex } from './gather.ts';
import { FLOAT_NORM, rowStatistics } from './layerNorm.ts';
import { floatsOf, isFloat32Stored, stored } from './numbers.ts';
import { defineOp, type InferContext, type OpDef, type RunContext } from './opDef.ts';

const ATTRIBUTES = {
  epsilon: { kind: 'float', default: 1e-12 },
  mask_index_type: { kind: 'int', default: 0 }, // whether output 1 is asked for; the node's outputs say the same
} as const;

/** Inputs by their place. */
const IDS = { ids: 0, segments: 1, words: 2, places: 3, kinds: 4, gamma: 5, beta: 6, mask: 7, positions: 8 } as const;

/**
 * Layer normalization of word + position + segment embeddings of ids [B, S]. Output 1 counts the ones of every row of
 * the mask (0 without a mask), output 2 is the sum before it is normalized.
 *
 * @source ONNX Runtime, com.microsoft.EmbedLayerNormalization.
 */
const embedLayerNorm = defineOp({
  type: 'EmbedLayerNormalization',
  domain: 'com.microsoft',
  since: 1,
  arity: [7, 9],
  attributes: ATTRIBUTES,
  layout: { kind: 'plain' },
  infer: inferEmbedding,
  run: runEmbedding,
  quant: () => FLOAT_NORM,
});

function inferEmbedding(context: InferContext<typeof ATTRIBUTES>): TensorFact[] {
  const ids = dimsOfRank(context, IDS.ids, 2);
  const words = dimsOfRank(context, IDS.words, 2);
  const { dtype } = context.input(IDS.words);
  if (!isFloat32Stored(dtype)) context.fail(`the word embedding is ${dtype}, expected float32 or a narrower type`);
  const [hasSegments, hasKinds] = [context.inputs[IDS.segments], context.inputs[IDS.kinds]].map((f) => f !== undefined);
  if (hasSegments !== hasKinds) context.fail('segment ids and segment embedding come together');
  for (const index of [IDS.places, IDS.kinds, IDS.gamma, IDS.beta]) {
    const dims = context.inputs[index]?.dims;
    if (dims === undefined || words === undefined) continue;
    sameDim(
      context,
      dims.at(-1) as Dim,
      words[1] as Dim,
      `last dim of input ${index} ${formatDims(dims)} and hidden size`,
    );
  }
  const sum: TensorFact = {
    dtype,
    dims: ids === undefined || words === undefined ? undefined : [...ids, words[1] as Dim],
  };
  const counts: TensorFact = { dtype: 'int32', dims: ids && [ids[0] as Dim] };
  return [sum, counts, sum].slice(0, Math.max(1, context.outputCount));
}

function runEmbedding(context: RunContext<typeof ATTRIBUTES>): Tensor[] {
  const [ids, words] = [context.input(IDS.ids), context.input(IDS.words)];
  const [batch, length] = ids.dims as [number, number];
  const width = words.dims[1] as number;
  const dims = [batch, length, width];
  const out = context.output(0, words.dtype, dims);
  const sums = context.outputCount > 2 ? context.output(2, words.dtype, dims) : out;
  const sum = floatsOf(sums);
  addRows(context, sum.fill(0), words, toNumbers(ids));
  addRows(context, sum, context.input(IDS.places), positionsOf(context, batch, length));
  const [segments, kinds] = [context.inputs[IDS.segments], context.inputs[IDS.kinds]];
  if (segments !== undefined && kinds !== undefined) addRows(context, sum, kinds, toNumbers(segments));
  stored(sums);
  const statistics = { centred: true, epsilon: context.attributes.epsilon, ...rowStatistics(context, batch * length) };
  const [gamma, beta] = [floatsOf(context.input(IDS.gamma)), floatsOf(context.input(IDS.beta))];
  context.kernels.normalizeRowsF32(sum, gamma, beta, floatsOf(out), statistics);
  if (context.outputCount < 2) return [stored(out)];
  const counts = context.output(1, 'int32', [batch]);
  const mask = context.inputs[IDS.mask];
  counts.data.fill(0);
  if (mask !== undefined) {
    for (const [i, m] of toNumbers(mask).entries()) if (m === 1) counts.data[Math.floor(i / length)]! += 1;
  }
  return sums === out ? [stored(out), counts] : [stored(out), counts, sums];
}

/** Positions of all tokens: as given for every row, or for all alike, or counted from 0. */
function positionsOf(context: RunContext<typeof ATTRIBUTES>, batch: number, length: number): number[] {
  const given = context.inputs[IDS.positions];
  const row = given === undefined ? undefined : toNumbers(given);
  return Array.from({ length: batch * length }, (_, i) => row?.[i % row.length] ?? i % length);
}

/** Adds row `indices[i]` of an embedding to row i of `sum`. */
function addRows(
  context: RunContext<typeof ATTRIBUTES>,
  sum: Float32Array,
  embedding: Tensor,
  indices: readonly number[],
): void {
  const rows = floatsOf(embedding);
  const [count, width] = embedding.dims as [number, number];
  for (const [i, index] of indices.entries()) {
    const at = checkedIndex((m) => context.fail(m), index, count) * width;
    for (let d = 0; d < width; d++) sum[i * width + d] = (sum[i * width + d] as number) + (rows[at + d] as number);
  }
}

/** Embeddings with their normalization. */
export const embedLayerNormOps: readonly OpDef[] = [embedLayerNorm];
