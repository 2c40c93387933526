import { alignBlocks, type Blocks, type LevelParts, portOffset } from './align.ts';
import { type Buckets, bucketBy } from './buckets.ts';
import { middleOf } from './order.ts';

const ITEM_GAP = 28;
const LINE_GAP = 12;
const PASSES = 24;
/** Blocks that move less, in pixels, stay. */
const STILL = 0.5;

/**
 * Centres of all vertices along x. Blocks are packed by their distances and then moved to the median of what they are
 * joined with, as far as their neighbours let them.
 *
 * @param bendWidth room that each bend takes, by its number less the level's vertices
 */
export function placeVertices(parts: LevelParts, bendWidth: Float64Array, poll: () => void): Float64Array {
  const blocks = alignBlocks(parts, poll);
  poll();
  const neighbours = findNeighbours(parts, blocks, bendWidth);
  poll();
  const order = leftToRight(neighbours, blocks.count);
  const x = pack(neighbours, order);
  poll();
  relax({ x, order, neighbours, joints: findJoints(parts, blocks), poll });
  const centres = new Float64Array(parts.layered.total);
  for (let v = 0; v < centres.length; v++) centres[v] = x[blocks.blockOf[v]!]! + blocks.shift[v]!;
  return centres;
}

/** Blocks that stand beside each other in some layer, with the least distance of their middles. */
interface Neighbours {
  readonly left: Int32Array;
  readonly right: Int32Array;
  readonly distance: Float64Array;
  /** Entries by their right block, and by their left one. */
  readonly onLeftOf: Buckets;
  readonly onRightOf: Buckets;
}

function findNeighbours({ graph, layered, layers }: LevelParts, blocks: Blocks, bendWidth: Float64Array): Neighbours {
  const { blockOf, shift, count } = blocks;
  const { vertexCount, width } = graph;
  const { start, vertices } = layers;
  const left = new Int32Array(layered.total);
  const right = new Int32Array(layered.total);
  const distance = new Float64Array(layered.total);
  let found = 0;
  for (let r = 0; r + 1 < start.length; r++) {
    for (let i = start[r]!; i + 1 < start[r + 1]!; i++, found++) {
      const a = vertices[i]!;
      const b = vertices[i + 1]!;
      const widths =
        (a < vertexCount ? width[a]! : bendWidth[a - vertexCount]!) +
        (b < vertexCount ? width[b]! : bendWidth[b - vertexCount]!);
      left[found] = blockOf[a]!;
      right[found] = blockOf[b]!;
      distance[found] = widths / 2 + (a < vertexCount && b < vertexCount ? ITEM_GAP : LINE_GAP) + shift[a]! - shift[b]!;
    }
  }
  const onLeftOf = bucketBy(right.subarray(0, found), count);
  return { left, right, distance, onLeftOf, onRightOf: bucketBy(left.subarray(0, found), count) };
}

/** Topological order of "stands left of"; chosen lines never cross, so it has no cycle. */
function leftToRight({ right, onLeftOf, onRightOf }: Neighbours, count: number): Int32Array {
  const waiting = new Int32Array(count);
  const order = new Int32Array(count);
  let found = 0;
  for (let b = 0; b < count; b++) {
    waiting[b] = onLeftOf.start[b + 1]! - onLeftOf.start[b]!;
    if (waiting[b] === 0) order[found++] = b;
  }
  for (let i = 0; i < found; i++) {
    const b = order[i]!;
    for (let n = onRightOf.start[b]!; n < onRightOf.start[b + 1]!; n++) {
      const next = right[onRightOf.elements[n]!]!;
      if (--waiting[next]! === 0) order[found++] = next;
    }
  }
  return order;
}

function pack(neighbours: Neighbours, order: Int32Array): Float64Array {
  const x = new Float64Array(order.length);
  for (const b of order) {
    const least = leftLimit(neighbours, b, x);
    x[b] = least === -Infinity ? 0 : least;
  }
  return x;
}

function leftLimit({ left, distance, onLeftOf }: Neighbours, b: number, x: Float64Array): number {
  let limit = -Infinity;
  for (let n = onLeftOf.start[b]!; n < onLeftOf.start[b + 1]!; n++) {
    const entry = onLeftOf.elements[n]!;
    limit = Math.max(limit, x[left[entry]!]! + distance[entry]!);
  }
  return limit;
}

function rightLimit({ right, distance, onRightOf }: Neighbours, b: number, x: Float64Array): number {
  let limit = Infinity;
  for (let n = onRightOf.start[b]!; n < onRightOf.start[b + 1]!; n++) {
    const entry = onRightOf.elements[n]!;
    limit = Math.min(limit, x[right[entry]!]! - distance[entry]!);
  }
  return limit;
}

/** Lines between blocks: those of block b are `other[start[b]]` …, straight where `b` is `offset` right of the other. */
interface Joints {
  readonly start: Int32Array;
  readonly other: Int32Array;
  readonly offset: Float64Array;
}

function findJoints({ graph, layered }: LevelParts, { blockOf, shift, count }: Blocks): Joints {
  const { total, downStart, down, downPair } = layered;
  const block = new Int32Array(2 * down.length).fill(-1);
  const other = new Int32Array(block.length);
  const offset = new Float64Array(block.length);
  for (let u = 0; u < total; u++) {
    if (u === graph.entry) continue;
    for (let n = downStart[u]!; n < downStart[u + 1]!; n++) {
      const v = down[n]!;
      if (v === graph.exit || blockOf[u] === blockOf[v]) continue;
      block[2 * n] = other[2 * n + 1] = blockOf[u]!;
      other[2 * n] = block[2 * n + 1] = blockOf[v]!;
      offset[2 * n] = shift[v]! - shift[u]! - portOffset(graph, downPair[n]!, u);
      offset[2 * n + 1] = -offset[2 * n]!;
    }
  }
  const { start, elements } = bucketBy(block, count);
  const sorted: Joints = { start, other: new Int32Array(elements.length), offset: new Float64Array(elements.length) };
  for (let i = 0; i < elements.length; i++) {
    sorted.other[i] = other[elements[i]!]!;
    sorted.offset[i] = offset[elements[i]!]!;
  }
  return sorted;
}

interface Relaxation {
  readonly x: Float64Array;
  readonly order: Int32Array;
  readonly neighbours: Neighbours;
  readonly joints: Joints;
  readonly poll: () => void;
}

function relax({ x, order, neighbours, joints: { start, other, offset }, poll }: Relaxation): void {
  const wishes = new Float64Array(other.length);
  for (let pass = 0; pass < PASSES; pass++) {
    let moved = 0;
    for (let i = 0; i < order.length; i++) {
      if (i % 4096 === 0) poll();
      const b = order[pass % 2 === 0 ? order.length - 1 - i : i]!;
      const many = start[b + 1]! - start[b]!;
      if (many === 0) continue;
      for (let k = 0; k < many; k++) wishes[k] = x[other[start[b]! + k]!]! + offset[start[b]! + k]!;
      const wish = middleOf(wishes, many);
      const next = Math.max(leftLimit(neighbours, b, x), Math.min(rightLimit(neighbours, b, x), wish));
      moved = Math.max(moved, Math.abs(next - x[b]!));
      x[b] = next;
    }
    if (moved < STILL) return;
  }
}
