import type { Column } from './column.ts';

/** Text between commas, after RFC 4180; a line per row and one for the headings. */
export function toCsv(columns: readonly Column[], rows: Iterable<number>): string {
  return delimited(columns, rows, (cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell), ',');
}

/** Text between tabs, as spreadsheets paste it; tabs and line ends within a cell become blanks. */
export function toTsv(columns: readonly Column[], rows: Iterable<number>): string {
  return delimited(columns, rows, (cell) => cell.replace(/[\t\r\n]+/g, ' '), '\t');
}

function delimited(
  columns: readonly Column[],
  rows: Iterable<number>,
  quote: (cell: string) => string,
  between: string,
): string {
  const lines = [columns.map((column) => quote(column.header)).join(between)];
  for (const row of rows) lines.push(columns.map((column) => quote(plain(column.value(row)))).join(between));
  return `${lines.join('\r\n')}\r\n`;
}

/** Numbers with all their digits; what was not measured is empty, infinities are `inf`. */
function plain(value: number | string): string {
  if (typeof value === 'string') return value;
  if (Number.isNaN(value)) return '';
  return Number.isFinite(value) ? String(value) : value > 0 ? 'inf' : '-inf';
}
