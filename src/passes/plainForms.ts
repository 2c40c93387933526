import type { Tensor } from '../base/tensor.ts';
import type { Attribute, Node, ValueId } from '../graph/model.ts';

/** Parameters as an operator on codes states them; the axis is that of {@link Codes} with more than one. */
export interface Params {
  readonly scale: ValueId;
  readonly zeroPoint: ValueId | undefined;
  readonly axis?: number;
}

/** Codes and what they stand for. */
export interface Codes extends Params {
  readonly codes: ValueId;
}

/** The int32 codes of a bias, on the grid of what the two others multiply to, `alpha` times. */
export interface BiasCodes {
  readonly bias: ValueId;
  readonly x: Params;
  readonly w: Params;
  readonly alpha: number;
}

/** A float operator between conversions that does what an operator on codes does. */
export interface PlainForm {
  readonly opType: string;
  readonly attributes: ReadonlyMap<string, Attribute>;
  readonly inputs: readonly (Codes | BiasCodes | ValueId | undefined)[];
  /** Of all outputs; absent where they are floats. */
  readonly output?: Params;
}

/** What is known of the values that a node reads. */
export interface Known {
  /** Parameters of codes, by what made them. */
  readonly paramsOf: (codes: ValueId) => Params | undefined;
  readonly rankOf: (value: ValueId) => number | undefined;
  /** Of a single element. */
  readonly constant: (value: ValueId) => Tensor | undefined;
  /** Opset of ai.onnx. */
  readonly opset: number;
}

type Make = (node: Node, known: Known) => PlainForm | undefined;

/** First opset whose Softmax is over one axis. */
const SOFTMAX_AXIS = 13;

/** By domain and operator. Undefined for a node that has no such form. @source ONNX and ONNX Runtime 1.30, operators. */
const FORMS: Readonly<Record<string, Readonly<Record<string, Make>>>> = {
  '': {
    QLinearConv: ({ attributes, inputs: [x, xs, xz, w, ws, wz, ys, yz, bias] }) => {
      const [a, b, y] = [codes(x, xs, xz), codes(w, ws, wz, 0), params(ys, yz)];
      if (a === undefined || b === undefined || y === undefined) return undefined;
      const addend = bias === undefined ? [] : [{ bias, x: a, w: b, alpha: 1 }];
      return { opType: 'Conv', attributes, inputs: [a, b, ...addend], output: y };
    },
    QLinearMatMul: ({ inputs: [a, as, az, b, bs, bz, ys, yz] }, { rankOf }) => {
      const columns = b === undefined ? undefined : rankOf(b);
      const [x, w, y] = [codes(a, as, az), codes(b, bs, bz, (columns ?? 0) - 1), params(ys, yz)];
      if (x === undefined || w === undefined || y === undefined || columns === undefined) return undefined;
      return { opType: 'MatMul', attributes: NONE, inputs: [x, w], output: y };
    },
    ...Object.fromEntries(
      ['Flatten', 'Gather', 'Identity', 'Reshape', 'Slice', 'Split', 'Squeeze', 'Transpose', 'Unsqueeze'].map(
        (opType) => [opType, move],
      ),
    ),
    MaxPool: (node, known) => (node.outputs.length > 1 ? undefined : move(node, known)),
    Resize: (node, known) => (textOf(node, 'mode', 'nearest') === 'nearest' ? move(node, known) : undefined),
    Pad: (node, known) => pad(node, known),
  },
  'com.microsoft': {
    QGemm: ({ attributes, inputs: [a, as, az, b, bs, bz, bias, ys, yz] }) => {
      const column = intOf(attributes, 'transB', 0) === 0 ? 1 : 0;
      const [x, w, y] = [codes(a, as, az), codes(b, bs, bz, column), params(ys, yz)];
      if (x === undefined || w === undefined) return undefined;
      const alpha = attributes.get('alpha');
      const addend = { x, w, alpha: alpha?.kind === 'float' ? alpha.value : 1 };
      const inputs = [x, w, ...(bias === undefined ? [] : [{ ...addend, bias }])];
      return { opType: 'Gemm', attributes, inputs, ...(y && { output: y }) };
    },
    QLinearAdd: pair('Add'),
    QLinearMul: pair('Mul'),
    QLinearSigmoid: single('Sigmoid', []),
    QLinearLeakyRelu: single('LeakyRelu', ['alpha']),
    QLinearSoftmax: (node, known) => {
      const overOne = intOf(node.attributes, 'opset', 0) >= SOFTMAX_AXIS;
      return overOne === known.opset >= SOFTMAX_AXIS ? single('Softmax', ['axis'])(node, known) : undefined;
    },
    QLinearGlobalAveragePool: channelsFirst(single('GlobalAveragePool', [])),
    QLinearAveragePool: channelsFirst(
      single('AveragePool', ['auto_pad', 'ceil_mode', 'count_include_pad', 'kernel_shape', 'pads', 'strides']),
    ),
    QLinearConcat: ({ attributes, inputs: [ys, yz, ...rest] }) => {
      const parts = Array.from({ length: Math.floor(rest.length / 3) }, (_, i) =>
        codes(rest[3 * i], rest[3 * i + 1], rest[3 * i + 2]),
      );
      const y = params(ys, yz);
      if (y === undefined || parts.includes(undefined)) return undefined;
      return { opType: 'Concat', attributes, inputs: parts, output: y };
    },
    QLinearWhere: ({ inputs: [condition, a, as, az, b, bs, bz, ys, yz] }) => {
      const [x, z, y] = [codes(a, as, az), codes(b, bs, bz), params(ys, yz)];
      if (x === undefined || z === undefined || y === undefined) return undefined;
      return { opType: 'Where', attributes: NONE, inputs: [condition, x, z], output: y };
    },
  },
};

