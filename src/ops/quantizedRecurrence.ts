import type { KernelSet } from '../kernels/kernelSet.ts';
import { quantizeByRange } from './dynamicQuant.ts';
import { multiplyCodes, type PackedMatrix } from './integerProduct.ts';
import type { CellFunction } from './recurrentActivations.ts';

/** What one direction works with; states are [batch, H]. */
export interface QuantizedDirection {
  readonly steps: number;
  readonly batch: number;
  readonly hidden: number;
  readonly lengths: readonly number[];
  readonly w: PackedMatrix;
  readonly wScale: Float32Array;
  readonly r: PackedMatrix;
  readonly rScale: Float32Array;
  /** Wb + Rb in float32, [4 H]; zero where there is none. */
  readonly bias: Float32Array;
  /** [3 H] for the input, output and forget gates. */
  readonly peephole: Float32Array | undefined;
  readonly functions: readonly CellFunction[];
  readonly h: Float32Array;
  readonly c: Float32Array;
  /** Gates are clamped to [-clip, clip] before their functions. */
  readonly clip: number;
  /** Whether the forget gate is 1 - the input gate. */
  readonly inputForget: boolean;
}

/** Scratch of a run. */
export interface RecurrenceMemory {
  /** As long as the longest operand of a product. */
  readonly codes: Uint8Array;
  /** As long as `gates`. */
  readonly sums: Int32Array;
  /** [steps, batch, 4 H]. */
  readonly gates: Float32Array;
  /** [batch, H]. */
  readonly finals: Float32Array;
}

/**
 * out = (or +=) rows times a packed matrix: rows become uint8 codes of their common range, sums are scaled in float32.
 *
 * @param rows [M, K]; @param out [M, N].
 */
function multiplyRows(
  kernels: KernelSet,
  rows: Float32Array,
  { matrix, scale }: { readonly matrix: PackedMatrix; readonly scale: Float32Array },
  memory: RecurrenceMemory,
  into: { readonly out: Float32Array; readonly mode: 'set' | 'add' },
): void {
  const { out, mode } = into;
  const codes = memory.codes.subarray(0, rows.length);
  const sums = memory.sums.subarray(0, out.length);
  const quant = quantizeByRange(kernels, rows, codes);
  multiplyCodes(kernels, codes, [quant.zeroPoint], matrix, sums);
  const scales = scale.map((s) => quant.scale * s);
  const n = matrix.columnSums.length;
  for (let i = 0; i < out.length; i++) {
    const value = Math.fround(Math.fround(sums[i] as number) * (scales[scales.length === 1 ? 0 : i % n] as number));
    out[i] = mode === 'add' ? (out[i] as number) + value : value;
  }
}

/**
 * Updates h and c of one sequence from its gates i, o, f, c (before bias and activation), all in float32.
 *
 * @param gates [4 H]; overwritten.
 */
function updateCell(d: QuantizedDirection, gates: Float32Array, row: number): void {
  const { hidden, bias, peephole, h, c, clip } = d;
  const [f, g, last] = d.functions as [CellFunction, CellFunction, CellFunction];
  const gate = (index: number, j: number, cell: number) => {
    let sum = gates[index * hidden + j] as number;
    if (index < 3 && peephole !== undefined) {
      sum = Math.fround(sum + Math.fround(cell * (peephole[index * hidden + j] as number)));
    }
    return Math.min(Math.max(Math.fround(sum + (bias[index * hidden + j] as number)), -clip), clip);
  };
  for (let j = 0, at = row * hidden; j < hidden; j++, at++) {
    const before = c[at] as number;
    const input = f(gate(0, j, before));
    const forget = d.inputForget ? Math.fround(1 - input) : f(gate(2, j, before));
    const cell = Math.fround(Math.fround(before * forget) + Math.fround(input * g(gate(3, j, before))));
    c[at] = cell;
    h[at] = last(cell) * f(gate(1, j, cell));
  }
}

/**
 * Runs one direction over rows [steps, batch, I] already in its order, and leaves the last states in `d.h` and `d.c`.
 *
 * All rows are quantized together, and in every step the states of all sequences, as ONNX Runtime does on one thread;
 * on several it may quantize the states of a large batch in parts, by the range of each.
 *
 * @param store gets h of every step of every sequence.
 * @source ONNX Runtime's DynamicQuantizeLSTM.
 */
export function runQuantizedDirection(
  kernels: KernelSet,
  d: QuantizedDirection,
  rows: Float32Array,
  memory: RecurrenceMemory,
  store: (step: number, row: number, h: Float32Array) => void,
): void {
  const { steps, batch, hidden, lengths, h } = d;
  const size = batch * 4 * hidden;
  multiplyRows(kernels, rows, { matrix: d.w, scale: d.wScale }, memory, { out: memory.gates, mode: 'set' });
  const finals = memory.finals.fill(0);
  for (let step = 0; step < steps; step++) {
    const own = memory.gates.subarray(step * size, (step + 1) * size);
    multiplyRows(kernels, h, { matrix: d.r, scale: d.rScale }, memory, { out: own, mode: 'add' });
    for (let row = 0; row < batch; row++) {
      const [from, to] = [row * hidden, (row + 1) * hidden];
      if (step >= (lengths[row] as number)) {
        h.fill(0, from, to); // what ONNX Runtime carries on for a sequence that has ended
        continue;
      }
      updateCell(d, own.subarray(row * 4 * hidden, (row + 1) * 4 * hidden), row);
      store(step, row, h.subarray(from, to));
      if (step === (lengths[row] as number) - 1) finals.set(h.subarray(from, to), from);
    }
  }
  h.set(finals);
  lengths.forEach((length, row) => {
    if (length === 0) d.c.fill(0, row * hidden, (row + 1) * hidden);
  });
}
