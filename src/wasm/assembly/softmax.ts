import { exp, log } from './functions';
import { demote, firstLanes, highF64, lowF64, storePart32 } from './vector';

/** One contiguous row; sums in float64 over lanes as in reduce.ts. */
function softmaxRow(isLog: bool, x: usize, out: usize, count: i32): void {
  const least = f32x4.splat(-Infinity);
  const rest = count & 3;
  const tail = <usize>(count - rest) << 2;
  let most = least;
  for (let at: usize = 0; at < tail; at += 16) most = f32x4.pmax(most, v128.load(x + at));
  if (rest > 0) most = f32x4.pmax(most, v128.bitselect(v128.load(x + tail), least, firstLanes(rest)));
  most = f32x4.pmax(most, i32x4.shuffle(most, most, 2, 3, 0, 1));
  most = f32x4.pmax(most, i32x4.shuffle(most, most, 1, 0, 3, 2));
  let low = f64x2.splat(0), high = low;
  for (let at: usize = 0; at < tail; at += 16) {
    const e = exp(f32x4.sub(v128.load(x + at), most));
    if (!isLog) v128.store(out + at, e);
    low = f64x2.add(low, lowF64(e));
    high = f64x2.add(high, highF64(e));
  }
  if (rest > 0) {
    const e = v128.and(exp(f32x4.sub(v128.load(x + tail), most)), firstLanes(rest));
    if (!isLog) storePart32(out + tail, e, e, rest);
    low = f64x2.add(low, lowF64(e));
    high = f64x2.add(high, highF64(e));
  }
  const pair = f64x2.add(low, high);
  const wide = f64x2.add(pair, i64x2.shuffle(pair, pair, 1, 0));
  const sum = demote(wide, wide);
  const logarithm = log(sum);
  for (let at: usize = 0; at < tail; at += 16) {
    const y = isLog ? f32x4.sub(f32x4.sub(v128.load(x + at), most), logarithm) : f32x4.div(v128.load(out + at), sum);
    v128.store(out + at, y);
  }
  if (rest > 0) {
    const from = isLog ? x : out;
    const v = v128.load(from + tail);
    const y = isLog ? f32x4.sub(f32x4.sub(v, most), logarithm) : f32x4.div(v, sum);
    storePart32(out + tail, y, y, rest);
  }
}

/** Columns [column, end) of [count, inner], four at a time. */
function softmaxColumns(isLog: bool, x: usize, out: usize, count: i32, inner: i32, column: i32, end: i32): void {
  const step = <usize>inner << 2;
  const size = <usize>count * step;
  for (let c = column; c < end; c += 4) {
    const from = x + (<usize>c << 2);
    const to = out + (<usize>c << 2);
    const width = end - c;
    let most = f32x4.splat(-Infinity);
    for (let at: usize = 0; at < size; at += step) most = f32x4.pmax(most, v128.load(from + at));
    let low = f64x2.splat(0), high = low;
    for (let at: usize = 0; at < size; at += step) {
      const e = exp(f32x4.sub(v128.load(from + at), most));
      low = f64x2.add(low, lowF64(e));
      high = f64x2.add(high, highF64(e));
      if (isLog) continue;
      if (width >= 4) v128.store(to + at, e);
      else storePart32(to + at, e, e, width);
    }
    const sum = demote(low, high);
    const logarithm = log(sum);
    for (let at: usize = 0; at < size; at += step) {
      const v = v128.load((isLog ? from : to) + at);
      const y = isLog ? f32x4.sub(f32x4.sub(v, most), logarithm) : f32x4.div(v, sum);
      if (width >= 4) v128.store(to + at, y);
      else storePart32(to + at, y, y, width);
    }
  }
}

/** The middle dimension of [outer, count, inner], of which columns [column, end); see `FloatKernels.softmaxF32`. */
export function softmaxF32(
  isLog: i32, x: usize, out: usize, outer: i32, count: i32, inner: i32, column: i32, end: i32,
): void {
  const block = (<usize>count * <usize>inner) << 2;
  for (let o = 0; o < outer; o++) {
    if (inner > 1) softmaxColumns(<bool>isLog, x, out, count, inner, column, end);
    else softmaxRow(<bool>isLog, x, out, count);
    x += block;
    out += block;
  }
}
