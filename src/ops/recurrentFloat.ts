import { type Tensor, toNumbers } from '../base/tensor.ts';
import type { KernelSet, Packed, UnaryKernel } from '../kernels/kernelSet.ts';
import { floatsOf, isFloat32Stored, stored } from './numbers.ts';
import type { PrepareContext, RunContext } from './opDef.ts';
import { type CellFunction, cellActivation, cellKernel } from './recurrentActivations.ts';
import {
  type ActivationChoice,
  activationsOf,
  directionsOf,
  finalStates,
  GATES,
  inputRow,
  outputRow,
  outputSequence,
  type RecurrentAttributes,
  type RecurrentSpecs,
  type RecurrentType,
  readState,
  sizesOf,
} from './recurrentShared.ts';

/** The weights of one direction; biases are packed with them. */
interface PackedDirection {
  readonly w: Packed;
  /** All gates, but of a GRU that resets before the product only the update and reset gates. */
  readonly r: Packed;
  /** The candidate's of such a GRU. */
  readonly candidate: Packed | undefined;
}

export interface PackedDirections {
  readonly directions: readonly PackedDirection[];
  release(): void;
}

const NO_CLAMP = { lo: -Infinity, hi: Infinity };

/** Packs weights that are constant, with their bias; undefined where one of them is not. */
export function packConstants(
  context: PrepareContext<RecurrentSpecs>,
  type: RecurrentType,
): PackedDirections | undefined {
  const [, w, r, b] = context.constants;
  const biasMissing = context.facts[3] !== undefined && b === undefined;
  if (w === undefined || r === undefined || biasMissing || !isFloat32Stored(w.dtype)) return undefined;
  return packWeights(context.kernels, context.attributes, type, [w, r, b]);
}

function packWeights(
  kernels: KernelSet,
  attributes: RecurrentAttributes,
  type: RecurrentType,
  [w, r, b]: readonly [w: Tensor, r: Tensor, b: Tensor | undefined],
): PackedDirections {
  const hidden = attributes.hidden_size;
  const rows = GATES[type] * hidden;
  const input = w.dims[2] as number;
  /** Rows [first, end) of a weight of one direction, and of their bias, of which those of `r` are the second half. */
  const pack = (t: Tensor, k: number, d: number, [first, end]: readonly [number, number]): Packed => {
    const bias = t === w ? 2 * d * rows : (2 * d + 1) * rows;
    return kernels.packGemmF32(
      floatsOf(t).subarray((d * rows + first) * k, (d * rows + end) * k),
      b && floatsOf(b).subarray(bias + first, bias + end),
      { k, n: end - first, transposed: true },
    );
  };
  const apart = type === 'GRU' && attributes.linear_before_reset === 0;
  const cut = apart ? 2 * hidden : rows;
  const directions = Array.from({ length: directionsOf(attributes.direction) }, (_, d) => ({
    w: pack(w, input, d, [0, rows]),
    r: pack(r, hidden, d, [0, cut]),
    candidate: apart ? pack(r, hidden, d, [cut, rows]) : undefined,
  }));
  const release = () => {
    for (const each of directions) for (const packed of [each.w, each.r, each.candidate]) packed?.release();
  };
  return { directions, release };
}

/** One direction and sequence at work; all arrays float32, states of H elements. */
interface Cell {
  readonly kernels: KernelSet;
  readonly packed: PackedDirection;
  readonly hidden: number;
  readonly attributes: RecurrentAttributes;
  readonly functions: readonly Activation[];
  readonly peephole: Float32Array | undefined;
  /** Sums of all gates, [gates * H], from the input; what a step computes stands here, too. */
  readonly gates: Float32Array;
  /** Scratch of the length of `gates`. */
  readonly products: Float32Array;
  readonly h: Float32Array;
  readonly c: Float32Array;
}

interface Activation {
  readonly kernel: UnaryKernel | undefined;
  readonly scalar: CellFunction;
}

/** RNN, GRU and LSTM in float32: one product for the inputs of all steps, one per step for the state. */
export function recurByKernels(
  context: RunContext<RecurrentSpecs, PackedDirections | undefined>,
  type: RecurrentType,
): Tensor[] {
  const { attributes, kernels } = context;
  const [x, w, r, b] = [context.input(0), context.input(1), context.input(2), context.inputs[3]];
  const weights = context.prepared ?? packWeights(kernels, attributes, type, [w, r, b]);
  const sizes = sizesOf(x, attributes);
  const { steps, batch, hidden, directions } = sizes;
  const columns = GATES[type] * hidden;
  const lengths = context.inputs[4] === undefined ? undefined : toNumbers(context.inputs[4]);
  const [h, c] = [5, 6].map((index) => {
    const rows = Array.from({ length: directions * batch }, () => context.scratch('float32', hidden));
    readState(context.inputs[index], sizes, rows);
    return rows;
  }) as [Float32Array[], Float32Array[]];
  const y = outputSequence(context, sizes);
  const sums = context.scratch('float32', steps * batch * columns);
  const products = context.scratch('float32', columns);
  weights.directions.forEach((packed, d) => {
    kernels.gemmF32(floatsOf(x), packed.w, sums, steps * batch, NO_CLAMP);
    const functions = activationsOf(attributes, type, d).map((choice) => activationOf(choice, (m) => context.fail(m)));
    const peepholes = context.inputs[7] && floatsOf(context.inputs[7]).subarray(3 * d * hidden, 3 * (d + 1) * hidden);
    const backwards = attributes.direction === 'reverse' || d === 1;
    for (let n = 0; n < batch; n++) {
      const length = lengths?.[n] ?? steps;
      const state = { h: h[d * batch + n] as Float32Array, c: c[d * batch + n] as Float32Array };
      for (let s = 0; s < length; s++) {
        const t = backwards ? length - 1 - s : s;
        const row = inputRow(sizes, n, t) * columns;
        const gates = sums.subarray(row, row + columns);
        const shared = { kernels, packed, hidden, attributes, functions, peephole: peepholes, products };
        STEPS[type]({ ...shared, ...state, gates });
        floatsOf(y).set(state.h, outputRow(sizes, d, n, t) * hidden);
      }
    }
  });
  if (context.prepared === undefined) weights.release();
  return [stored(y, kernels), ...finalStates(context, sizes, [h, c])];
}

