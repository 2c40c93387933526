import type { NumericDType } from '../base/dtype.ts';
import { dtypeOfCode } from '../base/dtypeCodes.ts';
import { type RandomState, randomState } from '../base/mersenneTwister.ts';
import { formatDims } from '../base/shape.ts';
import { type Tensor, toNumbers } from '../base/tensor.ts';
import type { TensorFact } from '../graph/fact.ts';
import { bigintsOf, holdsNumbers, numbersOf, stored } from './numbers.ts';
import { defineOp, type OpDef, type QuantRule } from './opDef.ts';

const DRAWN: QuantRule = { kind: 'float', why: 'Its elements are drawn at random; there is no range to keep to.' };

/** A whole seed as it is, any other by the bits of its float32; without a seed 0, so that every run is the same. */
function stateOf(seed: number | undefined): RandomState {
  const value = seed ?? 0;
  return randomState(Number.isInteger(value) ? value : (new Uint32Array(Float32Array.of(value).buffer)[0] as number));
}

const DISTRIBUTIONS = {
  Normal: {
    attributes: { mean: { kind: 'float', default: 0 }, scale: { kind: 'float', default: 1 }, seed: { kind: 'float' } },
    draw: (state: RandomState, { mean, scale }: Readonly<Record<string, number>>) =>
      (mean as number) + (scale as number) * state.normal(),
  },
  Uniform: {
    attributes: { high: { kind: 'float', default: 1 }, low: { kind: 'float', default: 0 }, seed: { kind: 'float' } },
    draw: (state: RandomState, { high, low }: Readonly<Record<string, number>>) =>
      (low as number) + ((high as number) - (low as number)) * state.uniform(),
  },
} as const;
type Distribution = keyof typeof DISTRIBUTIONS;

function namedType(code: number, fail: (message: string) => never): NumericDType {
  const dtype = dtypeOfCode(code);
  if (dtype === undefined || dtype === 'string') return fail(`dtype ${code} is no type of numbers`);
  return dtype as NumericDType; // files name no containers
}

/** Fills a tensor of any numeric type with what `next` gives, in C order. */
function fill(out: Tensor, next: (index: number) => number): Tensor {
  if (!holdsNumbers(out.dtype)) {
    const to = bigintsOf(out);
    for (let i = 0; i < to.length; i++) to[i] = BigInt(Math.trunc(next(i)));
    return out;
  }
  const to = numbersOf(out);
  for (let i = 0; i < to.length; i++) to[i] = next(i);
  return stored(out);
}

function ofShape(distribution: Distribution): OpDef {
  const { attributes, draw } = DISTRIBUTIONS[distribution];
  return defineOp({
    type: `Random${distribution}`,
    domain: '',
    since: 1,
    arity: [0, 0],
    attributes: { ...attributes, dtype: { kind: 'int', default: 1 }, shape: { kind: 'ints', required: true } },
    layout: { kind: 'plain' },
    random: true,
    infer: (context) => {
      const { dtype, shape } = context.attributes;
      return [{ dtype: namedType(dtype, context.fail), dims: shape }];
    },
    run: (context) => {
      const { dtype, shape, seed } = context.attributes;
      const state = stateOf(seed);
      const out = context.output(0, namedType(dtype, context.fail), shape);
      return [fill(out, () => draw(state, context.attributes as never))];
    },
    quant: () => DRAWN,
  });
}

function ofLike(distribution: Distribution): OpDef {
  const { attributes, draw } = DISTRIBUTIONS[distribution];
  return defineOp({
    type: `Random${distribution}Like`,
    domain: '',
    since: 1,
    arity: [1, 1],
    attributes: { ...attributes, dtype: { kind: 'int' } },
    layout: { kind: 'plain' },
    random: true,
    infer: (context) => [typedLike(context.input(0), context.attributes.dtype, context.fail)],
    run: (context) => {
      const { dtype, seed } = context.attributes;
      const like = typedLike(context.input(0), dtype, context.fail);
      const state = stateOf(seed);
      const out = context.output(0, like.dtype, context.input(0).dims) as Tensor;
      return [fill(out, () => draw(state, context.attributes as never))];
    },
    quant: () => DRAWN,
  });
}

function typedLike(x: TensorFact, dtype: number | undefined, fail: (message: string) => never): TensorFact {
  return { dtype: dtype === undefined ? x.dtype : namedType(dtype, fail), dims: x.dims };
}

