import type { Diagnostic, Location } from '../base/diagnostics.ts';
import type { Granularity, QuantizedTensor, QuantParams } from '../base/quantParams.ts';
import { clamp, rint, roundHalfAway } from '../base/round.ts';
import { tensor } from '../base/tensor.ts';
import { droppedCorrections, scaleWithoutCodes } from './errors.ts';
import type { BiasRule } from './plan.ts';
import type { ArithmeticName } from './qparams.ts';
import { biasScheme } from './scheme.ts';
import type { WeightResult } from './weights.ts';

const INT32_MAX = 2147483647;
/** Half of int32: the other half is left to the products that are added to the bias. */
const LARGEST_BIAS = 1073741823;

/**
 * The least weight scale per channel at which half of int32 holds the bias, with a margin of 1.0001; 0 where any does.
 * @param bias float32 [C].
 */
export function leastWeightScale(bias: Float32Array, inputScale: number, channels: number): Float64Array {
  const least = new Float64Array(channels);
  for (let i = 0; i < bias.length; i++) {
    const c = channels === 1 ? 0 : i;
    const smallest = (Math.abs(bias[i] as number) / LARGEST_BIAS / inputScale) * 1.0001;
    least[c] = Math.max(least[c] as number, smallest);
  }
  return least;
}

/**
 * What converter_lite does with a weight beside a bias that int32 does not hold: scales are raised to |b| / (input scale
 * * half of int32), zero points become 0, and the codes stay as they were. The same result where no channel is concerned.
 *
 * @param bias float32 [C].
 * @source MindSpore Lite, QuantBias, by reading.
 */
export function raiseScalesOnly(
  weight: WeightResult,
  bias: Float32Array,
  inputScale: number,
  at: Location,
): WeightResult {
  const { codes, params } = weight.quantized;
  const scale = params.scale.slice();
  const zeroPoint = params.zeroPoint.slice();
  const raised = new Set<number>();
  for (let i = 0; i < bias.length; i++) {
    const c = scale.length === 1 ? 0 : i;
    const b = Math.abs(bias[i] as number);
    if (b / scaleOf(inputScale, scale[c] as number) < 0.5 * INT32_MAX) continue;
    scale[c] = b / (inputScale * 0.5 * INT32_MAX);
    zeroPoint[c] = 0;
    raised.add(c);
  }
  if (raised.size === 0) return weight;
  const told = [...weight.diagnostics, scaleWithoutCodes(at, raised.size)];
  return { quantized: { codes, params: { ...params, scale, zeroPoint } }, diagnostics: told };
}

export interface BiasParts {
  /** float32 [C]. */
  readonly bias: Float32Array;
  readonly inputScale: number;
  readonly weight: QuantParams;
  /** Real values to add, [C] float64. */
  readonly correction?: Float64Array | undefined;
  readonly arithmetic: ArithmeticName;
  readonly rule: BiasRule;
  readonly at: Location;
}

export interface BiasResult {
  readonly quantized: QuantizedTensor;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Quantizes a bias to int32: scale = float32(input scale * weight scale), zero point 0. ONNX Runtime divides in float32
 * by that and rounds half to even; MindSpore Lite divides by the product in double and rounds half away from zero.
 */
export function quantizeBias(parts: BiasParts): BiasResult {
  const { bias, inputScale, weight, correction, arithmetic, rule, at } = parts;
  const perChannel = weight.scale.length > 1 || weight.scheme.granularity.kind === 'perChannel';
  const codeOf = arithmetic === 'onnxruntime' ? onnxruntimeCode : mindsporeCode;
  const codes = new Int32Array(bias.length);
  let dropped = 0;
  for (let i = 0; i < bias.length; i++) {
    const sw = weight.scale[perChannel ? i : 0] as number;
    const delta = correction?.[i] ?? 0;
    const b = bias[i] as number;
    if (rule === 'exact') codes[i] = inInt32(codeOf(Math.fround(b + delta), inputScale, sw));
    else {
      const code = inInt32(codeOf(b, inputScale, sw));
      const sum = code + codeOf(delta, inputScale, sw);
      const isTooFar = Math.abs(sum) > 0.6 * INT32_MAX;
      if (isTooFar && delta !== 0) dropped++;
      codes[i] = isTooFar ? code : sum;
    }
  }
  const scale = weight.scale.map((sw) => scaleOf(inputScale, sw));
  const granularity: Granularity = perChannel ? { kind: 'perChannel', axis: 0 } : { kind: 'perTensor' };
  return {
    quantized: {
      codes: tensor('int32', [bias.length], codes),
      params: { scheme: biasScheme(granularity), scale, zeroPoint: new Int32Array(scale.length) },
    },
    diagnostics: dropped === 0 ? [] : [droppedCorrections(at, dropped)],
  };
}

/** Input scale times weight scale, in double; 1 for 0. */
function scaleOf(inputScale: number, weightScale: number): number {
  return inputScale * weightScale || 1;
}

function onnxruntimeCode(real: number, inputScale: number, weightScale: number): number {
  return rint(Math.fround(real / Math.fround(inputScale * weightScale)));
}

function mindsporeCode(real: number, inputScale: number, weightScale: number): number {
  return roundHalfAway(real / scaleOf(inputScale, weightScale));
}

function inInt32(code: number): number {
  return clamp(code, -INT32_MAX - 1, INT32_MAX);
}
