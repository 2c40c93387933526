import { type AbortSignalLike, throwIfAborted } from '../../base/abort.ts';
import { sizeOf, stridesOf } from '../../base/shape.ts';
import type { PictureSide, Span, TensorPicture } from '../../protocol/tensorViews.ts';
import type { Page } from './plane.ts';
import { Range } from './range.ts';
import { difference, type ShownTensor, sidesOf } from './shownTensor.ts';

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
  const tile = new Tile(shown, parts.side);
  for (let map = span[0]; map < span[1]; map++) {
    throwIfAborted(signal);
    const i = map - span[0];
    const out = tiles.subarray(i * height * width, (i + 1) * height * width);
    const base = page.base + offsetOf(shown.dims, maps, map);
    limits.set(tile.draw({ ...page, base }, { height, width, out }), 2 * i);
  }
  return { span, height, width, tiles, limits };
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

/** Draws maps row by row of their elements. */
class Tile {
  readonly #shown: ShownTensor;
  readonly #side: PictureSide;

  constructor(shown: ShownTensor, side: PictureSide) {
    this.#shown = shown;
    this.#side = side;
  }

  /** Fills `out`; the limits of all elements, NaN where none is finite. */
  draw(page: Page, { height, width, out }: Pixels): readonly [number, number] {
    const range = new Range();
    const line = new Float64Array(page.columns);
    const borders = (pixels: number, length: number) =>
      Int32Array.from({ length: pixels + 1 }, (_, i) => Math.floor((i * length) / pixels));
    const rows = borders(height, page.rows);
    const columns = borders(width, page.columns);
    const pixels = new PixelRow(columns, this.#side === 'difference' ? 'farthest' : 'mean');
    for (let y = 0; y < height; y++) {
      for (let r = rows[y] as number; r < (rows[y + 1] as number); r++) {
        this.#read(page, r, line);
        range.addAll(line);
        pixels.add(line);
      }
      pixels.take(out.subarray(y * width, (y + 1) * width));
    }
    return range.limits ?? [Number.NaN, Number.NaN];
  }

  #read({ base, rowStep, columnStep, columns }: Page, row: number, line: Float64Array): void {
    const { float, dequantized } = this.#shown;
    const sides = sidesOf(this.#shown);
    let at = base + row * rowStep;
    if (this.#side === 'difference' && sides !== undefined) {
      const [x, y] = sides;
      for (let c = 0; c < columns; c++, at += columnStep) {
        const d = difference(x[at] as number, y[at] as number);
        line[c] = Number.isNaN(d) ? Number.POSITIVE_INFINITY : d;
      }
      return;
    }
    const values = this.#side === 'dequantized' && dequantized !== undefined ? dequantized : float;
    if (values instanceof Float32Array)
      for (let c = 0; c < columns; c++, at += columnStep) line[c] = values[at] as number;
    else for (let c = 0; c < columns; c++, at += columnStep) line[c] = Number(values[at]);
  }
}

/** Brings lines of elements together to one row of pixels. */
class PixelRow {
  readonly #borders: Int32Array;
  readonly #by: 'mean' | 'farthest';
  readonly #sums: Float64Array;
  readonly #counts: Float64Array;

  /** @param borders first elements of pixels, and the end of the last one. */
  constructor(borders: Int32Array, by: 'mean' | 'farthest') {
    this.#borders = borders;
    this.#by = by;
    this.#sums = new Float64Array(Math.max(0, borders.length - 1));
    this.#counts = new Float64Array(this.#sums.length);
  }

  add(line: Float64Array): void {
    const [borders, sums, counts] = [this.#borders, this.#sums, this.#counts];
    const isMean = this.#by === 'mean';
    for (let x = 0; x < sums.length; x++) {
      let sum = sums[x] as number;
      let count = counts[x] as number;
      for (let c = borders[x] as number; c < (borders[x + 1] as number); c++) {
        const value = line[c] as number;
        if (!isMean) {
          if (Math.abs(value) > Math.abs(sum)) sum = value;
        } else if (value - value === 0) {
          sum += value;
          count++;
        }
      }
      sums[x] = sum;
      counts[x] = count;
    }
  }

  /** Writes the pixels and starts over. */
  take(out: Float32Array): void {
    for (let x = 0; x < out.length; x++) {
      const sum = this.#sums[x] as number;
      out[x] = this.#by === 'farthest' ? sum : sum / (this.#counts[x] as number); // none finite: 0 / 0
    }
    this.#sums.fill(0);
    this.#counts.fill(0);
  }
}