/** 1 with the probability that an element of x says. */
const bernoulli = defineOp({
  type: 'Bernoulli',
  domain: '',
  since: 15,
  arity: [1, 1],
  attributes: { dtype: { kind: 'int' }, seed: { kind: 'float' } },
  layout: { kind: 'plain' },
  random: true,
  infer: (context) => [typedLike(context.input(0), context.attributes.dtype, context.fail)],
  run: (context) => {
    const x = context.input(0);
    const chance = numbersOf(x);
    const state = stateOf(context.attributes.seed);
    const { dtype } = typedLike(x, context.attributes.dtype, context.fail);
    const out = context.output(0, dtype, x.dims) as Tensor;
    return [fill(out, (i) => Number(state.uniform() < (chance[i] as number)))];
  },
  quant: () => DRAWN,
});

/** Classes drawn from rows of unnormalized log-probabilities [N, C]: [N, sample_size]. */
const multinomial = defineOp({
  type: 'Multinomial',
  domain: '',
  since: 7,
  arity: [1, 1],
  attributes: { dtype: { kind: 'int', default: 6 }, sample_size: { kind: 'int', default: 1 }, seed: { kind: 'float' } },
  layout: { kind: 'plain' },
  random: true,
  infer: (context) => {
    const { dims } = context.input(0);
    if (dims !== undefined && dims.length !== 2) context.fail(`shape ${formatDims(dims)} is not [N, classes]`);
    const { dtype, sample_size } = context.attributes;
    return [{ dtype: namedType(dtype, context.fail), dims: dims && [dims[0] as number | string, sample_size] }];
  },
  run: (context) => {
    const x = context.input(0);
    const { dtype, sample_size: samples, seed } = context.attributes;
    const [rows, classes] = x.dims as [number, number];
    const from = numbersOf(x);
    const state = stateOf(seed);
    const sums = new Float64Array(classes);
    let current = -1;
    const out = context.output(0, namedType(dtype, context.fail), [rows, samples]) as Tensor;
    const pick = (i: number): number => {
      const row = Math.floor(i / samples);
      if (row !== current) cumulate(from, row * classes, sums);
      current = row;
      const at = state.uniform() * (sums[classes - 1] as number);
      return Math.max(
        0,
        sums.findIndex((sum) => at < sum),
      );
    };
    return [fill(out, pick)];
  },
  quant: () => DRAWN,
});

/** Running sums of exp(x - largest) of one row. */
function cumulate(x: ArrayLike<number>, first: number, sums: Float64Array): void {
  let largest = -Infinity;
  for (let c = 0; c < sums.length; c++) largest = Math.max(largest, x[first + c] as number);
  let sum = 0;
  for (let c = 0; c < sums.length; c++) {
    sum += Math.exp((x[first + c] as number) - largest);
    sums[c] = sum;
  }
}

/**
 * Dropout with a training flag: as NumPy's `RandomState(seed)` draws in C order, elements below `ratio` become 0 and the
 * others are divided by 1 - ratio. In inference x itself, and a mask of true.
 */
const dropout = defineOp({
  type: 'Dropout',
  domain: '',
  since: 12,
  arity: [1, 3],
  attributes: { seed: { kind: 'int', default: 0 } },
  layout: { kind: 'plain' },
  infer: (context) => {
    const { dtype, dims } = context.input(0);
    const mask: TensorFact = { dtype: 'bool', dims };
    return context.outputCount > 1 ? [{ dtype, dims }, mask] : [{ dtype, dims }];
  },
  run: (context) => {
    const x = context.input(0);
    const scalar = (i: number, absent: number): number =>
      context.inputs[i] === undefined ? absent : (toNumbers(context.input(i))[0] as number);
    const ratio = scalar(1, 0.5);
    const kept = new Uint8Array(x.data.length).fill(1);
    const training = scalar(2, 0) !== 0 && ratio !== 0;
    if (training) {
      const state = randomState(context.attributes.seed);
      for (let i = 0; i < kept.length; i++) kept[i] = Number(state.uniform() >= ratio);
    }
    const out = context.output(0, x.dtype as 'float32', x.dims); // a floating-point type
    const [from, to] = [numbersOf(x), numbersOf(out)];
    const scale = training ? 1 / (1 - ratio) : 1;
    for (let i = 0; i < to.length; i++) to[i] = (kept[i] as number) * (from[i] as number) * scale;
    if (context.outputCount < 2) return [stored(out)];
    const mask = context.output(1, 'bool', x.dims);
    mask.data.set(kept);
    return [stored(out), mask];
  },
  quant: () => ({ kind: 'float', why: 'It scales what it does not drop; outside training it is taken out.' }),
});

/** Operators that draw numbers, the same ones in every run. */
export const randomOps: readonly OpDef[] = [
  ofShape('Normal'),
  ofShape('Uniform'),
  ofLike('Normal'),
  ofLike('Uniform'),
  bernoulli,
  multinomial,
  dropout,
];
