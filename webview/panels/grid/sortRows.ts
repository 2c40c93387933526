import { Slices } from '../../query/slices.ts';
import type { Column } from './column.ts';
import type { Sort } from './tableView.ts';

type Compare = (a: number, b: number) => number;

/**
 * Rows in the order of several columns, ties in the order they came; what is missing goes last in either direction. Works
 * in slices of a few milliseconds.
 *
 * @returns null when `signal` was aborted meanwhile
 */
export async function sortRows(
  rows: Int32Array,
  sorts: readonly Sort[],
  columns: readonly Column[],
  signal: AbortSignal,
): Promise<Int32Array | null> {
  const slices = new Slices(signal);
  const compares: Compare[] = [];
  for (const { column: id, descending } of sorts) {
    const column = columns.find((c) => c.id === id);
    if (column === undefined) continue;
    const compare = await comparing(column, rows, descending, slices);
    if (compare === null) return null;
    compares.push(compare);
  }
  if (compares.length === 0) return rows;
  const order = await mergeSorted(rows.length, byAll(compares), slices);
  return order === null ? null : order.map((i) => rows[i] as number);
}

/** Compares positions in `rows`, with keys that are read once. */
async function comparing(
  column: Column,
  rows: Int32Array,
  descending: boolean,
  slices: Slices,
): Promise<Compare | null> {
  const sign = descending ? -1 : 1;
  const keys = new Array<number | string>(rows.length);
  for (let i = 0; i < rows.length; i++) {
    if (i % 64 === 63 && !(await slices.goOn())) return null;
    keys[i] = column.value(rows[i] as number);
  }
  return (a, b) => compareKeys(keys[a] as number | string, keys[b] as number | string, sign);
}

function compareKeys(a: number | string, b: number | string, sign: number): number {
  const [noA, noB] = [isMissing(a), isMissing(b)];
  if (noA || noB) return Number(noA) - Number(noB);
  if (typeof a === 'number' && typeof b === 'number') return a === b ? 0 : a < b ? -sign : sign;
  return sign * compareNatural(String(a), String(b));
}

function isMissing(key: number | string): boolean {
  return key === '' || (typeof key === 'number' && Number.isNaN(key));
}

function byAll(compares: readonly Compare[]): Compare {
  return (a, b) => {
    for (const compare of compares) {
      const order = compare(a, b);
      if (order !== 0) return order;
    }
    return 0;
  };
}

/** Bottom-up merge sort of 0 … count - 1; stable. */
async function mergeSorted(count: number, compare: Compare, slices: Slices): Promise<Int32Array | null> {
  let from = Int32Array.from({ length: count }, (_, i) => i);
  let to = new Int32Array(count);
  for (let width = 1; width < count; width *= 2) {
    for (let start = 0; start < count; start += 2 * width) {
      const middle = Math.min(start + width, count);
      const end = Math.min(start + 2 * width, count);
      let [left, right] = [start, middle];
      for (let at = start; at < end; at++) {
        if (at % 256 === 255 && !(await slices.goOn())) return null;
        const takesLeft = left < middle && (right >= end || compare(from[left] as number, from[right] as number) <= 0);
        to[at] = (takesLeft ? from[left++] : from[right++]) as number;
      }
    }
    [from, to] = [to, from];
  }
  return from;
}

/** Compares texts by letters without case, numbers in them by size: `conv2` before `conv10`. */
export function compareNatural(a: string, b: string): number {
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(j)];
    if (isDigit(x) && isDigit(y)) {
      const [endA, endB] = [endOfDigits(a, i), endOfDigits(b, j)];
      const order = compareDigits(a.slice(i, endA), b.slice(j, endB));
      if (order !== 0) return order;
      [i, j] = [endA, endB];
      continue;
    }
    const order = lower(x) - lower(y);
    if (order !== 0) return order;
    i++;
    j++;
  }
  return a.length - i - (b.length - j) || (a < b ? -1 : a > b ? 1 : 0);
}

function compareDigits(a: string, b: string): number {
  const [x, y] = [a.replace(/^0+/, ''), b.replace(/^0+/, '')];
  return x.length - y.length || (x < y ? -1 : x > y ? 1 : 0);
}

function endOfDigits(text: string, from: number): number {
  let end = from;
  while (end < text.length && isDigit(text.charCodeAt(end))) end++;
  return end;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

function lower(code: number): number {
  return code >= 65 && code <= 90 ? code + 32 : code;
}
