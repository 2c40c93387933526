import { formatDims, sizeOf } from '../base/shape.ts';
import { type Tensor, toNumbers } from '../base/tensor.ts';
import type { TensorFact } from '../graph/fact.ts';
import type { Dim } from '../graph/model.ts';
import { codesOf } from './codes.ts';
import { countOf, dimsOfRank } from './facts.ts';
import { type PackedMatrix, packMatrix } from './integerProduct.ts';
import { floatsOf, numbersOf } from './numbers.ts';
import { defineOp, type OpDef, type PrepareContext, type RunContext } from './opDef.ts';
import { ALREADY_INTEGER, codeDType } from './qlinear.ts';
import { type QuantizedDirection, runQuantizedDirection } from './quantizedRecurrence.ts';
import { rationalSigmoid, rationalTanh } from './rationalActivations.ts';
import { type CellFunction, cellActivation } from './recurrentActivations.ts';
import { recurrentMacs } from './recurrentShared.ts';

const attributes = {
  activation_alpha: { kind: 'floats', default: [] },
  activation_beta: { kind: 'floats', default: [] },
  activations: { kind: 'strings' },
  clip: { kind: 'float', default: 3.4028234663852886e38 },
  direction: { kind: 'string', default: 'forward' },
  hidden_size: { kind: 'int', required: true },
  input_forget: { kind: 'int', default: 0 },
} as const;
type Specs = typeof attributes;

/** Inputs that carry a weight [directions, K, 4 H], and its scale and zero point. */
interface WeightInputs {
  readonly weight: number;
  readonly scale: number;
  readonly zero: number;
}
const W: WeightInputs = { weight: 1, scale: 8, zero: 9 };
const R: WeightInputs = { weight: 2, scale: 10, zero: 11 };

/** W and R of each direction, packed once where they are constant. */
interface Prepared {
  readonly w: readonly PackedMatrix[] | undefined;
  readonly r: readonly PackedMatrix[] | undefined;
  release(): void;
}

/** One matrix per direction; every column of a direction has its first zero point, as ONNX Runtime demands. */
function packWeights(
  { kernels }: Pick<PrepareContext<Specs>, 'kernels'>,
  inputs: readonly (Tensor | undefined)[],
  at: WeightInputs,
): readonly PackedMatrix[] | undefined {
  const [weight, zero] = [inputs[at.weight], inputs[at.zero]];
  if (weight === undefined || zero === undefined) return undefined;
  const [directions, k, n] = weight.dims as [number, number, number]; // infer checked rank 3
  const zeros = numbersOf(zero);
  const codes = codesOf(weight);
  return Array.from({ length: directions }, (_, d) => {
    const own = codes.subarray(d * k * n, (d + 1) * k * n);
    return packMatrix(kernels, own, [zeros[(d * zeros.length) / directions] as number], { k, n, transposed: false });
  });
}

function functionsOf(context: RunContext<Specs, Prepared>, direction: number): readonly CellFunction[] {
  const { activations, activation_alpha: alphas, activation_beta: betas } = context.attributes;
  const names = activations ?? ['Sigmoid', 'Tanh', 'Tanh', 'Sigmoid', 'Tanh', 'Tanh'];
  return [0, 1, 2].map((i) => {
    const at = 3 * direction + i;
    const name = names[at] as string;
    if (name.toLowerCase() === 'sigmoid') return rationalSigmoid;
    if (name.toLowerCase() === 'tanh') return rationalTanh;
    const f = cellActivation(name, alphas[at], betas[at]) ?? context.fail(`activation ${name} is not supported`);
    return (x) => Math.fround(f(x));
  });
}

/** Per direction of an input: its part, or undefined. */
function partOf(t: Tensor | undefined, direction: number, directions: number): Float32Array | undefined {
  if (t === undefined) return undefined;
  const size = t.data.length / directions;
  return floatsOf(t).subarray(direction * size, (direction + 1) * size);
}

/** The first `steps` of x [steps, batch, I], each sequence reversed within its length where `backwards`. */
function orderedRows(
  x: Tensor,
  { steps, lengths }: Pick<QuantizedDirection, 'steps' | 'lengths'>,
  direction: 'forward' | 'backward',
): Float32Array {
  const [, batch, size] = x.dims as [number, number, number]; // infer checked rank 3
  const data = floatsOf(x).subarray(0, steps * batch * size);
  if (direction === 'forward') return data;
  const rows = data.slice();
  for (let n = 0; n < batch; n++) {
    const length = lengths[n] as number;
    for (let t = 0; t < length; t++) {
      const from = ((length - 1 - t) * batch + n) * size;
      rows.set(data.subarray(from, from + size), (t * batch + n) * size);
    }
  }
  return rows;
}

