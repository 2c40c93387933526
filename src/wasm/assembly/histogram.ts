/** C's DBL_EPSILON: magnitudes up to it are left out of {@link histogramF32}. */
const NEGLIGIBLE: f32 = 2.220446049250313e-16;
const INFINITE: i32 = 0x7f800000;
const SIGN: i32 = <i32>0x80000000;
/** 2^23: a float32 between it and its double holds a whole number in its low bits. */
const WHOLE: f32 = 8388608;

// Elements of the four lanes count in tables of their own, as neighbours often share a bin, and what is left out counts in
// a bin behind the others: a branch would be mispredicted where zeros alternate with other values.

/** Bytes of one table: its bins, and 16 more for the one that nobody reads. */
// @ts-ignore: decorator
@inline
function tableBytes(bins: i32): usize {
  return (<usize>bins << 2) + 16;
}

// @ts-ignore: decorator
@inline
function count1(table: usize, bin: i32): void {
  const at = table + (<usize>bin << 2);
  store<u32>(at, load<u32>(at) + 1);
}

// @ts-ignore: decorator
@inline
function count4(table: usize, stride: usize, bin: v128): void {
  count1(table, i32x4.extract_lane(bin, 0));
  count1(table + stride, i32x4.extract_lane(bin, 1));
  count1(table + 2 * stride, i32x4.extract_lane(bin, 2));
  count1(table + 3 * stride, i32x4.extract_lane(bin, 3));
}

/** Between the tables of the lanes, cleared; 0 where so few elements count that they share one. */
// @ts-ignore: decorator
@inline
function clearTables(table: usize, bins: i32, count: i32): usize {
  const stride = count < bins << 2 ? 0 : tableBytes(bins);
  memory.fill(table, 0, stride == 0 ? tableBytes(bins) : 4 * stride);
  return stride;
}

/** All ones in the first `count` lanes. */
// @ts-ignore: decorator
@inline
function firstLanes(count: i32): v128 {
  return i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(count));
}

/** Adds the counts of the three other tables to the first. */
function mergeTables(table: usize, stride: usize): void {
  if (stride == 0) return;
  const end = table + stride;
  for (; table < end; table += 16) {
    const a = i32x4.add(v128.load(table), v128.load(table + stride));
    const b = i32x4.add(v128.load(table + 2 * stride), v128.load(table + 3 * stride));
    v128.store(table, i32x4.add(a, b));
  }
}

/**
 * How many elements v (their bits masked) have floor((v - origin) / step) in each bin, clamped to [0, bins): u32 at
 * `table`. What is not finite or negligible is left out.
 *
 * @param bins a multiple of 4, below 2^22. @param table four times 4 * bins + 16 bytes.
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
  const stride = clearTables(table, bins, count);
  const kept = i32x4.splat(mask), zero = f32x4.splat(origin), width = f32x4.splat(step);
  const first = f32x4.splat(0), last = f32x4.splat(<f32>(bins - 1)), none = i32x4.splat(bins);
  const least = f32x4.splat(NEGLIGIBLE), infinity = f32x4.splat(Infinity);
  const whole = f32x4.splat(WHOLE), digits = i32x4.splat(0x7fffff);
  for (let i = count; i > 0; i -= 4) {
    const v = v128.load(x);
    x += 16;
    const magnitude = f32x4.abs(v);
    let isCounted = v128.and(f32x4.gt(magnitude, least), f32x4.lt(magnitude, infinity));
    if (i < 4) isCounted = v128.and(isCounted, firstLanes(i));
    const quotient = f32x4.floor(f32x4.div(f32x4.sub(v128.and(v, kept), zero), width));
    const inside = f32x4.pmax(f32x4.pmin(quotient, last), first);
    const bin = v128.and(f32x4.add(inside, whole), digits);
    count4(table, stride, v128.bitselect(bin, none, isCounted));
  }
  mergeTables(table, stride);
}

/**
 * How many finite elements whose keys, in the bits of `prefixMask`, are `prefix` have each value of the `bins` that
 * (key >> shift) can take: u32 at `table`. A key has the order of its float: the sign flipped, or all bits when negative.
 *
 * @param bins a power of two from 4 on. @param table four times 4 * bins + 16 bytes.
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
  const stride = clearTables(table, bins, count);
  const masks = i32x4.splat(prefixMask), wanted = i32x4.splat(prefix), digit = i32x4.splat(bins - 1);
  const sign = i32x4.splat(SIGN), infinite = i32x4.splat(INFINITE), none = i32x4.splat(bins);
  const isRare = prefixMask != 0;
  for (let i = count; i > 0; i -= 4) {
    const v = v128.load(x);
    x += 16;
    const bits = v128.andnot(v, v128.and(f32x4.eq(v, f32x4.splat(0)), sign));
    const key = v128.xor(bits, v128.or(i32x4.shr_s(bits, 31), sign));
    const finite = i32x4.lt_s(v128.andnot(bits, sign), infinite);
    let isCounted = v128.and(finite, i32x4.eq(v128.and(key, masks), wanted));
    if (i < 4) isCounted = v128.and(isCounted, firstLanes(i));
    if (isRare && !v128.any_true(isCounted)) continue;
    const bin = v128.and(i32x4.shr_u(key, shift), digit);
    count4(table, stride, v128.bitselect(bin, none, isCounted));
  }
  mergeTables(table, stride);
}
