import type { Diagnostic, Location } from '../base/diagnostics.ts';
import * as errors from './errors.ts';

/** Characters of one line; columns are 1-based, `endColumn` lies just past the last. */
export interface Span {
  readonly line: number;
  readonly column: number;
  readonly endColumn: number;
}

/** One `key=value` line, cleaned as converter_lite cleans it. */
export interface IniEntry {
  readonly key: string;
  /** '' after `key=`, which is an error. */
  readonly value: string;
  readonly keySpan: Span;
  /** The value as written, double quotes included; empty just behind the `=` when there is none. */
  readonly valueSpan: Span;
  /** What stands in `valueSpan`. */
  readonly raw: string;
  /** The value was reported already and has no meaning. */
  readonly broken: boolean;
}

/** A `[name]` line and the entries below it. A section that is opened twice appears twice. */
export interface IniSection {
  readonly name: string;
  readonly span: Span;
  readonly entries: readonly IniEntry[];
}

export interface IniText {
  /** In file order; entries before any section are in one named {@link NO_SECTION}. */
  readonly sections: readonly IniSection[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Name of the section that collects what stands before the first `[…]`. */
export const NO_SECTION = 'DEFAULT';

const MAX_LINES = 9999;

/**
 * Reads the INI dialect of converter_lite.
 *
 * `#` comments only in the first column; spaces at the ends, CR and every double quote are dropped; exactly one `=`;
 * no inline comments. Lines that converter_lite would refuse are reported and, where their meaning is plain, still read.
 *
 * @param file name for the diagnostics.
 */
export function readIni(text: string, file: string): IniText {
  const diagnostics: Diagnostic[] = [];
  const sections: (IniSection & { entries: IniEntry[] })[] = [];
  let counted = 0;
  text.split('\n').forEach((raw, index) => {
    if (raw === '' || raw.startsWith('#')) return;
    const line = new Line(raw, index + 1);
    if (index === 0 && raw.startsWith('\uFEFF')) diagnostics.push(errors.byteOrderMark(at(file, line.whole())));
    counted++;
    if (counted === MAX_LINES + 1) diagnostics.push(errors.tooManyLines(at(file, line.whole()), MAX_LINES));
    if (line.text === '') return;
    if (line.text.startsWith('[')) {
      sections.push(readHeader(line, file, diagnostics));
      return;
    }
    const entry = readEntry(line, file, diagnostics);
    if (entry === undefined) return;
    if (sections.length === 0) sections.push({ name: NO_SECTION, span: line.whole(), entries: [] });
    sections.at(-1)?.entries.push(entry);
  });
  return { sections, diagnostics };
}

/** An item between the commas of a list, double quotes dropped, blanks kept; its place is without those. */
export interface IniItem {
  readonly text: string;
  readonly span: Span;
}

/** The items of an entry's value; one at least. */
export function itemsOf({ raw, valueSpan }: Pick<IniEntry, 'raw' | 'valueSpan'>): IniItem[] {
  let start = valueSpan.column;
  return raw.split(',').map((part) => {
    const column = start + part.length - part.trimStart().length;
    const span = { line: valueSpan.line, column, endColumn: Math.max(column, start + part.trimEnd().length) };
    start += part.length + 1;
    return { text: part.replaceAll('"', ''), span };
  });
}

/** A location in `file` for a span. */
export function at(file: string, span: Span, key?: string): Location {
  return { file, ...span, ...(key === undefined ? {} : { key }) };
}

function readHeader(line: Line, file: string, diagnostics: Diagnostic[]): IniSection & { entries: IniEntry[] } {
  const close = line.text.indexOf(']');
  if (close === line.text.length - 1) return { name: line.text.slice(1, -1), span: line.whole(), entries: [] };
  const end = close < 0 ? line.text.length : close;
  const read = line.text.slice(1, -1);
  diagnostics.push(errors.badHeader(at(file, line.whole()), read, close < 0));
  return { name: line.text.slice(1, end).trim(), span: line.whole(), entries: [] };
}

function readEntry(line: Line, file: string, diagnostics: Diagnostic[]): IniEntry | undefined {
  const { text } = line;
  if (text.trim() === '') {
    diagnostics.push(errors.tab(at(file, line.whole()), 'the line holds only tabs'));
    return undefined;
  }
  if (text.trimStart().startsWith('#')) {
    diagnostics.push(errors.indentedComment(at(file, line.whole())));
    return undefined;
  }
  const equals = text.indexOf('=');
  if (equals < 0) {
    diagnostics.push(errors.missingEquals(at(file, line.whole()), text));
    return undefined;
  }
  const [key, keySpan] = line.part(0, equals);
  const second = text.indexOf('=', equals + 1);
  const end = second === text.length - 1 ? second : text.length;
  const [value, valueSpan] = line.part(equals + 1, end);
  const twoParts = second < 0 || second === text.length - 1;
  if (value === '') diagnostics.push(errors.emptyValue(at(file, keySpan, key), key));
  else if (!twoParts) diagnostics.push(errors.equalsInValue(at(file, valueSpan, key), key, value));
  if (line.endsInTab(0, equals) || line.endsInTab(equals + 1, end))
    diagnostics.push(errors.tab(at(file, line.whole(), key), `a tab stands beside ${key} or its value`));
  return { key, value, keySpan, valueSpan, raw: line.raw(valueSpan), broken: value === '' || !twoParts };
}

/** One line without the characters that converter_lite drops, and where the others stood. */
class Line {
  readonly text: string;
  private readonly source: string;
  private readonly number: number;
  /** 0-based column in `raw` of each character of `text`. */
  private readonly columns: number[] = [];

  constructor(raw: string, number: number) {
    this.source = raw;
    this.number = number;
    let start = 0;
    let end = raw.length;
    while (start < end && (raw[start] === ' ' || raw[start] === '\uFEFF')) start++;
    while (end > start && raw[end - 1] === ' ') end--;
    let text = '';
    for (let i = start; i < end; i++) {
      const c = raw[i] as string;
      if (c === '\r' || c === '"') continue;
      text += c;
      this.columns.push(i);
    }
    this.text = text;
  }

  whole(): Span {
    const last = this.columns.at(-1) ?? this.source.length - 1;
    return { line: this.number, column: (this.columns[0] ?? 0) + 1, endColumn: last + 2 };
  }

  /** The characters [from, to) without blanks at the ends, and their place with quotes around them. */
  part(from: number, to: number): [text: string, span: Span] {
    const text = this.text.slice(from, to);
    const start = from + text.length - text.trimStart().length;
    const end = to - (text.length - text.trimEnd().length);
    if (start >= end) {
      const column = from === 0 ? (this.columns[0] ?? 0) : (this.columns[from - 1] as number) + 1;
      return ['', { line: this.number, column: column + 1, endColumn: this.rawEnd(column) + 1 }];
    }
    let first = this.columns[start] as number;
    let last = this.columns[end - 1] as number;
    while (this.source[first - 1] === '"') first--;
    while (this.source[last + 1] === '"') last++;
    return [text.trim(), { line: this.number, column: first + 1, endColumn: last + 2 }];
  }

  raw({ column, endColumn }: Span): string {
    return this.source.slice(column - 1, endColumn - 1);
  }

  endsInTab(from: number, to: number): boolean {
    return /^ *\t|\t *$/.test(this.text.slice(from, to));
  }

  /** End of the blanks and quotes that follow `column`, 0-based. */
  private rawEnd(column: number): number {
    let end = column;
    while (this.source[end] === '"') end++;
    return end;
  }
}
