import { invariant } from '../base/diagnostics.ts';
import { MULTIPLIER_LIMIT, toFixedPoint } from '../base/fixedPoint.ts';
import { clamp } from '../base/round.ts';
import type { ClampRange, Packed, Requantizer } from '../kernels/kernelSet.ts';
import { outputQuant, quantizeNumber } from './codes.ts';
import { rangeOf } from './numbers.ts';
import type { AttributeSpecs, IntegerContext, QuantInfo } from './opDef.ts';

/** Packed constant weights; undefined where they are not constant and must be packed in every run. */
export interface PreparedWeights {
  readonly packed: Packed | undefined;
  release(): void;
}

export function preparedWeights(packed: Packed | undefined): PreparedWeights {
  return { packed, release: () => packed?.release() };
}

/** What the integer forms of Conv, Gemm and MatMul prepare. */
export interface PreparedCodes {
  readonly packed: Packed;
  readonly requantizer: Requantizer;
  readonly weightDims: readonly number[];
  release(): void;
}

/** Which inputs carry what, and how long the sums are. */
export interface WeightedRoles {
  readonly weight: number;
  readonly bias: number | undefined;
  /** Products per output element. */
  readonly k: number;
  readonly outChannels: number;
  /** The weight's dimension that per-channel parameters may stand on. */
  readonly channelAxis: number;
}

const LARGEST_INT32 = 2147483647;

/**
 * True when int8 or uint8 arithmetic with int32 sums computes the node exactly, else the sentence that says why not.
 * The bound of the sums is K times the largest product plus the largest bias.
 */
export function acceptsWeighted(context: IntegerContext<AttributeSpecs>, roles: WeightedRoles): true | string {
  const x = context.inputQuants[0];
  const w = context.inputQuants[roles.weight];
  const y = context.outputQuants[0];
  if (x === undefined || w === undefined || y === undefined) {
    return 'The integer form needs a quantized activation, weight and output.';
  }
  for (const [q, what] of [
    [x, 'activation'],
    [y, 'output'],
  ] as const) {
    if (q.dtype !== 'int8' && q.dtype !== 'uint8') {
      return `The ${what} has ${q.dtype} codes; the integer form needs int8 or uint8.`;
    }
  }
  if (!/^u?int[248]$/.test(w.dtype)) {
    return `The weight has ${w.dtype} codes; the integer form needs those of 2, 4 or 8 bits.`;
  }
  if (x.scale.length !== 1 || y.scale.length !== 1) return 'Activations quantized per channel have no integer form.';
  if (context.constants[roles.weight] === undefined)
    return 'The weight is not constant; only constant weights are packed.';
  if (w.scale.length > 1 && (w.axis !== roles.channelAxis || w.scale.length !== roles.outChannels)) {
    return `The weight is quantized along axis ${w.axis}; the integer form needs axis ${roles.channelAxis}.`;
  }
  if (context.flavour !== 'fp32') {
    const widest = Math.max(...realMultipliers([x, w, y], roles.outChannels));
    if (!(widest < MULTIPLIER_LIMIT))
      return `Its multiplier ${widest} (activation scale times weight scale by output scale) has no fixed-point form; those below 2^30 have.`;
  }
  const bias = biasBound(context, roles, x, w);
  if (typeof bias === 'string') return bias;
  const largest = largestFactor(x) * largestFactor(w);
  const limit = Math.floor((LARGEST_INT32 - bias) / largest);
  if (roles.k > limit) {
    return `Sums of ${roles.k} products of up to ${largest} could overflow 32 bits; up to ${limit} fit.`;
  }
  return true;
}

/** Largest |q - z|. */
function largestFactor(q: QuantInfo): number {
  const [lo, hi] = rangeOf(q.dtype);
  let largest = 1;
  for (const z of q.zeroPoint) largest = Math.max(largest, hi - z, z - lo);
  return largest;
}

