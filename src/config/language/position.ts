/** A place between two characters; line and column are 1-based. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Characters from `start` up to `end`, which lies just past the last. */
export interface Range {
  readonly start: Position;
  readonly end: Position;
}

/** What to put in place of a range; an empty range inserts. */
export interface TextEdit {
  readonly range: Range;
  readonly text: string;
}

/** A range within one line. */
export function rangeOf(span: { readonly line: number; readonly column: number; readonly endColumn: number }): Range {
  const { line, column, endColumn } = span;
  return { start: { line, column }, end: { line, column: endColumn } };
}

/** Replaces a span of one line. */
export function replace(
  span: { readonly line: number; readonly column: number; readonly endColumn: number },
  text: string,
): TextEdit {
  return { range: rangeOf(span), text };
}

/** The text after `edits`, which must not overlap. Lines end in `\n`; a `\r` before it belongs to the line. */
export function applyEdits(text: string, edits: readonly TextEdit[]): string {
  const starts = [0];
  for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) starts.push(i + 1);
  const offset = ({ line, column }: Position): number =>
    Math.min((starts[line - 1] ?? text.length) + column - 1, text.length);
  const sorted = edits
    .map((edit, order) => ({ start: offset(edit.range.start), end: offset(edit.range.end), text: edit.text, order }))
    .sort((a, b) => b.start - a.start || b.order - a.order);
  return sorted.reduce(
    (result, { start, end, text: added }) => result.slice(0, start) + added + result.slice(end),
    text,
  );
}
