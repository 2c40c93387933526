/** Boxes per node of the tree. */
const FAN = 16;
const NOTHING = { left: 0, top: 0, right: 0, bottom: 0 };

export interface Rect {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Boxes sorted so that those of a part of the plane are found without looking at the rest; arrays only. */
export interface BoxTree {
  readonly count: number;
  /** left, top, right, bottom of the boxes in the tree's order, then of the nodes level by level, the root last. */
  readonly boxes: Float64Array;
  /** The box that stands at a place of the tree's order. */
  readonly order: Int32Array;
  /** Place of the first box of each level, the given boxes' first, and where the last level ends. */
  readonly levels: Int32Array;
}

/**
 * Packs boxes along a Z-order curve through their centres, sixteen to a node: linear in time, small in memory.
 *
 * @param boxes left, top, right, bottom of one box after another, [4 N].
 */
export function buildBoxTree(boxes: Float64Array): BoxTree {
  const count = boxes.length / 4;
  const order = sortedByCurve(boxes, count);
  const levels = [0, count];
  for (let size = count; size > 1; ) {
    size = Math.ceil(size / FAN);
    levels.push((levels.at(-1) as number) + size);
  }
  const packed = new Float64Array(4 * (levels.at(-1) as number));
  for (let i = 0; i < count; i++) {
    const from = 4 * (order[i] as number);
    for (let k = 0; k < 4; k++) packed[4 * i + k] = boxes[from + k] as number;
  }
  for (let level = 1; level + 1 < levels.length; level++) {
    enclose(packed, levels[level - 1] as number, levels[level] as number);
  }
  return { count, boxes: packed, order, levels: Int32Array.from(levels) };
}

/** Fills the level that begins at `end` with the boxes around those from `begin` to `end`. */
function enclose(boxes: Float64Array, begin: number, end: number): void {
  for (let first = begin, node = end; first < end; first += FAN, node++) {
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    for (let i = 4 * first; i < 4 * Math.min(first + FAN, end); i += 4) {
      left = Math.min(left, boxes[i] as number);
      top = Math.min(top, boxes[i + 1] as number);
      right = Math.max(right, boxes[i + 2] as number);
      bottom = Math.max(bottom, boxes[i + 3] as number);
    }
    boxes[4 * node] = left;
    boxes[4 * node + 1] = top;
    boxes[4 * node + 2] = right;
    boxes[4 * node + 3] = bottom;
  }
}

/** A list of numbers that is filled again and again without new memory. */
export class Found {
  items = new Int32Array(1024);
  count = 0;

  add(item: number): void {
    if (this.count === this.items.length) {
      const larger = new Int32Array(2 * this.count);
      larger.set(this.items);
      this.items = larger;
    }
    this.items[this.count++] = item;
  }
}

/**
 * Collects the boxes that touch `rect` in `found`, in no order that means anything.
 *
 * @returns false when there were more than `limit`; `found` then holds some of them.
 */
export function findInRect(tree: BoxTree, rect: Rect, found: Found, limit = Infinity): boolean {
  const { boxes, order, levels } = tree;
  const { left, top, right, bottom } = rect;
  found.count = 0;
  if (tree.count === 0) return true;
  const stack: number[] = [levels.length - 2, (levels.at(-1) as number) - 1];
  for (let place = stack.pop(); place !== undefined; place = stack.pop()) {
    const level = stack.pop() as number; // pushed in pairs
    const b = 4 * place;
    if ((boxes[b] as number) > right || (boxes[b + 2] as number) < left) continue;
    if ((boxes[b + 1] as number) > bottom || (boxes[b + 3] as number) < top) continue;
    if (level === 0) {
      if (found.count >= limit) return false;
      found.add(order[place] as number);
      continue;
    }
    const below = levels[level - 1] as number;
    const first = below + (place - (levels[level] as number)) * FAN;
    const end = Math.min(first + FAN, levels[level] as number);
    for (let child = first; child < end; child++) stack.push(level - 1, child);
  }
  return true;
}

/** The box around all. */
export function boundsOf({ count, boxes }: BoxTree): Rect {
  if (count === 0) return NOTHING;
  const [left, top, right, bottom] = boxes.subarray(boxes.length - 4) as unknown as [number, number, number, number];
  return { left, top, right, bottom };
}

/** Indices of the boxes by the Z-order code of their centres, 16 bits a side, in one scale for both sides. */
function sortedByCurve(boxes: Float64Array, count: number): Int32Array {
  let [left, top, side] = [Infinity, Infinity, 1];
  for (let i = 0; i < boxes.length; i += 4) {
    left = Math.min(left, boxes[i] as number);
    top = Math.min(top, boxes[i + 1] as number);
  }
  for (let i = 0; i < boxes.length; i += 4) {
    side = Math.max(side, (boxes[i + 2] as number) - left, (boxes[i + 3] as number) - top);
  }
  const scale = 65535 / side;
  const keys = new Uint32Array(count);
  const order = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const x = (((boxes[4 * i] as number) + (boxes[4 * i + 2] as number)) / 2 - left) * scale;
    const y = (((boxes[4 * i + 1] as number) + (boxes[4 * i + 3] as number)) / 2 - top) * scale;
    keys[i] = spread(x) | (spread(y) << 1);
    order[i] = i;
  }
  return radixSort(keys, order);
}

/** The 16 bits of `v` with a gap after each. */
function spread(v: number): number {
  let bits = v & 0xffff;
  bits = (bits | (bits << 8)) & 0x00ff00ff;
  bits = (bits | (bits << 4)) & 0x0f0f0f0f;
  bits = (bits | (bits << 2)) & 0x33333333;
  return (bits | (bits << 1)) & 0x55555555;
}

/** `order` by ascending key; keeps the order of equal keys. */
function radixSort(keys: Uint32Array, order: Int32Array): Int32Array {
  let from: Int32Array = order;
  let to: Int32Array = new Int32Array(order.length);
  const counts = new Int32Array(257);
  for (let shift = 0; shift < 32; shift += 8) {
    counts.fill(0);
    for (const key of keys) counts[((key >>> shift) & 255) + 1]!++;
    for (let i = 0; i < 256; i++) counts[i + 1]! += counts[i] as number;
    for (const item of from) to[counts[((keys[item] as number) >>> shift) & 255]!++] = item;
    [from, to] = [to, from];
  }
  return from;
}
