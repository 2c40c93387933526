// Selection by brackets: one pass counts what lies below each of six pivots and gathers what lies between pairs of them.

/**
 * For pivots p0 <= p1 <= ... <= p5: how many of `count` float32 lie below each, and those in [p0, p1), [p2, p3) and
 * [p4, p5), in order, at `list`. A bracket whose mask is 0 is counted and not gathered.
 *
 * @param pivots six f32, then three i32 masks (-1 or 0), then the table of {@link fillPackTable}.
 * @param list room for `count` f32 and 16 bytes.
 * @param out eight f64: the six counts, how many were gathered, and 1 where an element is NaN or infinite, else 0.
 */
export function bracketsF32(x: usize, count: i32, pivots: usize, list: usize, out: usize): void {
  const p0 = v128.load32_splat(pivots), p1 = v128.load32_splat(pivots, 4);
  const p2 = v128.load32_splat(pivots, 8), p3 = v128.load32_splat(pivots, 12);
  const p4 = v128.load32_splat(pivots, 16), p5 = v128.load32_splat(pivots, 20);
  const m0 = v128.load32_splat(pivots, 24), m1 = v128.load32_splat(pivots, 28), m2 = v128.load32_splat(pivots, 32);
  const table = pivots + PACK_TABLE;
  const zero = i32x4.splat(0);
  let c0 = zero, c1 = zero, c2 = zero, c3 = zero, c4 = zero, c5 = zero, strange = zero;
  const first = list;
  let i = count;
  for (; i >= 4; i -= 4) {
    const v = v128.load(x);
    x += 16;
    strange = v128.or(strange, f32x4.ne(f32x4.sub(v, v), zero));
    const b0 = f32x4.lt(v, p0), b1 = f32x4.lt(v, p1);
    const b2 = f32x4.lt(v, p2), b3 = f32x4.lt(v, p3);
    const b4 = f32x4.lt(v, p4), b5 = f32x4.lt(v, p5);
    c0 = i32x4.sub(c0, b0);
    c1 = i32x4.sub(c1, b1);
    c2 = i32x4.sub(c2, b2);
    c3 = i32x4.sub(c3, b3);
    c4 = i32x4.sub(c4, b4);
    c5 = i32x4.sub(c5, b5);
    const inside = v128.or(
      v128.and(v128.xor(b0, b1), m0),
      v128.or(v128.and(v128.xor(b2, b3), m1), v128.and(v128.xor(b4, b5), m2)),
    );
    const lanes = i32x4.bitmask(inside);
    v128.store(list, i8x16.swizzle(v, v128.load(table + (<usize>lanes << 4))));
    list += <usize>popcnt(lanes) << 2;
  }
  let n0: i32 = sum(c0), n1: i32 = sum(c1), n2: i32 = sum(c2), n3: i32 = sum(c3), n4: i32 = sum(c4), n5: i32 = sum(c5);
  let odd: i32 = v128.any_true(strange) ? 1 : 0;
  const masks = pivots + 24;
  for (; i > 0; i--) {
    const v = load<f32>(x);
    x += 4;
    if (v - v != 0) odd = 1;
    const below0 = v < load<f32>(pivots), below1 = v < load<f32>(pivots, 4);
    const below2 = v < load<f32>(pivots, 8), below3 = v < load<f32>(pivots, 12);
    const below4 = v < load<f32>(pivots, 16), below5 = v < load<f32>(pivots, 20);
    n0 += <i32>below0;
    n1 += <i32>below1;
    n2 += <i32>below2;
    n3 += <i32>below3;
    n4 += <i32>below4;
    n5 += <i32>below5;
    const in0 = below0 != below1 && load<i32>(masks) != 0;
    const in1 = below2 != below3 && load<i32>(masks, 4) != 0;
    const in2 = below4 != below5 && load<i32>(masks, 8) != 0;
    if (in0 || in1 || in2) {
      store<f32>(list, v);
      list += 4;
    }
  }
  store<f64>(out, <f64>n0);
  store<f64>(out, <f64>n1, 8);
  store<f64>(out, <f64>n2, 16);
  store<f64>(out, <f64>n3, 24);
  store<f64>(out, <f64>n4, 32);
  store<f64>(out, <f64>n5, 40);
  store<f64>(out, <f64>((list - first) >> 2), 48);
  store<f64>(out, <f64>odd, 56);
}

