import { toNumbers } from '../base/tensor.ts';
import { type NumberSink, numbersOf, stored } from './numbers.ts';
import { type AttributeSpecs, type AttributeValues, defineOp, type OpDef } from './opDef.ts';

/** One element before and after a step: the tensors named by {@link Rule.state}, then the gradient. */
type Step = (values: readonly number[], gradient: number) => readonly number[];

interface Rule<S extends AttributeSpecs> {
  readonly type: string;
  readonly attributes: S;
  /** Tensors that are kept from step to step beside the weights: V, H. */
  readonly state: number;
  /** The update of (weight, state...) at learning rate `rate` in iteration `count`. */
  readonly step: (attributes: AttributeValues<S>, rate: number, count: number) => Step;
}

/**
 * An optimizer step on any number of tensors: inputs R, T, then all X, all G, and all of each state; outputs all X, and
 * all of each state.
 */
function optimizer<const S extends AttributeSpecs>({ type, attributes, state, step }: Rule<S>): OpDef {
  const groups = state + 2;
  return defineOp({
    type,
    domain: 'ai.onnx.preview.training',
    since: 1,
    arity: [2 + groups, Number.MAX_SAFE_INTEGER],
    attributes,
    layout: { kind: 'plain' },
    infer: (context) => {
      const count = (context.inputs.length - 2) / groups;
      if (!Number.isInteger(count))
        context.fail(`${context.inputs.length} inputs are not R, T and groups of ${groups}`);
      return Array.from({ length: count * (state + 1) }, (_, i) => {
        const { dtype, dims } = context.input(2 + (i % count));
        return { dtype, dims };
      }).slice(0, context.outputCount);
    },
    run: (context) => {
      const count = (context.inputs.length - 2) / groups;
      const [rate, iteration] = [0, 1].map((i) => toNumbers(context.input(i))[0] as number) as [number, number];
      const update = step(context.attributes, rate, iteration);
      const outputs = Array.from({ length: count * (state + 1) }, (_, i) => {
        const x = context.input(2 + (i % count));
        return context.output(i, x.dtype as 'float32', x.dims); // a floating-point type
      });
      for (let t = 0; t < count; t++) {
        const read = Array.from({ length: groups }, (_, g) => numbersOf(context.input(2 + g * count + t)));
        const [weights, gradients, ...kept] = read as [ArrayLike<number>, ArrayLike<number>, ...ArrayLike<number>[]];
        const written = Array.from({ length: state + 1 }, (_, s) => outputs[s * count + t]).map(
          (o) => o && numbersOf(o),
        );
        for (let i = 0; i < weights.length; i++) {
          const before = [weights, ...kept].map((list) => list[i] as number);
          const after = update(before, gradients[i] as number);
          for (const [s, value] of after.entries()) (written[s] as NumberSink)[i] = value;
        }
      }
      return outputs.map((t) => stored(t)).slice(0, context.outputCount);
    },
    quant: () => ({ kind: 'float', why: 'A step of training needs all digits of its weights.' }),
  });
}

const adagrad = optimizer({
  type: 'Adagrad',
  attributes: {
    decay_factor: { kind: 'float', default: 0 },
    epsilon: { kind: 'float', default: 0 },
    norm_coefficient: { kind: 'float', default: 0 },
  },
  state: 1,
  step: ({ decay_factor, epsilon, norm_coefficient }, rate, count) => {
    const adjusted = rate / (1 + count * decay_factor);
    return ([x, h], gradient) => {
      const g = norm_coefficient * (x as number) + gradient;
      const squares = (h as number) + g * g;
      return [(x as number) - (adjusted * g) / (Math.sqrt(squares) + epsilon), squares];
    };
  },
});

const adam = optimizer({
  type: 'Adam',
  attributes: {
    alpha: { kind: 'float', default: 0.9 },
    beta: { kind: 'float', default: 0.999 },
    epsilon: { kind: 'float', default: 0 },
    norm_coefficient: { kind: 'float', default: 0 },
    norm_coefficient_post: { kind: 'float', default: 0 },
  },
  state: 2,
  step: ({ alpha, beta, epsilon, norm_coefficient, norm_coefficient_post }, rate, count) => {
    const correction = count > 0 ? Math.sqrt(1 - beta ** count) / (1 - alpha ** count) : 1;
    return ([x, v, h], gradient) => {
      const g = norm_coefficient * (x as number) + gradient;
      const mean = alpha * (v as number) + (1 - alpha) * g;
      const squares = beta * (h as number) + (1 - beta) * g * g;
      const next = (x as number) - (rate * correction * mean) / (Math.sqrt(squares) + epsilon);
      return [(1 - norm_coefficient_post) * next, mean, squares];
    };
  },
});

const momentum = optimizer({
  type: 'Momentum',
  attributes: {
    alpha: { kind: 'float', required: true },
    beta: { kind: 'float', required: true },
    mode: { kind: 'string', required: true },
    norm_coefficient: { kind: 'float', required: true },
  },
  state: 1,
  step: ({ alpha, beta, mode, norm_coefficient }, rate, count) => {
    const share = count > 0 ? beta : 1;
    return ([x, v], gradient) => {
      const g = norm_coefficient * (x as number) + gradient;
      const velocity = alpha * (v as number) + share * g;
      return [(x as number) - rate * (mode === 'nesterov' ? g + alpha * velocity : velocity), velocity];
    };
  },
});

/** Steps of optimizers, in graphs saved for training. */
export const optimizerOps: readonly OpDef[] = [adagrad, adam, momentum];
