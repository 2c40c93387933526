import type { ValueId } from '../graph/model.ts';
import type { DynamicNodes } from './insertDynamicNodes.ts';

/**
 * How activations become codes while a model runs.
 * `range`: uint8 by the range of the tensor and 0, as DynamicQuantizeLinear.
 * `rows`: int8 in [-127, 127], a scale for each sum's operand: per row of the left, per column of the right.
 * `referenceRange`, `referenceRows`: int8 in converter_lite's arithmetic; its range need not hold 0, so that the zero
 * point may be no int8.
 */
export type DynamicForm = 'range' | 'rows' | 'referenceRange' | 'referenceRows';

/** The codes of an activation, and what stands for them. */
export interface DynamicCodes {
  readonly codes: ValueId;
  /** float32: a scalar, [..., M, 1] of a left operand, [..., 1, N] of a right one. */
  readonly scale: ValueId;
  /** Of the codes' type, scalar; undefined for 0. */
  readonly zeroPoint: ValueId | undefined;
  /** float64 scalar in place of `zeroPoint`: to be taken out of sums of codes. */
  readonly shift: ValueId | undefined;
}

/** What is added to a scale so that rows of zeros have one; too small to change any other. */
const SMALLEST_NORMAL = 1.1754943508222875e-38;

/** @param axis axis over which the elements of one sum lie. */
export function addDynamicCodes(nodes: DynamicNodes, form: DynamicForm, x: ValueId, axis: number): DynamicCodes {
  switch (form) {
    case 'range':
      return byRange(nodes, x);
    case 'rows':
      return byRows(nodes, x, axis);
    case 'referenceRange':
      return byReferenceRange(nodes, x);
    case 'referenceRows':
      return byReferenceRows(nodes, x, axis);
  }
}

function byRange(nodes: DynamicNodes, x: ValueId): DynamicCodes {
  const name = nodes.nameOf(x);
  const codes = nodes.value(`${name}_quantized`, 'uint8');
  const scale = nodes.value(`${name}_scale`, 'float32');
  const zeroPoint = nodes.value(`${name}_zero_point`, 'uint8');
  nodes.editor.addNode({
    name: `${name}_QuantizeLinear`,
    opType: 'DynamicQuantizeLinear',
    inputs: [x],
    outputs: [codes, scale, zeroPoint],
    origin: [],
  });
  return { codes, scale, zeroPoint, shift: undefined };
}

/** scale = max|x| / 127, codes = rint(x / scale). */
function byRows(nodes: DynamicNodes, x: ValueId, axis: number): DynamicCodes {
  const name = nodes.nameOf(x);
  const scale = rowScale(nodes, x, axis);
  const steps = nodes.float('Div', [x, scale], `${name}_steps`);
  const codes = nodes.cast(nodes.float('Round', [steps], `${name}_rounded`), 'int8', `${name}_quantized`);
  return { codes, scale, zeroPoint: undefined, shift: undefined };
}

function rowScale(nodes: DynamicNodes, x: ValueId, axis: number): ValueId {
  const name = nodes.nameOf(x);
  const largest = nodes.reduce('ReduceMax', nodes.float('Abs', [x], `${name}_abs`), axis, `${name}_max`);
  const exact = nodes.float('Div', [largest, nodes.scalar('float32', 127)], `${name}_exact_scale`);
  return nodes.float('Add', [exact, nodes.scalar('float32', SMALLEST_NORMAL)], `${name}_scale`);
}

/**
 * scale = (max - min) / 255, a range of 0 taken as 0.01; zero point = round(-128 - min / scale), half away from zero.
 * @source MindSpore Lite, src/litert/kernel/cpu/int8/dynamic_quant.cc.
 */
function byReferenceRange(nodes: DynamicNodes, x: ValueId): DynamicCodes {
  const name = nodes.nameOf(x);
  const float = (value: number): ValueId => nodes.scalar('float32', value);
  const least = nodes.reduce('ReduceMin', x, undefined, `${name}_min`);
  const greatest = nodes.reduce('ReduceMax', x, undefined, `${name}_max`);
  const width = nodes.float('Sub', [greatest, least], `${name}_width`);
  const isWide = nodes.add('Greater', [width, float(0)], { name: `${name}_is_wide`, dtype: 'bool' });
  const range = nodes.float('Where', [isWide, width, float(0.01)], `${name}_range`);
  const scale = nodes.float('Div', [range, float(255)], `${name}_scale`);
  const below = nodes.double(
    'Div',
    [nodes.cast(least, 'float64', `${name}_min_double`), nodes.cast(scale, 'float64', `${name}_scale_double`)],
    `${name}_steps_to_min`,
  );
  const exact = nodes.double('Sub', [nodes.scalar('float64', -128), below], `${name}_exact_zero_point`);
  const whole = nodes.cast(awayFromZero(nodes, exact, `${name}_zero_point`), 'int32', `${name}_zero_point`);
  const added = nodes.cast(whole, 'float32', `${name}_zero_point_float`);
  const codes = referenceCodes(nodes, x, scale, added);
  return { codes, scale, zeroPoint: undefined, shift: nodes.cast(whole, 'float64', `${name}_zero_point_double`) };
}

function byReferenceRows(nodes: DynamicNodes, x: ValueId, axis: number): DynamicCodes {
  const scale = rowScale(nodes, x, axis);
  return { codes: referenceCodes(nodes, x, scale, undefined), scale, zeroPoint: undefined, shift: undefined };
}

/** codes = round(x * (1 / scale) + zero point) in float32, half away from zero, within int8. */
function referenceCodes(nodes: DynamicNodes, x: ValueId, scale: ValueId, zeroPoint: ValueId | undefined): ValueId {
  const name = nodes.nameOf(x);
  const inverse = nodes.float('Div', [nodes.scalar('float32', 1), scale], `${name}_inverse_scale`);
  const steps = nodes.float('Mul', [x, inverse], `${name}_steps`);
  const placed = zeroPoint === undefined ? steps : nodes.float('Add', [steps, zeroPoint], `${name}_placed`);
  const away = awayFromZero(nodes, nodes.cast(placed, 'float64', `${name}_placed_double`), name);
  const lowest = nodes.double('Max', [away, nodes.scalar('float64', -128)], `${name}_at_least`);
  const inside = nodes.double('Min', [lowest, nodes.scalar('float64', 127)], `${name}_at_most`);
  return nodes.cast(inside, 'int8', `${name}_quantized`);
}

/** x + sign(x) / 2: a Cast to integers drops the fraction, which makes it rounding half away from zero. */
function awayFromZero(nodes: DynamicNodes, x: ValueId, name: string): ValueId {
  const sign = nodes.double('Sign', [x], `${name}_sign`);
  const half = nodes.double('Mul', [sign, nodes.scalar('float64', 0.5)], `${name}_half`);
  return nodes.double('Add', [x, half], `${name}_away`);
}