/** As {@link bracketsF32} for two brackets and elements that are known to be finite; the other counts are 0. */
export function twoBracketsF32(x: usize, count: i32, pivots: usize, list: usize, out: usize): void {
  const p0 = v128.load32_splat(pivots), p1 = v128.load32_splat(pivots, 4);
  const p2 = v128.load32_splat(pivots, 8), p3 = v128.load32_splat(pivots, 12);
  const m0 = v128.load32_splat(pivots, 24), m1 = v128.load32_splat(pivots, 28);
  const table = pivots + PACK_TABLE;
  const zero = i32x4.splat(0);
  let c0 = zero, c1 = zero, c2 = zero, c3 = zero;
  const first = list;
  let i = count;
  for (; i >= 4; i -= 4) {
    const v = v128.load(x);
    x += 16;
    const b0 = f32x4.lt(v, p0), b1 = f32x4.lt(v, p1);
    const b2 = f32x4.lt(v, p2), b3 = f32x4.lt(v, p3);
    c0 = i32x4.sub(c0, b0);
    c1 = i32x4.sub(c1, b1);
    c2 = i32x4.sub(c2, b2);
    c3 = i32x4.sub(c3, b3);
    const inside = v128.or(v128.and(v128.xor(b0, b1), m0), v128.and(v128.xor(b2, b3), m1));
    const lanes = i32x4.bitmask(inside);
    v128.store(list, i8x16.swizzle(v, v128.load(table + (<usize>lanes << 4))));
    list += <usize>popcnt(lanes) << 2;
  }
  let n0: i32 = sum(c0), n1: i32 = sum(c1), n2: i32 = sum(c2), n3: i32 = sum(c3);
  for (; i > 0; i--) {
    const v = load<f32>(x);
    x += 4;
    const below0 = v < load<f32>(pivots), below1 = v < load<f32>(pivots, 4);
    const below2 = v < load<f32>(pivots, 8), below3 = v < load<f32>(pivots, 12);
    n0 += <i32>below0;
    n1 += <i32>below1;
    n2 += <i32>below2;
    n3 += <i32>below3;
    const in0 = below0 != below1 && load<i32>(pivots, 24) != 0;
    const in1 = below2 != below3 && load<i32>(pivots, 28) != 0;
    if (in0 || in1) {
      store<f32>(list, v);
      list += 4;
    }
  }
  memory.fill(out, 0, 64);
  store<f64>(out, <f64>n0);
  store<f64>(out, <f64>n1, 8);
  store<f64>(out, <f64>n2, 16);
  store<f64>(out, <f64>n3, 24);
  store<f64>(out, <f64>((list - first) >> 2), 48);
}

/** Where the table starts after the pivots. */
const PACK_TABLE: usize = 64;

/** For each set of lanes the bytes of these lanes, in order: 256 bytes at `table`. */
export function fillPackTable(table: usize): void {
  for (let lanes: usize = 0; lanes < 16; lanes++) {
    let to = table + (lanes << 4);
    v128.store(to, i8x16.splat(-1));
    for (let lane = 0; lane < 4; lane++) {
      if (!((lanes >> lane) & 1)) continue;
      store<u32>(to, 0x03020100 + 0x04040404 * lane);
      to += 4;
    }
  }
}

// @ts-ignore: decorator
@inline
function sum(v: v128): i32 {
  return i32x4.extract_lane(v, 0) + i32x4.extract_lane(v, 1) + i32x4.extract_lane(v, 2) + i32x4.extract_lane(v, 3);
}

/** Bins of one bracket. */
const BINS: i32 = 2048;

