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

/** Six decimals; more where they would say 1 of what is less. */
export function formatCosine(x: number | null): string {
  if (x === null) return '';
  const text = x.toFixed(6);
  return Number(text) === 1 && x !== 1 ? formatFigure(x) : text;
}

/** Digits that a double has at most. */
const ALL_DIGITS = 17;

/** So many significant digits; more where they would say 1 of what is nearly 1. '' where there is nothing to say. */
export function formatFigure(x: number | null, digits = 6): string {
  if (x === null) return '';
  let text = Number(x.toPrecision(digits));
  for (let d = digits + 1; text === 1 && x !== 1 && d <= ALL_DIGITS; d++) text = Number(x.toPrecision(d));
  return String(text);
}

/** `0.99638 -> 0.999093`: as many digits as it takes to tell them apart. */
export function formatStep(before: number, after: number): string {
  let digits = 6;
  const same = () => Number(before.toPrecision(digits)) === Number(after.toPrecision(digits));
  while (before !== after && digits < ALL_DIGITS && same()) digits++;
  return `${formatFigure(before, digits)} -> ${formatFigure(after, digits)}`;
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

/** `1 sample`, `32 samples`. */
export function formatSamples(count: number): string {
  return `${count} ${count === 1 ? 'sample' : 'samples'}`;
}
