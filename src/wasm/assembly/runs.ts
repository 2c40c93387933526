// Runs of elements moved into scratch. They may write up to 8 elements past their end: what follows overwrites them,
// and scratch ends in SLACK.

/** Codes to int16 with the zero point subtracted. */
export function widenRun(from: usize, to: usize, count: i32, signed: i32, zero: v128): void {
  if (signed) {
    for (let i = 0; i < count; i += 8) {
      v128.store(to, i16x8.sub(v128.load8x8_s(from), zero));
      from += 8;
      to += 16;
    }
  } else {
    for (let i = 0; i < count; i += 8) {
      v128.store(to, i16x8.sub(v128.load8x8_u(from), zero));
      from += 8;
      to += 16;
    }
  }
}

export function copyRunF32(from: usize, to: usize, count: i32): void {
  for (let i = 0; i < count; i += 4) {
    v128.store(to, v128.load(from));
    from += 16;
    to += 16;
  }
}

export function zeroRun(to: usize, byteLength: usize): void {
  const zero = i64x2.splat(0);
  for (let i: usize = 0; i < byteLength; i += 16) v128.store(to + i, zero);
}
