import type { Position } from '../edits.ts';
import { NO_SECTION, readIni, type Span } from '../ini.ts';
import type { KeyRow } from '../keyTypes.ts';
import { keyRow } from '../schema.ts';

/** What stands at a position of a config. */
export type Place =
  | { readonly kind: 'comment' }
  /** `span` covers the brackets as far as they are there. */
  | { readonly kind: 'section'; readonly name: string; readonly span: Span }
  /** `hasValue`: a `=` follows. */
  | {
      readonly kind: 'key';
      readonly section: string;
      readonly key: string;
      readonly span: Span;
      readonly hasValue: boolean;
    }
  | ValuePlace;

/** A value, or the item of a list the position is in. */
export interface ValuePlace {
  readonly kind: 'value';
  readonly section: string;
  readonly key: string;
  readonly row: KeyRow | undefined;
  /** The item, blanks and quotes around it dropped. */
  readonly item: string;
  readonly span: Span;
  /** The whole value as written. */
  readonly value: string;
}

const LISTS: readonly KeyRow['type']['kind'][] = ['names', 'folders', 'dims', 'layouts', 'overrides'];

/** What stands between the items of a value; undefined where it is one. */
export function separatorOf({ type }: KeyRow): ',' | ';' | undefined {
  return type.kind === 'shapes' ? ';' : LISTS.includes(type.kind) ? ',' : undefined;
}

/** Finds what stands at a position; a place between two parts belongs to the one before it. */
export function placeAt(text: string, { line, column }: Position): Place {
  const raw = (text.split('\n')[line - 1] ?? '').replace(/\r$/, '');
  if (/^\s*#/.test(raw)) return { kind: 'comment' };
  if (/^\s*\[/.test(raw)) return sectionPlace(raw, line);
  const section =
    readIni(text, '')
      .sections.filter((s) => s.span.line < line)
      .at(-1)?.name ?? NO_SECTION;
  const equals = raw.indexOf('=');
  if (equals < 0 || column - 1 <= equals) {
    const span = trimmed(raw, 0, equals < 0 ? raw.length : equals, line);
    return { kind: 'key', section, key: unquoted(raw, span), span, hasValue: equals >= 0 };
  }
  return valuePlace({ raw, line, column, equals, section });
}

interface ValueParts {
  readonly raw: string;
  readonly line: number;
  readonly column: number;
  readonly equals: number;
  readonly section: string;
}

function valuePlace({ raw, line, column, equals, section }: ValueParts): ValuePlace {
  const key = unquoted(raw, trimmed(raw, 0, equals, line));
  const row = keyRow(section, key);
  const whole = trimmed(raw, equals + 1, raw.length, line);
  const value = unquoted(raw, whole);
  const separator = row && separatorOf(row);
  if (separator === undefined) return { kind: 'value', section, key, row, item: value, span: whole, value };
  const before = raw.lastIndexOf(separator, column - 2);
  const after = raw.indexOf(separator, column - 1);
  const span = trimmed(raw, before <= equals ? equals + 1 : before + 1, after < 0 ? raw.length : after, line);
  return { kind: 'value', section, key, row, item: unquoted(raw, span), span, value };
}

function sectionPlace(raw: string, line: number): Place {
  const open = raw.indexOf('[');
  const close = raw.indexOf(']', open);
  const end = close < 0 ? raw.trimEnd().length : close + 1;
  const name = raw.slice(open + 1, close < 0 ? end : close).trim();
  return { kind: 'section', name, span: { line, column: open + 1, endColumn: end + 1 } };
}

/** The characters [from, to) without blanks at the ends; where only blanks are, the end of them. */
function trimmed(raw: string, from: number, to: number, line: number): Span {
  const part = raw.slice(from, to);
  const start = from + part.length - part.trimStart().length;
  return { line, column: start + 1, endColumn: Math.max(start, from + part.trimEnd().length) + 1 };
}

function unquoted(raw: string, { column, endColumn }: Span): string {
  return raw
    .slice(column - 1, endColumn - 1)
    .replaceAll('"', '')
    .trim();
}
