import { formatDims } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import type { TensorFact } from '../graph/fact.ts';
import type { Dim } from '../graph/model.ts';
import { dimsOfRank, divideDims, type Inferring, sameDim } from './facts.ts';
import { type NumberSink, numbersOf, stored } from './numbers.ts';
import { defineOp, type InferContext, type OpDef, type RunContext } from './opDef.ts';

const ATTRIBUTES = {
  chunk_size: { kind: 'int', default: 64 }, // how a parallel form would split the sequence; no result depends on it
  kv_num_heads: { kind: 'int', required: true },
  q_num_heads: { kind: 'int', required: true },
  scale: { kind: 'float', default: 0 },
  state_window: { kind: 'int', default: 0 }, // com.microsoft only
  update_rule: { kind: 'string', default: 'gated_delta' },
} as const;

/** Which of decay (input 4) and beta (input 5) a rule takes. */
const RULES: Readonly<Record<string, { readonly decay: boolean; readonly beta: boolean }>> = {
  linear: { decay: false, beta: false },
  gated: { decay: true, beta: false },
  delta: { decay: false, beta: true },
  gated_delta: { decay: true, beta: true },
};

/**
 * A recurrence over the sequence: a state S [dk, dv] per key head takes in k v^T at every step, and is read by q.
 *
 * @source ONNX LinearAttention-27; that of ONNX Runtime's com.microsoft domain may keep more than the last state, which
 * is refused.
 */
function linearAttention(domain: '' | 'com.microsoft', since: number): OpDef {
  return defineOp({
    type: 'LinearAttention',
    domain,
    since,
    arity: [3, 6],
    attributes: ATTRIBUTES,
    layout: { kind: 'plain' },
    infer: inferLinearAttention,
    run: runLinearAttention,
    quant: () => ({ kind: 'float', why: 'A recurrence feeds its results back, which adds up the errors of codes.' }),
  });
}

/** Elements per head of the last dim of input `index`. */
function headSize(context: Inferring, index: number, heads: number): Dim | undefined {
  const dims = dimsOfRank(context, index, 3);
  if (dims === undefined) return undefined;
  return (
    divideDims(context, [dims[2] as Dim], [heads], 'head') ??
    context.fail(`input ${index} has shape ${formatDims(dims)}, whose last dim does not divide into ${heads} heads`)
  );
}

function inferLinearAttention(context: InferContext<typeof ATTRIBUTES>): TensorFact[] {
  const { kv_num_heads: kvHeads, q_num_heads: heads, update_rule: rule, state_window } = context.attributes;
  if (state_window !== 0) context.fail(`state_window ${state_window} is not supported, only 0 is`);
  if (heads <= 0 || kvHeads <= 0 || heads % kvHeads !== 0) {
    context.fail(`q_num_heads ${heads} is not a multiple of kv_num_heads ${kvHeads}`);
  }
  const takes = RULES[rule] ?? context.fail(`update_rule ${rule} is not one of ${Object.keys(RULES).join(', ')}`);
  for (const [i, name] of [[4, 'decay'] as const, [5, 'beta'] as const]) {
    const isGiven = context.inputs[i] !== undefined;
    if (isGiven !== takes[name]) context.fail(`update_rule ${rule} ${isGiven ? 'takes no' : 'needs'} ${name}`);
  }
  const [dk, keySize, dv] = [headSize(context, 0, heads), headSize(context, 1, kvHeads), headSize(context, 2, kvHeads)];
  const { dtype, dims } = context.input(0);
  const stateType = context.inputs[3]?.dtype ?? dtype;
  if (dk === undefined || keySize === undefined || dv === undefined || dims === undefined) {
    return [
      { dtype, dims: undefined },
      { dtype: stateType, dims: undefined },
    ].slice(0, context.outputCount);
  }
  sameDim(context, dk, keySize, 'head sizes of query and key');
  const [batch, rows] = dims as [Dim, Dim, Dim];
  const width = typeof dv === 'number' ? heads * dv : context.symbol('hidden');
  return [
    { dtype, dims: [batch, rows, width] },
    { dtype: stateType, dims: [batch, kvHeads, dk, dv] },
  ].slice(0, Math.max(1, context.outputCount));
}

