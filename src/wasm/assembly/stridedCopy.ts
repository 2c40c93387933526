import { LEVEL_BYTES, LEVEL_SIZE, LEVEL_SOURCE, LEVEL_TARGET } from './layout';
import { transposeBlock8, transposeBlock32 } from './transpose';
import { field } from './vector';

/** Long runs are left to the engine's own copy, which a call costs some tens of nanoseconds. */
const LONG_RUN: usize = 512;

export function copyRun(from: usize, to: usize, byteLength: usize): void {
  if (byteLength >= LONG_RUN) {
    memory.copy(to, from, byteLength);
    return;
  }
  while (byteLength >= 16) {
    v128.store(to, v128.load(from));
    from += 16;
    to += 16;
    byteLength -= 16;
  }
  if (byteLength & 8) {
    store<u64>(to, load<u64>(from));
    from += 8;
    to += 8;
  }
  if (byteLength & 4) {
    store<u32>(to, load<u32>(from));
    from += 4;
    to += 4;
  }
  if (byteLength & 2) {
    store<u16>(to, load<u16>(from));
    from += 2;
    to += 2;
  }
  if (byteLength & 1) store<u8>(to, load<u8>(from));
}

// @ts-ignore: decorator
@inline
function copyCell(width: i32, from: usize, to: usize): void {
  if (width == 4) store<u32>(to, load<u32>(from));
  else if (width == 1) store<u8>(to, load<u8>(from));
  else if (width == 8) store<u64>(to, load<u64>(from));
  else store<u16>(to, load<u16>(from));
}

// @ts-ignore: decorator
@inline
function copyRowOf(WIDTH: i32, from: usize, to: usize, size: i32, source: usize, target: usize): void {
  for (let i = 0; i < size; i++) {
    copyCell(WIDTH, from, to);
    from += source;
    to += target;
  }
}

function copyRow(width: i32, from: usize, to: usize, size: i32, source: usize, target: usize): void {
  if (width == 4) copyRowOf(4, from, to, size, source, target);
  else if (width == 1) copyRowOf(1, from, to, size, source, target);
  else if (width == 8) copyRowOf(8, from, to, size, source, target);
  else copyRowOf(2, from, to, size, source, target);
}

/** The two innermost levels: runs, a transposition, or cells one by one. */
function copyPlane(width: i32, outer: usize, size: i32, inner: usize, from: usize, to: usize): void {
  const outerSource = pointerStep(outer, LEVEL_SOURCE), outerTarget = pointerStep(outer, LEVEL_TARGET);
  const innerSource = pointerStep(inner, LEVEL_SOURCE), innerTarget = pointerStep(inner, LEVEL_TARGET);
  const count = field(inner, LEVEL_SIZE);
  const cell = <usize>width;
  if (innerSource == cell && innerTarget == cell) {
    const bytes = <usize>count * cell;
    for (let i = 0; i < size; i++) {
      copyRun(from, to, bytes);
      from += outerSource;
      to += outerTarget;
    }
  } else if (outerSource == cell && innerTarget == cell && width == 4) {
    transposeBlock32(from, innerSource, to, outerTarget, count, size);
  } else if (outerSource == cell && innerTarget == cell && width == 1) {
    transposeBlock8(from, innerSource, to, outerTarget, count, size);
  } else {
    for (let i = 0; i < size; i++) {
      copyRow(width, from, to, count, innerSource, innerTarget);
      from += outerSource;
      to += outerTarget;
    }
  }
}

/** A step in bytes, which may be negative: addition wraps. */
// @ts-ignore: decorator
@inline
function pointerStep(level: usize, offset: usize): usize {
  return load<usize>(level + offset);
}

/**
 * Copies cells of `width` bytes; `levels` (at least 2) are steps from the outermost on, see layout.ts. The outermost
 * has `size` iterations here, whatever its field says, so that it can be split.
 */
export function copyCells(width: i32, levels: usize, depth: i32, size: i32, from: usize, to: usize): void {
  if (depth == 2) {
    copyPlane(width, levels, size, levels + LEVEL_BYTES, from, to);
    return;
  }
  const source = pointerStep(levels, LEVEL_SOURCE), target = pointerStep(levels, LEVEL_TARGET);
  const next = levels + LEVEL_BYTES;
  const nextSize = field(next, LEVEL_SIZE);
  for (let i = 0; i < size; i++) {
    copyCells(width, next, depth - 1, nextSize, from, to);
    from += source;
    to += target;
  }
}

/** For rows [first, end): to = blocks of `byteLength` at from + rows[r] + columns[c], one after the other. */
export function gatherBlocks(
  from: usize, to: usize, rows: usize, columns: usize, columnCount: i32, byteLength: i32, first: i32, end: i32,
): void {
  for (let r = first; r < end; r++) {
    const row = from + load<u32>(rows + (<usize>r << 2));
    let out = to + <usize>r * <usize>columnCount * <usize>byteLength;
    if (byteLength == 4) {
      for (let c = 0; c < columnCount; c++) {
        store<u32>(out, load<u32>(row + load<u32>(columns + (<usize>c << 2))));
        out += 4;
      }
    } else {
      for (let c = 0; c < columnCount; c++) {
        copyRun(row + load<u32>(columns + (<usize>c << 2)), out, byteLength);
        out += byteLength;
      }
    }
  }
}