/** Largest |bias| in codes, or why the bias does not fit. */
function biasBound(
  context: IntegerContext<AttributeSpecs>,
  roles: WeightedRoles,
  x: QuantInfo,
  w: QuantInfo,
): number | string {
  if (roles.bias === undefined || context.inputs[roles.bias] === undefined) return 0;
  const q = context.inputQuants[roles.bias];
  const codes = context.constants[roles.bias];
  if (q === undefined || q.dtype !== 'int32' || codes === undefined) {
    return 'The bias is not a constant int32; the integer form adds the bias to its 32-bit sums.';
  }
  const sx = x.scale[0] as number;
  for (let c = 0; c < roles.outChannels; c++) {
    const expected = Math.fround(sx * at(w.scale, c));
    const found = at(q.scale, c);
    if (Math.abs(found - expected) > 1e-6 * expected || at(q.zeroPoint, c) !== 0) {
      return `The bias has scale ${found} at channel ${c}; the sums have ${expected} (activation scale times weight scale).`;
    }
  }
  let largest = 0;
  for (const b of codes.data as Int32Array) largest = Math.max(largest, Math.abs(b));
  return largest;
}

function at(list: Float32Array | Int32Array, channel: number): number {
  return list[list.length === 1 ? 0 : channel] as number;
}

/** Equation (R) for a weighted node in the flavour of its context, codes inside the clamp. */
export function requantizerOf(
  context: IntegerContext<AttributeSpecs>,
  roles: Pick<WeightedRoles, 'weight' | 'outChannels'>,
): Requantizer {
  const y = outputQuant(context, 0);
  const [qmin, qmax] = rangeOf(y.signed ? 'int8' : 'uint8');
  const bounds = quantizedClamp(context.clamp, y, qmin, qmax);
  const codes = { zeroPoint: y.zeroPoint, signed: y.signed, ...bounds };
  const { flavour } = context;
  const quants = quantsOf(context, roles);
  if (flavour === 'fp32') return { flavour, multiplier: fp32Multipliers(quants, roles.outChannels), ...codes };
  const real = Array.from(realMultipliers(quants, roles.outChannels));
  return { flavour: 'fixedPoint', multiplier: real.map((m) => toFixedPoint(m, flavour)), ...codes };
}

/** The real multipliers of a weighted node, [O], for the table of its operator. */
export function multipliersOf(context: IntegerContext<AttributeSpecs>, roles: WeightedRoles | undefined): Float64Array {
  invariant(roles !== undefined, 'accepts() checked the weight');
  return realMultipliers(quantsOf(context, roles), roles.outChannels);
}

/** Parameters of activation, weight and output of a weighted node. */
type WeightedQuants = readonly [x: QuantInfo, w: QuantInfo, y: QuantInfo];

function quantsOf(
  { inputQuants, outputQuants }: IntegerContext<AttributeSpecs>,
  { weight }: Pick<WeightedRoles, 'weight'>,
): WeightedQuants {
  return [inputQuants[0], inputQuants[weight], outputQuants[0]] as [QuantInfo, QuantInfo, QuantInfo]; // `acceptsWeighted` checked them
}

/** What sums are multiplied with on the way to codes: sx * sw[c] / sy in double precision, [O]. */
function realMultipliers([x, w, y]: WeightedQuants, outChannels: number): Float64Array {
  const [sx, sy] = [at(x.scale, 0), at(y.scale, 0)];
  return Float64Array.from({ length: outChannels }, (_, c) => (sx * at(w.scale, c)) / sy);
}

/** The same as float32 arithmetic has it: fround(fround(sx * sw[c]) / sy), [O]. */
function fp32Multipliers([x, w, y]: WeightedQuants, outChannels: number): Float32Array {
  const [sx, sy] = [at(x.scale, 0), at(y.scale, 0)];
  return Float32Array.from({ length: outChannels }, (_, c) => Math.fround(sx * at(w.scale, c)) / sy);
}

/** Codes of a real clamp: Q is monotone, so clamping codes to Q(lo), Q(hi) equals quantizing the clamped number. */
function quantizedClamp(
  range: ClampRange,
  y: ReturnType<typeof outputQuant>,
  qmin: number,
  qmax: number,
): { readonly lo: number; readonly hi: number } {
  return {
    lo: range.lo === -Infinity ? qmin : clamp(quantizeNumber(range.lo, y), qmin, qmax),
    hi: range.hi === Infinity ? qmax : clamp(quantizeNumber(range.hi, y), qmin, qmax),
  };
}

/** Zero points as kernels take them. */
export function zeroPointsOf(context: IntegerContext<AttributeSpecs>, index: number): Int32Array {
  return (context.inputQuants[index] as QuantInfo).zeroPoint; // `acceptsWeighted` checked it
}
