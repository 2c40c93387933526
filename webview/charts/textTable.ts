import type { ChartTable } from './chartModel.ts';

/** Comma-separated lines as RFC 4180 has them, the titles first. */
export function csvOf(table: ChartTable): string {
  return linesOf(table, ',', quoted, '\r\n');
}

/** Lines apart by tabs, as spreadsheets take them from the clipboard; tabs and line ends within become spaces. */
export function tsvOf(table: ChartTable): string {
  return linesOf(table, '\t', (field) => field.replace(/[\t\r\n]+/g, ' '), '\n');
}

function linesOf(
  { columns, rows }: ChartTable,
  separator: string,
  safe: (field: string) => string,
  end: string,
): string {
  const lines = [columns.map((c) => safe(c.title)).join(separator)];
  for (let row = 0; row < rows; row++) lines.push(columns.map((c) => safe(String(c.value(row)))).join(separator));
  return lines.join(end) + end;
}

function quoted(field: string): string {
  return /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}
