import type { Tensor } from '../base/tensor.ts';
import { countOf } from './facts.ts';
import { numbersOf, stored } from './numbers.ts';
import type { AttributeValues, MaybeFacts, RunContext } from './opDef.ts';

export const RECURRENT_ATTRIBUTES = {
  activation_alpha: { kind: 'floats', default: [] },
  activation_beta: { kind: 'floats', default: [] },
  activations: { kind: 'strings' },
  clip: { kind: 'float' },
  direction: { kind: 'string', default: 'forward' },
  hidden_size: { kind: 'int', required: true },
  input_forget: { kind: 'int', default: 0 },
  layout: { kind: 'int', default: 0 },
  linear_before_reset: { kind: 'int', default: 0 },
  output_sequence: { kind: 'int', default: 0 },
} as const;
export type RecurrentSpecs = typeof RECURRENT_ATTRIBUTES;
export type RecurrentAttributes = AttributeValues<RecurrentSpecs>;

export type RecurrentType = 'RNN' | 'GRU' | 'LSTM';
export const GATES: Readonly<Record<RecurrentType, number>> = { RNN: 1, GRU: 3, LSTM: 4 };
const DEFAULTS: Readonly<Record<RecurrentType, readonly string[]>> = {
  RNN: ['Tanh'],
  GRU: ['Sigmoid', 'Tanh'],
  LSTM: ['Sigmoid', 'Tanh', 'Tanh'],
};

/** Every row of every step meets all weights of X, W and R, of both directions. */
export function recurrentMacs([x, w, r]: MaybeFacts): number {
  const [rows, own, state] = [countOf(x?.dims?.slice(0, 2)), countOf(w?.dims), countOf(r?.dims)];
  return rows === undefined || own === undefined || state === undefined ? NaN : rows * (own + state);
}

export function directionsOf(direction: string): number {
  return direction === 'bidirectional' ? 2 : 1;
}

/** The name of an activation, with its parameters where they are given. */
export interface ActivationChoice {
  readonly name: string;
  readonly alpha: number | undefined;
  readonly beta: number | undefined;
}

/** Functions of one direction, with their alphas and betas in the order given. */
export function activationsOf(a: RecurrentAttributes, type: RecurrentType, direction: number): ActivationChoice[] {
  const count = DEFAULTS[type].length;
  const names = a.activations ?? [...DEFAULTS[type], ...DEFAULTS[type]];
  return names.slice(direction * count, (direction + 1) * count).map((name, i) => {
    const at = direction * count + i;
    return { name, alpha: a.activation_alpha[at], beta: a.activation_beta[at] };
  });
}

/** Sizes of a run, and whether the batch comes before the sequence (layout 1). */
export interface RecurrentSizes {
  readonly steps: number;
  readonly batch: number;
  readonly input: number;
  readonly hidden: number;
  readonly directions: number;
  readonly batchFirst: boolean;
}

export function sizesOf(x: Tensor, a: RecurrentAttributes): RecurrentSizes {
  const batchFirst = a.layout === 1;
  const [steps, batch, input] = (batchFirst ? [x.dims[1], x.dims[0], x.dims[2]] : x.dims) as [number, number, number];
  return { steps, batch, input, hidden: a.hidden_size, directions: directionsOf(a.direction), batchFirst };
}

/** The row of X (of `input` elements) at time `t` of sequence `n`. */
export function inputRow({ steps, batch, batchFirst }: RecurrentSizes, n: number, t: number): number {
  return batchFirst ? n * steps + t : t * batch + n;
}

/** The row of Y (of `hidden` elements) at time `t` of sequence `n` in direction `d`. */
export function outputRow(
  { steps, batch, directions, batchFirst }: RecurrentSizes,
  d: number,
  n: number,
  t: number,
): number {
  return batchFirst ? (n * steps + t) * directions + d : (t * directions + d) * batch + n;
}

/** The row of an initial or final state of sequence `n` in direction `d`. */
export function stateRow({ batch, directions, batchFirst }: RecurrentSizes, d: number, n: number): number {
  return batchFirst ? n * directions + d : d * batch + n;
}

/** Y, zero where sequences end early. */
export function outputSequence(context: RunContext<RecurrentSpecs>, sizes: RecurrentSizes): Tensor {
  const { steps, batch, hidden, directions, batchFirst } = sizes;
  const dims = batchFirst ? [batch, steps, directions, hidden] : [steps, directions, batch, hidden];
  const y = context.output(0, context.input(0).dtype, dims);
  (y.data as Float32Array).fill(0); // of floats: infer checked
  return y;
}

/** Y_h and Y_c, as many as are asked for, from rows by direction and sequence. */
export function finalStates(
  context: RunContext<RecurrentSpecs>,
  sizes: RecurrentSizes,
  states: readonly (readonly ArrayLike<number>[])[],
): Tensor[] {
  const { batch, hidden, directions, batchFirst } = sizes;
  const dims = batchFirst ? [batch, directions, hidden] : [directions, batch, hidden];
  return states.slice(0, Math.max(0, context.outputCount - 1)).map((rows, i) => {
    const out = context.output(i + 1, context.input(0).dtype, dims);
    const values = numbersOf(out);
    rows.forEach((row, index) => {
      const to = stateRow(sizes, Math.floor(index / batch), index % batch) * hidden;
      for (let j = 0; j < hidden; j++) values[to + j] = row[j] as number;
    });
    return stored(out, context.kernels);
  });
}

/** One row per direction and sequence, from [directions, batch, H] (or batch first) into `rows`; zero where absent. */
export function readState(
  t: Tensor | undefined,
  sizes: RecurrentSizes,
  rows: readonly { [index: number]: number }[],
): void {
  if (t === undefined) return;
  const { batch, hidden } = sizes;
  const data = numbersOf(t);
  rows.forEach((row, index) => {
    const at = stateRow(sizes, Math.floor(index / batch), index % batch) * hidden;
    for (let j = 0; j < hidden; j++) row[j] = data[at + j] as number;
  });
}
