import type { QuantParams, QuantScheme } from '../base/quantParams.ts';
import { rint, roundHalfAway } from '../base/round.ts';

const SMALLEST_NORMAL = 1.1754943508222875e-38; // 2^-126

/** A closed range of real values. */
export interface Range {
  readonly lo: number;
  readonly hi: number;
  /** Where it is symmetric and 0 has this code, whatever the scheme would say. */
  readonly zeroPoint?: 0;
}

/** One scale and zero point, and whether the range was too small to have a scale of its own. */
export interface AffinePair {
  readonly scale: number;
  readonly zeroPoint: number;
  readonly degenerate: boolean;
}

/**
 * Parameters of the range [lo, hi] as ONNX Runtime's quantizer chooses them.
 *
 * The range is widened to contain 0. Asymmetric: scale = float32((hi - lo) / (qmax - qmin)) with the difference in
 * float32 and the quotient in double, zero point = rint(qmin - lo / scale). Symmetric: scale = float32(2 max|.|) /
 * (qmax - qmin), zero point rint((qmin + qmax) / 2), which is 0 for int8 codes in [-127, 127].
 * Worked: [-123, 151] on int8 gives 1.0745099 and -14.
 * @source ONNX Runtime 1.30, quantize_static, MinMax.
 */
export function onnxruntimeParams(range: Range, scheme: QuantScheme): AffinePair {
  const { qmin, qmax, mapping } = scheme;
  let lo = Math.min(Math.fround(range.lo), 0);
  let hi = Math.max(Math.fround(range.hi), 0);
  if (mapping === 'symmetric') {
    hi = Math.max(-lo, hi);
    lo = -hi;
  }
  const scale = Math.fround(hi - lo) / (qmax - qmin);
  if (!(Math.fround(scale) >= SMALLEST_NORMAL)) return { scale: 1, zeroPoint: 0, degenerate: true };
  const zeroPoint = mapping === 'symmetric' ? rint((qmin + qmax) / 2) : rint(qmin - lo / scale);
  return { scale: Math.fround(scale), zeroPoint, degenerate: false };
}

/** What MindSpore Lite derives from an observed range: the pair, and the nudged range it stands for. */
export interface MindsporePair extends AffinePair {
  readonly lo: number;
  readonly hi: number;
}

/**
 * Parameters of the range as MindSpore Lite's converter chooses them: at least 1e-10 wide, containing 0, and nudged so
 * that 0 falls on a code exactly; rounding is half away from zero, the range is held in float32.
 * Worked: [-5.1, 5.1] on int8 gives 0.04 and 0, standing for [-5.12, 5.08].
 * @source MindSpore Lite, src/common/quant_utils.cc, commit 2b2887057ebe.
 */
export function mindsporeParams(range: Range, scheme: QuantScheme): MindsporePair {
  const steps = scheme.qmax - scheme.qmin;
  let lo = Math.fround(range.lo);
  let hi = Math.fround(Math.max(Math.fround(range.hi), Math.fround(lo + Math.fround(1e-10))));
  if (scheme.mapping === 'symmetric') {
    hi = Math.max(Math.abs(lo), Math.abs(hi));
    lo = -hi;
  }
  lo = Math.min(lo, 0);
  hi = Math.max(hi, 0);
  const step = Math.fround(hi - lo) / steps; // the reference subtracts in float32
  const below = roundHalfAway(-lo / step);
  lo = Math.fround(0 - below * step);
  hi = Math.fround((steps - below) * step);
  const scale = Math.fround(Math.fround(hi - lo) / steps);
  const zeroPoint = roundHalfAway(scheme.qmin - lo / scale) + 0; // + 0 turns -0 into 0
  return { scale, zeroPoint, degenerate: false, lo, hi };
}

/** Collects pairs, one per tensor or one per channel, into parameters. */
export function collectParams(scheme: QuantScheme, pairs: readonly AffinePair[]): QuantParams {
  return {
    scheme,
    scale: Float32Array.from(pairs, (p) => p.scale),
    zeroPoint: Int32Array.from(pairs, (p) => p.zeroPoint),
  };
}

/** How a target turns ranges into parameters, and reals into codes before clamping. */
export interface Arithmetic {
  paramsOf(range: Range, scheme: QuantScheme): AffinePair;
  codeOf(x: number, scale: number, zeroPoint: number): number;
}

export type ArithmeticName = 'onnxruntime' | 'mindspore';

/**
 * `onnxruntime`: equation (Q), float32 quotient, half to even, then the zero point. `mindspore`: in double, the zero
 * point added before rounding half away from zero; 0 where the scale is at most 1e-38.
 */
export const ARITHMETICS: Readonly<Record<ArithmeticName, Arithmetic>> = {
  onnxruntime: {
    paramsOf: onnxruntimeParams,
    codeOf: (x, scale, zeroPoint) => rint(Math.fround(x / scale)) + zeroPoint,
  },
  mindspore: {
    paramsOf: mindsporeParams,
    codeOf: (x, scale, zeroPoint) => (scale <= 1e-38 ? 0 : roundHalfAway(x / scale + zeroPoint)),
  },
};

/** Parameters of a calibrated range. One that tells its zero point is taken as symmetric and has it. */
export function pairOf(range: Range, scheme: QuantScheme, arithmetic: ArithmeticName): AffinePair {
  const { paramsOf } = ARITHMETICS[arithmetic];
  if (range.zeroPoint === undefined) return paramsOf(range, scheme);
  return { ...paramsOf(range, { ...scheme, mapping: 'symmetric' }), zeroPoint: range.zeroPoint };
}
