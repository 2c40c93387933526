import { type Diagnostic, type Location, nearest } from '../base/diagnostics.ts';
import * as errors from './errors.ts';
import { at, type IniEntry } from './ini.ts';
import type { Choice, KeyRow } from './keyTypes.ts';
import { type ListItem, readDims, readFolders, readItems, readLayouts } from './lists.ts';
import { type NodeOverride, readOverrides } from './overrides.ts';
import { type InputShapes, readProfiles, readShapes } from './shapes.ts';

/** A folder of samples and the input they feed; undefined: the only input. */
export interface DataFolder {
  readonly input: string | undefined;
  /** As written; relative to the config file. */
  readonly path: string;
}

/** A parsed value, by the kind of its key; `int` and `double` are numbers, `enum` and `path` words. */
export type Value =
  | { readonly kind: 'number'; readonly number: number }
  | { readonly kind: 'bool'; readonly bool: boolean }
  | { readonly kind: 'word'; readonly word: string; readonly choice?: Choice }
  | { readonly kind: 'vector'; readonly numbers: readonly number[] }
  | { readonly kind: 'names'; readonly names: readonly string[] }
  | { readonly kind: 'folders'; readonly folders: readonly DataFolder[] }
  | { readonly kind: 'dims'; readonly dims: ReadonlyMap<string, number> }
  | { readonly kind: 'layouts'; readonly layouts: ReadonlyMap<string, Layout> }
  | { readonly kind: 'overrides'; readonly overrides: ReadonlyMap<string, NodeOverride> }
  | { readonly kind: 'shapes'; readonly shapes: InputShapes }
  | { readonly kind: 'profiles'; readonly profiles: readonly (readonly number[])[] };

export type { NodeOverride };
export type Layout = 'NCHW' | 'NHWC';

