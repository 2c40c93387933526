// Weights rearranged into panels of 8 output channels, one group at a time.

/**
 * One group of 8-bit weights to centred int16 panels [groupOut / 8][pairs of k][8][2], k running over taps, then inputs;
 * every `columns` taps start a pair.
 *
 * @param zeros i32 zero points `zeroStep` bytes apart: 4 for one per channel, 0 for one of all.
 * @param sums groupOut f64: the sums of the centred weights' absolute values.
 */
export function panelsQ8(
  from: usize,
  to: usize,
  signed: i32,
  zeros: usize,
  zeroStep: usize,
  groupOut: i32,
  groupIn: i32,
  taps: i32,
  columns: i32,
  outStride: usize,
  inStride: usize,
  sums: usize,
): void {
  const evenK = taps == 0 ? 0 : (taps / columns) * ((columns * groupIn + 1) & ~1);
  const isDense = taps == 1 && inStride == 1 && groupIn <= MOST_DENSE;
  let o = 0;
  for (; isDense && o + 4 <= groupOut; o += 4) {
    const panel = to + 2 * (<usize>(o & ~7) * evenK + 2 * (o & 7));
    fourChannels(from, panel, signed, zeros, zeroStep, groupIn, outStride, sums);
    sums += 32;
    zeros += 4 * zeroStep;
    from += 4 * outStride;
  }
  for (; o < groupOut; o++) {
    const panel = to + 2 * (<usize>(o & ~7) * evenK + 2 * (o & 7));
    const zero = load<i32>(zeros);
    let total: i64 = 0;
    let i: usize = 0;
    for (let tap = 0; tap < taps; tap++) {
      let at = from + tap;
      for (let left = groupIn; left > 0; left--) {
        const weight = (signed ? <i32>load<i8>(at) : <i32>load<u8>(at)) - zero;
        store<i16>(panel + 32 * (i >> 1) + 2 * (i & 1), weight);
        total += abs(weight);
        at += inStride;
        i++;
      }
      if ((tap + 1) % columns == 0) i = (i + 1) & ~1;
    }
    store<f64>(sums, <f64>total);
    sums += 8;
    zeros += zeroStep;
    from += outStride;
  }
}

/** Up to this many centred weights of a channel sum up in 32-bit lanes. */
const MOST_DENSE: i32 = 1 << 24;

/** {@link panelsQ8} of four channels of a half panel, whose weights lie side by side. */
function fourChannels(
  from: usize,
  panel: usize,
  signed: i32,
  zeros: usize,
  zeroStep: usize,
  count: i32,
  stride: usize,
  sums: usize,
): void {
  const z0 = load<i32>(zeros), z1 = load<i32>(zeros + zeroStep);
  const z2 = load<i32>(zeros + 2 * zeroStep), z3 = load<i32>(zeros + 3 * zeroStep);
  const from1 = from + stride, from2 = from1 + stride, from3 = from2 + stride;
  let t0 = i32x4.splat(0), t1 = t0, t2 = t0, t3 = t0;
  let i: usize = 0;
  for (; i + 8 <= <usize>count; i += 8) {
    const w0 = centred(from + i, signed, z0), w1 = centred(from1 + i, signed, z1);
    const w2 = centred(from2 + i, signed, z2), w3 = centred(from3 + i, signed, z3);
    t0 = i32x4.add(t0, i32x4.extadd_pairwise_i16x8_s(i16x8.abs(w0)));
    t1 = i32x4.add(t1, i32x4.extadd_pairwise_i16x8_s(i16x8.abs(w1)));
    t2 = i32x4.add(t2, i32x4.extadd_pairwise_i16x8_s(i16x8.abs(w2)));
    t3 = i32x4.add(t3, i32x4.extadd_pairwise_i16x8_s(i16x8.abs(w3)));
    const low01 = i32x4.shuffle(w0, w1, 0, 4, 1, 5), high01 = i32x4.shuffle(w0, w1, 2, 6, 3, 7);
    const low23 = i32x4.shuffle(w2, w3, 0, 4, 1, 5), high23 = i32x4.shuffle(w2, w3, 2, 6, 3, 7);
    v128.store(panel, i64x2.shuffle(low01, low23, 0, 2));
    v128.store(panel, i64x2.shuffle(low01, low23, 1, 3), 32);
    v128.store(panel, i64x2.shuffle(high01, high23, 0, 2), 64);
    v128.store(panel, i64x2.shuffle(high01, high23, 1, 3), 96);
    panel += 128;
  }
  const rest = count - <i32>i;
  store<f64>(sums, <f64>(total(t0) + lastOnes(from + i, panel, signed, z0, rest)));
  store<f64>(sums, <f64>(total(t1) + lastOnes(from1 + i, panel + 4, signed, z1, rest)), 8);
  store<f64>(sums, <f64>(total(t2) + lastOnes(from2 + i, panel + 8, signed, z2, rest)), 16);
  store<f64>(sums, <f64>(total(t3) + lastOnes(from3 + i, panel + 12, signed, z3, rest)), 24);
}

