import type { DType } from '../base/dtype.ts';
import { tensor } from '../base/tensor.ts';
import type { Attribute, Node, NodeId, ValueId } from '../graph/model.ts';
import type { GraphEditor } from '../graph/patch.ts';

/** Codes with their parameters, as a QuantizeLinear or DequantizeLinear states them. */
export interface Coded {
  /** The QuantizeLinear or DequantizeLinear, and a ReLU before it that the code range stands for. */
  readonly conversions: readonly NodeId[];
  readonly codes: ValueId;
  readonly dtype: DType;
  readonly scale: ValueId;
  readonly zeroPoint: ValueId | undefined;
  readonly scales: Float32Array;
  readonly zeros: readonly number[];
  /** Undefined: one parameter pair. */
  readonly axis: number | undefined;
  readonly isConstant: boolean;
  /** Of constants. */
  readonly dims: readonly number[] | undefined;
}

interface Around {
  readonly inputs: readonly (Coded | undefined)[];
  readonly outputs: readonly (Coded | undefined)[];
}

/** An operator on codes that does what a float operator between conversions does. */
export interface QForm {
  readonly opType: string;
  readonly domain?: string;
  readonly attributes?: ReadonlyMap<string, Attribute>;
  /** May add constants. */
  readonly inputs: (editor: GraphEditor) => readonly (ValueId | undefined)[];
  readonly outputs: readonly (ValueId | undefined)[];
}

type Make = (node: Node, around: Around) => QForm | string;

const NOT_ALL = 'not all of its inputs and outputs are codes';

/**
 * Operators on codes by the float operator they stand for; a sentence where a node is not like that.
 * @source ONNX Runtime 1.30, the operators that its QOperator quantizer makes, and what their CPU kernels take.
 */
export const Q_FORMS: Readonly<Record<string, Make>> = {
  Conv: convolution,
  MatMul: matrixProduct,
  Gemm: gemm,
  Add: pair('QLinearAdd'),
  Mul: pair('QLinearMul'),
  Sigmoid: single('QLinearSigmoid', []),
  LeakyRelu: single('QLinearLeakyRelu', ['alpha']),
  Softmax: softmax,
  GlobalAveragePool: globalAveragePool,
  AveragePool: averagePool,
  Concat: concat,
  Where: where,
  MaxPool: maxPool,
  Reshape: move,
  Transpose: move,
  Squeeze: move,
  Unsqueeze: move,
  Flatten: move,
  Slice: move,
  Gather: move,
  Split: move,
  Resize: resize,
  Pad: pad,
  ArgMax: argMax,
};

function convolution({ inputs: ids }: Node, { inputs: [x, w, bias], outputs: [y] }: Around): QForm | string {
  if (x === undefined || w === undefined || y === undefined) return NOT_ALL;
  if (x.axis !== undefined || (w.axis ?? 0) !== 0) return 'its parameters are along another axis than output channels';
  if (x.dtype === 'int8' && w.dtype !== 'int8') return 'its activation is int8 and its weight is not';
  const wrong = wrongBias(ids[2], bias, x, w, 1);
  if (wrong !== undefined) return wrong;
  return {
    opType: 'QLinearConv',
    inputs: () => [...parts(x), ...parts(w), y.scale, y.zeroPoint, ...(bias === undefined ? [] : [bias.codes])],
    outputs: [y.codes],
  };
}

function matrixProduct(_: Node, { inputs: [a, b], outputs: [y] }: Around): QForm | string {
  if (a === undefined || b === undefined || y === undefined) return NOT_ALL;
  if (a.axis !== undefined || !alongColumns(b, 1)) return 'its parameters are along another axis than columns';
  return {
    opType: 'QLinearMatMul',
    attributes: new Map(),
    inputs: () => [...parts(a), ...parts(b), y.scale, y.zeroPoint],
    outputs: [y.codes],
  };
}

