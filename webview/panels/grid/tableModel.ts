import type { Query } from '../../query/expression.ts';
import { findRows } from '../../query/find.ts';
import type { Rows } from '../../query/rows.ts';
import type { Column } from './column.ts';
import { sortRows } from './sortRows.ts';
import type { Sort } from './tableView.ts';

export interface TableRequest {
  readonly rows: Rows;
  readonly columns: readonly Column[];
  readonly query: Query;
  readonly sorts: readonly Sort[];
}

/** Filters and sorts off the beaten track of keys and frames; of several requests only the last is answered. */
export class TableModel {
  readonly #onOrder: (order: Int32Array) => void;
  #work: AbortController | undefined;

  constructor(onOrder: (order: Int32Array) => void) {
    this.#onOrder = onOrder;
  }

  async show({ rows, columns, query, sorts }: TableRequest): Promise<void> {
    this.#work?.abort();
    const work = new AbortController();
    this.#work = work;
    const found = query.isEmpty ? allOf(rows) : (await findRows(rows, query.expression, work.signal))?.rows;
    const order = found && (await sortRows(found, sorts, columns, work.signal));
    if (order && !work.signal.aborted) this.#onOrder(order);
  }
}

function allOf({ count }: Rows): Int32Array {
  return Int32Array.from({ length: count }, (_, row) => row);
}
