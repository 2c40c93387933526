const SIZE = 624;
const SHIFT = 397;

/** A stream of random numbers that NumPy's `RandomState(seed)` gives too. */
export interface RandomState {
  /** 32 random bits: what C++'s std::mt19937 gives. */
  word(): number;
  /** Uniform in [0, 1), 53 bits. */
  uniform(): number;
  /** Normal, mean 0, deviation 1. */
  normal(): number;
}

/**
 * The generator MT19937, seeded by one 32-bit number.
 *
 * @source Matsumoto and Nishimura 1998, with the initialization of 2002; normal numbers by Marsaglia's polar method.
 */
export function randomState(seed: number): RandomState {
  const state = new Uint32Array(SIZE);
  state[0] = seed;
  for (let i = 1; i < SIZE; i++) {
    const last = state[i - 1] as number;
    state[i] = Math.imul(last ^ (last >>> 30), 1812433253) + i;
  }
  let next = SIZE;
  const word = (): number => {
    if (next === SIZE) {
      twist(state);
      next = 0;
    }
    return tempered(state[next++] as number);
  };
  const uniform = (): number => {
    const high = word() >>> 5;
    return (high * 67108864 + (word() >>> 6)) / 9007199254740992;
  };
  let kept: number | undefined;
  const normal = (): number => {
    if (kept !== undefined) {
      const value = kept;
      kept = undefined;
      return value;
    }
    for (;;) {
      const [x, y] = [2 * uniform() - 1, 2 * uniform() - 1];
      const square = x * x + y * y;
      if (square >= 1 || square === 0) continue;
      const factor = Math.sqrt((-2 * Math.log(square)) / square);
      kept = factor * x;
      return factor * y;
    }
  };
  return { word, uniform, normal };
}

function twist(state: Uint32Array): void {
  for (let i = 0; i < SIZE; i++) {
    const y = ((state[i] as number) & 0x80000000) | ((state[(i + 1) % SIZE] as number) & 0x7fffffff);
    state[i] = (state[(i + SHIFT) % SIZE] as number) ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
  }
}

function tempered(word: number): number {
  let y = word ^ (word >>> 11);
  y ^= (y << 7) & 0x9d2c5680;
  y ^= (y << 15) & 0xefc60000;
  return (y ^ (y >>> 18)) >>> 0;
}
