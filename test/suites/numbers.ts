import { type Random, seededRandom } from '../../src/base/random.ts';

/** Seeded data for suites. */
export interface Numbers extends Random {
  /** Whole number in [lo, hi]. */
  within(lo: number, hi: number): number;
  pick<T>(choices: readonly T[]): T;
  floats(length: number): Float32Array;
  codes(length: number, kind: CodeKind): Int8Array | Uint8Array;
  int32(length: number, bound: number): Int32Array;
}

export type CodeKind = 'signed' | 'unsigned';

export function numbersOf(seed: number): Numbers {
  const random = seededRandom(seed);
  const within = (lo: number, hi: number) => lo + random.below(hi - lo + 1);
  return {
    ...random,
    within,
    pick: (choices) => choices[random.below(choices.length)] as (typeof choices)[number],
    floats: (length) => Float32Array.from({ length }, () => random.normal()),
    codes: (length, kind) => {
      const codes = kind === 'signed' ? new Int8Array(length) : new Uint8Array(length);
      return codes.map(() => random.below(256));
    },
    int32: (length, bound) => Int32Array.from({ length }, () => within(-bound, bound)),
  };
}

/** Where the first difference lies, or undefined; -0 equals 0 and NaN equals NaN. */
export function firstDifference(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  bound: number | ArrayLike<number> = 0,
): string | undefined {
  if (actual.length !== expected.length) return `length ${actual.length}, expected ${expected.length}`;
  for (let i = 0; i < expected.length; i++) {
    const a = actual[i] as number;
    const e = expected[i] as number;
    if (a === e || (Number.isNaN(a) && Number.isNaN(e))) continue;
    const allowed = typeof bound === 'number' ? bound : (bound[i] as number);
    if (!(Math.abs(a - e) <= allowed)) return `element ${i} is ${a}, expected ${e} within ${allowed}`;
  }
  return undefined;
}

export const EPSILON_F32 = 2 ** -24;
