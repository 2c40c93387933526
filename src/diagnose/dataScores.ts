/** How sure a model is of one sample, by an output with a score for each class. */
export interface ClassFigures {
  /** Probability of the best class, 0..1. */
  readonly probability: number;
  /** Of the probabilities, in nats. */
  readonly entropy: number;
  /** Best logit, in deviations of all logits from their mean: unlike the probability it does not grow with their scale. */
  readonly prominence: number;
  /** Best logit minus the second, in deviations of all logits. */
  readonly margin: number;
  /** Index of the best class. */
  readonly best: number;
}

/** Below it probabilities of float32 vanish; their logits count as this one's. */
const LEAST_PROBABILITY = 2 ** -126;

/** @param scores logits or probabilities, [K], K >= 3. */
export function classFigures(scores: Float32Array): ClassFigures {
  const logits = isDistribution(scores)
    ? Float64Array.from(scores, (p) => Math.log(Math.max(p, LEAST_PROBABILITY)))
    : Float64Array.from(scores);
  const n = logits.length;
  let [best, first, second, sum, squares] = [0, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
  for (let i = 0; i < n; i++) {
    const x = logits[i] as number;
    sum += x;
    if (x > first) [best, first, second] = [i, x, first];
    else if (x > second) second = x;
  }
  const middle = sum / n;
  let total = 0;
  for (const x of logits) {
    squares += (x - middle) ** 2;
    total += Math.exp(x - first);
  }
  const deviation = Math.sqrt(squares / n);
  let entropy = 0;
  for (const x of logits) {
    const p = Math.exp(x - first) / total;
    if (p > 0) entropy -= p * Math.log(p);
  }
  const inDeviations = (x: number): number => (deviation === 0 ? 0 : x / deviation);
  return {
    probability: 1 / total,
    entropy,
    prominence: inDeviations(first - middle),
    margin: inDeviations(first - second),
    best,
  };
}

/**
 * What the best of K logits comes to, in deviations, where they are normal numbers: sqrt(2 ln K) bounds its mean from
 * above. A model that knows a class has it farther out; an embedding or a regression does not.
 */
export function chanceProminence(classes: number): number {
  return Math.sqrt(2 * Math.log(classes));
}

/** Distance of the sum of float32 probabilities from 1 that rounding explains. */
const SUM_ERROR = 1e-3;

function isDistribution(scores: Float32Array): boolean {
  let sum = 0;
  for (const p of scores) {
    if (!(p >= 0 && p <= 1)) return false;
    sum += p;
  }
  return Math.abs(sum - 1) <= SUM_ERROR;
}

/** Of an output with many scores: the columns of its last axis that are scores of something rare. */
export interface DenseForm {
  /** Length of the last axis, or 1 where every element is a score. */
  readonly columns: number;
  readonly used: readonly number[];
}

/** A score whose mean is more than this says that nothing is there. */
const BACKGROUND = 0.5;

/**
 * Which elements of an output are scores between 0 and 1: all, or some columns of its last axis, as the classes of a
 * detector beside its boxes. Undefined where none are.
 *
 * @param dims [N, candidates, columns], or of any other rank: then every element is a score of a map.
 */
export function denseForm(x: Float32Array, dims: readonly number[]): DenseForm | undefined {
  const columns = dims.length === 3 ? (dims[2] as number) : 1;
  const sums = new Float64Array(columns);
  const isScore = new Array<boolean>(columns).fill(true);
  for (let i = 0; i < x.length; i++) {
    const p = x[i] as number;
    if (!(p >= 0 && p <= 1)) isScore[i % columns] = false;
    sums[i % columns] = (sums[i % columns] as number) + p;
  }
  const rows = x.length / columns;
  const used = isScore.flatMap((yes, c) => (yes && (sums[c] as number) / rows <= BACKGROUND ? [c] : []));
  return rows < LEAST_ROWS || used.length === 0 ? undefined : { columns, used };
}

/** Fewer places are no map and no list of candidates. */
const LEAST_ROWS = 64;
/** Scores that a figure is the mean of. */
const HIGHEST = 10;

/** Mean of the ten highest scores: whether the model is sure of anything at all, 0..1. */
export function densePeak(x: Float32Array, { columns, used }: DenseForm): number {
  const highest = new Float64Array(HIGHEST);
  const rows = Math.floor(x.length / columns);
  for (let r = 0; r < rows; r++) {
    let score = 1;
    for (const c of used) {
      const p = x[r * columns + c] as number;
      score = c === used[0] ? p : Math.max(score, p);
    }
    if (score <= (highest[0] as number)) continue;
    highest[0] = score;
    highest.sort();
  }
  return highest.reduce((a, b) => a + b, 0) / HIGHEST;
}
