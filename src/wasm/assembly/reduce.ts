import { demote, firstLanes, highF64, lowF64, storePart32 } from './vector';

// Numbered as REDUCE_OPS of wasm/reduceKernels.ts.
const SUM = 0;
const MEAN = 1;
const MAX = 2;
const MIN = 3;
const SUM_SQUARE = 4;
const L1 = 5;
const L2 = 6;

/** What one element adds to a sum of float64. */
// @ts-ignore: decorator
@inline
function term(OP: i32, v: v128): v128 {
  if (OP == SUM_SQUARE || OP == L2) return f64x2.mul(v, v);
  if (OP == L1) return f64x2.abs(v);
  return v;
}

/** What the sum of `count` elements becomes. */
// @ts-ignore: decorator
@inline
function finish(OP: i32, sum: v128, count: i32): v128 {
  if (OP == MEAN) return f64x2.div(sum, f64x2.splat(<f64>count));
  if (OP == L2) return f64x2.sqrt(sum);
  return sum;
}

/** One contiguous row. Element i belongs to lane i mod 4; lanes are added as (0 + 2) + (1 + 3). */
// @ts-ignore: decorator
@inline
function sumRow(OP: i32, x: usize, out: usize, count: i32): void {
  let low = f64x2.splat(0), high = low;
  let i = count;
  for (; i >= 4; i -= 4) {
    const v = v128.load(x);
    low = f64x2.add(low, term(OP, lowF64(v)));
    high = f64x2.add(high, term(OP, highF64(v)));
    x += 16;
  }
  if (i > 0) {
    const v = v128.and(v128.load(x), firstLanes(i));
    low = f64x2.add(low, term(OP, lowF64(v)));
    high = f64x2.add(high, term(OP, highF64(v)));
  }
  const pair = f64x2.add(low, high);
  const sum = f64x2.add(pair, i64x2.shuffle(pair, pair, 1, 0));
  v128.store32_lane(out, f32x4.demote_f64x2_zero(finish(OP, sum, count)), 0);
}

// @ts-ignore: decorator
@inline
function better(OP: i32, a: v128, b: v128): v128 {
  return OP == MAX ? f32x4.max(a, b) : f32x4.min(a, b);
}

// @ts-ignore: decorator
@inline
function extremeRow(OP: i32, x: usize, out: usize, count: i32): void {
  const worst = f32x4.splat(OP == MAX ? -Infinity : Infinity);
  let best = worst;
  let i = count;
  for (; i >= 4; i -= 4) {
    best = better(OP, best, v128.load(x));
    x += 16;
  }
  if (i > 0) best = better(OP, best, v128.bitselect(v128.load(x), worst, firstLanes(i)));
  best = better(OP, best, i32x4.shuffle(best, best, 2, 3, 0, 1));
  best = better(OP, best, i32x4.shuffle(best, best, 1, 0, 3, 2));
  v128.store32_lane(out, best, 0);
}

/** Columns [column, end) of [count, inner]; each adds up from the first row to the last. */
// @ts-ignore: decorator
@inline
function reduceColumns(OP: i32, x: usize, out: usize, count: i32, inner: i32, column: i32, end: i32): void {
  const step = <usize>inner << 2;
  for (let c = column; c < end; c += 8) {
    const from = x + (<usize>c << 2);
    const to = out + (<usize>c << 2);
    let at = from;
    let first: v128, second: v128;
    if (OP == MAX || OP == MIN) {
      first = f32x4.splat(OP == MAX ? -Infinity : Infinity);
      second = first;
      for (let i = 0; i < count; i++) {
        first = better(OP, first, v128.load(at));
        second = better(OP, second, v128.load(at, 16));
        at += step;
      }
    } else {
      let s0 = f64x2.splat(0), s1 = s0, s2 = s0, s3 = s0;
      for (let i = 0; i < count; i++) {
        const a = v128.load(at), b = v128.load(at, 16);
        s0 = f64x2.add(s0, term(OP, lowF64(a)));
        s1 = f64x2.add(s1, term(OP, highF64(a)));
        s2 = f64x2.add(s2, term(OP, lowF64(b)));
        s3 = f64x2.add(s3, term(OP, highF64(b)));
        at += step;
      }
      first = demote(finish(OP, s0, count), finish(OP, s1, count));
      second = demote(finish(OP, s2, count), finish(OP, s3, count));
    }
    if (end - c >= 8) {
      v128.store(to, first);
      v128.store(to, second, 16);
    } else storePart32(to, first, second, end - c);
  }
}

// @ts-ignore: decorator
@inline
function reduceRows(
  OP: i32, x: usize, out: usize, outer: i32, count: i32, inner: i32, column: i32, end: i32,
): void {
  const block = (<usize>count * <usize>inner) << 2;
  for (let o = 0; o < outer; o++) {
    if (inner > 1) reduceColumns(OP, x, out, count, inner, column, end);
    else if (OP == MAX || OP == MIN) extremeRow(OP, x, out, count);
    else sumRow(OP, x, out, count);
    x += block;
    out += <usize>inner << 2;
  }
}

/** [outer, count, inner] to [outer, inner], of which columns [column, end); see `FloatKernels.reduceF32`. */
export function reduceF32(
  op: i32, x: usize, out: usize, outer: i32, count: i32, inner: i32, column: i32, end: i32,
): void {
  switch (op) {
    case SUM: return reduceRows(SUM, x, out, outer, count, inner, column, end);
    case MEAN: return reduceRows(MEAN, x, out, outer, count, inner, column, end);
    case MAX: return reduceRows(MAX, x, out, outer, count, inner, column, end);
    case MIN: return reduceRows(MIN, x, out, outer, count, inner, column, end);
    case SUM_SQUARE: return reduceRows(SUM_SQUARE, x, out, outer, count, inner, column, end);
    case L1: return reduceRows(L1, x, out, outer, count, inner, column, end);
    default: return reduceRows(L2, x, out, outer, count, inner, column, end);
  }
}
