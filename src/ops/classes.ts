import type { DType } from '../base/dtype.ts';
import { type Tensor, tensor } from '../base/tensor.ts';
import type { AttributeSpecs, RunContext } from './opDef.ts';
import { logistic, probit } from './postTransform.ts';

/** The labels of a classifier. */
export interface Classes {
  readonly dtype: Extract<DType, 'int64' | 'string'>;
  readonly count: number;
  /** The label of class `index`; a classifier of one label has 0 and 1 for no and yes. */
  label(index: number): number | string;
}

/** Reads labels from `classlabels_int64s` (or `_ints`) and `classlabels_strings`. */
export function classesOf(attributes: {
  readonly classlabels_int64s?: readonly number[] | undefined;
  readonly classlabels_ints?: readonly number[] | undefined;
  readonly classlabels_strings?: readonly string[] | undefined;
}): Classes {
  const { classlabels_strings: strings } = attributes;
  if (strings !== undefined && strings.length > 0) {
    return { dtype: 'string', count: strings.length, label: (i) => strings[strings.length === 1 ? 0 : i] ?? '' };
  }
  const ints = attributes.classlabels_int64s ?? attributes.classlabels_ints ?? [];
  return { dtype: 'int64', count: ints.length, label: (i) => (ints.length === 1 ? i : (ints[i] ?? i)) };
}

/** Output 0 of a classifier: one label per row. */
export function labelTensor<S extends AttributeSpecs, P>(
  context: RunContext<S, P>,
  { dtype }: Classes,
  labels: readonly (number | string)[],
): Tensor {
  if (dtype === 'string') return tensor('string', [labels.length], labels.map(String));
  const out = context.output(0, 'int64', [labels.length]);
  out.data.set(labels.map((label) => BigInt(label)));
  return out;
}

/** The position of the largest score, the first of equal ones; of those in `voted` only, where any is. */
export function winner(scores: ArrayLike<number>, voted?: ArrayLike<number>): number {
  let best = -1;
  for (let i = 0; i < scores.length; i++) {
    if (voted !== undefined && voted[i] === 0) continue;
    if (best < 0 || (scores[i] as number) > (scores[best] as number)) best = i;
  }
  return Math.max(best, 0);
}

/**
 * The scores of both classes from the one of the second: its complement to 1 where it is a `probability`, else its
 * negative.
 */
export function binaryScores(score: number, transform: string, probability: boolean): Float64Array {
  if (transform === 'PROBIT') return Float64Array.of(0, probit(score));
  if (transform === 'LOGISTIC') return Float64Array.of(logistic(-score), logistic(score));
  if (probability) return Float64Array.of(1 - score, score);
  return Float64Array.of(-score, score);
}
