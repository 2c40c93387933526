import type { Column } from './column.ts';

export interface Sort {
  readonly column: string;
  readonly descending: boolean;
}

/** How one looked at a table; survives a reload. */
export interface TableView {
  readonly filter: string;
  /** Most important first; none: order of the file. */
  readonly sorts: readonly Sort[];
  /** Columns that are shown or hidden against their default. */
  readonly shown: Readonly<Record<string, boolean>>;
  readonly widths: Readonly<Record<string, number>>;
}

export const LEAST_WIDTH = 48;

export function isShown(column: Column, view: TableView): boolean {
  return view.shown[column.id] ?? column.shown;
}

export function widthOf(column: Column, view: TableView): number {
  return view.widths[column.id] ?? column.width;
}

/** Tables by the panel they are in. */
export type TableId = 'nodes' | 'tensors';
export type TableViews = Readonly<Record<TableId, TableView>>;

const PLAIN: TableView = { filter: '', sorts: [], shown: {}, widths: {} };

/** How tables look at first: the worst on top. */
export const FIRST_VIEWS: TableViews = {
  nodes: { ...PLAIN, sorts: [{ column: 'cosine', descending: false }] },
  tensors: { ...PLAIN, sorts: [{ column: 'cosine', descending: false }] },
};

/** Whether what was saved, by whatever version, says how tables look. */
export function areTableViews(saved: unknown): saved is TableViews {
  return isObject(saved) && (['nodes', 'tensors'] as const).every((id) => isTableView(saved[id]));
}

function isTableView(saved: unknown): boolean {
  if (!isObject(saved)) return false;
  const { filter, sorts, shown, widths } = saved;
  return (
    typeof filter === 'string' &&
    Array.isArray(sorts) &&
    sorts.every((s) => isObject(s) && typeof s.column === 'string' && typeof s.descending === 'boolean') &&
    isObject(shown) &&
    Object.values(shown).every((value) => typeof value === 'boolean') &&
    isObject(widths) &&
    Object.values(widths).every((value) => typeof value === 'number' && value >= LEAST_WIDTH)
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