/**
 * The bin of each of four elements: that of its bracket b, the last whose `lo` it reaches, plus BINS b. Monotone in the
 * element, as rounding is.
 *
 * @param brackets three f32 `lo` in ascending order, then three f32 `BINS / (hi - lo)`.
 */
// @ts-ignore: decorator
@inline
function binsOf(v: v128, brackets: usize): v128 {
  const lo1 = v128.load32_splat(brackets, 4), lo2 = v128.load32_splat(brackets, 8);
  const from1 = f32x4.ge(v, lo1), from2 = f32x4.ge(v, lo2);
  const lo = v128.bitselect(lo2, v128.bitselect(lo1, v128.load32_splat(brackets), from1), from2);
  const scale = v128.bitselect(
    v128.load32_splat(brackets, 20),
    v128.bitselect(v128.load32_splat(brackets, 16), v128.load32_splat(brackets, 12), from1),
    from2,
  );
  const place = i32x4.trunc_sat_f32x4_s(f32x4.mul(f32x4.sub(v, lo), scale));
  const bin = i32x4.max_s(i32x4.splat(0), i32x4.min_s(place, i32x4.splat(BINS - 1)));
  const base = v128.and(v128.or(from1, from2), i32x4.splat(BINS));
  return i32x4.add(bin, i32x4.add(base, v128.and(from2, i32x4.splat(BINS))));
}

/**
 * Puts the elements of three brackets into their 3 BINS bins, see {@link binsOf}: u32 counts at `table`, and the bin of each
 * element, i32 at `bins`.
 *
 * @param bins room for `count` i32 and 12 bytes.
 */
export function countBinsF32(x: usize, count: i32, brackets: usize, table: usize, bins: usize): void {
  memory.fill(table, 0, 12 * BINS);
  let i = count;
  for (; i >= 4; i -= 4) {
    const bin = binsOf(v128.load(x), brackets);
    x += 16;
    v128.store(bins, bin);
    bins += 16;
    const at = i32x4.shl(bin, 2);
    countAt(table + <usize>i32x4.extract_lane(at, 0));
    countAt(table + <usize>i32x4.extract_lane(at, 1));
    countAt(table + <usize>i32x4.extract_lane(at, 2));
    countAt(table + <usize>i32x4.extract_lane(at, 3));
  }
  for (; i > 0; i--) {
    const bin = i32x4.extract_lane(binsOf(v128.load32_splat(x), brackets), 0);
    x += 4;
    store<i32>(bins, bin);
    bins += 4;
    countAt(table + (<usize>bin << 2));
  }
}

// @ts-ignore: decorator
@inline
function countAt(at: usize): void {
  store<u32>(at, load<u32>(at) + 1);
}

/**
 * The bins that hold three ascending ranks, and where the elements of these ranks are among those of the three bins once
 * they are sorted.
 *
 * @param ranks three i32, all less than the sum of the counts at `table`.
 * @param out three i32 bins, then three i32 places.
 */
export function findBins(table: usize, ranks: usize, out: usize): void {
  let before: i32 = 0, skipped: i32 = 0, bin: i32 = 0;
  for (let k: usize = 0; k < 12; k += 4) {
    const rank = load<i32>(ranks + k);
    let inBin = load<i32>(table + (<usize>bin << 2));
    while (before + inBin <= rank) {
      if (k == 0 || load<i32>(out + k - 4) != bin) skipped += inBin;
      before += inBin;
      bin++;
      inBin = load<i32>(table + (<usize>bin << 2));
    }
    store<i32>(out + k, bin);
    store<i32>(out + 12 + k, rank - skipped);
  }
}

/**
 * Moves the elements in three bins to the front, in order.
 *
 * @param bins the bin of each element, from {@link countBinsF32}.
 * @param targets three i32 bins.
 * @param table of {@link fillPackTable}.
 * @param out one f64: how many there are.
 */
