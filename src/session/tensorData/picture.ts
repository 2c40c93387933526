import { type AbortSignalLike, throwIfAborted } from '../../base/abort.ts';
import { sizeOf, stridesOf } from '../../base/shape.ts';
import type { PictureSide, Span, TensorPicture } from '../../protocol/tensorViews.ts';
import type { Page } from './plane.ts';
import { Range } from './range.ts';
import { difference, type ShownTensor } from './shownTensor.ts';

export interface PictureParts {
  readonly side: PictureSide;
  /** That of the first map. */
  readonly page: Page;
  readonly maps: readonly number[];
  readonly span: Span;
  readonly most: readonly [number, number];
  readonly signal: AbortSignalLike;
}

/** How many maps the axes count. */
export function mapCount(dims: readonly number[], maps: readonly number[]): number {
  return sizeOf(maps.map((axis) => dims[axis] as number));
}

/**
 * Maps of a tensor, no larger than they are drawn. Where the tensor lacks the side, that of the float one.
 * @throws Cancelled
 */
export function pictureOf(shown: ShownTensor, parts: PictureParts): TensorPicture {
  const { page, maps, span, most, signal } = parts;
  const height = Math.min(page.rows, most[0]);
  const width = Math.min(page.columns, most[1]);
  const tiles = new Float32Array((span[1] - span[0]) * height * width);
  const limits = new Float32Array(2 * (span[1] - span[0]));
  const tile = new Tile(elementOf(shown, parts.side), parts.side === 'difference' ? 'farthest' : 'mean');
  for (let map = span[0]; map < span[1]; map++) {
    throwIfAborted(signal);
    const i = map - span[0];
    const out = tiles.subarray(i * height * width, (i + 1) * height * width);
    const base = page.base + offsetOf(shown.dims, maps, map);
    limits.set(tile.draw({ ...page, base }, { height, width, out }), 2 * i);
  }
  return { span, height, width, tiles, limits };
}

function elementOf({ float, dequantized }: ShownTensor, side: PictureSide): (place: number) => number {
  if (side === 'dequantized' && dequantized !== undefined) return (i) => dequantized[i] as number;
  if (side === 'difference' && dequantized !== undefined) {
    return (i) => {
      const d = difference(Number(float[i]), dequantized[i] as number);
      return Number.isNaN(d) ? Number.POSITIVE_INFINITY : d;
    };
  }
  return (i) => Number(float[i]);
}

/** Where a map starts: the axes count as digits do, the last one fastest. */
function offsetOf(dims: readonly number[], maps: readonly number[], map: number): number {
  const strides = stridesOf(dims);
  let rest = map;
  let offset = 0;
  for (const axis of [...maps].reverse()) {
    const length = dims[axis] as number;
    offset += (rest % length) * (strides[axis] as number);
    rest = Math.floor(rest / length);
  }
  return offset;
}

interface Pixels {
  readonly height: number;
  readonly width: number;
  readonly out: Float32Array;
}

class Tile {
  readonly #element: (place: number) => number;
  readonly #by: 'mean' | 'farthest';

  constructor(element: (place: number) => number, by: 'mean' | 'farthest') {
    this.#element = element;
    this.#by = by;
  }

  /** Fills `out`; the limits of all elements, NaN where none is finite. */
  draw(page: Page, { height, width, out }: Pixels): readonly [number, number] {
    const range = new Range();
    const borders = (pixels: number, length: number) =>
      Array.from({ length: pixels + 1 }, (_, i) => Math.floor((i * length) / pixels));
    const rows = borders(height, page.rows);
    const columns = borders(width, page.columns);
    for (let y = 0; y < height; y++) {
      const across: Span = [rows[y] as number, rows[y + 1] as number];
      for (let x = 0; x < width; x++) {
        const along: Span = [columns[x] as number, columns[x + 1] as number];
        out[y * width + x] = this.#pixel(page, [across, along], range);
      }
    }
    return range.limits ?? [Number.NaN, Number.NaN];
  }

  #pixel({ base, rowStep, columnStep }: Page, [rows, columns]: readonly [Span, Span], range: Range): number {
    let sum = 0;
    let count = 0;
    let farthest = 0;
    for (let r = rows[0]; r < rows[1]; r++) {
      for (let c = columns[0]; c < columns[1]; c++) {
        const value = this.#element(base + r * rowStep + c * columnStep);
        if (Math.abs(value) > Math.abs(farthest)) farthest = value;
        range.add(value);
        if (!Number.isFinite(value)) continue;
        sum += value;
        count++;
      }
    }
    if (this.#by === 'farthest') return farthest;
    return count === 0 ? Number.NaN : sum / count;
  }
}
