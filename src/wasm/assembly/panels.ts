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
  for (let o = 0; o < groupOut; o++) {
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
