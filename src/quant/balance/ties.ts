import type { ValueId } from '../../graph/model.ts';

/** Channels (axis 1) of rank-4 values by value. */
export type ChannelCounts = ReadonlyMap<ValueId, number>;

/**
 * Which channels of which values must have the same factor, because what lies between them keeps factors as they are;
 * and which must have the factor 1, because something reads them that does not.
 */
export class ChannelTies {
  readonly #first = new Map<ValueId, number>();
  readonly #counts: ChannelCounts;
  readonly #parent: Int32Array;
  readonly #fixed: Uint8Array;

  constructor(counts: ChannelCounts) {
    this.#counts = counts;
    let total = 0;
    for (const [id, count] of counts) {
      this.#first.set(id, total);
      total += count;
    }
    this.#parent = Int32Array.from({ length: total }, (_, i) => i);
    this.#fixed = new Uint8Array(total);
  }

  /** How many channels there are in all values. */
  get size(): number {
    return this.#parent.length;
  }

  /** Channels of `a` from `aFrom` on, `count` of them, have the factors of those of `b`. */
  tie(a: ValueId, b: ValueId, { aFrom = 0, bFrom = 0, count = this.#counts.get(a) ?? 0 } = {}): void {
    const [x, y] = [this.#first.get(a), this.#first.get(b)];
    const fits = aFrom + count <= (this.#counts.get(a) ?? 0) && bFrom + count <= (this.#counts.get(b) ?? 0);
    if (x === undefined || y === undefined || !fits) {
      this.fix(a);
      this.fix(b);
      return;
    }
    for (let c = 0; c < count; c++) this.#union(x + aFrom + c, y + bFrom + c);
  }

  /** The value keeps its scale: all its factors are 1. */
  fix(id: ValueId): void {
    const first = this.#first.get(id);
    if (first === undefined) return;
    for (let c = 0; c < (this.#counts.get(id) ?? 0); c++) this.#fixed[this.classOf(first + c)] = 1;
  }

  isFixed(id: ValueId): boolean {
    const first = this.#first.get(id);
    if (first === undefined) return true;
    for (let c = 0; c < (this.#counts.get(id) ?? 0); c++) if (this.#fixed[this.classOf(first + c)] === 0) return false;
    return true;
  }

  /** The class of each channel of a value; undefined for values without channels. Fixed classes are -1. */
  classesOf(id: ValueId): Int32Array | undefined {
    const first = this.#first.get(id);
    if (first === undefined) return undefined;
    return Int32Array.from({ length: this.#counts.get(id) ?? 0 }, (_, c) => {
      const root = this.classOf(first + c);
      return this.#fixed[root] === 1 ? -1 : root;
    });
  }

  classOf(channel: number): number {
    let i = channel;
    while (this.#parent[i] !== i) {
      this.#parent[i] = this.#parent[this.#parent[i] as number] as number;
      i = this.#parent[i] as number;
    }
    return i;
  }

  #union(a: number, b: number): void {
    const [x, y] = [this.classOf(a), this.classOf(b)];
    if (x === y) return;
    this.#parent[x] = y;
    if (this.#fixed[x] === 1) this.#fixed[y] = 1;
  }
}
