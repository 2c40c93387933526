import type { TensorPlane } from '../../src/protocol/tensorViews.ts';

/** The index along every axis of the element at `place` in C order. */
export function indexOf(place: number, dims: readonly number[]): number[] {
  const index = new Array<number>(dims.length).fill(0);
  let rest = place;
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    const length = dims[axis] as number;
    index[axis] = rest % length;
    rest = Math.floor(rest / length);
  }
  return index;
}

/** The inverse of {@link indexOf}. */
export function placeOf(index: readonly number[], dims: readonly number[]): number {
  return dims.reduce((place, length, axis) => place * length + (index[axis] as number), 0);
}

/** The last two axes that are longer than 1; a vector stands upright. */
export function defaultPlane(dims: readonly number[]): TensorPlane {
  const long = [...dims.keys()].filter((axis) => dims[axis] !== 1).slice(-2);
  const [rowAxis = dims.length - 1, columnAxis = -1] = long;
  return { rowAxis, columnAxis, fixed: dims.map(() => 0) };
}

/** The page of the same axes that has an element, and the element's row and column in it. */
export function pageWith(place: number, dims: readonly number[], { rowAxis, columnAxis }: TensorPlane) {
  const fixed = indexOf(place, dims);
  const plane: TensorPlane = { rowAxis, columnAxis, fixed };
  return { plane, row: fixed[rowAxis] ?? 0, column: fixed[columnAxis] ?? 0 };
}

/** The place of an element of a page. */
export function placeIn({ rowAxis, columnAxis, fixed }: TensorPlane, dims: readonly number[], at: Cell): number {
  const index = fixed.map((i, axis) => (axis === rowAxis ? at.row : axis === columnAxis ? at.column : i));
  return placeOf(index, dims);
}

export interface Cell {
  readonly row: number;
  readonly column: number;
}

/** Rows and columns of a page. */
export function pageSize({ rowAxis, columnAxis }: TensorPlane, dims: readonly number[]): Cell {
  if (dims.includes(0)) return { row: 0, column: 0 };
  return { row: dims[rowAxis] ?? 1, column: dims[columnAxis] ?? 1 };
}

/** Axes that a page does not show and that have something to choose. */
export function otherAxes({ rowAxis, columnAxis }: TensorPlane, dims: readonly number[]): number[] {
  return [...dims.keys()].filter((axis) => axis !== rowAxis && axis !== columnAxis && (dims[axis] as number) > 1);
}

/** A plane with another axis for rows or columns; where that is the other direction's, they change places. */
export function withAxis(plane: TensorPlane, direction: 'rowAxis' | 'columnAxis', axis: number): TensorPlane {
  const other = direction === 'rowAxis' ? 'columnAxis' : 'rowAxis';
  return plane[other] === axis
    ? { ...plane, [direction]: axis, [other]: plane[direction] }
    : { ...plane, [direction]: axis };
}

/** For pictures: a vector lies along the columns. */
export function lyingPlane(plane: TensorPlane): TensorPlane {
  return plane.columnAxis === -1 ? { ...plane, rowAxis: -1, columnAxis: plane.rowAxis } : plane;
}

/** How many maps these axes count. */
export function mapCount(axes: readonly number[], dims: readonly number[]): number {
  return axes.reduce((count, axis) => count * (dims[axis] as number), 1);
}

/** The page of map number `map`: the axes count as digits do, the last one fastest. */
export function mapPlane(
  plane: TensorPlane,
  axes: readonly number[],
  map: number,
  dims: readonly number[],
): TensorPlane {
  const digits = indexOf(
    map,
    axes.map((axis) => dims[axis] as number),
  );
  return { ...plane, fixed: plane.fixed.map((i, axis) => digits[axes.indexOf(axis)] ?? i) };
}

/** `[0, 3, 5]`, or `0, 3, 5`, or the place in C order; undefined where the tensor has no such element. */
export function parseIndex(text: string, dims: readonly number[]): number[] | undefined {
  const parts = text
    .replace(/[[\]()]/g, ' ')
    .split(/[\s,;]+/)
    .filter((part) => part !== '');
  const numbers = parts.map(Number);
  if (parts.length === 0 || !numbers.every((n) => Number.isInteger(n) && n >= 0)) return undefined;
  if (numbers.length === dims.length)
    return numbers.every((n, axis) => n < (dims[axis] as number)) ? numbers : undefined;
  const elements = dims.reduce((a, b) => a * b, 1);
  const [place = elements] = numbers;
  return numbers.length === 1 && place < elements ? indexOf(place, dims) : undefined;
}
