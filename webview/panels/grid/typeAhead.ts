const PAUSE_MS = 1000;

/** Finds rows by the letters that are typed: of a name, or of its last part. */
export class TypeAhead {
  #typed = '';
  #last = Number.NEGATIVE_INFINITY;

  /** Whether letters were typed just now. */
  get isOn(): boolean {
    return performance.now() - this.#last < PAUSE_MS;
  }

  /** @returns the place of the next row from `at` that begins so, -1 for none. */
  find(key: string, order: Int32Array, at: number, text: (row: number) => string): number {
    this.#typed = (this.isOn ? this.#typed : '') + key.toLowerCase();
    this.#last = performance.now();
    const isFirst = this.#typed.length === 1;
    for (let i = isFirst ? 1 : 0; i <= order.length; i++) {
      const place = (Math.max(0, at) + i) % order.length;
      const name = text(order[place] as number).toLowerCase();
      const part = name.slice(name.lastIndexOf('/') + 1);
      if (name.startsWith(this.#typed) || part.startsWith(this.#typed)) return place;
    }
    return -1;
  }
}
