import type { Diagnostic, Location } from '../base/diagnostics.ts';
import type { QuantizedTensor, QuantParams, QuantScheme } from '../base/quantParams.ts';
import { clamp } from '../base/round.ts';
import { hasDType, type Tensor, tensor } from '../base/tensor.ts';
import { type Channels, channelsOf } from './channels.ts';
import { degenerateRange, raisedWeightScale } from './errors.ts';
import { type AffinePair, ARITHMETICS, type Arithmetic, collectParams, type Range } from './qparams.ts';
import { weightRanges } from './weightRanges.ts';

/** A quantized constant and what was noticed on the way. */
export interface WeightResult {
  readonly quantized: QuantizedTensor;
  readonly diagnostics: readonly Diagnostic[];
}

export interface WeightOptions {
  readonly at: Location;
  /** ONNX Runtime's when absent. */
  readonly arithmetic?: Arithmetic;
  /** Least scale per channel (or one), from `leastWeightScale`; zero for none. */
  readonly minimumScale?: Float64Array | undefined;
}

/**
 * Quantizes a weight to the codes of `scheme`, per tensor or per channel.
 *
 * @param weight float32 (or float16 held as float32), any rank.
 * @throws QNT201 when the weight holds NaN or infinities.
 */
export function quantizeWeight(weight: Tensor, scheme: QuantScheme, options: WeightOptions): WeightResult {
  const { at, arithmetic = ARITHMETICS.onnxruntime, minimumScale } = options;
  const data = floatData(weight);
  const channels = channelsOf(weight.dims, scheme.granularity);
  const ranges = weightRanges(data, channels, at).map(withZero);
  const diagnostics: Diagnostic[] = [];
  let raised = 0;
  let factor = 1;
  const pairs = ranges.map((range, c): AffinePair => {
    const pair = arithmetic.paramsOf(range, scheme);
    if (pair.degenerate && (range.lo !== 0 || range.hi !== 0))
      diagnostics.push(degenerateRange(ranges.length === 1 ? at : { ...at, channel: c }, range.lo, range.hi));
    const least = minimumScale?.[c] ?? 0;
    if (pair.scale >= least) return pair;
    raised++;
    factor = Math.max(factor, least / pair.scale);
    return { ...pair, scale: Math.fround(least) };
  });
  if (raised > 0) diagnostics.push(raisedWeightScale(at, raised, factor));
  const params = collectParams(scheme, pairs);
  const codes = heldAs(scheme.dtype, weight.dims, quantizeCodes(data, channels, params, arithmetic));
  return { quantized: { codes, params }, diagnostics };
}

function withZero({ lo, hi }: Range): Range {
  return { lo: Math.min(lo, 0), hi: Math.max(hi, 0) };
}

/** Codes in the array of their type; int32 is made in bias.ts. */
function heldAs(dtype: QuantScheme['dtype'], dims: readonly number[], codes: Int32Array): Tensor {
  switch (dtype) {
    case 'int4':
    case 'int8':
      return tensor(dtype, dims, Int8Array.from(codes));
    case 'uint4':
    case 'uint8':
      return tensor(dtype, dims, Uint8Array.from(codes));
    case 'int16':
      return tensor(dtype, dims, Int16Array.from(codes));
    case 'uint16':
      return tensor(dtype, dims, Uint16Array.from(codes));
    case 'int32':
      return tensor(dtype, dims, codes);
  }
}

function quantizeCodes(
  data: Float32Array,
  { count, inner }: Channels,
  params: QuantParams,
  { codeOf }: Arithmetic,
): Int32Array {
  const { qmin, qmax } = params.scheme;
  const codes = new Int32Array(data.length);
  for (let start = 0, c = 0; start < data.length; start += inner, c = (c + 1) % count) {
    const s = params.scale[c] as number;
    const z = params.zeroPoint[c] as number;
    for (let i = start; i < start + inner; i++) codes[i] = clamp(codeOf(data[i] as number, s, z), qmin, qmax);
  }
  return codes;
}

function floatData(t: Tensor): Float32Array {
  if (hasDType(t, 'float32') || hasDType(t, 'float16') || hasDType(t, 'bfloat16')) return t.data;
  return Float32Array.from(t.data as ArrayLike<number>);
}
