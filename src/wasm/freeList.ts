/** Free ranges of an address space, sorted by start; neighbours are always merged. */
export class FreeList {
  readonly #starts: number[] = [];
  readonly #sizes: number[] = [];

  /** Takes `size` bytes from the first range that has them; -1 when none has. */
  take(size: number): number {
    for (let i = 0; i < this.#sizes.length; i++) {
      const available = this.#sizes[i] as number;
      if (available < size) continue;
      const start = this.#starts[i] as number;
      if (available === size) {
        this.#starts.splice(i, 1);
        this.#sizes.splice(i, 1);
      } else {
        this.#starts[i] = start + size;
        this.#sizes[i] = available - size;
      }
      return start;
    }
    return -1;
  }

  /** Gives a range back, or adds a new one. It must not overlap a free one. */
  give(start: number, size: number): void {
    const at = this.#firstAfter(start);
    const joinsNext = at < this.#starts.length && start + size === this.#starts[at];
    const before = at - 1;
    if (before >= 0 && (this.#starts[before] as number) + (this.#sizes[before] as number) === start) {
      this.#sizes[before] = (this.#sizes[before] as number) + size;
      if (!joinsNext) return;
      this.#sizes[before] = (this.#sizes[before] as number) + (this.#sizes[at] as number);
      this.#starts.splice(at, 1);
      this.#sizes.splice(at, 1);
    } else if (joinsNext) {
      this.#starts[at] = start;
      this.#sizes[at] = (this.#sizes[at] as number) + size;
    } else {
      this.#starts.splice(at, 0, start);
      this.#sizes.splice(at, 0, size);
    }
  }

  /** Size of the range that ends at `end`; 0 when there is none. */
  sizeBefore(end: number): number {
    const last = this.#firstAfter(end) - 1;
    if (last < 0) return 0;
    const size = this.#sizes[last] as number;
    return (this.#starts[last] as number) + size === end ? size : 0;
  }

  #firstAfter(start: number): number {
    let lo = 0;
    let hi = this.#starts.length;
    while (lo < hi) {
      const middle = (lo + hi) >>> 1;
      if ((this.#starts[middle] as number) < start) lo = middle + 1;
      else hi = middle;
    }
    return lo;
  }
}