function runLinearAttention(context: RunContext<typeof ATTRIBUTES>): Tensor[] {
  const { kv_num_heads: kvHeads, q_num_heads: heads, scale } = context.attributes;
  const [q, , v] = [context.input(0), context.input(1), context.input(2)];
  const [batch, rows, hidden] = q.dims as [number, number, number];
  const dk = hidden / heads;
  const dv = (v.dims[2] as number) / kvHeads;
  const past = context.inputs[3];
  const y = context.output(0, q.dtype, [batch, rows, heads * dv]);
  const present =
    context.outputCount > 1 ? context.output(1, past?.dtype ?? q.dtype, [batch, kvHeads, dk, dv]) : undefined;
  const state = context.scratch('float64', dk * dv);
  const step = stepOf(context, { state, dk, dv, y: numbersOf(y), scale: scale === 0 ? 1 / Math.sqrt(dk) : scale });
  for (let b = 0; b < batch; b++) {
    for (let g = 0; g < kvHeads; g++) {
      const at = (b * kvHeads + g) * dk * dv;
      if (past === undefined) state.fill(0);
      else for (let i = 0; i < state.length; i++) state[i] = numbersOf(past)[at + i] as number;
      for (let t = 0; t < rows; t++) step(b * rows + t, g);
      if (present !== undefined) (present.data as Float32Array).set(state, at);
    }
  }
  return present === undefined ? [stored(y)] : [stored(y), stored(present)];
}

interface Recurrence {
  /** [dk, dv]. */
  readonly state: Float64Array;
  readonly dk: number;
  readonly dv: number;
  readonly y: NumberSink;
  readonly scale: number;
}

/** One step of one key head: forgets, corrects, writes, and answers the queries of its group. */
function stepOf(context: RunContext<typeof ATTRIBUTES>, { state, dk, dv, y, scale }: Recurrence) {
  const { kv_num_heads: kvHeads, q_num_heads: heads } = context.attributes;
  const [q, k, v] = [numbersOf(context.input(0)), numbersOf(context.input(1)), numbersOf(context.input(2))];
  const decay = gateOf(context, 4);
  const beta = gateOf(context, 5);
  const isPerKey = decay !== undefined && decay.width === kvHeads * dk;
  const value = context.scratch('float64', dv);
  return (row: number, g: number) => {
    const key = (row * kvHeads + g) * dk;
    if (decay !== undefined) {
      for (let d = 0; d < dk; d++) {
        const factor = Math.exp(decay.data[row * decay.width + (isPerKey ? g * dk + d : g)] as number);
        for (let m = 0; m < dv; m++) state[d * dv + m] = (state[d * dv + m] as number) * factor;
      }
    }
    for (let m = 0; m < dv; m++) value[m] = v[(row * kvHeads + g) * dv + m] as number;
    if (beta !== undefined) {
      readState(state, k, key, dk, value, -1);
      const rate = beta.data[row * beta.width + (beta.width === 1 ? 0 : g)] as number;
      for (let m = 0; m < dv; m++) value[m] = (value[m] as number) * rate;
    }
    for (let d = 0; d < dk; d++) {
      const weight = k[key + d] as number;
      for (let m = 0; m < dv; m++) state[d * dv + m] = (state[d * dv + m] as number) + weight * (value[m] as number);
    }
    const group = heads / kvHeads;
    for (let h = g * group; h < (g + 1) * group; h++) {
      value.fill(0);
      readState(state, q, (row * heads + h) * dk, dk, value, scale);
      for (let m = 0; m < dv; m++) y[(row * heads + h) * dv + m] = value[m] as number;
    }
  };
}

/** into[m] += factor * sum over d of vector[at + d] * state[d, m]. */
function readState(
  state: Float64Array,
  vector: NumberSink,
  at: number,
  dk: number,
  into: Float64Array,
  factor: number,
): void {
  const dv = into.length;
  for (let d = 0; d < dk; d++) {
    const weight = factor * (vector[at + d] as number);
    for (let m = 0; m < dv; m++) into[m] = (into[m] as number) + weight * (state[d * dv + m] as number);
  }
}

function gateOf(context: RunContext<typeof ATTRIBUTES>, index: 4 | 5) {
  const t = context.inputs[index];
  return t === undefined ? undefined : { data: numbersOf(t), width: t.dims[2] as number };
}

/** Attention whose cost grows with the length of the sequence, not with its square. */
export const linearAttentionOps: readonly OpDef[] = [linearAttention('', 27), linearAttention('com.microsoft', 1)];
