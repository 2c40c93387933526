import { sumI32 } from './qdq';

// @ts-ignore: decorator
@inline
function low64(v: v128): v128 {
  return f64x2.promote_low_f32x4(v);
}

// @ts-ignore: decorator
@inline
function high64(v: v128): v128 {
  return f64x2.promote_low_f32x4(i64x2.shuffle(v, v, 1, 1));
}

// @ts-ignore: decorator
@inline
function sumF64(a: v128, b: v128): f64 {
  const s = f64x2.add(a, b);
  return f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1);
}

/** All ones in lanes that hold a finite number. */
// @ts-ignore: decorator
@inline
function finite(v: v128): v128 {
  return f32x4.eq(f32x4.sub(v, v), f32x4.splat(0));
}

const BLOCK = 512;

/**
 * Minimum, maximum, sum, sum of squares, zeros, NaN and infinities of `count` float32: seven f64 at `out`.
 * The squares of finite float32 cannot overflow a f64, so their sum tells whether a block has anything else; it is then
 * taken again, with care.
 */
export function momentsF32(x: usize, count: i32, out: usize): void {
  momentsOf(x, x, false, count, out);
}

/** {@link momentsF32} of x, and the sum of (x - y)^2 after them: eight f64 at `out`. */
export function momentsAndErrorF32(x: usize, y: usize, count: i32, out: usize): void {
  momentsOf(x, y, true, count, out);
}

// @ts-ignore: decorator
@inline
function momentsOf(x: usize, y: usize, withError: bool, count: i32, out: usize): void {
  const zero = f32x4.splat(0);
  let least = f32x4.splat(Infinity), most = f32x4.splat(-Infinity);
  let s0 = f64x2.splat(0), s1 = s0, q0 = s0, q1 = s0, e0 = s0, e1 = s0;
  let zeros: i32 = 0, nan: i32 = 0, inf: i32 = 0;
  let i = count;
  while (i >= 4) {
    const n = min(i, BLOCK) & ~3;
    const least0 = least, most0 = most, s00 = s0, s10 = s1;
    let zeroLanes = i32x4.splat(0), b0 = f64x2.splat(0), b1 = b0;
    for (let j = 0; j < n; j += 4) {
      const v = v128.load(x + (<usize>j << 2));
      least = f32x4.pmin(least, v);
      most = f32x4.pmax(most, v);
      zeroLanes = i32x4.sub(zeroLanes, f32x4.eq(v, zero));
      const a = low64(v), b = high64(v);
      s0 = f64x2.add(s0, a);
      s1 = f64x2.add(s1, b);
      b0 = f64x2.add(b0, f64x2.mul(a, a));
      b1 = f64x2.add(b1, f64x2.mul(b, b));
      if (withError) {
        const w = v128.load(y + (<usize>j << 2));
        const d0 = f64x2.sub(a, low64(w)), d1 = f64x2.sub(b, high64(w));
        e0 = f64x2.add(e0, f64x2.mul(d0, d0));
        e1 = f64x2.add(e1, f64x2.mul(d1, d1));
      }
    }
    const blockSquares = sumF64(b0, b1);
    if (blockSquares - blockSquares != 0) {
      least = least0;
      most = most0;
      s0 = s00;
      s1 = s10;
      b0 = f64x2.splat(0);
      b1 = b0;
      for (let j = 0; j < n; j += 4) {
        const v = v128.load(x + (<usize>j << 2));
        const good = finite(v);
        const kept = v128.and(v, good);
        least = f32x4.pmin(least, v128.bitselect(v, f32x4.splat(Infinity), good));
        most = f32x4.pmax(most, v128.bitselect(v, f32x4.splat(-Infinity), good));
        const unequal = popcnt(i32x4.bitmask(f32x4.ne(v, v)));
        nan += unequal;
        inf += 4 - popcnt(i32x4.bitmask(good)) - unequal;
        const a = low64(kept), b = high64(kept);
        s0 = f64x2.add(s0, a);
        s1 = f64x2.add(s1, b);
        b0 = f64x2.add(b0, f64x2.mul(a, a));
        b1 = f64x2.add(b1, f64x2.mul(b, b));
      }
    }
    q0 = f64x2.add(q0, b0);
    q1 = f64x2.add(q1, b1);
    x += <usize>n << 2;
    y += <usize>n << 2;
    zeros += sumI32(zeroLanes);
    i -= n;
  }
  let smallest = min(
    min(f32x4.extract_lane(least, 0), f32x4.extract_lane(least, 1)),
    min(f32x4.extract_lane(least, 2), f32x4.extract_lane(least, 3)),
  );
  let largest = max(
    max(f32x4.extract_lane(most, 0), f32x4.extract_lane(most, 1)),
    max(f32x4.extract_lane(most, 2), f32x4.extract_lane(most, 3)),
  );
  let sum = sumF64(s0, s1), squares = sumF64(q0, q1), error = sumF64(e0, e1);
  for (; i > 0; i--) {
    const v = load<f32>(x);
    x += 4;
    if (withError) {
      const d = <f64>v - <f64>load<f32>(y);
      y += 4;
      error += d * d;
    }
    if (v != v) nan++;
    else if (v - v != 0) inf++;
    else {
      smallest = min(smallest, v);
      largest = max(largest, v);
      sum += <f64>v;
      squares += <f64>v * <f64>v;
      if (v == 0) zeros++;
    }
  }
  store<f64>(out, <f64>smallest);
  store<f64>(out, <f64>largest, 8);
  store<f64>(out, sum, 16);
  store<f64>(out, squares, 24);
  store<f64>(out, <f64>zeros, 32);
  store<f64>(out, <f64>nan, 40);
  store<f64>(out, <f64>inf, 48);
  if (withError) store<f64>(out, error, 56);
}

