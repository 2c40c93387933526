/** Rows that are chosen to be copied, and the one the keys move from. Rows are numbers of the source, not places. */
export class RowSelection {
  #rows = new Set<number>();
  #anchor: number | null = null;

  has(row: number): boolean {
    return this.#rows.has(row);
  }

  get size(): number {
    return this.#rows.size;
  }

  only(row: number | null): void {
    this.#rows = new Set(row === null ? [] : [row]);
    this.#anchor = row;
  }

  toggle(row: number): void {
    if (!this.#rows.delete(row)) this.#rows.add(row);
    this.#anchor = row;
  }

  /** All rows between the anchor and `row`, in the order shown. */
  extend(order: Int32Array, row: number): void {
    const anchor = this.#anchor === null ? -1 : order.indexOf(this.#anchor);
    if (anchor < 0) {
      this.only(row);
      return;
    }
    const at = order.indexOf(row);
    this.#rows = new Set(order.subarray(Math.min(anchor, at), Math.max(anchor, at) + 1));
  }

  all(order: Int32Array): void {
    this.#rows = new Set(order);
  }

  /** In the order shown; rows that are filtered out do not count. */
  inOrder(order: Int32Array): Int32Array {
    return order.filter((row) => this.#rows.has(row));
  }
}
