/** Lays out rows under a header; numbers right-aligned where `right` names the column. */
export function formatTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  right: ReadonlySet<number>,
): string {
  const widths = header.map((title, i) => Math.max(title.length, ...rows.map((row) => (row[i] ?? '').length)));
  const format = (row: readonly string[]): string =>
    row
      .map((cell, i) => (right.has(i) ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd();
  return [format(header), widths.map((w) => '─'.repeat(w)).join('  '), ...rows.map(format)].join('\n');
}

export function formatCosine(x: number | null): string {
  return x === null ? '' : x.toFixed(6);
}

export function formatDb(x: number | null): string {
  if (x === null) return '';
  return x === Number.POSITIVE_INFINITY ? 'exact' : x.toFixed(1);
}

export function formatPercent(x: number | null): string {
  return x === null ? '' : `${(100 * x).toFixed(2)} %`;
}

/** `1234567` as `1.18 MiB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(1)} KiB`;
  return `${(bytes / 1024 / 1024).toFixed(2)} MiB`;
}