/** Sums of a b, a a, b b, (a - b)^2 and the largest |a - b|, NaN left out of the last: five f64 at `out`. */
export function pairSumsF32(a: usize, b: usize, count: i32, out: usize): void {
  let ab0 = f64x2.splat(0), ab1 = ab0, aa0 = ab0, aa1 = ab0, bb0 = ab0, bb1 = ab0, ee0 = ab0, ee1 = ab0, worst = ab0;
  let i = count;
  for (; i >= 4; i -= 4) {
    const va = v128.load(a), vb = v128.load(b);
    a += 16;
    b += 16;
    let x = low64(va), y = low64(vb), d = f64x2.sub(x, y);
    ab0 = f64x2.add(ab0, f64x2.mul(x, y));
    aa0 = f64x2.add(aa0, f64x2.mul(x, x));
    bb0 = f64x2.add(bb0, f64x2.mul(y, y));
    ee0 = f64x2.add(ee0, f64x2.mul(d, d));
    worst = f64x2.pmax(worst, f64x2.abs(d));
    x = high64(va);
    y = high64(vb);
    d = f64x2.sub(x, y);
    ab1 = f64x2.add(ab1, f64x2.mul(x, y));
    aa1 = f64x2.add(aa1, f64x2.mul(x, x));
    bb1 = f64x2.add(bb1, f64x2.mul(y, y));
    ee1 = f64x2.add(ee1, f64x2.mul(d, d));
    worst = f64x2.pmax(worst, f64x2.abs(d));
  }
  let ab = sumF64(ab0, ab1), aa = sumF64(aa0, aa1), bb = sumF64(bb0, bb1), ee = sumF64(ee0, ee1);
  let most = max(f64x2.extract_lane(worst, 0), f64x2.extract_lane(worst, 1));
  for (; i > 0; i--) {
    const x = <f64>load<f32>(a), y = <f64>load<f32>(b);
    a += 4;
    b += 4;
    ab += x * y;
    aa += x * x;
    bb += y * y;
    ee += (x - y) * (x - y);
    if (abs(x - y) > most) most = abs(x - y);
  }
  store<f64>(out, ab);
  store<f64>(out, aa, 8);
  store<f64>(out, bb, 16);
  store<f64>(out, ee, 24);
  store<f64>(out, most, 32);
}

