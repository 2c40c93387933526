import { sizeOf, stridesOf } from '../../base/shape.ts';
import type { Span, TensorPlane } from '../../protocol/tensorViews.ts';

/** Where the elements of a page lie in C order: `base + row * rowStep + column * columnStep`. */
export interface Page {
  readonly base: number;
  readonly rows: number;
  readonly columns: number;
  readonly rowStep: number;
  readonly columnStep: number;
}

/** The page of a plane; undefined where the plane is not one of these dims. */
export function pageOf(dims: readonly number[], { rowAxis, columnAxis, fixed }: TensorPlane): Page | undefined {
  if (fixed.length !== dims.length || !isAxis(rowAxis, dims) || !isAxis(columnAxis, dims)) return undefined;
  if (rowAxis !== -1 && rowAxis === columnAxis) return undefined;
  const strides = stridesOf(dims);
  const isEmpty = sizeOf(dims) === 0;
  let base = 0;
  for (const [axis, length] of dims.entries()) {
    if (axis === rowAxis || axis === columnAxis) continue;
    const index = fixed[axis] as number; // as long as dims
    if (!Number.isInteger(index) || index < 0 || (index >= length && !isEmpty)) return undefined;
    base += index * (strides[axis] as number);
  }
  const along = (axis: number) => (axis === -1 ? [1, 0] : [dims[axis], strides[axis]]) as [number, number]; // isAxis
  const [rows, rowStep] = along(rowAxis);
  const [columns, columnStep] = along(columnAxis);
  return isEmpty ? { base: 0, rows: 0, columns: 0, rowStep, columnStep } : { base, rows, columns, rowStep, columnStep };
}

/** Where the elements of these rows and columns lie, row by row. */
export function placesOf(page: Page, rows: Span, columns: Span): Float64Array {
  const places = new Float64Array((rows[1] - rows[0]) * (columns[1] - columns[0]));
  let at = 0;
  for (let r = rows[0]; r < rows[1]; r++)
    for (let c = columns[0]; c < columns[1]; c++) places[at++] = page.base + r * page.rowStep + c * page.columnStep;
  return places;
}

/** Whether a span lies within so many. */
export function isWithin([from, to]: Span, length: number): boolean {
  return Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from <= to && to <= length;
}

function isAxis(axis: number, dims: readonly number[]): boolean {
  return axis === -1 || (Number.isInteger(axis) && axis >= 0 && axis < dims.length);
}
