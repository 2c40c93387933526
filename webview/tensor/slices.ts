import type { SampledTensorRef, TensorSide, TensorSlice } from '../../src/protocol/tensorViews.ts';
import { Blocks } from './blocks.ts';
import type { TensorContext } from './context.ts';
import type { Opened } from './look.ts';
import { type Cell, pageSize } from './places.ts';

/** Rows and columns of a block. */
const ROWS = 64;
const COLUMNS = 32;
/** Of all sides, at most 2 MB. */
const MOST_BLOCKS = 64;

/** All that is known of an element. */
export interface Element {
  readonly float: number;
  readonly dequantized: number | null;
  readonly code: number | null;
  readonly scale: number | null;
}

export function elementAt(slice: TensorSlice, i: number): Element {
  return {
    float: slice.float[i] as number,
    dequantized: slice.dequantized?.[i] ?? null,
    code: slice.codes?.[i] ?? null,
    scale: slice.scale === null ? null : (slice.scale[slice.scale.length === 1 ? 0 : i] as number),
  };
}

/** The number that a side shows; null where there is none. */
export function sideOf({ float, dequantized, code }: Element, side: TensorSide): number | null {
  if (side === 'float') return float;
  if (side === 'dequantized') return dequantized;
  if (side === 'codes') return code;
  if (dequantized === null) return null;
  return Object.is(float, dequantized) ? 0 : dequantized - float;
}

/** The tensor as requests name it. */
export function refOf({ head }: Opened): SampledTensorRef {
  const { nodeId, valueId, role, sample } = head;
  return { nodeId, valueId, role, sample: sample?.index ?? 0 };
}

/** The elements of the page that is looked at, block by block as they are wanted. */
export class Slices {
  readonly #blocks: Blocks<TensorSlice>;
  readonly #context: TensorContext;

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

  /** Asks for the cells in sight, from `first` to just before `end`, then for those around them. */
  want(first: Cell, end: Cell, size: Cell): void {
    const [top, left] = [Math.floor(first.row / ROWS), Math.floor(first.column / COLUMNS)];
    const [bottom, right] = [Math.ceil(end.row / ROWS), Math.ceil(end.column / COLUMNS)];
    const isBlock = (row: number, column: number) =>
      row >= 0 && column >= 0 && row * ROWS < size.row && column * COLUMNS < size.column;
    const inSight: string[] = [];
    const around: string[] = [];
    for (let row = top - 1; row <= bottom; row++) {
      for (let column = left - 1; column <= right; column++) {
        if (!isBlock(row, column)) continue;
        const isSeen = row >= top && row < bottom && column >= left && column < right;
        (isSeen ? inSight : around).push(`${row}:${column}`);
      }
    }
    this.#blocks.want([...inSight, ...around]);
  }

  /** Undefined while it is loaded. */
  at({ row, column }: Cell): Element | undefined {
    const block = this.#blocks.get(`${Math.floor(row / ROWS)}:${Math.floor(column / COLUMNS)}`);
    if (block === undefined) return undefined;
    const width = block.columns[1] - block.columns[0];
    return elementAt(block, (row - block.rows[0]) * width + column - block.columns[0]);
  }

  async #load(key: string, signal: Parameters<TensorContext['ask']>[2]): Promise<TensorSlice> {
    const opened = this.#context.opened();
    if (opened === null) throw new Error('a block was asked for without a tensor');
    const [row = 0, column = 0] = key.split(':').map(Number);
    const size = pageSize(opened.plane, opened.head.dims);
    return this.#context.ask(
      'tensor/slice',
      {
        ...refOf(opened),
        plane: opened.plane,
        rows: [row * ROWS, Math.min((row + 1) * ROWS, size.row)],
        columns: [column * COLUMNS, Math.min((column + 1) * COLUMNS, size.column)],
      },
      signal,
    );
  }
}
