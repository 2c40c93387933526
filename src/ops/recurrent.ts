import { formatDims } from '../base/shape.ts';
import { type Tensor, toNumbers } from '../base/tensor.ts';
import type { TensorFact } from '../graph/fact.ts';
import type { Dim } from '../graph/model.ts';
import { dimsOfRank } from './facts.ts';
import { numbersOf, stored } from './numbers.ts';
import { type AttributeValues, defineOp, type OpDef, type RunContext } from './opDef.ts';
import { type CellFunction, cellActivation } from './recurrentActivations.ts';

const attributes = {
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
type Specs = typeof attributes;

type RecurrentType = 'RNN' | 'GRU' | 'LSTM';
const GATES: Readonly<Record<RecurrentType, number>> = { RNN: 1, GRU: 3, LSTM: 4 };
const DEFAULTS: Readonly<Record<RecurrentType, readonly string[]>> = {
  RNN: ['Tanh'],
  GRU: ['Sigmoid', 'Tanh'],
  LSTM: ['Sigmoid', 'Tanh', 'Tanh'],
};

/** What one direction needs: weights [gates*H, I] and [gates*H, H], biases [2*gates*H], and its initial state. */
interface Direction {
  readonly input: number;
  readonly hidden: number;
  readonly w: ArrayLike<number>;
  readonly r: ArrayLike<number>;
  readonly b: ArrayLike<number> | undefined;
  readonly peephole: ArrayLike<number> | undefined;
  readonly f: readonly CellFunction[];
  readonly attributes: AttributeValues<Specs>;
}

/** Updates the state of one batch row by one step. */
type Cell = (d: Direction, x: Float64Array, h: Float64Array, c: Float64Array) => void;

/** w[gate] x + r[gate] h + wb[gate] + rb[gate], element j. `parts` leaves the recurrent half out. */
function gate(
  d: Direction,
  index: number,
  j: number,
  x: Float64Array,
  h: Float64Array,
): { readonly x: number; readonly h: number } {
  const row = index * d.hidden + j;
  const gates = d.w.length / d.input;
  let fromX = d.b === undefined ? 0 : (d.b[row] as number);
  let fromH = d.b === undefined ? 0 : (d.b[gates + row] as number);
  for (let i = 0; i < d.input; i++) fromX += (d.w[row * d.input + i] as number) * (x[i] as number);
  for (let i = 0; i < d.hidden; i++) fromH += (d.r[row * d.hidden + i] as number) * (h[i] as number);
  return { x: fromX, h: fromH };
}

function limit(d: Direction, v: number): number {
  const { clip } = d.attributes;
  return clip === undefined ? v : Math.min(Math.max(v, -clip), clip);
}

const rnnCell: Cell = (d, x, h) => {
  const next = Float64Array.from(h, (_, j) => {
    const g = gate(d, 0, j, x, h);
    return (d.f[0] as CellFunction)(limit(d, g.x + g.h));
  });
  h.set(next);
};

/** Gates z, r, h. H' = (1 - z) * g(...) + z * H. */
const gruCell: Cell = (d, x, h) => {
  const [f, g] = d.f as [CellFunction, CellFunction];
  const update = new Float64Array(d.hidden);
  const reset = new Float64Array(d.hidden);
  for (let j = 0; j < d.hidden; j++) {
    const z = gate(d, 0, j, x, h);
    const r = gate(d, 1, j, x, h);
    update[j] = f(limit(d, z.x + z.h));
    reset[j] = f(limit(d, r.x + r.h));
  }
  const gated = d.attributes.linear_before_reset ? h.slice() : h.map((v, j) => v * (reset[j] as number));
  const next = Float64Array.from(h, (v, j) => {
    const n = gate(d, 2, j, x, gated);
    const recurrent = d.attributes.linear_before_reset ? (reset[j] as number) * n.h : n.h;
    return (1 - (update[j] as number)) * g(limit(d, n.x + recurrent)) + (update[j] as number) * v;
  });
  h.set(next);
};

/** Gates i, o, f, c with peepholes i, o, f. */
const lstmCell: Cell = (d, x, h, c) => {
  const [f, g, last] = d.f as [CellFunction, CellFunction, CellFunction];
  const peep = (index: number, j: number, cell: number) =>
    d.peephole === undefined ? 0 : (d.peephole[index * d.hidden + j] as number) * cell;
  const nextH = new Float64Array(d.hidden);
  const nextC = new Float64Array(d.hidden);
  for (let j = 0; j < d.hidden; j++) {
    const before = c[j] as number;
    const [i, o, forget, candidate] = [0, 1, 2, 3].map((index) => {
      const sum = gate(d, index, j, x, h);
      return sum.x + sum.h;
    }) as [number, number, number, number];
    const input = f(limit(d, i + peep(0, j, before)));
    const kept = d.attributes.input_forget ? 1 - input : f(limit(d, forget + peep(2, j, before)));
    const cell = kept * before + input * g(limit(d, candidate));
    nextC[j] = cell;
    nextH[j] = f(limit(d, o + peep(1, j, cell))) * last(cell);
  }
  h.set(nextH);
  c.set(nextC);
};

const CELLS: Readonly<Record<RecurrentType, Cell>> = { RNN: rnnCell, GRU: gruCell, LSTM: lstmCell };

function directionsOf(direction: string): number {
  return direction === 'bidirectional' ? 2 : 1;
}

/** Functions of one direction, with their alphas and betas in the order given. */
function functionsOf(
  a: AttributeValues<Specs>,
  type: RecurrentType,
  direction: number,
  fail: (m: string) => never,
): CellFunction[] {
  const count = DEFAULTS[type].length;
  const names = a.activations ?? [...DEFAULTS[type], ...DEFAULTS[type]];
  return names
    .slice(direction * count, (direction + 1) * count)
    .map(
      (name, i) =>
        cellActivation(name, a.activation_alpha[direction * count + i], a.activation_beta[direction * count + i]) ??
        fail(`activation ${name} is not supported`),
    );
}

function run(context: RunContext<Specs>, type: RecurrentType): Tensor[] {
  const { attributes: a } = context;
  const [x, w, r] = [context.input(0), context.input(1), context.input(2)];
  const batchFirst = a.layout === 1;
  const [steps, batch, input] = (batchFirst ? [x.dims[1], x.dims[0], x.dims[2]] : x.dims) as [number, number, number];
  const hidden = a.hidden_size;
  const directions = directionsOf(a.direction);
  const part = (t: Tensor | undefined, d: number) => {
    if (t === undefined) return undefined;
    const data = numbersOf(t);
    const size = data.length / directions;
    return Float64Array.from({ length: size }, (_, i) => data[d * size + i] as number);
  };
  const lengths = context.inputs[4] === undefined ? undefined : toNumbers(context.inputs[4]);
  const state = (index: number) => initialState(context.inputs[index], batchFirst, { batch, directions, hidden });
  const h = state(5);
  const c = state(6);
  const y = context.output(
    0,
    x.dtype,
    batchFirst ? [batch, steps, directions, hidden] : [steps, directions, batch, hidden],
  );
  const data = numbersOf(x);
  const target = numbersOf(y);
  for (let i = 0; i < target.length; i++) target[i] = 0;
  for (let d = 0; d < directions; d++) {
    const direction: Direction = {
      input,
      hidden,
      w: part(w, d) ?? [],
      r: part(r, d) ?? [],
      b: part(context.inputs[3], d),
      peephole: part(context.inputs[7], d),
      f: functionsOf(a, type, d, (m) => context.fail(m)),
      attributes: a,
    };
    const backwards = a.direction === 'reverse' || d === 1;
    for (let n = 0; n < batch; n++) {
      const length = lengths?.[n] ?? steps;
      const [hn, cn] = [h[d * batch + n] as Float64Array, c[d * batch + n] as Float64Array];
      for (let s = 0; s < length; s++) {
        const t = backwards ? length - 1 - s : s;
        const at = (batchFirst ? n * steps + t : t * batch + n) * input;
        CELLS[type](
          direction,
          Float64Array.from({ length: input }, (_, i) => data[at + i] as number),
          hn,
          cn,
        );
        const to = (batchFirst ? (n * steps + t) * directions + d : (t * directions + d) * batch + n) * hidden;
        for (let j = 0; j < hidden; j++) target[to + j] = hn[j] as number;
      }
    }
  }
  const shape = batchFirst ? [batch, directions, hidden] : [directions, batch, hidden];
  const finals = [h, c].slice(0, Math.max(0, context.outputCount - 1)).map((rows, i) => {
    const out = context.output(i + 1, x.dtype, shape);
    const values = numbersOf(out);
    rows.forEach((row, index) => {
      const [d, n] = [Math.floor(index / batch), index % batch];
      const to = (batchFirst ? n * directions + d : index) * hidden;
      for (let j = 0; j < hidden; j++) values[to + j] = row[j] as number;
    });
    return stored(out);
  });
  return [stored(y), ...finals];
}

/** One row per direction and batch element, from [directions, batch, H] (or batch first), zero where absent. */
function initialState(
  t: Tensor | undefined,
  batchFirst: boolean,
  size: { batch: number; directions: number; hidden: number },
): Float64Array[] {
  const { batch, directions, hidden } = size;
  return Array.from({ length: directions * batch }, (_, index) => {
    if (t === undefined) return new Float64Array(hidden);
    const [d, n] = [Math.floor(index / batch), index % batch];
    const at = (batchFirst ? n * directions + d : index) * hidden;
    const data = numbersOf(t);
    return Float64Array.from({ length: hidden }, (_, j) => data[at + j] as number);
  });
}

function recurrent(type: RecurrentType, since: number): OpDef {
  return defineOp<Specs>({
    type,
    domain: '',
    since,
    arity: [3, type === 'LSTM' ? 8 : 6],
    attributes,
    layout: { kind: 'plain' },
    infer: (context) => {
      const { hidden_size: hidden, direction, layout } = context.attributes;
      const x = dimsOfRank(context, 0, 3);
      const w = dimsOfRank(context, 1, 3);
      const { dtype } = context.input(0);
      const rows = w?.[1];
      if (typeof rows === 'number' && rows !== GATES[type] * hidden) {
        context.fail(`W has shape ${formatDims(w ?? [])}, expected ${GATES[type]} gates of hidden_size ${hidden}`);
      }
      const d = directionsOf(direction);
      const [steps, batch] = (layout === 1 ? [x?.[1], x?.[0]] : [x?.[0], x?.[1]]).map(
        (v) => v ?? context.symbol('sequence'),
      ) as [Dim, Dim];
      const state: TensorFact = { dtype, dims: layout === 1 ? [batch, d, hidden] : [d, batch, hidden] };
      const y: TensorFact = { dtype, dims: layout === 1 ? [batch, steps, d, hidden] : [steps, d, batch, hidden] };
      return [y, state, state].slice(0, Math.max(1, context.outputCount));
    },
    run: (context) => run(context, type),
    quant: () => ({ kind: 'float', why: `${type} keeps a state over time; it is not quantized.` }),
  });
}

/** Recurrent networks, step by step. */
export const recurrentOps: readonly OpDef[] = [recurrent('RNN', 7), recurrent('GRU', 7), recurrent('LSTM', 7)];
