import { type Tensor, toNumbers } from '../base/tensor.ts';
import { numbersOf, stored } from './numbers.ts';
import type { RunContext } from './opDef.ts';
import { type CellFunction, cellActivation } from './recurrentActivations.ts';
import {
  activationsOf,
  finalStates,
  inputRow,
  outputRow,
  outputSequence,
  type RecurrentAttributes,
  type RecurrentSpecs,
  type RecurrentType,
  readState,
  sizesOf,
} from './recurrentShared.ts';

/** What one direction needs: weights [gates*H, I] and [gates*H, H], biases [2*gates*H], and its initial state. */
interface Direction {
  readonly input: number;
  readonly hidden: number;
  readonly w: ArrayLike<number>;
  readonly r: ArrayLike<number>;
  readonly b: ArrayLike<number> | undefined;
  readonly peephole: ArrayLike<number> | undefined;
  readonly f: readonly CellFunction[];
  readonly attributes: RecurrentAttributes;
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

/** RNN, GRU and LSTM by definition, in float64: for types that the kernels do not take. */
export function recurDirectly(context: RunContext<RecurrentSpecs>, type: RecurrentType): Tensor[] {
  const { attributes: a } = context;
  const sizes = sizesOf(context.input(0), a);
  const { steps, batch, input, hidden, directions } = sizes;
  const part = (t: Tensor | undefined, d: number) => {
    if (t === undefined) return undefined;
    const data = numbersOf(t);
    const size = data.length / directions;
    return Float64Array.from({ length: size }, (_, i) => data[d * size + i] as number);
  };
  const lengths = context.inputs[4] === undefined ? undefined : toNumbers(context.inputs[4]);
  const [h, c] = [5, 6].map((index) => {
    const rows = Array.from({ length: directions * batch }, () => new Float64Array(hidden));
    readState(context.inputs[index], sizes, rows);
    return rows;
  }) as [Float64Array[], Float64Array[]];
  const y = outputSequence(context, sizes);
  const [data, target] = [numbersOf(context.input(0)), numbersOf(y)];
  for (let d = 0; d < directions; d++) {
    const direction: Direction = {
      input,
      hidden,
      w: part(context.input(1), d) ?? [],
      r: part(context.input(2), d) ?? [],
      b: part(context.inputs[3], d),
      peephole: part(context.inputs[7], d),
      f: activationsOf(a, type, d).map(
        ({ name, alpha, beta }) =>
          cellActivation(name, alpha, beta) ?? context.fail(`activation ${name} is not supported`),
      ),
      attributes: a,
    };
    const backwards = a.direction === 'reverse' || d === 1;
    for (let n = 0; n < batch; n++) {
      const length = lengths?.[n] ?? steps;
      const [hn, cn] = [h[d * batch + n] as Float64Array, c[d * batch + n] as Float64Array];
      for (let s = 0; s < length; s++) {
        const t = backwards ? length - 1 - s : s;
        const at = inputRow(sizes, n, t) * input;
        const row = Float64Array.from({ length: input }, (_, i) => data[at + i] as number);
        CELLS[type](direction, row, hn, cn);
        const to = outputRow(sizes, d, n, t) * hidden;
        for (let j = 0; j < hidden; j++) target[to + j] = hn[j] as number;
      }
    }
  }
  return [stored(y, context.kernels), ...finalStates(context, sizes, [h, c])];
}