const NONE: ReadonlyMap<string, Attribute> = new Map();

/** The float operator that a node on codes stands for; undefined for nodes on floats and those without one. */
export function plainForm(node: Node, known: Known): PlainForm | undefined {
  return FORMS[node.domain]?.[node.opType]?.(node, known);
}

function params(scale: ValueId | undefined, zeroPoint: ValueId | undefined, axis?: number): Params | undefined {
  return scale === undefined ? undefined : { scale, zeroPoint, ...(axis !== undefined && { axis }) };
}

function codes(
  id: ValueId | undefined,
  scale: ValueId | undefined,
  zeroPoint: ValueId | undefined,
  axis?: number,
): Codes | undefined {
  const p = params(scale, zeroPoint, axis);
  return id === undefined || p === undefined ? undefined : { ...p, codes: id };
}

function pair(opType: string): Make {
  return ({ inputs: [a, as, az, b, bs, bz, ys, yz] }) => {
    const [x, z, y] = [codes(a, as, az), codes(b, bs, bz), params(ys, yz)];
    return x && z && y && { opType, attributes: NONE, inputs: [x, z], output: y };
  };
}

/** @param names attributes that the float operator has too. */
function single(opType: string, names: readonly string[]): Make {
  return ({ attributes, inputs: [a, as, az, ys, yz] }) => {
    const [x, y] = [codes(a, as, az), params(ys, yz)];
    const kept = new Map([...attributes].filter(([name]) => names.includes(name)));
    return x && y && { opType, attributes: kept, inputs: [x], output: y };
  };
}

function channelsFirst(make: Make): Make {
  return (node, known) => (intOf(node.attributes, 'channels_last', 0) === 0 ? make(node, known) : undefined);
}

/** What moves codes moves the numbers they stand for. */
function move({ opType, attributes, inputs: [x, ...others] }: Node, { paramsOf }: Known): PlainForm | undefined {
  const p = x === undefined ? undefined : paramsOf(x);
  if (x === undefined || p === undefined) return undefined;
  return { opType, attributes, inputs: [{ ...p, codes: x }, ...others], output: p };
}

/** With the zero point, which is 0. */
function pad(node: Node, known: Known): PlainForm | undefined {
  const form = move(node, known);
  const [x, pads, value, axes] = node.inputs;
  if (form?.output === undefined || x === undefined || textOf(node, 'mode', 'constant') !== 'constant') return form;
  const [filled, zero] = [value, form.output.zeroPoint].map((id) => scalarOf(id, known));
  if (filled === undefined || filled !== zero) return undefined;
  const inputs = [form.inputs[0], pads, ...(axes === undefined ? [] : [undefined, axes])];
  return { ...form, inputs };
}

/** 0 for one that is left out; undefined for one that is no constant. */
function scalarOf(id: ValueId | undefined, { constant }: Known): number | undefined {
  if (id === undefined) return 0;
  const element = constant(id)?.data[0];
  return element === undefined ? undefined : Number(element);
}

function intOf(attributes: Node['attributes'], name: string, otherwise: number): number {
  const a = attributes.get(name);
  return a?.kind === 'int' ? a.value : otherwise;
}

function textOf({ attributes }: Node, name: string, otherwise: string): string {
  const a = attributes.get(name);
  return a?.kind === 'string' ? a.value : otherwise;
}