/** Eight weights of 8 bits less their zero point. */
// @ts-ignore: decorator
@inline
function centred(from: usize, signed: i32, zero: i32): v128 {
  const codes = v128.load64_zero(from);
  const wide = signed ? i16x8.extend_low_i8x16_s(codes) : i16x8.extend_low_i8x16_u(codes);
  return i16x8.sub(wide, i16x8.splat(<i16>zero));
}

// @ts-ignore: decorator
@inline
function total(v: v128): i64 {
  const s = i64x2.add(i64x2.extend_low_i32x4_s(v), i64x2.extend_high_i32x4_s(v));
  return i64x2.extract_lane(s, 0) + i64x2.extract_lane(s, 1);
}

/** The last, fewer than eight weights of a channel; returns the sum of their absolute values. */
function lastOnes(from: usize, panel: usize, signed: i32, zero: i32, count: i32): i64 {
  let sum: i64 = 0;
  for (let i: usize = 0; i < <usize>count; i++) {
    const weight = (signed ? <i32>load<i8>(from + i) : <i32>load<u8>(from + i)) - zero;
    store<i16>(panel + 32 * (i >> 1) + 2 * (i & 1), weight);
    sum += abs(weight);
  }
  return sum;
}

/**
 * 8-bit depthwise weights [channels, kernelHeight, kernelWidth] to centred int16
 * [channels / 4][start][pairs of rows][columns][4][2], at `to`, where all is 0. A window that starts at the second row of
 * a pair has its own; rows that it does not see stay 0.
 *
 * @param zeros as in {@link panelsQ8}.
 * @param sums [channels][2] f64: the sums of a channel's centred weights and of their absolute values.
 */
export function depthwisePanelsQ8(
  from: usize,
  to: usize,
  signed: i32,
  zeros: usize,
  zeroStep: usize,
  channels: i32,
  kernelHeight: i32,
  kernelWidth: i32,
  sums: usize,
): void {
  const startBytes = 16 * <usize>((kernelHeight >> 1) + 1) * kernelWidth;
  for (let c = 0; c < channels; c++) {
    const panel = to + 2 * startBytes * (c >> 2) + 4 * (c & 3);
    const zero = load<i32>(zeros);
    let sum: i64 = 0, absolute: i64 = 0;
    for (let y = 0; y < kernelHeight; y++) {
      let first = panel + 16 * <usize>((y >> 1) * kernelWidth) + 2 * (y & 1);
      let second = panel + startBytes + 16 * <usize>(((y + 1) >> 1) * kernelWidth) + 2 * ((y + 1) & 1);
      for (let x = 0; x < kernelWidth; x++) {
        const weight = (signed ? <i32>load<i8>(from) : <i32>load<u8>(from)) - zero;
        from++;
        store<i16>(first, weight);
        store<i16>(second, weight);
        first += 16;
        second += 16;
        sum += weight;
        absolute += abs(weight);
      }
    }
    store<f64>(sums, <f64>sum);
    store<f64>(sums, <f64>absolute, 8);
    sums += 16;
    zeros += zeroStep;
  }
}

/** One group of float weights to panels [groupOut / 8][taps][groupIn][8]; strides in bytes. */
export function panelsF32(
  from: usize,
  to: usize,
  groupOut: i32,
  groupIn: i32,
  taps: i32,
  outStride: usize,
  inStride: usize,
): void {
  const k = <usize>taps * groupIn;
  for (let o = 0; o < groupOut; o++) {
    let panel = to + 4 * (<usize>(o & ~7) * k + (o & 7));
    for (let tap: usize = 0; tap < <usize>taps; tap++) {
      let at = from + 4 * tap;
      for (let left = groupIn; left > 0; left--) {
        store<f32>(panel, load<f32>(at));
        panel += 32;
        at += inStride;
      }
    }
    from += outStride;
  }
}
