import {
  clampF32x4, loadCodes, packCodes, realHigh, realLow, roundingZero, roundToCode, storePart32, storePart8,
} from './vector';

const ADD = 0;
const SUB = 1;
const MUL = 2;
const DIV = 3;
const MAX = 4;
const MIN = 5;

// @ts-ignore: decorator
@inline
function apply(OP: i32, a: v128, b: v128): v128 {
  if (OP == ADD) return f32x4.add(a, b);
  if (OP == SUB) return f32x4.sub(a, b);
  if (OP == MUL) return f32x4.mul(a, b);
  if (OP == DIV) return f32x4.div(a, b);
  if (OP == MAX) return f32x4.max(a, b);
  return f32x4.min(a, b);
}

/** `count` elements; an operand that is one element is splatted. */
// @ts-ignore: decorator
@inline
function binaryRow(
  OP: i32, SPLAT_A: bool, SPLAT_B: bool, a: usize, b: usize, out: usize, count: i32,
): void {
  const wholeA = v128.load32_splat(a);
  const wholeB = v128.load32_splat(b);
  let i = count;
  for (; i >= 4; i -= 4) {
    v128.store(out, apply(OP, SPLAT_A ? wholeA : v128.load(a), SPLAT_B ? wholeB : v128.load(b)));
    if (!SPLAT_A) a += 16;
    if (!SPLAT_B) b += 16;
    out += 16;
  }
  if (i > 0) {
    const last = apply(OP, SPLAT_A ? wholeA : v128.load(a), SPLAT_B ? wholeB : v128.load(b));
    storePart32(out, last, last, i);
  }
}

/** Rows of `inner` elements; an operand moves by its row step (bytes), and within the row unless its element step is 0. */
// @ts-ignore: decorator
@inline
function binaryRows(
  OP: i32, a: usize, b: usize, out: usize, rows: i32, inner: i32, aRow: usize, aElement: i32, bRow: usize,
  bElement: i32,
): void {
  for (let row = 0; row < rows; row++) {
    if (aElement && bElement) binaryRow(OP, false, false, a, b, out, inner);
    else if (aElement) binaryRow(OP, false, true, a, b, out, inner);
    else if (bElement) binaryRow(OP, true, false, a, b, out, inner);
    else binaryRow(OP, true, true, a, b, out, inner);
    a += aRow;
    b += bRow;
    out += <usize>inner << 2;
  }
}

export function addF32(
  a: usize, b: usize, out: usize, rows: i32, inner: i32, aRow: usize, aElement: i32, bRow: usize, bElement: i32,
): void {
  binaryRows(ADD, a, b, out, rows, inner, aRow, aElement, bRow, bElement);
}

export function subF32(
  a: usize, b: usize, out: usize, rows: i32, inner: i32, aRow: usize, aElement: i32, bRow: usize, bElement: i32,
): void {
  binaryRows(SUB, a, b, out, rows, inner, aRow, aElement, bRow, bElement);
}

export function mulF32(
  a: usize, b: usize, out: usize, rows: i32, inner: i32, aRow: usize, aElement: i32, bRow: usize, bElement: i32,
): void {
  binaryRows(MUL, a, b, out, rows, inner, aRow, aElement, bRow, bElement);
}

export function divF32(
  a: usize, b: usize, out: usize, rows: i32, inner: i32, aRow: usize, aElement: i32, bRow: usize, bElement: i32,
): void {
  binaryRows(DIV, a, b, out, rows, inner, aRow, aElement, bRow, bElement);
}

export function maxF32(
  a: usize, b: usize, out: usize, rows: i32, inner: i32, aRow: usize, aElement: i32, bRow: usize, bElement: i32,
): void {
  binaryRows(MAX, a, b, out, rows, inner, aRow, aElement, bRow, bElement);
}

export function minF32(
  a: usize, b: usize, out: usize, rows: i32, inner: i32, aRow: usize, aElement: i32, bRow: usize, bElement: i32,
): void {
  binaryRows(MIN, a, b, out, rows, inner, aRow, aElement, bRow, bElement);
}

export function clampF32(x: usize, out: usize, count: i32, lo: f32, hi: f32): void {
  const vlo = f32x4.splat(lo);
  const vhi = f32x4.splat(hi);
  let i = count;
  for (; i >= 4; i -= 4) {
    v128.store(out, clampF32x4(v128.load(x), vlo, vhi));
    x += 16;
    out += 16;
  }
  if (i > 0) {
    const last = clampF32x4(v128.load(x), vlo, vhi);
    storePart32(out, last, last, i);
  }
}

export function lookup8(x: usize, table: usize, out: usize, count: i32): void {
  let i = count;
  for (; i >= 8; i -= 8) {
    const codes = load<u64>(x);
    store<u8>(out, load<u8>(table + <usize>(codes & 255)));
    store<u8>(out, load<u8>(table + <usize>((codes >> 8) & 255)), 1);
    store<u8>(out, load<u8>(table + <usize>((codes >> 16) & 255)), 2);
    store<u8>(out, load<u8>(table + <usize>((codes >> 24) & 255)), 3);
    store<u8>(out, load<u8>(table + <usize>((codes >> 32) & 255)), 4);
    store<u8>(out, load<u8>(table + <usize>((codes >> 40) & 255)), 5);
    store<u8>(out, load<u8>(table + <usize>((codes >> 48) & 255)), 6);
    store<u8>(out, load<u8>(table + <usize>(codes >> 56)), 7);
    x += 8;
    out += 8;
  }
  for (; i > 0; i--) store<u8>(out++, load<u8>(table + <usize>load<u8>(x++)));
}

