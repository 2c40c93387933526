import type { Diagnostic } from '../../base/diagnostics.ts';
import type { ModelFacts } from '../../protocol/modelFacts.ts';
import { type Position, type Range, rangeOf } from '../edits.ts';
import { NO_SECTION, readIni } from '../ini.ts';
import type { KeyRow } from '../keyTypes.ts';
import { keysOf, SECTIONS } from '../schema.ts';
import type { FolderListing } from './facts.ts';
import { accepted, choiceDoc, EFFECTS, keyDoc, sectionDoc } from './keyDoc.ts';
import { type ItemParts, itemCompletions } from './listCompletion.ts';
import { placeAt } from './place.ts';

/** One thing that may be written at a position. */
export interface Completion {
  readonly label: string;
  readonly kind: 'section' | 'key' | 'word' | 'value' | 'node' | 'input' | 'folder' | 'file';
  /** Beside the label, one line. */
  readonly detail: string;
  /** Markdown. */
  readonly doc: string;
  /** What is replaced, and by what. */
  readonly range: Range;
  readonly text: string;
  /** Completion goes on where the text ends: a value behind `key=`, a folder behind `input:`. */
  readonly goesOn: boolean;
}

/** What is known beside the text; all of it may be missing. */
export interface CompletionFacts {
  readonly model?: ModelFacts | undefined;
  readonly listing?: FolderListing | undefined;
  /** What is said of this config at present. */
  readonly said?: readonly Diagnostic[] | undefined;
}

/** Everything that may stand at a position of a config, most useful first. */
export function completionsAt(text: string, position: Position, facts: CompletionFacts): readonly Completion[] {
  const place = placeAt(text, position);
  switch (place.kind) {
    case 'comment':
      return [];
    case 'section':
      return sections(text, rangeOf(place.span), place.name);
    case 'key': {
      const range = rangeOf(place.span);
      const keys = keysFor(text, { ...place, range });
      const isNew = !place.hasValue;
      return isNew ? [...keys, ...sections(text, range, '')] : keys;
    }
    case 'value':
      return place.row === undefined ? [] : values({ place, row: place.row, position, facts });
  }
}

/** Sections that are not there yet come first; those that concern converter_lite alone come last. */
function sections(text: string, range: Range, current: string): Completion[] {
  const there = new Set(readIni(text, '').sections.map((s) => s.name));
  there.delete(current);
  const rank = ({ name, kind }: (typeof SECTIONS)[number]): number =>
    Number(there.has(name)) + (kind === 'keys' ? 0 : 2);
  return [...SECTIONS]
    .sort((a, b) => rank(a) - rank(b))
    .map((row) => ({
      label: `[${row.name}]`,
      kind: 'section',
      detail: row.doc,
      doc: sectionDoc(row, keysOf(row.name)),
      range,
      text: `[${row.name}]`,
      goesOn: false,
    }));
}

interface KeyPlace {
  readonly section: string;
  readonly key: string;
  readonly hasValue: boolean;
  readonly range: Range;
}

/** Keys of the section that are not set yet, those that the chosen quant_type uses first. */
function keysFor(text: string, { section, key, hasValue, range }: KeyPlace): Completion[] {
  if (section === NO_SECTION) return [];
  const entries = readIni(text, '').sections.flatMap((s) => s.entries.map((e) => ({ section: s.name, ...e })));
  const set = new Set(entries.filter((e) => e.section === section && e.key !== key).map((e) => e.key));
  const quantType = entries.find((e) => e.key === 'quant_type')?.value;
  const unused = (row: KeyRow): number => Number(row.for?.some((type) => type === quantType) === false);
  return keysOf(section)
    .filter((row) => !set.has(row.key))
    .sort((a, b) => unused(a) - unused(b))
    .map((row) => ({
      label: row.key,
      kind: 'key',
      detail: detailOf(row),
      doc: keyDoc(row),
      range,
      text: hasValue ? row.key : `${row.key}=`,
      goesOn: !hasValue,
    }));
}

function detailOf(row: KeyRow): string {
  if (row.effect === 'error') return EFFECTS.error;
  return row.default === undefined ? row.doc : `default ${row.default}`;
}

function values({ place, row, position, facts }: ItemParts): readonly Completion[] {
  const { line } = position;
  const { column, endColumn } = place.span;
  const range = {
    start: { line, column: Math.min(column, position.column) },
    end: { line, column: Math.max(endColumn, position.column) },
  };
  const value = (word: string, detail: string, doc: string, kind: Completion['kind'] = 'value'): Completion => ({
    label: word,
    kind,
    detail,
    doc,
    range,
    text: word,
    goesOn: false,
  });
  switch (row.type.kind) {
    case 'enum':
      return row.type.choices.map((c) =>
        value(c.value, c.value === row.default ? 'default' : c.doc, choiceDoc(c), 'word'),
      );
    case 'bool':
      return ['true', 'false'].map((word) => value(word, word === row.default ? 'default' : '', keyDoc(row), 'word'));
    case 'int':
    case 'double':
      return row.default === undefined ? [] : [value(row.default, `default; ${accepted(row.type)}`, keyDoc(row))];
    case 'vector':
      return (row.examples ?? []).map((example) => value(example.value, example.doc, keyDoc(row)));
    case 'text':
      return row.type.examples.map((example) => value(example, '', keyDoc(row), 'word'));
    case 'profiles':
      return [];
    case 'shapes':
    case 'path':
    case 'names':
    case 'folders':
    case 'dims':
    case 'layouts':
    case 'overrides':
      return itemCompletions({ place, row, position, facts });
  }
}
