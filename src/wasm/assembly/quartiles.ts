// Radix select on order-preserving keys: a float's bits with the sign flipped, or all flipped when negative.
// The upper 16 bits of finite numbers lie in [FIRST, END): below are -NaN and -Infinity, above Infinity and NaN.

const BINS: i32 = 65536;
const FIRST: i32 = 0x0080;
const END: i32 = 0xff80;
const POSITIVE_ZERO: u32 = 0x80000000;

/** Bytes of the tables: four histograms of the upper halves, three of the lower. */
export const QUARTILE_TABLES: usize = 7 << 18;

// @ts-ignore: decorator
@inline
function keys(v: v128): v128 {
  return v128.xor(v, v128.or(i32x4.shr_s(v, 31), i32x4.splat(0x80000000)));
}

// @ts-ignore: decorator
@inline
function count1(table: usize, bin: u32): void {
  const at = table + (<usize>bin << 2);
  store<u32>(at, load<u32>(at) + 1);
}

/**
 * The finite elements at rank floor(q n) for q = 1/4, 1/2, 3/4: three f32 at `out`, NaN when there are none.
 *
 * @param tables QUARTILE_TABLES bytes.
 */
export function quartilesF32(x: usize, count: i32, tables: usize, out: usize): void {
  memory.fill(tables, 0, QUARTILE_TABLES);
  countUpper(x, count, tables);
  let finite: i32 = 0;
  for (let bin = FIRST; bin < END; bin++) finite += load<u32>(tables + (<usize>bin << 2));
  if (finite == 0) {
    store<f32>(out, NaN);
    store<f32>(out, NaN, 4);
    store<f32>(out, NaN, 8);
    return;
  }
  const bins0 = binOfRank(tables, finite >> 2);
  const bins1 = binOfRank(tables, finite >> 1);
  const bins2 = binOfRank(tables, <i32>((<i64>finite * 3) >> 2));
  const lower = tables + (4 << 18);
  countLower(x, count, bins0, bins1, bins2, lower);
  store<f32>(out, resolve(tables, bins0, finite >> 2, lower));
  store<f32>(out, resolve(tables, bins1, finite >> 1, tableOf(1, bins0, bins1, bins2, lower)), 4);
  store<f32>(out, resolve(tables, bins2, <i32>((<i64>finite * 3) >> 2), tableOf(2, bins0, bins1, bins2, lower)), 8);
}

/** Histograms of the upper halves in four tables (neighbours often share a bin), then their sum in the first. */
function countUpper(x: usize, count: i32, tables: usize): void {
  const table1 = tables + (1 << 18), table2 = tables + (2 << 18), table3 = tables + (3 << 18);
  let i = count;
  for (; i >= 4; i -= 4) {
    const upper = i32x4.shr_u(keys(v128.load(x)), 16);
    count1(tables, i32x4.extract_lane(upper, 0));
    count1(table1, i32x4.extract_lane(upper, 1));
    count1(table2, i32x4.extract_lane(upper, 2));
    count1(table3, i32x4.extract_lane(upper, 3));
    x += 16;
  }
  for (; i > 0; i--) {
    count1(tables, i32x4.extract_lane(keys(v128.load32_splat(x)), 0) >>> 16);
    x += 4;
  }
  for (let at: usize = 0; at < 1 << 18; at += 16) {
    const sum = i32x4.add(
      i32x4.add(v128.load(tables + at), v128.load(table1 + at)),
      i32x4.add(v128.load(table2 + at), v128.load(table3 + at)),
    );
    v128.store(tables + at, sum);
  }
}

/** Histograms of the lower halves of the keys in the bins; +0, which rectified data is full of, is left out. */
function countLower(x: usize, count: i32, bin0: i32, bin1: i32, bin2: i32, lower: usize): void {
  const v0 = i32x4.splat(bin0), v1 = i32x4.splat(bin1), v2 = i32x4.splat(bin2);
  const zero = i32x4.splat(POSITIVE_ZERO);
  const table1 = tableOf(1, bin0, bin1, bin2, lower), table2 = tableOf(2, bin0, bin1, bin2, lower);
  let i = count;
  for (; i > 0; i -= 4) {
    const key = keys(v128.load(x));
    x += 16;
    const upper = i32x4.shr_u(key, 16);
    const wanted = v128.or(i32x4.eq(upper, v0), v128.or(i32x4.eq(upper, v1), i32x4.eq(upper, v2)));
    let lanes = i32x4.bitmask(v128.andnot(wanted, i32x4.eq(key, zero)));
    if (i < 4) lanes &= (1 << i) - 1;
    if (lanes == 0) continue;
    if (lanes & 1) countOne(i32x4.extract_lane(key, 0), bin0, bin1, lower, table1, table2);
    if (lanes & 2) countOne(i32x4.extract_lane(key, 1), bin0, bin1, lower, table1, table2);
    if (lanes & 4) countOne(i32x4.extract_lane(key, 2), bin0, bin1, lower, table1, table2);
    if (lanes & 8) countOne(i32x4.extract_lane(key, 3), bin0, bin1, lower, table1, table2);
  }
}

// @ts-ignore: decorator
@inline
function countOne(key: u32, bin0: i32, bin1: i32, table0: usize, table1: usize, table2: usize): void {
  const upper = <i32>(key >>> 16);
  count1(upper == bin0 ? table0 : upper == bin1 ? table1 : table2, key & 0xffff);
}

/** Quartiles in one bin share its table. */
function tableOf(quartile: i32, bin0: i32, bin1: i32, bin2: i32, lower: usize): usize {
  const bin = quartile == 1 ? bin1 : bin2;
  if (bin == bin0) return lower;
  if (quartile == 2 && bin2 == bin1) return lower + (1 << 18);
  return lower + (<usize>quartile << 18);
}

/** The bin that holds the element at `rank` of the finite ones. */
function binOfRank(tables: usize, rank: i32): i32 {
  let before: i32 = 0;
  let bin = FIRST;
  for (; bin < END - 1; bin++) {
    before += load<u32>(tables + (<usize>bin << 2));
    if (before > rank) break;
  }
  return bin;
}

/** The float at `rank` inside its bin. A rank among the +0 that were left out falls before all others, to key +0. */
function resolve(tables: usize, bin: i32, rank: i32, lower: usize): f32 {
  for (let b = FIRST; b < bin; b++) rank -= load<u32>(tables + (<usize>b << 2));
  let low: i32 = 0;
  if (bin == <i32>(POSITIVE_ZERO >>> 16)) {
    let others: i32 = 0;
    for (let b = 0; b < BINS; b++) others += load<u32>(lower + (<usize>b << 2));
    rank -= load<u32>(tables + (<usize>bin << 2)) - others;
  }
  let before: i32 = 0;
  for (; low < BINS - 1; low++) {
    before += load<u32>(lower + (<usize>low << 2));
    if (before > rank) break;
  }
  const key = (<u32>bin << 16) | <u32>low;
  const bits = key & POSITIVE_ZERO ? key ^ POSITIVE_ZERO : ~key;
  return reinterpret<f32>(bits) + 0;
}