function run(context: RunContext<Specs, Prepared>): Tensor[] {
  const { attributes: given, inputs } = context;
  const [x, w] = [context.input(0), context.input(1)];
  const [total, batch, size] = x.dims as [number, number, number]; // infer checked rank 3
  const hidden = given.hidden_size;
  const directions = w.dims[0] as number;
  const lengths = inputs[4] === undefined ? new Array<number>(batch).fill(total) : toNumbers(inputs[4]);
  const steps = Math.max(0, ...lengths);
  const [packedW, packedR] = [context.prepared.w, context.prepared.r];
  const w4 = packedW ?? (packWeights(context, inputs, W) as readonly PackedMatrix[]); // required inputs
  const r4 = packedR ?? (packWeights(context, inputs, R) as readonly PackedMatrix[]); // required inputs
  const gateCount = Math.max(1, steps) * batch * 4 * hidden;
  const memory = {
    codes: context.scratch('uint8', Math.max(steps * batch * size, batch * hidden)),
    sums: context.scratch('int32', gateCount),
    gates: context.scratch('float32', gateCount),
    finals: context.scratch('float32', batch * hidden),
  };
  const y = context.output(0, 'float32', [total, directions, batch, hidden]);
  y.data.fill(0);
  const states = [1, 2].map((i) => stateOf(context, i, [directions, batch, hidden])) as [Tensor, Tensor];
  for (let d = 0; d < directions; d++) {
    const part = d * batch * hidden;
    const state = (index: 0 | 1) => {
      const own = floatsOf(states[index])
        .subarray(part, part + batch * hidden)
        .fill(0);
      own.set(partOf(inputs[5 + index], d, directions) ?? []);
      return own;
    };
    const both = partOf(inputs[3], d, directions);
    const direction: QuantizedDirection = {
      steps,
      batch,
      hidden,
      lengths,
      w: w4[d] as PackedMatrix,
      wScale: partOf(inputs[W.scale], d, directions) as Float32Array, // a required input
      r: r4[d] as PackedMatrix,
      rScale: partOf(inputs[R.scale], d, directions) as Float32Array, // a required input
      bias: Float32Array.from({ length: 4 * hidden }, (_, j) =>
        both === undefined ? 0 : (both[j] as number) + (both[4 * hidden + j] as number),
      ),
      peephole: partOf(inputs[7], d, directions),
      functions: functionsOf(context, d),
      h: state(0),
      c: state(1),
      clip: given.clip,
      inputForget: given.input_forget !== 0,
    };
    const order = given.direction === 'reverse' || d === 1 ? 'backward' : 'forward';
    runQuantizedDirection(context.kernels, direction, orderedRows(x, direction, order), memory, (step, row, h) => {
      const t = order === 'backward' ? (lengths[row] as number) - 1 - step : step;
      y.data.set(h, ((t * directions + d) * batch + row) * hidden);
    });
  }
  for (const matrix of packedW === undefined ? w4 : []) matrix.release();
  for (const matrix of packedR === undefined ? r4 : []) matrix.release();
  return [y, ...states].slice(0, Math.max(1, context.outputCount));
}

/** Memory of output `index`, or scratch where the node has no such output. */
function stateOf(context: RunContext<Specs, Prepared>, index: number, dims: readonly number[]): Tensor {
  if (index < context.outputCount) return context.output(index, 'float32', dims);
  return { dtype: 'float32', dims, data: context.scratch('float32', sizeOf(dims)) };
}

/**
 * X, W, R, B, sequence_lens, initial_h, initial_c, P, W_scale, W_zero_point, R_scale, R_zero_point: an LSTM of ONNX
 * whose products run on codes. X and the state are quantized in every step by their own range; weights lie as
 * [directions, K, 4 H], their scale per direction or per column.
 */
const dynamicQuantizeLstm = defineOp<Specs, Prepared>({
  type: 'DynamicQuantizeLSTM',
  domain: 'com.microsoft',
  since: 1,
  arity: [12, 12],
  attributes,
  layout: { kind: 'plain' },
  infer: (context) => {
    const { hidden_size: hidden, direction } = context.attributes;
    const directions = direction === 'bidirectional' ? 2 : 1;
    const x = dimsOfRank(context, 0, 3);
    for (const { weight, scale } of [W, R]) {
      codeDType(context, weight);
      const dims = dimsOfRank(context, weight, 3);
      const [d, , columns] = dims ?? [];
      const wrong = (found: Dim | undefined, expected: number) => typeof found === 'number' && found !== expected;
      if (dims !== undefined && (wrong(d, directions) || wrong(columns, 4 * hidden))) {
        context.fail(`input ${weight} has shape ${formatDims(dims)}, expected [${directions}, K, ${4 * hidden}]`);
      }
      const scales = countOf(context.input(scale).dims);
      if (scales !== undefined && scales !== directions && scales !== directions * 4 * hidden) {
        context.fail(`input ${scale} has ${scales} elements, expected ${directions} or ${directions * 4 * hidden}`);
      }
    }
    const [steps, batch] = [x?.[0] ?? context.symbol('sequence'), x?.[1] ?? context.symbol('batch')];
    const state: TensorFact = { dtype: 'float32', dims: [directions, batch, hidden] };
    const y: TensorFact = { dtype: 'float32', dims: [steps, directions, batch, hidden] };
    return [y, state, state].slice(0, Math.max(1, context.outputCount));
  },
  prepare: (context) => {
    const [w, r] = [packWeights(context, context.constants, W), packWeights(context, context.constants, R)];
    return {
      w,
      r,
      release: () => {
        for (const matrix of [...(w ?? []), ...(r ?? [])]) matrix.release();
      },
    };
  },
  run,
  quant: () => ALREADY_INTEGER,
  macs: recurrentMacs,
});

/** Recurrent networks whose products run on codes. */
export const dynamicQuantizedLstmOps: readonly OpDef[] = [dynamicQuantizeLstm];
