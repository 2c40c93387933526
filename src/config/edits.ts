import type { Setting } from '../base/diagnostics.ts';
import { type IniEntry, readIni, type Span } from './ini.ts';

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
export function rangeOf({ line, column, endColumn }: Span): Range {
  return { start: { line, column }, end: { line, column: endColumn } };
}

/** Replaces a span of one line. */
export function replaceSpan(span: Span, text: string): TextEdit {
  return { range: rangeOf(span), text };
}

/** The text after `edits`, which must not overlap; those at one place keep their order. */
export function applyEdits(text: string, edits: readonly TextEdit[]): string {
  const starts = [0];
  for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) starts.push(i + 1);
  const offset = ({ line, column }: Position): number =>
    Math.min((starts[line - 1] ?? text.length) + column - 1, text.length);
  return edits
    .map((edit, order) => ({ start: offset(edit.range.start), end: offset(edit.range.end), text: edit.text, order }))
    .sort((a, b) => b.start - a.start || b.order - a.order)
    .reduce((result, { start, end, text: added }) => result.slice(0, start) + added + result.slice(end), text);
}

/** The line of a key that counts, the last; undefined where there is none. */
export function entryOf(text: string, section: string, key: string): IniEntry | undefined {
  return readIni(text, '')
    .sections.filter((s) => s.name === section)
    .flatMap((s) => s.entries.filter((e) => e.key === key))
    .at(-1);
}

/** Sets a key: its value where it has a line, else as {@link insertSettings}. */
export function setSetting(text: string, setting: Setting): TextEdit {
  const entry = entryOf(text, setting.section, setting.key);
  return entry === undefined
    ? insertSettings(text, setting.section, [setting])
    : replaceSpan(entry.valueSpan, setting.value);
}

/**
 * The text with settings over its own: a value in place of the one that counts, else in a section of its own at the
 * end, so that no line moves.
 */
export function withSettings(text: string, settings: readonly Setting[]): string {
  return settings.reduce((before, setting) => {
    const { section, key, value } = setting;
    const entry = entryOf(before, section, key);
    if (entry !== undefined) return applyEdits(before, [replaceSpan(entry.valueSpan, value)]);
    const eol = before.includes('\r\n') ? '\r\n' : '\n';
    const gap = before === '' || before.endsWith('\n') ? '' : eol;
    return `${before}${gap}[${section}]${eol}${key}=${value}${eol}`;
  }, text);
}

/** Adds lines behind a section's last entry; a section that is missing is added at the end of the text. */
export function insertSettings(
  text: string,
  section: string,
  settings: readonly Pick<Setting, 'key' | 'value'>[],
): TextEdit {
  const lines = text.split('\n');
  const eol = lines.length > 1 && lines[0]?.endsWith('\r') ? '\r\n' : '\n';
  const added = settings.map(({ key, value }) => `${key}=${value}`);
  const there = readIni(text, '').sections.filter((s) => s.name === section);
  const last = there.at(-1);
  if (last === undefined) {
    const end = { line: lines.length, column: (lines.at(-1) ?? '').length + 1 };
    const gap = lines.at(-1) === '' ? '' : eol;
    return { range: { start: end, end }, text: `${gap}${[`[${section}]`, ...added].join(eol)}${eol}` };
  }
  const line = last.entries.at(-1)?.keySpan.line ?? last.span.line;
  const end = { line, column: (lines[line - 1] ?? '').replace(/\r$/, '').length + 1 };
  return { range: { start: end, end }, text: added.map((l) => `${eol}${l}`).join('') };
}

/** Takes a line out, its end included; the last one with the end of the line before it. */
export function deleteLine(text: string, line: number): TextEdit {
  const lines = text.split('\n');
  if (line < lines.length)
    return { range: { start: { line, column: 1 }, end: { line: line + 1, column: 1 } }, text: '' };
  const before = Math.max(1, line - 1);
  const start = line === 1 ? { line, column: 1 } : { line: before, column: lengthOf(lines, before) + 1 };
  return { range: { start, end: { line, column: (lines[line - 1] ?? '').length + 1 } }, text: '' };
}

/** Puts `# ` before a line, in place of its blanks. */
export function commentOut(text: string, line: number): TextEdit {
  const raw = text.split('\n')[line - 1] ?? '';
  const blanks = raw.length - raw.trimStart().length;
  return replaceSpan({ line, column: 1, endColumn: blanks + 1 }, '# ');
}

function lengthOf(lines: readonly string[], line: number): number {
  return (lines[line - 1] ?? '').replace(/\r$/, '').length;
}
