import type { QuantizedTensor, QuantParams } from '../base/quantParams.ts';
import { type Tensor, tensor } from '../base/tensor.ts';
import type { Attribute, ValueId } from '../graph/model.ts';
import type { GraphEditor } from '../graph/patch.ts';
import { NARROW_AND_WIDE_CODES } from './laterOpsets.ts';

/** Weights of a graph as codes, by the constant that holds what they stand for. */
export type WeightCodes = ReadonlyMap<ValueId, QuantizedTensor>;

type CodeType = 'int4' | 'int8' | 'int16';

/** Whether some codes need 16 bits, which takes opset 21. */
export function hasWideCodes(weights: WeightCodes): boolean {
  return [...weights.values()].some((quantized) => typeOf(quantized) === 'int16');
}

/**
 * Stores weights as codes behind a DequantizeLinear, and an Add where a mean is restored. Codes of up to 4 bits are
 * stored in 4 where the opset has them, others in 8 or 16. The factor that restores the deviation goes into the scale.
 *
 * @returns names of what stays float, codes of 16 bits below opset 21 and weights of half precision; and of weights that
 *   ONNX Runtime makes one operator of with their MatMul.
 */
export function putCodes(
  editor: GraphEditor,
  weights: WeightCodes,
  opset: number,
): { readonly float: string[]; readonly fused: string[] } {
  const float: string[] = [];
  const fused: string[] = [];
  for (const [id, quantized] of weights) {
    const value = editor.value(id);
    if (value === undefined) continue; // no node reads it any more
    const narrow = typeOf(quantized);
    const type = narrow === 'int4' && opset < NARROW_AND_WIDE_CODES ? 'int8' : narrow;
    if (value.dtype !== 'float32' || (type === 'int16' && opset < NARROW_AND_WIDE_CODES)) float.push(value.name);
    else {
      const isSecond = [...editor.nodes].some((n) => n.opType === 'MatMul' && n.domain === '' && n.inputs[1] === id);
      if (isSecond && type !== 'int16' && restoredMean(quantized) === undefined) fused.push(value.name);
      putWeight(editor, id, value.name, { quantized, type });
    }
  }
  return { float, fused };
}

function putWeight(
  editor: GraphEditor,
  id: ValueId,
  name: string,
  { quantized, type }: { quantized: QuantizedTensor; type: CodeType },
): void {
  const { codes, params } = quantized;
  const { granularity } = params.scheme;
  const dims = granularity.kind === 'perChannel' ? [params.scale.length] : [];
  const inputs = [
    editor.addConstant(`${name}_quantized`, held(type, codes.dims, codes.data as ArrayLike<number>)),
    editor.addConstant(`${name}_scale`, tensor('float32', dims, correctedScale(params))),
    editor.addConstant(`${name}_zero_point`, held(type, dims, params.zeroPoint)),
  ];
  const like = { dtype: 'float32', dims: codes.dims } as const;
  const dequantized = editor.addValue({ name: `${name}_DequantizeLinear_Output`, ...like });
  const mean = restoredMean(quantized);
  const restored = mean === undefined ? dequantized : editor.addValue({ name: `${name}_restored`, ...like });
  editor.replaceUses(id, restored, { outputs: 'keep' });
  const axis: Record<string, Attribute> =
    granularity.kind === 'perChannel' ? { axis: { kind: 'int', value: granularity.axis } } : {};
  editor.addNode({
    opType: 'DequantizeLinear',
    name: `${name}_DequantizeLinear`,
    inputs,
    outputs: [dequantized],
    attributes: axis,
    origin: [],
  });
  if (mean === undefined) return;
  const summand = editor.addConstant(`${name}_mean`, mean);
  editor.addNode({
    opType: 'Add',
    name: `${name}_Add`,
    inputs: [dequantized, summand],
    outputs: [restored],
    origin: [],
  });
}

/** The smallest type that holds all codes and zero points. */
function typeOf({ codes, params }: QuantizedTensor): CodeType {
  let [lo, hi] = [0, 0];
  for (const list of [codes.data as ArrayLike<number>, params.zeroPoint]) {
    for (let i = 0; i < list.length; i++) {
      lo = Math.min(lo, list[i] as number);
      hi = Math.max(hi, list[i] as number);
    }
  }
  if (lo >= -8 && hi <= 7) return 'int4';
  return lo >= -128 && hi <= 127 ? 'int8' : 'int16';
}

function held(type: CodeType, dims: readonly number[], codes: ArrayLike<number>): Tensor {
  return type === 'int16' ? tensor('int16', dims, Int16Array.from(codes)) : tensor(type, dims, Int8Array.from(codes));
}

function correctedScale({ scale, correction }: QuantParams): Float32Array {
  return correction?.applied === true ? scale.map((s, c) => s * (correction.variance[c] as number)) : scale;
}

/** What is to be added to each channel, in a shape that broadcasts; undefined for nothing. */
function restoredMean({ codes, params }: QuantizedTensor): Tensor | undefined {
  const { correction, scheme } = params;
  if (correction?.applied !== true || correction.mean.every((m) => m === 0)) return undefined;
  const { granularity } = scheme;
  if (granularity.kind !== 'perChannel') return tensor('float32', [], correction.mean);
  const dims = codes.dims.map((d, axis) => (axis === granularity.axis ? d : 1));
  return tensor('float32', dims, correction.mean);
}
