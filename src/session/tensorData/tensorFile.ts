import type { NumericDType } from '../../base/dtype.ts';
import type { Tensor } from '../../base/tensor.ts';
import { tensor } from '../../base/tensor.ts';
import { writeNpy } from '../../data/npy.ts';
import { shortestFloat32 } from '../../protocol/floatText.ts';
import type { TensorSide } from '../../protocol/tensorViews.ts';
import { type Page, placesOf } from './plane.ts';
import { difference, type ShownTensor } from './shownTensor.ts';
import { elementsAt } from './slice.ts';

/** Lines of a CSV made at a time. */
const LINES = 256;

/** One side of a tensor as NumPy's format; of a page [rows, columns], or of all dims. */
export function npyOf(shown: ShownTensor, side: TensorSide, page: Page | undefined): Uint8Array {
  if (page === undefined) return writeNpy(whole(shown, side));
  const values = pageValues(shown, side, { page, rows: [0, page.rows] });
  const dims = [page.rows, page.columns];
  if (side === 'codes') return writeNpy(tensor('int32', dims, Int32Array.from(values)));
  return values instanceof Float64Array
    ? writeNpy(tensor('float64', dims, values))
    : writeNpy(tensor('float32', dims, Float32Array.from(values)));
}

/** The numbers of a page line by line, so that reading them gives the same float32 or integers again. */
export async function* csvOf(shown: ShownTensor, side: TensorSide, page: Page): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  for (let from = 0; from < page.rows; from += LINES) {
    const rows = [from, Math.min(from + LINES, page.rows)] as const;
    const values = pageValues(shown, side, { page, rows });
    const text = values instanceof Float32Array ? shortestFloat32 : String;
    let lines = '';
    for (let r = 0; r < rows[1] - rows[0]; r++)
      lines += `${Array.from(values.subarray(r * page.columns, (r + 1) * page.columns), text).join(',')}\n`;
    yield encoder.encode(lines);
  }
}

interface Rows {
  readonly page: Page;
  readonly rows: readonly [number, number];
}

function pageValues(shown: ShownTensor, side: TensorSide, { page, rows }: Rows) {
  const { float, dequantized, codes } = elementsAt(shown, placesOf(page, rows, [0, page.columns]));
  if (side === 'codes' && codes !== null) return codes;
  if (side === 'float' || dequantized === null) return float;
  if (side === 'dequantized') return dequantized;
  return dequantized.map((y, i) => difference(float[i] as number, y));
}

function whole({ dtype, dims, float, dequantized, codes }: ShownTensor, side: TensorSide): Tensor {
  if (side === 'codes' && codes !== undefined) return { dtype: heldAs(codes), dims, data: codes } as Tensor; // of it
  if (side === 'float' || dequantized === undefined) return { dtype, dims, data: float } as Tensor; // as it was read
  if (side === 'dequantized') return tensor('float32', dims, dequantized);
  const data = dequantized.map((y, i) => difference(Number(float[i]), y));
  return tensor('float32', dims, data);
}

/** The type of an array of codes, which may be wider than theirs. */
function heldAs(codes: NonNullable<ShownTensor['codes']>): NumericDType {
  if (codes instanceof Int8Array) return 'int8';
  if (codes instanceof Uint8Array) return 'uint8';
  if (codes instanceof Int16Array) return 'int16';
  return codes instanceof Uint16Array ? 'uint16' : 'int32';
}