function activationOf({ name, alpha, beta }: ActivationChoice, fail: (message: string) => never): Activation {
  const scalar = cellActivation(name, alpha, beta) ?? fail(`activation ${name} is not supported`);
  return { kernel: cellKernel(name, alpha, beta), scalar };
}

const STEPS: Readonly<Record<RecurrentType, (cell: Cell) => void>> = { RNN: stepRnn, GRU: stepGru, LSTM: stepLstm };

function stepRnn(cell: Cell): void {
  addProduct(cell, cell.packed.r, cell.h, cell.gates);
  activate(cell, 0, cell.gates);
  cell.h.set(cell.gates);
}

/** Gates z, r, h. H' = (1 - z) g(...) + z H. */
function stepGru(cell: Cell): void {
  const { kernels, packed, hidden, gates, products, h } = cell;
  const both = gates.subarray(0, 2 * hidden);
  const [update, reset, next] = [0, 1, 2].map((i) => gates.subarray(i * hidden, (i + 1) * hidden)) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  if (packed.candidate === undefined) {
    kernels.gemmF32(h, packed.r, products, 1, NO_CLAMP);
    for (let j = 0; j < both.length; j++) both[j] = (both[j] as number) + (products[j] as number);
    activate(cell, 0, both);
    for (let j = 0; j < hidden; j++) {
      next[j] = (next[j] as number) + (reset[j] as number) * (products[2 * hidden + j] as number);
    }
  } else {
    addProduct(cell, packed.r, h, both);
    activate(cell, 0, both);
    for (let j = 0; j < hidden; j++) reset[j] = (reset[j] as number) * (h[j] as number);
    addProduct(cell, packed.candidate, reset, next);
  }
  activate(cell, 1, next);
  for (let j = 0; j < hidden; j++) {
    const z = update[j] as number;
    h[j] = (1 - z) * (next[j] as number) + z * (h[j] as number);
  }
}

/** Gates i, o, f, c with peepholes i, o, f. */
function stepLstm(cell: Cell): void {
  const { packed, hidden, gates, products, peephole, h, c } = cell;
  const [input, output, forget, candidate] = [0, 1, 2, 3].map((i) => gates.subarray(i * hidden, (i + 1) * hidden)) as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  addProduct(cell, packed.r, h, gates);
  if (peephole === undefined) {
    activate(cell, 0, gates.subarray(0, 3 * hidden));
  } else {
    addPeephole(input, peephole.subarray(0, hidden), c);
    addPeephole(forget, peephole.subarray(2 * hidden), c);
    activate(cell, 0, input);
    activate(cell, 0, forget);
  }
  activate(cell, 1, candidate);
  if (cell.attributes.input_forget) for (let j = 0; j < hidden; j++) forget[j] = 1 - (input[j] as number);
  for (let j = 0; j < hidden; j++) {
    c[j] = (forget[j] as number) * (c[j] as number) + (input[j] as number) * (candidate[j] as number);
  }
  if (peephole !== undefined) {
    addPeephole(output, peephole.subarray(hidden, 2 * hidden), c);
    activate(cell, 0, output);
  }
  const shown = products.subarray(0, hidden);
  shown.set(c);
  apply(cell, 2, shown);
  for (let j = 0; j < hidden; j++) h[j] = (output[j] as number) * (shown[j] as number);
}

/** sums += packed row of `state`. */
function addProduct({ kernels, products }: Cell, packed: Packed, state: Float32Array, sums: Float32Array): void {
  const row = products.subarray(0, sums.length);
  kernels.gemmF32(state, packed, row, 1, NO_CLAMP);
  kernels.broadcastF32('add', sums, row, sums, [{ size: sums.length, a: 1, b: 1 }]);
}

function addPeephole(sums: Float32Array, weights: Float32Array, c: Float32Array): void {
  for (let j = 0; j < sums.length; j++) sums[j] = (sums[j] as number) + (weights[j] as number) * (c[j] as number);
}

/** Clips and applies function `index`, in place. */
function activate(cell: Cell, index: number, values: Float32Array): void {
  const { clip } = cell.attributes;
  if (clip !== undefined) cell.kernels.clampF32(values, values, { lo: -clip, hi: clip });
  apply(cell, index, values);
}

function apply({ kernels, functions }: Cell, index: number, values: Float32Array): void {
  const { kernel, scalar } = functions[index] as Activation; // as many as the type has
  if (kernel !== undefined) kernels.unaryF32(kernel.op, values, values, kernel.alpha, kernel.beta);
  else for (let j = 0; j < values.length; j++) values[j] = scalar(values[j] as number);
}
