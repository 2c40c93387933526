import { invariant } from '../../base/diagnostics.ts';
import type { QuantizedTensor, QuantParams } from '../../base/quantParams.ts';
import { channelsOf } from '../channels.ts';
import { fseEncode, fseToBytes, MOST_SYMBOLS } from '../encode/fse.ts';
import { type CodeBlock, distinctCodes, packPlain, packSmallest } from '../encode/packing.ts';
import { type StoredWeight, storedWeight } from '../encode/stored.ts';
import type { WeightOptions } from './weightOptions.ts';

/** Fewer codes are coded in one segment. */
const LEAST_FOR_SEGMENTS = 10000;

type Codes = Int8Array | Int16Array;

/** What a weight takes: by a step entropy-coded, else as the options say. Undefined where there are too many codes. */
export function storeWeight(quantized: QuantizedTensor, options: WeightOptions): StoredWeight | undefined {
  const { params, codes } = quantized;
  const bits = params.scheme.bits ?? 8;
  const data = codes.data as Codes; // weight-only codes are held in these
  const form = { bits, elements: data.length };
  if (bits === 0) {
    const stored = entropyCoded(data, 16, 1, (code) => Float32Array.from(code, (q) => valueOfCode(q, params)));
    return stored && storedWeight({ ...form, encoding: 'entropy' }, stored, NO_PARAMETERS);
  }
  const parameters = parametersOf(params);
  if (options.onTheFly && bits < 8) {
    const segments = data.length > LEAST_FOR_SEGMENTS ? options.maxSegments : 1;
    const stored = entropyCoded(data, bits, segments, (code) => Int32Array.from(code));
    return stored && storedWeight({ ...form, encoding: 'entropy' }, stored, parameters);
  }
  const block: CodeBlock = { codes: data, bits, zeroAt: zeroPointAt(quantized) };
  const plain = options.onTheFly || !options.encode;
  const { encoding, bytes } = plain ? ({ encoding: 'plain', bytes: packPlain(block) } as const) : packSmallest(block);
  return storedWeight({ ...form, encoding }, bytes, parameters);
}

const NO_PARAMETERS = new Uint8Array(0);

function entropyCoded(
  codes: Codes,
  bits: number,
  segments: number,
  tableOf: (codes: readonly number[]) => Float32Array | Int32Array,
): Uint8Array | undefined {
  const distinct = distinctCodes({ codes, bits });
  if (distinct.length > MOST_SYMBOLS) return undefined;
  const [least = 0] = distinct; // in ascending order
  const places = new Uint16Array((distinct.at(-1) ?? least) - least + 1);
  distinct.forEach((code, place) => {
    places[code - least] = place;
  });
  const symbols = new Uint16Array(codes.length);
  const counts = new Uint32Array(distinct.length);
  for (let i = 0; i < codes.length; i++) {
    const symbol = places[(codes[i] as number) - least] as number;
    symbols[i] = symbol;
    counts[symbol] = (counts[symbol] as number) + 1;
  }
  return fseToBytes(fseEncode(symbols, counts, segments), tableOf(distinct));
}

/** What a code stands for where there is one step. */
function valueOfCode(code: number, { scale, correction }: QuantParams): number {
  const [step = 1] = scale;
  return code * step * (correction?.variance[0] ?? 1) + (correction?.mean[0] ?? 0);
}

function zeroPointAt({ codes, params }: QuantizedTensor): (i: number) => number {
  const { zeroPoint, scheme } = params;
  const { inner, count } = channelsOf(codes.dims, scheme.granularity);
  const [first = 0] = zeroPoint;
  return count === 1 ? () => first : (i) => zeroPoint[Math.floor(i / inner) % count] as number;
}

/** Scales, zero points in the type of the codes, and corrections where there are some. */
function parametersOf({ scale, zeroPoint, scheme, correction }: QuantParams): Uint8Array {
  invariant(scheme.dtype === 'int8' || scheme.dtype === 'int16', 'weight-only codes are signed');
  const zeros = scheme.dtype === 'int8' ? Int8Array.from(zeroPoint) : Int16Array.from(zeroPoint);
  const parts: (Float32Array | Int8Array | Int16Array)[] = [scale, zeros];
  if (correction !== undefined) parts.push(correction.variance, correction.mean);
  const out = new Uint8Array(parts.reduce((sum, p) => sum + p.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    out.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), at);
    at += part.byteLength;
  }
  return out;
}
