const FLOAT = new Float32Array(1);
const BITS = new Uint32Array(FLOAT.buffer);
const SIGN = 0x80000000;

/**
 * A number in [0, 2^32) that ascends with the float32 `x`: its bits with the sign flipped, or all flipped when negative.
 * Both zeros have one key. NaN and infinities have keys outside those of finite numbers.
 */
export function keyOfFloat(x: number): number {
  FLOAT[0] = x + 0;
  const bits = BITS[0] as number;
  return (bits >= SIGN ? ~bits : bits ^ SIGN) >>> 0;
}

/** The float32 that has this key. */
export function floatOfKey(key: number): number {
  BITS[0] = key >= SIGN ? key ^ SIGN : ~key;
  return FLOAT[0] as number;
}
