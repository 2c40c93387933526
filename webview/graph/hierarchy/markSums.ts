import { blockOf } from './blocks.ts';
import { MARK_COUNT } from './marks.ts';
import type { Units } from './units.ts';

/** Tells what block any run of units is, in constant time. */
export class MarkSums {
  readonly #sums: Int32Array;
  readonly #sizes: Int32Array;

  /**
   * @param nodesOf the nodes of every unit
   * @param marks of every node
   */
  constructor(units: Units, nodesOf: (unit: number) => readonly number[], marks: Uint32Array) {
    this.#sums = new Int32Array((units.count + 1) * MARK_COUNT);
    this.#sizes = new Int32Array(units.count + 1);
    for (let unit = 0; unit < units.count; unit++) {
      const [from, to] = [unit * MARK_COUNT, (unit + 1) * MARK_COUNT];
      this.#sums.copyWithin(to, from, to);
      this.#sizes[unit + 1] = (this.#sizes[unit] as number) + (units.size[unit] as number);
      for (const node of nodesOf(unit)) addMarks(this.#sums, to, marks[node] as number);
    }
  }

  /** Nodes in all units. */
  get size(): number {
    return this.#sizes[this.#sizes.length - 1] as number;
  }

  /** What units `first` to `last` are. */
  blockOf(first: number, last: number): string {
    const counts = new Int32Array(MARK_COUNT);
    const [from, to] = [first * MARK_COUNT, (last + 1) * MARK_COUNT];
    for (let m = 0; m < MARK_COUNT; m++) counts[m] = (this.#sums[to + m] as number) - (this.#sums[from + m] as number);
    return blockOf(counts, (this.#sizes[last + 1] as number) - (this.#sizes[first] as number));
  }
}

/** Counts every bit of `marks` at its place behind `at`. */
export function addMarks(counts: Int32Array, at: number, marks: number): void {
  for (let bits = marks; bits !== 0; bits &= bits - 1) counts[at + 31 - Math.clz32(bits & -bits)]!++;
}