/** Sum of (x - mean)^2 of the finite elements: one f64 at `out`. */
export function squaredDeviationF32(x: usize, count: i32, mean: f64, out: usize): void {
  const centre = f64x2.splat(mean);
  let s0 = f64x2.splat(0), s1 = s0;
  let i = count;
  for (; i >= 4; i -= 4) {
    const v = v128.load(x);
    const good = finite(v);
    const a = v128.and(f64x2.sub(low64(v), centre), i32x4.shuffle(good, good, 0, 0, 1, 1));
    const b = v128.and(f64x2.sub(high64(v), centre), i32x4.shuffle(good, good, 2, 2, 3, 3));
    s0 = f64x2.add(s0, f64x2.mul(a, a));
    s1 = f64x2.add(s1, f64x2.mul(b, b));
    x += 16;
  }
  let sum = sumF64(s0, s1);
  for (; i > 0; i--) {
    const v = load<f32>(x);
    x += 4;
    if (v - v == 0) sum += (<f64>v - mean) * (<f64>v - mean);
  }
  store<f64>(out, sum);
}

/** Adds rows of x [rows, channels] to the f64 sums of channels [first, end), row after row. */
export function channelSumsF32(x: usize, rows: i32, channels: i32, first: i32, end: i32, out: usize): void {
  const rowBytes = <usize>channels << 2;
  for (let start = 0; start < rows; start += 64) {
    const count = min(rows - start, 64);
    const block = x + <usize>start * rowBytes;
    let c = first;
    for (; c + 4 <= end; c += 4) {
      const sums = out + (<usize>c << 3);
      let from = block + (<usize>c << 2);
      let s0 = v128.load(sums), s1 = v128.load(sums, 16);
      for (let r = 0; r < count; r++) {
        const v = v128.load(from);
        s0 = f64x2.add(s0, low64(v));
        s1 = f64x2.add(s1, high64(v));
        from += rowBytes;
      }
      v128.store(sums, s0);
      v128.store(sums, s1, 16);
    }
    for (; c < end; c++) {
      let from = block + (<usize>c << 2);
      let s = load<f64>(out + (<usize>c << 3));
      for (let r = 0; r < count; r++) {
        s += <f64>load<f32>(from);
        from += rowBytes;
      }
      store<f64>(out + (<usize>c << 3), s);
    }
  }
}

/** Bytes of the tables of {@link histogram8}: neighbours often are equal, so eight tables take turns. */
export const HISTOGRAM_TABLES: usize = 8 << 10;

/** How many bytes have each value: 256 f64 at `out`. @param tables HISTOGRAM_TABLES bytes. */
export function histogram8(x: usize, count: i32, tables: usize, out: usize): void {
  memory.fill(tables, 0, HISTOGRAM_TABLES);
  let i = count;
  for (; i >= 8; i -= 8) {
    const v = load<u64>(x);
    x += 8;
    let at = binAt(tables, <u32>v << 2);
    store<u32>(at, load<u32>(at) + 1);
    at = binAt(tables, <u32>v >> 6);
    store<u32>(at, load<u32>(at, 1 << 10) + 1, 1 << 10);
    at = binAt(tables, <u32>v >> 14);
    store<u32>(at, load<u32>(at, 2 << 10) + 1, 2 << 10);
    at = binAt(tables, <u32>v >> 22);
    store<u32>(at, load<u32>(at, 3 << 10) + 1, 3 << 10);
    at = binAt(tables, <u32>(v >> 30));
    store<u32>(at, load<u32>(at, 4 << 10) + 1, 4 << 10);
    at = binAt(tables, <u32>(v >> 38));
    store<u32>(at, load<u32>(at, 5 << 10) + 1, 5 << 10);
    at = binAt(tables, <u32>(v >> 46));
    store<u32>(at, load<u32>(at, 6 << 10) + 1, 6 << 10);
    at = binAt(tables, <u32>(v >> 54));
    store<u32>(at, load<u32>(at, 7 << 10) + 1, 7 << 10);
  }
  for (; i > 0; i--) {
    const at = binAt(tables, <u32>load<u8>(x++) << 2);
    store<u32>(at, load<u32>(at) + 1);
  }
  for (let value: usize = 0; value < 256; value++) {
    let sum: u32 = 0;
    for (let t: usize = 0; t < HISTOGRAM_TABLES; t += 1 << 10) sum += load<u32>(tables + t + (value << 2));
    store<f64>(out + (value << 3), <f64>sum);
  }
}

/** @param scaled the byte in bits 2 to 9. */
// @ts-ignore: decorator
@inline
function binAt(tables: usize, scaled: u32): usize {
  return tables + <usize>(scaled & 0x3fc);
}
