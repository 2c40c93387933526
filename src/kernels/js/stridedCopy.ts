import type { Cells, CopyLevel, StridedCopy } from '../kernelSet.ts';

/** Runs shorter than this are copied cell by cell. */
const SHORT_RUN = 8;

/** Copies a box of cells of one width, or of references, between strided places. */
export function copyCells(from: Cells, to: Cells, { levels, source, target }: StridedCopy): void {
  copyLevel(from as Uint32Array, to as Uint32Array, levels, 0, source, target); // any width: only moved
}

function copyLevel(
  from: Uint32Array,
  to: Uint32Array,
  levels: readonly CopyLevel[],
  depth: number,
  source: number,
  target: number,
): void {
  const level = levels[depth];
  if (level === undefined) {
    to[target] = from[source] as number;
  } else if (depth < levels.length - 1) {
    for (let i = 0; i < level.size; i++) {
      copyLevel(from, to, levels, depth + 1, source + i * level.source, target + i * level.target);
    }
  } else if (level.source === 1 && level.target === 1 && level.size > SHORT_RUN && ArrayBuffer.isView(from)) {
    to.set(from.subarray(source, source + level.size), target);
  } else {
    copyRow(from, to, level, source, target);
  }
}

function copyRow(from: Uint32Array, to: Uint32Array, level: CopyLevel, source: number, target: number): void {
  let i = source;
  let j = target;
  for (let n = 0; n < level.size; n++) {
    to[j] = from[i] as number;
    i += level.source;
    j += level.target;
  }
}

/** to = blocks of `length` cells at from + rows[r] + columns[c], one after the other. */
export function gatherBlocks(from: Cells, to: Cells, rows: Int32Array, columns: Int32Array, length: number): void {
  const source = from as Uint32Array; // any width: only moved
  let at = 0;
  for (const row of rows) {
    for (const column of columns) {
      const first = row + column;
      if (length > SHORT_RUN && ArrayBuffer.isView(source))
        (to as Uint32Array).set(source.subarray(first, first + length), at);
      else for (let i = 0; i < length; i++) to[at + i] = source[first + i] as number;
      at += length;
    }
  }
}

/** out[i] = condition[i] ? x[i] : y[i]. */
export function whereCells(condition: Uint8Array, x: Cells, y: Cells, out: Cells): void {
  for (let i = 0; i < out.length; i++) out[i] = (condition[i] !== 0 ? x[i] : y[i]) as never; // one width
}
