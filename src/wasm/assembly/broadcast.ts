import { LEVEL_BYTES, LEVEL_SIZE, LEVEL_SOURCE, LEVEL_TARGET } from './layout';
import { field, storePart8, storePart32 } from './vector';

// Numbered as BROADCAST_OPS of wasm/broadcastKernels.ts.
const ADD = 0;
const SUB = 1;
const MUL = 2;
const DIV = 3;
const MAX = 4;
const MIN = 5;
/** x, or slope x below 0. */
const PRELU = 6;
const COMPARISONS = 7;
const EQUAL_F32 = 7;
const LESS_F32 = 8;
const LESS_OR_EQUAL_F32 = 9;
const EQUAL_I32 = 10;
const LESS_I32 = 11;
const LESS_OR_EQUAL_I32 = 12;

// @ts-ignore: decorator
@inline
function apply(OP: i32, a: v128, b: v128): v128 {
  if (OP == ADD) return f32x4.add(a, b);
  if (OP == SUB) return f32x4.sub(a, b);
  if (OP == MUL) return f32x4.mul(a, b);
  if (OP == DIV) return f32x4.div(a, b);
  if (OP == MAX) return f32x4.max(a, b);
  if (OP == MIN) return f32x4.min(a, b);
  if (OP == PRELU) return v128.bitselect(f32x4.mul(a, b), a, f32x4.lt(a, f32x4.splat(0)));
  if (OP == EQUAL_F32) return f32x4.eq(a, b);
  if (OP == LESS_F32) return f32x4.lt(a, b);
  if (OP == LESS_OR_EQUAL_F32) return f32x4.le(a, b);
  if (OP == EQUAL_I32) return i32x4.eq(a, b);
  if (OP == LESS_I32) return i32x4.lt_s(a, b);
  return i32x4.le_s(a, b);
}

/** Stores up to four results: numbers as they are, comparisons as bytes 1 and 0. */
// @ts-ignore: decorator
@inline
function put(OP: i32, out: usize, v: v128, count: i32): void {
  if (OP < COMPARISONS) {
    if (count >= 4) v128.store(out, v);
    else storePart32(out, v, v, count);
    return;
  }
  const half = i16x8.narrow_i32x4_s(v, v);
  const bytes = v128.and(i8x16.narrow_i16x8_s(half, half), i8x16.splat(1));
  if (count >= 4) v128.store32_lane(out, bytes, 0);
  else storePart8(out, bytes, count);
}

// @ts-ignore: decorator
@inline
function rowOf(OP: i32, WHOLE_A: bool, WHOLE_B: bool, a: usize, b: usize, out: usize, count: i32): void {
  const width: usize = OP < COMPARISONS ? 16 : 4;
  const oneA = v128.load32_splat(a), oneB = v128.load32_splat(b);
  for (let i = count; i > 0; i -= 4) {
    put(OP, out, apply(OP, WHOLE_A ? v128.load(a) : oneA, WHOLE_B ? v128.load(b) : oneB), i);
    if (WHOLE_A) a += 16;
    if (WHOLE_B) b += 16;
    out += width;
  }
}

// @ts-ignore: decorator
@inline
function row(OP: i32, a: usize, b: usize, out: usize, count: i32, stepA: i32, stepB: i32): void {
  if (stepA && stepB) rowOf(OP, true, true, a, b, out, count);
  else if (stepA) rowOf(OP, true, false, a, b, out, count);
  else if (stepB) rowOf(OP, false, true, a, b, out, count);
  else rowOf(OP, false, false, a, b, out, count);
}

/** The two innermost levels; within the inner one an operand moves by one element or stays. */
// @ts-ignore: decorator
@inline
function planeOf(OP: i32, outer: usize, size: i32, inner: usize, a: usize, b: usize, out: usize): void {
  const outerA = load<usize>(outer + LEVEL_SOURCE), outerB = load<usize>(outer + LEVEL_TARGET);
  const count = field(inner, LEVEL_SIZE);
  const stepA = field(inner, LEVEL_SOURCE), stepB = field(inner, LEVEL_TARGET);
  const width: usize = <usize>count << (OP < COMPARISONS ? 2 : 0);
  for (let i = 0; i < size; i++) {
    row(OP, a, b, out, count, stepA, stepB);
    a += outerA;
    b += outerB;
    out += width;
  }
}

function plane(op: i32, outer: usize, size: i32, inner: usize, a: usize, b: usize, out: usize): void {
  switch (op) {
    case ADD: return planeOf(ADD, outer, size, inner, a, b, out);
    case SUB: return planeOf(SUB, outer, size, inner, a, b, out);
    case MUL: return planeOf(MUL, outer, size, inner, a, b, out);
    case DIV: return planeOf(DIV, outer, size, inner, a, b, out);
    case MAX: return planeOf(MAX, outer, size, inner, a, b, out);
    case MIN: return planeOf(MIN, outer, size, inner, a, b, out);
    case PRELU: return planeOf(PRELU, outer, size, inner, a, b, out);
    case EQUAL_F32: return planeOf(EQUAL_F32, outer, size, inner, a, b, out);
    case LESS_F32: return planeOf(LESS_F32, outer, size, inner, a, b, out);
    case LESS_OR_EQUAL_F32: return planeOf(LESS_OR_EQUAL_F32, outer, size, inner, a, b, out);
    case EQUAL_I32: return planeOf(EQUAL_I32, outer, size, inner, a, b, out);
    case LESS_I32: return planeOf(LESS_I32, outer, size, inner, a, b, out);
    default: return planeOf(LESS_OR_EQUAL_I32, outer, size, inner, a, b, out);
  }
}

/**
 * out = op(a, b), written in order. `levels` (at least 2) hold a size and the steps in bytes of a and of b, as
 * LEVEL_SOURCE and LEVEL_TARGET, from the outermost on; the outermost has `size` iterations here.
 * @returns bytes written
 */
export function broadcast32(op: i32, levels: usize, depth: i32, size: i32, a: usize, b: usize, out: usize): usize {
  const next = levels + LEVEL_BYTES;
  if (depth == 2) {
    plane(op, levels, size, next, a, b, out);
    return <usize>(size * field(next, LEVEL_SIZE)) << (op < COMPARISONS ? 2 : 0);
  }
  const stepA = load<usize>(levels + LEVEL_SOURCE), stepB = load<usize>(levels + LEVEL_TARGET);
  let to = out;
  for (let i = 0; i < size; i++) {
    to += broadcast32(op, next, depth - 1, field(next, LEVEL_SIZE), a, b, to);
    a += stepA;
    b += stepB;
  }
  return to - out;
}
