import type { Rect } from './boxTree.ts';

/** A square part of the picture, or of all of it. */
export interface TileRegion {
  readonly rect: Rect;
  /** Pixels of the tile to a unit of the graph. */
  readonly scale: number;
}

export interface TileOptions<Image> {
  /** Side of a tile in pixels. */
  readonly side: number;
  /** Draws a tile piecemeal and returns it. */
  render(region: TileRegion): Generator<void, Image>;
  /** Gives the memory of a tile back. */
  release(image: Image): void;
}

/** What is in sight, in the graph's units, and how large. */
export interface Sight {
  readonly rect: Rect;
  /** Device pixels to a unit. */
  readonly scale: number;
}

interface Tile<Image> {
  readonly column: number;
  readonly row: number;
  image: Image;
  /** Content it was drawn from. */
  version: number;
  /** When it was last in sight. */
  seen: number;
}

interface Layer<Image> {
  readonly scale: number;
  readonly tiles: Map<number, Tile<Image>>;
}

/** A tile that is being drawn. */
interface Work<Image> {
  readonly column: number;
  readonly row: number;
  readonly steps: Generator<void, Image>;
}

/** A tile with its place in the graph's units. */
export interface PlacedTile<Image> {
  readonly image: Image;
  readonly left: number;
  readonly top: number;
  /** Side in the graph's units. */
  readonly size: number;
}

/** No layer has this many columns of tiles. */
const MOST_COLUMNS = 2 ** 24;
/** A layer serves zooms up to this much larger or smaller than its own while the zoom changes. */
const TOLERANCE = 1.5;
/** Tiles kept beyond those in sight. */
const SPARE = 24;

/**
 * Keeps a picture too large to be drawn in one frame as tiles that are drawn when they come into sight, a few
 * milliseconds at a time. While tiles of a new zoom are missing, those of the last one stand in for them.
 */
export class Tiles<Image> {
  readonly #options: TileOptions<Image>;
  #layer: Layer<Image> | undefined;
  #before: Layer<Image> | undefined;
  #work: Work<Image> | undefined;
  #version = 0;
  #clock = 0;
  #sight: Sight | undefined;

  constructor(options: TileOptions<Image>) {
    this.#options = options;
  }

  /** Colours have changed: tiles are drawn anew and shown as they are until then. */
  refresh(): void {
    this.#version++;
    this.#work = undefined;
  }

  /** Another picture: nothing of the old one is shown any more. */
  clear(): void {
    this.refresh();
    for (const layer of [this.#layer, this.#before]) this.#drop(layer);
    this.#layer = undefined;
    this.#before = undefined;
  }

  /**
   * The tiles to draw for what is in sight, those of the last zoom first.
   *
   * @param sight `steady` when the zoom is not changing: tiles are then made for exactly this zoom.
   */
  show(sight: Sight, pace: 'steady' | 'moving'): PlacedTile<Image>[] {
    this.#clock++;
    this.#sight = sight;
    const ratio = this.#layer === undefined ? Infinity : sight.scale / this.#layer.scale;
    const tolerance = pace === 'steady' ? 1 : TOLERANCE;
    if (ratio > tolerance || ratio < 1 / tolerance) this.#changeScale(sight.scale);
    const shown: PlacedTile<Image>[] = [];
    const layer = this.#layer as Layer<Image>; // changeScale has made one
    const missing = this.#cells(layer).some(([column, row]) => layer.tiles.get(keyOf(column, row)) === undefined);
    for (const each of missing ? [this.#before, layer] : [layer]) {
      if (each === undefined) continue;
      for (const [column, row] of this.#cells(each)) {
        const tile = each.tiles.get(keyOf(column, row));
        if (tile === undefined) continue;
        tile.seen = this.#clock;
        const size = this.#options.side / each.scale;
        shown.push({ image: tile.image, left: column * size, top: row * size, size });
      }
    }
    if (!missing && this.#isWhole(layer)) this.#forget();
    return shown;
  }

  /**
   * Draws what is missing in sight until `now() >= until`, at least one step.
   *
   * @returns whether there is more to do.
   */
  work(until: number, now: () => number): boolean {
    for (;;) {
      this.#work ??= this.#next();
      if (this.#work === undefined) return false;
      const step = this.#work.steps.next();
      if (step.done === true) this.#finish(step.value);
      if (now() >= until) return this.#work !== undefined || this.#next() !== undefined;
    }
  }

  #changeScale(scale: number): void {
    this.#work = undefined;
    if (this.#layer !== undefined && this.#layer.tiles.size > 0) {
      this.#drop(this.#before);
      this.#before = this.#layer;
    }
    this.#layer = { scale, tiles: new Map() };
  }

  /** Columns and rows of a layer's tiles in sight; none where they would be too small to be of use. */
  #cells(layer: Layer<Image>): [number, number][] {
    if (this.#sight === undefined) return [];
    const { rect, scale } = this.#sight;
    if (layer.scale > 8 * scale) return [];
    const size = this.#options.side / layer.scale;
    const cells: [number, number][] = [];
    for (let row = Math.floor(rect.top / size); row * size < rect.bottom; row++) {
      for (let column = Math.floor(rect.left / size); column * size < rect.right; column++) cells.push([column, row]);
    }
    return cells;
  }

  #next(): Work<Image> | undefined {
    const layer = this.#layer;
    if (layer === undefined) return undefined;
    const size = this.#options.side / layer.scale;
    const wanted = this.#cells(layer).find(([c, r]) => layer.tiles.get(keyOf(c, r))?.version !== this.#version);
    if (wanted === undefined) return undefined;
    const [column, row] = wanted;
    const [left, top] = [column * size, row * size];
    const rect = { left, top, right: left + size, bottom: top + size };
    return { column, row, steps: this.#options.render({ rect, scale: layer.scale }) };
  }

  #finish(image: Image): void {
    const { column, row } = this.#work as Work<Image>; // whose image this is
    this.#work = undefined;
    const tiles = (this.#layer as Layer<Image>).tiles; // it was begun for this layer
    const old = tiles.get(keyOf(column, row));
    if (old !== undefined) this.#options.release(old.image);
    tiles.set(keyOf(column, row), { column, row, image, version: this.#version, seen: this.#clock });
  }

  #isWhole(layer: Layer<Image>): boolean {
    return this.#cells(layer).every(([c, r]) => layer.tiles.get(keyOf(c, r))?.version === this.#version);
  }

  /** Gives up the last zoom's tiles and those out of sight longest. */
  #forget(): void {
    this.#drop(this.#before);
    this.#before = undefined;
    const tiles = [...(this.#layer?.tiles ?? [])];
    const out = tiles.filter(([, tile]) => tile.seen !== this.#clock).sort(([, a], [, b]) => b.seen - a.seen);
    for (const [key, tile] of out.slice(SPARE)) {
      this.#options.release(tile.image);
      this.#layer?.tiles.delete(key);
    }
  }

  #drop(layer: Layer<Image> | undefined): void {
    for (const tile of layer?.tiles.values() ?? []) this.#options.release(tile.image);
    layer?.tiles.clear();
  }
}

function keyOf(column: number, row: number): number {
  return row * MOST_COLUMNS + column + MOST_COLUMNS / 2;
}