/** clamp(value / sy), with NaN becoming 0, ready to round. */
// @ts-ignore: decorator
@inline
function steps(value: v128, scale: v128, lo: v128, hi: v128): v128 {
  const quotient = f32x4.div(value, scale);
  return clampF32x4(v128.and(quotient, f32x4.eq(quotient, quotient)), lo, hi);
}

/** Eight results of an operator on centred codes, as bytes in the low half. */
// @ts-ignore: decorator
@inline
function codesOfPair(
  OP: i32, wa: v128, wb: v128, sa: v128, sb: v128, sy: v128, zy: v128, lo: v128, hi: v128,
): v128 {
  const first = apply(OP, realLow(wa, sa), realLow(wb, sb));
  const second = apply(OP, realHigh(wa, sa), realHigh(wb, sb));
  const h = i16x8.narrow_i32x4_s(
    roundToCode(steps(first, sy, lo, hi), zy), roundToCode(steps(second, sy, lo, hi), zy));
  return packCodes(h, h);
}

// @ts-ignore: decorator
@inline
function binaryQ8Rows(
  OP: i32, a: usize, b: usize, out: usize, rows: i32, inner: i32, aRow: i32, aElement: i32, bRow: i32, bElement: i32,
  aSigned: i32, aZero: i32, aScale: f32, bSigned: i32, bZero: i32, bScale: f32, yZero: i32, yLo: i32, yHi: i32,
  yScale: f32,
): void {
  const za = i16x8.splat(<i16>aZero), zb = i16x8.splat(<i16>bZero), zy = roundingZero(yZero);
  const sa = f32x4.splat(aScale), sb = f32x4.splat(bScale), sy = f32x4.splat(yScale);
  const lo = f32x4.splat(<f32>(yLo - yZero)), hi = f32x4.splat(<f32>(yHi - yZero));
  for (let row = 0; row < rows; row++) {
    let pa = a + <usize>(row * aRow), pb = b + <usize>(row * bRow);
    const oneA = i16x8.splat(aSigned ? <i16>load<i8>(pa) : <i16>load<u8>(pa));
    const oneB = i16x8.splat(bSigned ? <i16>load<i8>(pb) : <i16>load<u8>(pb));
    let i = inner;
    // No call in this loop: it would keep the constants out of the registers.
    for (; i >= 8; i -= 8) {
      const wa = i16x8.sub(aElement ? loadCodes(pa, aSigned) : oneA, za);
      const wb = i16x8.sub(bElement ? loadCodes(pb, bSigned) : oneB, zb);
      v128.store64_lane(out, codesOfPair(OP, wa, wb, sa, sb, sy, zy, lo, hi), 0);
      pa += 8;
      pb += 8;
      out += 8;
    }
    if (i > 0) {
      const wa = i16x8.sub(aElement ? loadCodes(pa, aSigned) : oneA, za);
      const wb = i16x8.sub(bElement ? loadCodes(pb, bSigned) : oneB, zb);
      storePart8(out, codesOfPair(OP, wa, wb, sa, sb, sy, zy, lo, hi), i);
      out += i;
    }
  }
}

/** A float operator on dequantized codes, quantized again; see `IntegerKernels.binaryQ8`. Rows and steps in elements. */
export function binaryQ8(
  op: i32, a: usize, b: usize, out: usize, rows: i32, inner: i32, aRow: i32, aElement: i32, bRow: i32, bElement: i32,
  aSigned: i32, aZero: i32, aScale: f32, bSigned: i32, bZero: i32, bScale: f32, yZero: i32, yLo: i32, yHi: i32,
  yScale: f32,
): void {
  switch (op) {
    case ADD:
      return binaryQ8Rows(ADD, a, b, out, rows, inner, aRow, aElement, bRow, bElement,
        aSigned, aZero, aScale, bSigned, bZero, bScale, yZero, yLo, yHi, yScale);
    case SUB:
      return binaryQ8Rows(SUB, a, b, out, rows, inner, aRow, aElement, bRow, bElement,
        aSigned, aZero, aScale, bSigned, bZero, bScale, yZero, yLo, yHi, yScale);
    case MUL:
      return binaryQ8Rows(MUL, a, b, out, rows, inner, aRow, aElement, bRow, bElement,
        aSigned, aZero, aScale, bSigned, bZero, bScale, yZero, yLo, yHi, yScale);
    case DIV:
      return binaryQ8Rows(DIV, a, b, out, rows, inner, aRow, aElement, bRow, bElement,
        aSigned, aZero, aScale, bSigned, bZero, bScale, yZero, yLo, yHi, yScale);
    case MAX:
      return binaryQ8Rows(MAX, a, b, out, rows, inner, aRow, aElement, bRow, bElement,
        aSigned, aZero, aScale, bSigned, bZero, bScale, yZero, yLo, yHi, yScale);
    default:
      return binaryQ8Rows(MIN, a, b, out, rows, inner, aRow, aElement, bRow, bElement,
        aSigned, aZero, aScale, bSigned, bZero, bScale, yZero, yLo, yHi, yScale);
  }
}