function gemm({ attributes, inputs: ids }: Node, { inputs: [a, b, bias], outputs: [y] }: Around): QForm | string {
  if (a === undefined || b === undefined || y === undefined) return NOT_ALL;
  const isTransposed = intOf(attributes, 'transB', 0) !== 0;
  if (a.axis !== undefined || !alongColumns(b, isTransposed ? 0 : 1))
    return 'its parameters are along another axis than columns';
  const [alpha, beta] = [floatOf(attributes, 'alpha'), floatOf(attributes, 'beta')];
  if (ids[2] !== undefined && beta !== 1) return `it takes its bias ${beta} times`;
  const wrong = wrongBias(ids[2], bias, a, b, alpha);
  if (wrong !== undefined) return wrong;
  return {
    opType: 'QGemm',
    domain: 'com.microsoft',
    attributes: only(attributes, ['alpha', 'transA', 'transB']),
    inputs: () => [...parts(a), ...parts(b), bias?.codes, y.scale, y.zeroPoint],
    outputs: [y.codes],
  };
}

/** Why a bias is not int32 codes of the product of scales; undefined where it is, or there is none. */
function wrongBias(
  id: ValueId | undefined,
  bias: Coded | undefined,
  x: Coded,
  w: Coded,
  alpha: number,
): string | undefined {
  if (id === undefined) return undefined;
  if (bias?.dtype !== 'int32') return 'its bias is not int32 codes';
  const scale = (i: number): number =>
    Math.fround(alpha * Math.fround((x.scales[0] as number) * (w.scales[i] ?? (w.scales[0] as number))));
  const same = bias.scales.every((s, i) => s === scale(i)) && bias.zeros.every((z) => z === 0);
  return same ? undefined : 'its bias has another scale than its products';
}

/** Whether parameters are one pair, or one per column of a matrix. */
function alongColumns({ axis, dims }: Coded, column: 0 | 1): boolean {
  return axis === undefined || (dims?.length === 2 && (axis < 0 ? axis + 2 : axis) === column);
}

function pair(opType: string): Make {
  return (_, { inputs: [a, b], outputs: [y] }) => {
    if (a === undefined || b === undefined || y === undefined) return NOT_ALL;
    if (!sameType([a, b, y])) return 'its codes have several types';
    return {
      opType,
      domain: 'com.microsoft',
      attributes: new Map(),
      inputs: () => [...parts(a), ...parts(b), y.scale, y.zeroPoint],
      outputs: [y.codes],
    };
  };
}

/** @param names attributes that the operator on codes has too. */
function single(opType: string, names: readonly string[]): Make {
  return ({ attributes }, { inputs: [x], outputs: [y] }) => {
    if (x === undefined || y === undefined) return NOT_ALL;
    if (!sameType([x, y])) return 'its codes have several types';
    return {
      opType,
      domain: 'com.microsoft',
      attributes: only(attributes, names),
      inputs: () => [...parts(x), y.scale, y.zeroPoint],
      outputs: [y.codes],
    };
  };
}

/** The opset says whether softmax is over one axis, which it is in models from 13 on. */
function softmax(node: Node, around: Around): QForm | string {
  const form = single('QLinearSoftmax', [])(node, around);
  if (typeof form === 'string') return form;
  const attributes = new Map<string, Attribute>([
    ['axis', { kind: 'int', value: intOf(node.attributes, 'axis', -1) }],
    ['opset', { kind: 'int', value: 13 }],
  ]);
  return { ...form, attributes };
}

function globalAveragePool(node: Node, around: Around): QForm | string {
  const form = single('QLinearGlobalAveragePool', [])(node, around);
  if (typeof form === 'string') return form;
  return { ...form, attributes: new Map([['channels_last', { kind: 'int', value: 0 }]]) };
}

function averagePool(node: Node, around: Around): QForm | string {
  const dilations = node.attributes.get('dilations');
  if (dilations?.kind === 'ints' && dilations.value.some((d) => d !== 1)) return 'it has dilations';
  const names = ['auto_pad', 'ceil_mode', 'count_include_pad', 'kernel_shape', 'pads', 'strides'];
  return single('QLinearAveragePool', names)(node, around);
}

