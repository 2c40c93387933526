import type { Tensor } from '../base/tensor.ts';
import { toNumbers } from '../base/tensor.ts';
import type { Node, ValueId } from '../graph/model.ts';
import type { ClampRange } from '../kernels/kernelSet.ts';
import type { QuantInfo } from '../ops/opDef.ts';
import { isQuantize } from '../ops/quantNodes.ts';
import { NO_CLAMP, type PlanContext } from './draft.ts';

const CODE_TYPES: readonly string[] = ['int8', 'uint8', 'int16', 'uint16', 'int32'] satisfies QuantInfo['dtype'][];
/** What weights may have besides. */
const NARROW_TYPES: readonly string[] = ['int4', 'uint4', 'int2', 'uint2'] satisfies QuantInfo['dtype'][];

/**
 * The parameters of a QuantizeLinear or DequantizeLinear, or undefined where they are not constant float32, are
 * blocked, or give codes that no integer form takes.
 */
export function quantInfoOf(node: Node, context: PlanContext): QuantInfo | undefined {
  const [, scaleId, zeroPointId] = node.inputs;
  const scale = constantOf(scaleId, context);
  const zeroPoint = constantOf(zeroPointId, context);
  if (scale === undefined || scale.dtype !== 'float32' || scale.dims.length > 1) return undefined;
  if (zeroPointId !== undefined && zeroPoint === undefined) return undefined;
  if (intAttribute(node, 'block_size') !== 0) return undefined;
  const codes = isQuantize(node) ? node.outputs[0] : node.inputs[0];
  const dtype = zeroPoint?.dtype ?? (codes === undefined ? undefined : context.facts.get(codes)?.dtype);
  const isConstant = codes !== undefined && context.constants.has(codes);
  if (!isCodeType(dtype, isConstant)) return undefined;
  const scales = scale.data as Float32Array; // dtype checked above
  if (scales.length === 1) return known(scales, { zeroPoint, dtype, axis: undefined });
  const float = isQuantize(node) ? node.inputs[0] : node.outputs[0];
  const rank = float === undefined ? undefined : context.facts.get(float)?.dims?.length;
  const axis = intAttribute(node, 'axis', 1);
  if (rank === undefined) return undefined;
  return known(scales, { zeroPoint, dtype, axis: axis < 0 ? axis + rank : axis });
}

interface Sources {
  readonly zeroPoint: Tensor | undefined;
  readonly dtype: QuantInfo['dtype'];
  readonly axis: number | undefined;
}

/** By their scales: programs of one model share constants, so that what follows from parameters is found once. */
const INFOS = new WeakMap<Float32Array, { readonly from: Sources; readonly info: QuantInfo }[]>();

function known(scale: Float32Array, from: Sources): QuantInfo {
  const infos = INFOS.get(scale) ?? [];
  const { zeroPoint, dtype, axis } = from;
  const same = infos.find((i) => i.from.zeroPoint === zeroPoint && i.from.dtype === dtype && i.from.axis === axis);
  if (same !== undefined) return same.info;
  const zeros = zeroPoint === undefined ? new Int32Array(scale.length) : Int32Array.from(toNumbers(zeroPoint));
  const info = { dtype, scale, zeroPoint: zeros, ...(axis !== undefined && { axis }) };
  INFOS.set(scale, [...infos, { from, info }]);
  return info;
}

/** The range of a Relu or of a Clip with constant bounds on float32; undefined for any other node. */
export function clampOf(node: Node, context: PlanContext): ClampRange | undefined {
  const [x, lo, hi] = node.inputs;
  if (node.domain !== '' || x === undefined || context.facts.get(x)?.dtype !== 'float32') return undefined;
  if (node.opType === 'Relu') return { lo: 0, hi: Number.POSITIVE_INFINITY };
  if (node.opType !== 'Clip') return undefined;
  const bounds = [lo, hi].map((id) => (id === undefined ? undefined : constantOf(id, context)));
  if ([lo, hi].some((id, i) => id !== undefined && bounds[i] === undefined)) return undefined;
  const [min, max] = [node.attributes.get('min'), node.attributes.get('max')];
  const range = {
    lo: numberOf(bounds[0]) ?? (min?.kind === 'float' ? min.value : NO_CLAMP.lo),
    hi: numberOf(bounds[1]) ?? (max?.kind === 'float' ? max.value : NO_CLAMP.hi),
  };
  return range.lo <= range.hi ? range : undefined;
}

function numberOf(t: Tensor | undefined): number | undefined {
  return t === undefined || t.dtype === 'string' ? undefined : Number(t.data[0]);
}

function constantOf(id: ValueId | undefined, context: PlanContext): Tensor | undefined {
  return id === undefined ? undefined : context.constants.get(id);
}

function intAttribute(node: Node, name: string, otherwise = 0): number {
  const a = node.attributes.get(name);
  return a?.kind === 'int' ? a.value : otherwise;
}

function isCodeType(dtype: string | undefined, isConstant: boolean): dtype is QuantInfo['dtype'] {
  return dtype !== undefined && (CODE_TYPES.includes(dtype) || (isConstant && NARROW_TYPES.includes(dtype)));
}
