import { type Position, type Range, rangeOf } from '../edits.ts';
import { readIni } from '../ini.ts';

/** A section with its keys, or a key, as the outline shows them. */
export interface ConfigSymbol {
  readonly name: string;
  /** The value of a key; '' for a section. */
  readonly detail: string;
  readonly kind: 'section' | 'key';
  readonly range: Range;
  /** The name alone. */
  readonly nameRange: Range;
  readonly children: readonly ConfigSymbol[];
}

/** The outline of a config: sections in file order with their keys; keys above the first section stand alone. */
export function symbolsOf(text: string): readonly ConfigSymbol[] {
  const lines = text.split('\n');
  const lineEnd = (line: number): Position => ({ line, column: (lines[line - 1] ?? '').replace(/\r$/, '').length + 1 });
  const { sections } = readIni(text, '');
  return sections.flatMap(({ name, span, entries }, i) => {
    const children = entries.map((entry): ConfigSymbol => {
      const { line } = entry.keySpan;
      const range = { start: { line, column: 1 }, end: lineEnd(line) };
      return {
        name: entry.key,
        detail: entry.value,
        kind: 'key',
        range,
        nameRange: rangeOf(entry.keySpan),
        children: [],
      };
    });
    if (!(lines[span.line - 1] ?? '').trimStart().startsWith('[')) return children;
    const next = sections[i + 1]?.span.line ?? lines.length + 1;
    let last = next - 1;
    while (last > span.line && (lines[last - 1] ?? '').trim() === '') last--;
    const range = { start: { line: span.line, column: 1 }, end: lineEnd(last) };
    return [{ name, detail: '', kind: 'section', range, nameRange: rangeOf(span), children }];
  });
}
