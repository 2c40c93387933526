import { roundInPlace } from '../../base/half.ts';
import type { Conversion, ConvertibleArray } from '../kernelSet.ts';

/** Rounds in place to float16 or bfloat16. */
export function roundTo(type: 'float16' | 'bfloat16', x: Float32Array): void {
  roundInPlace(type, x);
}

/** Stores each number of x in `out` as its array does. */
export function convert(kind: Conversion, x: ConvertibleArray, out: ConvertibleArray): void {
  const target = out as unknown as { [index: number]: number | bigint }; // below, of the kind its array holds
  const store = storeOf(kind, out instanceof BigInt64Array);
  for (let i = 0; i < x.length; i++) target[i] = store(x[i] as number | bigint);
}

function storeOf(kind: Conversion, isWide: boolean): (value: number | bigint) => number | bigint {
  if (isWide) return BigInt;
  if (kind === 'f32 to bool') return (value) => (value !== 0 ? 1 : 0);
  if (kind === 'i64 to i32') return (value) => Number(BigInt.asIntN(32, value as bigint));
  return Number;
}
