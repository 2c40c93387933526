import type { Limits, PictureSide, TensorHead, TensorPicture } from '../../src/protocol/tensorViews.ts';
import { MOST_PICTURE_PIXELS } from '../../src/protocol/tensorViews.ts';
import { Blocks } from './blocks.ts';
import type { TensorContext } from './context.ts';
import { lyingPlane, mapCount, otherAxes, pageSize } from './places.ts';
import { refOf } from './slices.ts';

/** Pixels of one block of maps, at most. */
const BLOCK_PIXELS = Math.min(1 << 18, MOST_PICTURE_PIXELS);
const MOST_BLOCKS = 48;

/** One map of one side. */
export interface MapPixels {
  readonly height: number;
  readonly width: number;
  readonly values: Float32Array;
  readonly limits: Limits;
}

/** The maps of the tensor that lies open, block by block as they are wanted. */
export class Maps {
  readonly #blocks: Blocks<TensorPicture>;
  readonly #context: TensorContext;
  #most: readonly [number, number] = [1, 1];

  constructor(context: TensorContext, onLoad: () => void) {
    this.#context = context;
    this.#blocks = new Blocks({
      load: (key, signal) => this.#load(key, signal),
      most: MOST_BLOCKS,
      onLoad,
      onError: context.fail,
    });
  }

  get isComplete(): boolean {
    return this.#blocks.isComplete;
  }

  clear(): void {
    this.#blocks.clear();
  }

  /** Axes that are counted through. */
  get axes(): number[] {
    const opened = this.#context.opened();
    return opened === null ? [] : otherAxes(lyingPlane(opened.plane), opened.head.dims);
  }

  get count(): number {
    const opened = this.#context.opened();
    return opened === null || opened.head.elements === 0 ? 0 : mapCount(this.axes, opened.head.dims);
  }

  /** @param most device pixels of a tile; others forget what was loaded. */
  want(sides: readonly PictureSide[], span: readonly [number, number], most: readonly [number, number]): void {
    if (most.join() !== this.#most.join()) this.#blocks.clear();
    this.#most = most;
    const size = this.#perBlock;
    const keys: string[] = [];
    for (let block = Math.floor(span[0] / size); block * size < Math.min(span[1], this.count); block++)
      for (const side of sides) keys.push(`${side}:${block}`);
    this.#blocks.want(keys);
  }

  /** Undefined while it is loaded. */
  of(side: PictureSide, map: number): MapPixels | undefined {
    const picture = this.#blocks.get(`${side}:${Math.floor(map / this.#perBlock)}`);
    if (picture === undefined) return undefined;
    const { height, width, tiles, limits } = picture;
    const at = map - picture.span[0];
    const [low, high] = [limits[2 * at] as number, limits[2 * at + 1] as number];
    return {
      height,
      width,
      values: tiles.subarray(at * height * width, (at + 1) * height * width),
      limits: Number.isNaN(low) ? null : [low, high],
    };
  }

  get #perBlock(): number {
    const opened = this.#context.opened();
    if (opened === null) return 1;
    const { row, column } = pageSize(lyingPlane(opened.plane), opened.head.dims);
    const pixels = Math.min(row, this.#most[0]) * Math.min(column, this.#most[1]);
    return Math.max(1, Math.min(64, Math.floor(BLOCK_PIXELS / Math.max(1, pixels))));
  }

  async #load(key: string, signal: Parameters<TensorContext['ask']>[2]): Promise<TensorPicture> {
    const opened = this.#context.opened();
    if (opened === null) throw new Error('a picture was asked for without a tensor');
    const [side, block] = key.split(':') as [PictureSide, string];
    const size = this.#perBlock;
    const from = Number(block) * size;
    const request = {
      ...refOf(opened),
      side,
      plane: lyingPlane(opened.plane),
      maps: this.axes,
      span: [from, Math.min(from + size, this.count)] as const,
      most: this.#most,
    };
    return this.#context.ask('tensor/picture', request, signal);
  }
}

/** What the colours of a side span: values of float and dequantized alike, of differences as far down as up. */
export function limitsOf(side: PictureSide, limits: Readonly<Partial<Record<PictureSide, Limits>>>): Limits {
  if (side === 'difference') {
    const { difference } = limits;
    if (difference == null) return null;
    const most = Math.max(Math.abs(difference[0]), Math.abs(difference[1]));
    return [-most, most];
  }
  const both = [limits.float, limits.dequantized].filter((l) => l != null);
  if (both.length === 0) return null;
  return [Math.min(...both.map((l) => l[0])), Math.max(...both.map((l) => l[1]))];
}

/** The sides of a tensor that can be drawn. */
export function pictureSides(sides: readonly string[], head: TensorHead): PictureSide[] {
  const all: readonly PictureSide[] = ['float', 'dequantized', 'difference'];
  const chosen = all.filter((side) => sides.includes(side) && head.sides.includes(side));
  return chosen.length === 0 ? ['float'] : chosen;
}
