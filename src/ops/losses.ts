import type { DType } from '../base/dtype.ts';
import { formatDims, sizeOf } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import { type Dims, type Inferring, sameDim } from './facts.ts';
import { asNumbers, numbersOf, stored } from './numbers.ts';
import { defineOp, type OpDef, type QuantRule, type RunContext } from './opDef.ts';

const NO_QUANT: QuantRule = { kind: 'float', why: 'A loss is a figure about training; it has no 8-bit form.' };

const ATTRIBUTES = {
  reduction: { kind: 'string', default: 'mean' },
  ignore_index: { kind: 'int' },
} as const;
type Losing = RunContext<typeof ATTRIBUTES>;

/** Dims of the loss of scores [N, C, D...] and labels [N, D...]: the labels' own, or a scalar once reduced. */
function lossDims(context: Inferring, reduction: string): Dims | undefined {
  if (!['none', 'mean', 'sum'].includes(reduction)) context.fail(`reduction ${reduction} is not none, mean or sum`);
  const [scores, labels] = [context.input(0).dims, context.input(1).dims];
  if (scores !== undefined && labels !== undefined) {
    if (scores.length < 2 || labels.length !== scores.length - 1) {
      context.fail(
        `labels have shape ${formatDims(labels)}, expected that of ${formatDims(scores)} without dimension 1`,
      );
    }
    for (const [i, d] of labels.entries()) sameDim(context, scores[i === 0 ? 0 : i + 1] ?? d, d, 'scores and labels');
  }
  return reduction === 'none' ? labels : [];
}

/**
 * The loss -w[label] * logProbability[label] of every label, reduced as asked; an ignored label weighs nothing, and
 * the mean is over the weights.
 */
function negativeLogLikelihood(context: Losing, logProbability: ArrayLike<number>, dims: readonly number[]): Tensor {
  const { reduction, ignore_index } = context.attributes;
  const labels = context.input(1);
  const weights = context.inputs[2] === undefined ? undefined : numbersOf(context.inputs[2]);
  const [batch, classes] = dims as [number, number, ...number[]];
  const inner = sizeOf(dims.slice(2));
  const list = asNumbers(labels);
  const none = reduction === 'none';
  const dtype = context.input(0).dtype as Exclude<DType, 'string'>; // a floating-point type
  const out = context.output(0, dtype, none ? labels.dims : []) as Tensor;
  const to = numbersOf(out);
  let sum = 0;
  let total = 0;
  for (let n = 0; n < batch; n++) {
    for (let i = 0; i < inner; i++) {
      const at = n * inner + i;
      const label = list[at] as number;
      const ignored = label === ignore_index;
      if (!ignored && !(label >= 0 && label < classes)) {
        context.fail(`label ${label} at ${at} is outside the ${classes} classes`);
      }
      const weight = ignored ? 0 : ((weights?.[label] ?? 1) as number);
      const loss = ignored ? 0 : -weight * (logProbability[(n * classes + label) * inner + i] as number);
      if (none) to[at] = loss;
      sum += loss;
      total += weight;
    }
  }
  if (!none) to[0] = reduction === 'sum' ? sum : sum / total;
  return stored(out);
}

const negativeLogLikelihoodLoss = defineOp({
  type: 'NegativeLogLikelihoodLoss',
  domain: '',
  since: 12,
  arity: [2, 3],
  attributes: ATTRIBUTES,
  layout: { kind: 'plain' },
  infer: (context) => [{ dtype: context.input(0).dtype, dims: lossDims(context, context.attributes.reduction) }],
  run: (context) => [negativeLogLikelihood(context, numbersOf(context.input(0)), context.input(0).dims)],
  quant: () => NO_QUANT,
});

/** x - log(sum exp x) along dimension 1, kept in float64. */
function logSoftmax(x: Tensor): Float64Array {
  const [batch, classes] = x.dims as [number, number, ...number[]];
  const inner = sizeOf(x.dims.slice(2));
  const from = numbersOf(x);
  const out = new Float64Array(from.length);
  for (let n = 0; n < batch; n++) {
    for (let i = 0; i < inner; i++) {
      const first = n * classes * inner + i;
      let largest = -Infinity;
      for (let c = 0; c < classes; c++) largest = Math.max(largest, from[first + c * inner] as number);
      let sum = 0;
      for (let c = 0; c < classes; c++) sum += Math.exp((from[first + c * inner] as number) - largest);
      const shift = largest + Math.log(sum);
      for (let c = 0; c < classes; c++) out[first + c * inner] = (from[first + c * inner] as number) - shift;
    }
  }
  return out;
}

const softmaxCrossEntropyLoss = defineOp({
  type: 'SoftmaxCrossEntropyLoss',
  domain: '',
  since: 12,
  arity: [2, 3],
  attributes: ATTRIBUTES,
  layout: { kind: 'plain' },
  infer: (context) => {
    const { dtype, dims } = context.input(0);
    return [
      { dtype, dims: lossDims(context, context.attributes.reduction) },
      { dtype, dims },
    ].slice(0, context.outputCount);
  },
  run: (context) => {
    const scores = context.input(0);
    const logProbability = logSoftmax(scores);
    const loss = negativeLogLikelihood(context, logProbability, scores.dims);
    if (context.outputCount < 2) return [loss];
    const out = context.output(1, scores.dtype as 'float32', scores.dims); // a floating-point type
    out.data.set(logProbability);
    return [loss, stored(out)];
  },
  quant: () => NO_QUANT,
});

/** Losses of classifiers, as graphs saved for training hold them. */
export const lossOps: readonly OpDef[] = [negativeLogLikelihoodLoss, softmaxCrossEntropyLoss];