export function keepBinsF32(x: usize, count: i32, bins: usize, targets: usize, table: usize, out: usize): void {
  const t0 = v128.load32_splat(targets), t1 = v128.load32_splat(targets, 4), t2 = v128.load32_splat(targets, 8);
  const first = x;
  let list = x;
  for (let i = count; i > 0; i -= 4) {
    const v = v128.load(x);
    const bin = v128.load(bins);
    x += 16;
    bins += 16;
    const wanted = v128.or(i32x4.eq(bin, t0), v128.or(i32x4.eq(bin, t1), i32x4.eq(bin, t2)));
    let lanes = i32x4.bitmask(wanted);
    if (i < 4) lanes &= (1 << i) - 1;
    if (lanes == 0) continue;
    v128.store(list, i8x16.swizzle(v, v128.load(table + (<usize>lanes << 4))));
    list += <usize>popcnt(lanes) << 2;
  }
  store<f64>(out, <f64>((list - first) >> 2));
}

/** Elements of a sample that lie side by side: those of one cache line, mostly. */
const RUN: i32 = 4;
const GOLDEN_RATIO: f64 = 0.6180339887498949;
/** Four tables of 256 counts, for the bytes of a key. */
const SORT_TABLES: usize = 4 << 10;

/**
 * A sample of `count` float32, in ascending order at `out`: `runs` runs of four neighbours, spread over all of them, in no
 * step with their rows and channels. NaN with the sign bit come first, other NaN last.
 *
 * @param count at least 4.
 * @param spare room for the sample and SORT_TABLES.
 */
export function sampleF32(x: usize, count: i32, runs: i32, spare: usize, out: usize): void {
  const size = <usize>(RUN * runs) << 2, tables = spare + size;
  memory.fill(tables, 0, SORT_TABLES);
  let place: f64 = 0;
  for (let at: usize = 0; at < size; at += 16) {
    const v = v128.load(x + (<usize>(place * <f64>(count - RUN)) << 2));
    const keys = v128.xor(v, v128.or(i32x4.shr_s(v, 31), i32x4.splat(0x80000000)));
    v128.store(out + at, keys);
    countBytes(tables, i32x4.extract_lane(keys, 0));
    countBytes(tables, i32x4.extract_lane(keys, 1));
    countBytes(tables, i32x4.extract_lane(keys, 2));
    countBytes(tables, i32x4.extract_lane(keys, 3));
    place += GOLDEN_RATIO;
    if (place >= 1) place -= 1;
  }
  sortByByte(out, spare, size, tables, 0);
  sortByByte(spare, out, size, tables + (1 << 10), 8);
  sortByByte(out, spare, size, tables + (2 << 10), 16);
  sortByByte(spare, out, size, tables + (3 << 10), 24);
  for (let at = out; at < out + size; at += 16) {
    const keys = v128.load(at);
    v128.store(at, v128.xor(keys, v128.or(v128.not(i32x4.shr_s(keys, 31)), i32x4.splat(0x80000000))));
  }
}

// @ts-ignore: decorator
@inline
function countBytes(tables: usize, key: u32): void {
  countAt(tables + ((<usize>key & 255) << 2));
  countAt(tables + (1 << 10) + ((<usize>(key >> 8) & 255) << 2));
  countAt(tables + (2 << 10) + ((<usize>(key >> 16) & 255) << 2));
  countAt(tables + (3 << 10) + (<usize>(key >> 24) << 2));
}

/** Moves keys to the order of one of their bytes, equal ones as they came; turns the counts at `table` into places. */
function sortByByte(from: usize, to: usize, size: usize, table: usize, shift: u32): void {
  let before: u32 = 0;
  for (let bin: usize = 0; bin < 256 << 2; bin += 4) {
    const inBin = load<u32>(table + bin);
    store<u32>(table + bin, before);
    before += inBin << 2;
  }
  for (const end = from + size; from < end; from += 4) {
    const key = load<u32>(from);
    const at = table + ((<usize>(key >> shift) & 255) << 2);
    const place = load<u32>(at);
    store<u32>(at, place + 4);
    store<u32>(to + <usize>place, key);
  }
}
