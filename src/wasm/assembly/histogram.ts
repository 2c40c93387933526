/** C's DBL_EPSILON: magnitudes up to it are left out of {@link histogramF32}. */
const NEGLIGIBLE: f32 = 2.220446049250313e-16;
const INFINITE: i32 = 0x7f800000;
const SIGN: i32 = <i32>0x80000000;

// @ts-ignore: decorator
@inline
function count1(table: usize, bin: i32): void {
  const at = table + (<usize>bin << 2);
  store<u32>(at, load<u32>(at) + 1);
}

/** Adds the counts of the second table, as long as the first and behind it. */
function mergeTables(table: usize, bytes: usize): void {
  const end = table + bytes;
  for (; table < end; table += 16) {
    v128.store(table, i32x4.add(v128.load(table), v128.load(table + bytes)));
  }
}

/**
 * How many elements v (their bits masked) have floor((v - origin) / step) in each bin, clamped to [0, bins): u32 at
 * `table`. What is not finite or negligible is left out.
 *
 * @param bins a multiple of 4. @param table two times 4 * bins bytes: neighbours often share a bin.
 */
export function histogramF32(
  x: usize,
  count: i32,
  mask: i32,
  origin: f32,
  step: f32,
  bins: i32,
  table: usize,
): void {
  const bytes = <usize>bins << 2;
  memory.fill(table, 0, 2 * bytes);
  const second = table + bytes;
  const kept = i32x4.splat(mask), zero = f32x4.splat(origin), width = f32x4.splat(step);
  const last = i32x4.splat(bins - 1), none = i32x4.splat(0);
  const least = f32x4.splat(NEGLIGIBLE), infinity = f32x4.splat(Infinity);
  let i = count;
  for (; i > 0; i -= 4) {
    const v = v128.load(x);
    x += 16;
    const magnitude = f32x4.abs(v);
    let lanes = i32x4.bitmask(v128.and(f32x4.gt(magnitude, least), f32x4.lt(magnitude, infinity)));
    if (i < 4) lanes &= (1 << i) - 1;
    if (lanes == 0) continue;
    const quotient = f32x4.div(f32x4.sub(v128.and(v, kept), zero), width);
    const bin = i32x4.max_s(i32x4.min_s(i32x4.trunc_sat_f32x4_s(quotient), last), none);
    if (lanes & 1) count1(table, i32x4.extract_lane(bin, 0));
    if (lanes & 2) count1(second, i32x4.extract_lane(bin, 1));
    if (lanes & 4) count1(table, i32x4.extract_lane(bin, 2));
    if (lanes & 8) count1(second, i32x4.extract_lane(bin, 3));
  }
  mergeTables(table, bytes);
}

/**
 * How many finite elements whose keys, in the bits of `prefixMask`, are `prefix` have each value of the `bins` that
 * (key >> shift) can take: u32 at `table`. A key has the order of its float: the sign flipped, or all bits when negative.
 *
 * @param bins a power of two from 4 on. @param table two times 4 * bins bytes.
 */
export function histogramKeysF32(
  x: usize,
  count: i32,
  shift: i32,
  bins: i32,
  prefixMask: i32,
  prefix: i32,
  table: usize,
): void {
  const bytes = <usize>bins << 2;
  memory.fill(table, 0, 2 * bytes);
  const second = table + bytes;
  const masks = i32x4.splat(prefixMask), wanted = i32x4.splat(prefix), digit = i32x4.splat(bins - 1);
  const sign = i32x4.splat(SIGN), infinite = i32x4.splat(INFINITE), none = f32x4.splat(0);
  let zeros: i32 = 0;
  let i = count;
  for (; i > 0; i -= 4) {
    const v = v128.load(x);
    x += 16;
    const isZero = f32x4.eq(v, none);
    const bits = v128.andnot(v, v128.and(isZero, sign));
    const key = v128.xor(bits, v128.or(i32x4.shr_s(bits, 31), sign));
    const finite = i32x4.lt_s(v128.andnot(bits, sign), infinite);
    let lanes = i32x4.bitmask(v128.and(finite, i32x4.eq(v128.and(key, masks), wanted)));
    if (i < 4) lanes &= (1 << i) - 1;
    if (lanes == 0) continue;
    if (lanes == 15 && i32x4.all_true(isZero)) {
      zeros += 4;
      continue;
    }
    const bin = v128.and(i32x4.shr_u(key, shift), digit);
    if (lanes & 1) count1(table, i32x4.extract_lane(bin, 0));
    if (lanes & 2) count1(second, i32x4.extract_lane(bin, 1));
    if (lanes & 4) count1(table, i32x4.extract_lane(bin, 2));
    if (lanes & 8) count1(second, i32x4.extract_lane(bin, 3));
  }
  if (zeros > 0) {
    const at = table + (<usize>((<u32>SIGN >>> shift) & (bins - 1)) << 2);
    store<u32>(at, load<u32>(at) + zeros);
  }
  mergeTables(table, bytes);
}