function concat({ attributes }: Node, { inputs, outputs: [y] }: Around): QForm | string {
  const known = inputs.filter((c) => c !== undefined);
  if (y === undefined || known.length < inputs.length) return NOT_ALL;
  if (!sameType([...known, y])) return 'its codes have several types';
  return {
    opType: 'QLinearConcat',
    domain: 'com.microsoft',
    attributes: only(attributes, ['axis']),
    inputs: () => [y.scale, y.zeroPoint, ...known.flatMap(parts)],
    outputs: [y.codes],
  };
}

function where({ inputs: ids }: Node, { inputs: [, a, b], outputs: [y] }: Around): QForm | string {
  if (a === undefined || b === undefined || y === undefined) return NOT_ALL;
  if (!sameType([a, b, y])) return 'its codes have several types';
  return {
    opType: 'QLinearWhere',
    domain: 'com.microsoft',
    inputs: () => [ids[0], ...parts(a), ...parts(b), y.scale, y.zeroPoint],
    outputs: [y.codes],
  };
}

/** An operator that only moves elements moves codes as well. */
function move(node: Node, { inputs: [x], outputs }: Around): QForm | string {
  const known = outputs.filter((c) => c !== undefined);
  if (x === undefined || known.length < outputs.length) return NOT_ALL;
  if (!known.every((y) => sameParameters(x, y))) return 'its output has other parameters than its input';
  return {
    opType: node.opType,
    inputs: () => [x.codes, ...node.inputs.slice(1)],
    outputs: known.map((y) => y.codes),
  };
}

function maxPool(node: Node, around: Around): QForm | string {
  return node.outputs.length > 1 ? 'it also says where the largest elements are' : move(node, around);
}

/** Interpolated codes are rounded in ways of their own. */
function resize(node: Node, around: Around): QForm | string {
  const mode = node.attributes.get('mode');
  if (mode?.kind === 'string' && mode.value !== 'nearest') return `it interpolates (${mode.value}), which codes do not`;
  return move(node, around);
}

/** Zeros are the zero point. */
function pad(node: Node, around: Around): QForm | string {
  const form = move(node, around);
  const [x] = around.inputs;
  if (typeof form === 'string' || x === undefined) return form;
  const mode = node.attributes.get('mode');
  if (mode?.kind === 'string' && mode.value !== 'constant') return form;
  if (node.inputs[2] !== undefined) return 'it pads with a number of its own';
  const zero = x.zeros[0] ?? 0;
  const held = x.dtype === 'int8' ? tensor('int8', [], Int8Array.of(zero)) : tensor('uint8', [], Uint8Array.of(zero));
  return {
    ...form,
    inputs: (editor) => [
      x.codes,
      node.inputs[1],
      x.zeroPoint ?? editor.addConstant(`${node.handle}_zero_point`, held),
      ...node.inputs.slice(3),
    ],
  };
}

/** The greatest code is where the greatest number is. */
function argMax(node: Node, { inputs: [x] }: Around): QForm | string {
  if (x === undefined) return NOT_ALL;
  return { opType: 'ArgMax', inputs: () => [x.codes], outputs: node.outputs };
}

function parts({ codes, scale, zeroPoint }: Coded): (ValueId | undefined)[] {
  return [codes, scale, zeroPoint];
}

function sameType(all: readonly Coded[]): boolean {
  return all.every((c) => c.dtype === all[0]?.dtype && c.axis === undefined);
}

function sameParameters(a: Coded, b: Coded): boolean {
  return a.dtype === b.dtype && a.axis === b.axis && a.scales[0] === b.scales[0] && a.zeros[0] === b.zeros[0];
}

function intOf(attributes: Node['attributes'], name: string, otherwise: number): number {
  const a = attributes.get(name);
  return a?.kind === 'int' ? a.value : otherwise;
}

function floatOf(attributes: Node['attributes'], name: string): number {
  const a = attributes.get(name);
  return a?.kind === 'float' || a?.kind === 'int' ? a.value : 1;
}

function only(attributes: Node['attributes'], names: readonly string[]): Node['attributes'] {
  return new Map([...attributes].filter(([name]) => names.includes(name)));
}