/** A value and what there is to say about it; no value where an error is among it. */
export interface ReadValue {
  readonly value: Value | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads the value of `entry` by the rules of its row. Every problem carries the place of the value, or of the item. */
export function readValue(row: KeyRow, entry: IniEntry, file: string): ReadValue {
  const diagnostics: Diagnostic[] = [];
  const place = at(file, entry.valueSpan, row.key);
  const strict = ['int', 'double', 'bool', 'enum', 'vector'].includes(row.type.kind);
  let text = entry.value;
  if (/(^|\s)#/.test(text)) {
    diagnostics.push(errors.inlineComment(place, row.key, strict ? 'error' : 'warning'));
    if (strict) text = text.replace(/\s*#.*$/, '');
  }
  const items = () => readItems(row.key, entry, file, diagnostics);
  const value = text === '' ? undefined : parsedValue(row, { text, place, items, diagnostics });
  return { value, diagnostics };
}

interface Reading {
  readonly text: string;
  readonly place: Location;
  /** Splits the value; what is wrong with its commas goes to `diagnostics`. */
  readonly items: () => readonly ListItem[];
  readonly diagnostics: Diagnostic[];
}

function parsedValue(row: KeyRow, { text, place, items, diagnostics }: Reading): Value | undefined {
  const { type, key } = row;
  const fail = (d: Diagnostic): undefined => {
    diagnostics.push(d);
  };
  const fromText = <T>(read: T | string, made: (value: T) => Value): Value | undefined =>
    typeof read === 'string' ? fail(errors.badItem(place, key, text, read)) : made(read);
  switch (type.kind) {
    case 'int': {
      const number = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
      const max = type.max === 2147483647 ? '' : ` to ${type.max}`;
      const expected = `a whole number from ${type.min}${max}`;
      if (number >= type.min && number <= type.max) return { kind: 'number', number };
      return fail(errors.badNumber(place, key, text, expected, nearestInteger(row, text)));
    }
    case 'double': {
      const number = readDouble(text);
      const range = Number.isFinite(type.above) ? ` between ${type.above} and ${type.below}, both excluded` : '';
      if (number !== undefined && number > type.above && number < type.below) return { kind: 'number', number };
      return fail(errors.badNumber(place, key, text, `a number${range}`, row.default));
    }
    case 'bool': {
      const lower = text.toLowerCase();
      if (lower !== 'true' && lower !== 'false') return fail(errors.badBoolean(place, key, text));
      return { kind: 'bool', bool: lower === 'true' };
    }
    case 'enum':
      return readChoice(type.choices, key, text, place, diagnostics);
    case 'vector':
      return readVector(key, text, place, diagnostics);
    case 'path':
    case 'text':
      return { kind: 'word', word: text };
    case 'names':
      return { kind: 'names', names: items().map((i) => i.text) };
    case 'folders':
      return readFolders(key, items(), type.plain, diagnostics);
    case 'dims':
      return readDims(key, items(), diagnostics);
    case 'layouts':
      return readLayouts(key, items(), diagnostics);
    case 'shapes':
      return fromText(readShapes(text), (shapes) => ({ kind: 'shapes', shapes }));
    case 'profiles':
      return fromText(readProfiles(text), (profiles) => ({ kind: 'profiles', profiles }));
    case 'overrides': {
      const overrides = readOverrides(key, items(), diagnostics);
      return overrides && { kind: 'overrides', overrides };
    }
  }
}

/** The end of the range that a number lies beyond; the default for what is no number. */
function nearestInteger({ type, default: usual }: KeyRow, text: string): string | undefined {
  const number = Number(text);
  if (type.kind !== 'int' || text.trim() === '' || !Number.isFinite(number)) return usual;
  return String(Math.min(type.max, Math.max(type.min, Math.round(number))));
}

/** A number as C's `strtod` reads it, the whole text; infinities and NaN excepted, which are no settings. */
function readDouble(text: string): number | undefined {
  const hex = /^\s*([+-]?)0x([\da-f]*)(?:\.([\da-f]*))?(?:p([+-]?\d+))?$/i.exec(text);
  if (hex !== null && `${hex[2]}${hex[3] ?? ''}` !== '') {
    const [, sign, whole = '', fraction = '', power = '0'] = hex;
    const magnitude = Number.parseInt(whole + fraction, 16) * 2 ** (Number(power) - 4 * fraction.length);
    return sign === '-' ? -magnitude : magnitude;
  }
  return /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}

function readChoice(
  choices: readonly Choice[],
  key: string,
  text: string,
  place: Location,
  diagnostics: Diagnostic[],
): Value | undefined {
  const choice = choices.find((c) => c.value === text || c.aliases?.includes(text));
  if (choice === undefined) {
    const words = choices.map((c) => c.value);
    const near = words.find((w) => w.startsWith(`${text.toUpperCase()}_`)) ?? nearest(text, words);
    diagnostics.push(errors.notOneOf(place, key, text, words, near));
    return undefined;
  }
  if (choice.value !== text) {
    const meaning = `as ${choice.value}, the spelling that converter_lite accepts`;
    diagnostics.push(errors.acceptedAs(place, key, text, meaning, choice.value));
  } else if (choice.note !== undefined) diagnostics.push(errors.acceptedAs(place, key, text, choice.note));
  return { kind: 'word', word: choice.value, choice };
}

function readVector(key: string, text: string, place: Location, diagnostics: Diagnostic[]): Value | undefined {
  const fail = (why: string): undefined => {
    diagnostics.push(errors.badVector(place, key, text, why, tidyVector(text)));
  };
  if (!/^\[[\s\S]+\]$/.test(text)) return fail('a vector is written [a,b,c]');
  const numbers: number[] = [];
  for (const part of text.slice(1, -1).split(',')) {
    if (/\s$/.test(part) && part.trim() !== '')
      return fail(`remove the blank behind ${part.trim()}; one before a number is fine`);
    const number = readDouble(part);
    if (number === undefined) return fail(`${JSON.stringify(part.trim())} is not a number`);
    numbers.push(number);
  }
  return { kind: 'vector', numbers };
}

/** The numbers of a text in the form of a vector; undefined where something else is among them. */
function tidyVector(text: string): string | undefined {
  const parts = text
    .replace(/^[[({]|[\])}]$/g, '')
    .split(/[,;\s]+/)
    .filter((part) => part !== '');
  return parts.length > 0 && parts.every((part) => readDouble(part) !== undefined) ? `[${parts.join(',')}]` : undefined;
}
