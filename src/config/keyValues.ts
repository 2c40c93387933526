import { invariant, type Location } from '../base/diagnostics.ts';
import { at, type IniEntry, type IniSection, itemsOf, type Span } from './ini.ts';
import { keyRow } from './schema.ts';
import type { InputShapes } from './shapes.ts';
import type { DataFolder, Layout, NodeOverride, Value } from './values.ts';

/** The values of a config by section and key, with the defaults of the table, and where each stands. */
export class KeyValues {
  readonly file: string;
  readonly #sections: readonly IniSection[];
  readonly #values = new Map<string, Value>();

  constructor(file: string, sections: readonly IniSection[]) {
    this.file = file;
    this.#sections = sections;
  }

  set(section: string, key: string, value: Value): void {
    this.#values.set(`${section}.${key}`, value);
  }

  /** All lines of a key, in file order. */
  linesOf(section: string, key: string): IniEntry[] {
    return this.#sections.filter((s) => s.name === section).flatMap((s) => s.entries.filter((e) => e.key === key));
  }

  /** Whether the key is written in the file, rightly or not. */
  has(section: string, key: string): boolean {
    return this.linesOf(section, key).length > 0;
  }

  /** Whether the key has a value that was read. */
  isSet(section: string, key: string): boolean {
    return this.#values.has(`${section}.${key}`);
  }

  at(section: string, key: string, item?: string): Location {
    const entry = this.linesOf(section, key).at(-1);
    if (entry !== undefined) {
      const span = item === undefined ? undefined : namedSpan(entry, item);
      return at(this.file, span ?? entry.valueSpan, key);
    }
    const header = this.#sections.filter((s) => s.name === section).at(-1);
    return header === undefined ? { file: this.file, key } : at(this.file, header.span, key);
  }

  value(section: string, key: string): Value | undefined {
    return this.#values.get(`${section}.${key}`);
  }

  optionalNumber(section: string, key: string): number | undefined {
    const value = this.value(section, key);
    if (value?.kind === 'number') return value.number;
    const text = defaultOf(section, key);
    return text === undefined ? undefined : Number(text);
  }

  /** @throws Error when the key has neither value nor default. */
  number(section: string, key: string): number {
    const number = this.optionalNumber(section, key);
    invariant(number !== undefined, `${key} has no default`);
    return number;
  }

  bool(section: string, key: string): boolean {
    const value = this.value(section, key);
    return value?.kind === 'bool' ? value.bool : defaultOf(section, key) === 'true';
  }

  /** @typeParam W the words that the key's row accepts. */
  optionalWord<W extends string>(section: string, key: string): W | undefined {
    const value = this.value(section, key);
    const word = value?.kind === 'word' ? value.word : defaultOf(section, key);
    return word as W | undefined; // the row lets no other word through
  }

  /** @throws Error when the key has neither value nor default. */
  word<W extends string>(section: string, key: string): W {
    const word = this.optionalWord<W>(section, key);
    invariant(word !== undefined, `${key} has no default`);
    return word;
  }

  vector(section: string, key: string): readonly number[] | undefined {
    const value = this.value(section, key);
    return value?.kind === 'vector' ? value.numbers : undefined;
  }

  names(section: string, key: string): readonly string[] {
    const value = this.value(section, key);
    return value?.kind === 'names' ? value.names : [];
  }

  folders(section: string, key: string): readonly DataFolder[] {
    const value = this.value(section, key);
    return value?.kind === 'folders' ? value.folders : [];
  }

  dims(section: string, key: string): ReadonlyMap<string, number> {
    const value = this.value(section, key);
    return value?.kind === 'dims' ? value.dims : new Map();
  }

  layouts(section: string, key: string): ReadonlyMap<string, Layout> {
    const value = this.value(section, key);
    return value?.kind === 'layouts' ? value.layouts : new Map();
  }

  overrides(section: string, key: string): ReadonlyMap<string, NodeOverride> {
    const value = this.value(section, key);
    return value?.kind === 'overrides' ? value.overrides : new Map();
  }

  shapes(section: string, key: string): InputShapes {
    const value = this.value(section, key);
    return value?.kind === 'shapes' ? value.shapes : new Map();
  }

  profiles(section: string, key: string): readonly (readonly number[])[] {
    const value = this.value(section, key);
    return value?.kind === 'profiles' ? value.profiles : [];
  }

  optionalBool(section: string, key: string): boolean | undefined {
    const value = this.value(section, key);
    return value?.kind === 'bool' ? value.bool : undefined;
  }
}

function defaultOf(section: string, key: string): string | undefined {
  const row = keyRow(section, key);
  invariant(row !== undefined, `${section}.${key} is not in the table of keys`);
  return row.default;
}

/** Where an item of a list, or the name before its colon, stands. */
function namedSpan(entry: IniEntry, name: string): Span | undefined {
  for (const { text, span } of itemsOf(entry)) {
    if (text.trim() === name) return span;
    if (text.trim().startsWith(`${name}:`)) return { ...span, endColumn: span.column + name.length };
  }
  return undefined;
}
