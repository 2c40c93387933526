import type { Facts } from '../../graph/fact.ts';
import type { Node, ValueId } from '../../graph/model.ts';

/** The weights of an operator, and the axis of each whose slices have parameters of their own. */
interface WeightRule {
  /** Inputs that are tried. */
  readonly inputs: readonly number[];
  readonly axis: (node: Node, input: number, dims: readonly number[]) => number;
  /** Whether the length of the axis is held against min_quant_weight_channel. */
  readonly countsChannels?: true;
}

/** Output channels of a convolution: of a transposed one the second axis, but where every channel has its own kernel. */
const CONV: WeightRule = { inputs: [1], axis: () => 0, countsChannels: true };
const CONV_TRANSPOSE: WeightRule = {
  inputs: [1],
  axis: (node, _, [from, to]) => (to === 1 && from === intAttribute(node, 'group', 1) ? 0 : 1),
  countsChannels: true,
};
/** Rows of the first operand, columns of the second: what one output element reads. */
const MATMUL: WeightRule = { inputs: [0, 1], axis: (_, input, dims) => dims.length - (input === 0 ? 2 : 1) };
const GEMM: WeightRule = {
  inputs: [0, 1],
  axis: (node, input) => {
    const transposed = intAttribute(node, input === 0 ? 'transA' : 'transB', 0) !== 0;
    return (input === 0) === transposed ? 1 : 0;
  },
};
/** Entries of the table: its rows for axis 0. */
const GATHER: WeightRule = {
  inputs: [0],
  axis: (node, _, dims) => {
    const axis = intAttribute(node, 'axis', 0);
    return axis < 0 ? axis + dims.length : axis;
  },
};
/** Rows of a gate; both directions share them. */
const RECURRENT: WeightRule = { inputs: [1, 2], axis: () => 1 };
/** Every constant of an LSTM, with parameters per direction: one set where there is one direction. */
const REFERENCE_LSTM: WeightRule = { inputs: [1, 2, 3, 5, 6, 7], axis: () => 0 };

const RULES: Readonly<Record<string, WeightRule>> = {
  Conv: CONV,
  ConvTranspose: CONV_TRANSPOSE,
  Gemm: GEMM,
  MatMul: MATMUL,
  Gather: GATHER,
  LSTM: RECURRENT,
  GRU: RECURRENT,
  RNN: RECURRENT,
};

/** Operators whose weights converter_lite quantizes, where this differs. */
const REFERENCE_RULES: Readonly<Record<string, WeightRule | undefined>> = {
  ...RULES,
  LSTM: REFERENCE_LSTM,
  GRU: undefined,
  RNN: undefined,
};

/** For messages. */
export const WEIGHTED_OPERATORS = Object.keys(RULES);

/** A constant float input of rank 2 or more that could be quantized. */
export interface WeightInput {
  readonly input: number;
  readonly value: ValueId;
  readonly dims: readonly number[];
  readonly axis: number;
  readonly countsChannels: boolean;
}

/** Whether an operator has weights that are quantized. */
export function hasWeights({ domain, opType }: Node, strict: boolean): boolean {
  return domain === '' && (strict ? REFERENCE_RULES : RULES)[opType] !== undefined;
}

/**
 * The weights of a node, by its operator.
 * @param constants values that are constants of the graph, whose dims facts know.
 * @source MindSpore Lite, GetPreferredDim, in the layouts of ONNX (reference behaviour).
 */
export function weightInputs(
  node: Node,
  { strict, facts, isConstant }: { strict: boolean; facts: Facts; isConstant: (value: ValueId) => boolean },
): WeightInput[] {
  const rule = node.domain === '' ? (strict ? REFERENCE_RULES : RULES)[node.opType] : undefined;
  if (rule === undefined) return [];
  return rule.inputs.flatMap((input) => {
    const value = node.inputs[input];
    const fact = value === undefined ? undefined : facts.get(value);
    if (value === undefined || !isConstant(value) || !isFloatType(fact?.dtype)) return [];
    const dims = fact?.dims?.filter((d) => typeof d === 'number') ?? []; // constants have no symbols
    if (dims.length < 2) return [];
    return [{ input, value, dims, axis: rule.axis(node, input, dims), countsChannels: rule.countsChannels === true }];
  });
}

function isFloatType(dtype: string | undefined): boolean {
  return dtype === 'float32' || dtype === 'float16' || dtype === 'bfloat16';
}

function intAttribute(node: Node, name: string, absent: number): number {
  const attribute = node.attributes.get(name);
  return attribute?.kind === 'int' ? attribute.value : absent;
}
