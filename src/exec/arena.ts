/** A piece of memory that some values need from step `birth` to step `death`, both included. */
export interface Buffer {
  readonly bytes: number;
  readonly birth: number;
  readonly death: number;
}

/** Where each buffer lies, by its index, and the bytes of the whole. */
export interface ArenaPlan {
  readonly offsets: readonly number[];
  readonly byteLength: number;
}

/** Buffers start on this many bytes. */
export const ALIGNMENT = 64;

/**
 * Places buffers so that no two alive at one step overlap: the largest first, each into the tightest gap that is free
 * for its whole life (Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference", greedy by size).
 */
export function planArena(buffers: readonly Buffer[]): ArenaPlan {
  const order = buffers.map((_, i) => i).sort((i, j) => sizeAt(buffers, j) - sizeAt(buffers, i) || i - j);
  const offsets = new Array<number>(buffers.length).fill(0);
  const placed: { start: number; end: number; buffer: Buffer }[] = [];
  let byteLength = 0;
  for (const i of order) {
    const buffer = buffers[i] as Buffer; // order holds indices of buffers
    const size = align(buffer.bytes);
    const start = bestFit(
      placed.filter((p) => p.buffer.birth <= buffer.death && buffer.birth <= p.buffer.death),
      size,
    );
    offsets[i] = start;
    const spot = placed.findIndex((p) => p.start > start);
    placed.splice(spot < 0 ? placed.length : spot, 0, { start, end: start + size, buffer });
    byteLength = Math.max(byteLength, start + size);
  }
  return { offsets, byteLength };
}

/** The start of the tightest gap of at least `size` between `taken` (sorted by start), else just past them all. */
function bestFit(taken: readonly { start: number; end: number }[], size: number): number {
  let best = -1;
  let bestGap = Number.POSITIVE_INFINITY;
  let end = 0;
  for (const t of taken) {
    const gap = t.start - end;
    if (gap >= size && gap < bestGap) {
      best = end;
      bestGap = gap;
    }
    end = Math.max(end, t.end);
  }
  return best < 0 ? end : best;
}

function sizeAt(buffers: readonly Buffer[], i: number): number {
  return buffers[i]?.bytes ?? 0;
}

function align(bytes: number): number {
  return Math.ceil(Math.max(bytes, 1) / ALIGNMENT) * ALIGNMENT;
}
