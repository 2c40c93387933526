import { type Diagnostic, type Location, nearest } from '../base/diagnostics.ts';
import * as errors from './errors.ts';
import { at, type IniEntry } from './ini.ts';
import type { Choice, KeyRow } from './keyTypes.ts';
import { type NodeOverride, readOverrides } from './overrides.ts';

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
  | { readonly kind: 'overrides'; readonly overrides: ReadonlyMap<string, NodeOverride> };

export type { NodeOverride };
export type Layout = 'NCHW' | 'NHWC';

/** A value and what there is to say about it; no value where an error is among it. */
export interface ReadValue {
  readonly value: Value | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads the value of `entry` by the rules of its row. Every problem carries the place of the value. */
export function readValue(row: KeyRow, entry: IniEntry, file: string): ReadValue {
  const diagnostics: Diagnostic[] = [];
  const place = at(file, entry.valueSpan, row.key);
  const strict = ['int', 'double', 'bool', 'enum', 'vector'].includes(row.type.kind);
  let text = entry.value;
  if (/(^|\s)#/.test(text)) {
    diagnostics.push(errors.inlineComment(place, row.key, strict ? 'error' : 'warning'));
    if (strict) text = text.replace(/\s*#.*$/, '');
  }
  const value = text === '' ? undefined : parsedValue(row, text, place, diagnostics);
  return { value, diagnostics };
}

function parsedValue(row: KeyRow, text: string, place: Location, diagnostics: Diagnostic[]): Value | undefined {
  const { type, key } = row;
  const fail = (d: Diagnostic): undefined => {
    diagnostics.push(d);
  };
  switch (type.kind) {
    case 'int': {
      const number = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
      const max = type.max === 2147483647 ? '' : ` to ${type.max}`;
      const expected = `a whole number from ${type.min}${max}`;
      if (!(number >= type.min && number <= type.max)) return fail(errors.badNumber(place, key, text, expected));
      return { kind: 'number', number };
    }
    case 'double': {
      const number = readDouble(text);
      const range = Number.isFinite(type.above) ? ` between ${type.above} and ${type.below}, both excluded` : '';
      if (number === undefined || !(number > type.above && number < type.below))
        return fail(errors.badNumber(place, key, text, `a number${range}`));
      return { kind: 'number', number };
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
    case 'names':
      return { kind: 'names', names: readItems(key, text, place, diagnostics) };
    case 'path':
      return { kind: 'word', word: text };
    case 'folders':
      return readFolders(key, text, type.plain, place, diagnostics);
    case 'dims':
      return readDims(key, text, place, diagnostics);
    case 'layouts':
      return readLayouts(key, text, place, diagnostics);
    case 'overrides': {
      const overrides = readOverrides(key, readItems(key, text, place, diagnostics), place, diagnostics);
      return overrides && { kind: 'overrides', overrides };
    }
  }
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
    diagnostics.push(errors.acceptedAs(place, key, text, meaning));
  } else if (choice.note !== undefined) diagnostics.push(errors.acceptedAs(place, key, text, choice.note));
  return { kind: 'word', word: choice.value, choice };
}

function readVector(key: string, text: string, place: Location, diagnostics: Diagnostic[]): Value | undefined {
  const fail = (why: string): undefined => {
    diagnostics.push(errors.badVector(place, key, text, why));
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

/** Items between commas; blanks around them and empty ones are dropped with a warning, a comma at the end without. */
function readItems(key: string, text: string, place: Location, diagnostics: Diagnostic[]): string[] {
  const items = text.split(',');
  if (items.length > 1 && items.at(-1) === '') items.pop();
  return items.flatMap((item) => {
    const name = item.trim();
    if (name === '') {
      diagnostics.push(errors.emptyItem(place, key));
      return [];
    }
    if (name !== item) diagnostics.push(errors.blanksInList(place, key, item));
    return [name];
  });
}

/** `input:folder`, the last colon counting; `input:C:\folder`, `input:C:/folder` and, where plain, a folder alone. */
function readFolders(
  key: string,
  text: string,
  plain: boolean,
  place: Location,
  diagnostics: Diagnostic[],
): Value | undefined {
  const folders: DataFolder[] = [];
  const seen = new Set<string | undefined>();
  for (const item of readItems(key, text, place, diagnostics)) {
    const folder = readFolder(item);
    const why =
      folder.input === undefined && !plain
        ? `names no input; write input:${item}`
        : folder.input === ''
          ? 'has no input name before the colon'
          : folder.path === ''
            ? 'has no folder behind the colon'
            : seen.has(folder.input)
              ? 'gives the same input a second folder'
              : undefined;
    if (why !== undefined) {
      diagnostics.push(errors.badItem(place, key, item, why));
      return undefined;
    }
    seen.add(folder.input);
    folders.push(folder);
  }
  if (folders.length > 1 && seen.has(undefined)) {
    diagnostics.push(errors.badItem(place, key, text, 'has several folders; each needs its input: input:folder'));
    return undefined;
  }
  return folders.length === 0 ? undefined : { kind: 'folders', folders };
}

function readFolder(item: string): DataFolder {
  if (/^[A-Za-z]:\\/.test(item)) return { input: undefined, path: item };
  const drive = /^(.+):([A-Za-z]:[\\/].*)$/.exec(item);
  if (drive !== null) return { input: drive[1] as string, path: drive[2] as string };
  const colon = item.lastIndexOf(':');
  return colon < 0 ? { input: undefined, path: item } : { input: item.slice(0, colon), path: item.slice(colon + 1) };
}

function readDims(key: string, text: string, place: Location, diagnostics: Diagnostic[]): Value | undefined {
  const dims = new Map<string, number>();
  for (const item of readItems(key, text, place, diagnostics)) {
    const colon = item.lastIndexOf(':');
    const length = item.slice(colon + 1).trim();
    if (colon <= 0 || !/^[1-9]\d{0,8}$/.test(length)) {
      diagnostics.push(errors.badItem(place, key, item, 'is not name:length with a length of at least 1'));
      return undefined;
    }
    dims.set(item.slice(0, colon).trim(), Number(length));
  }
  return { kind: 'dims', dims };
}

function readLayouts(key: string, text: string, place: Location, diagnostics: Diagnostic[]): Value | undefined {
  const layouts = new Map<string, Layout>();
  for (const item of readItems(key, text, place, diagnostics)) {
    const colon = item.lastIndexOf(':');
    const layout = item.slice(colon + 1).trim();
    if (colon <= 0 || (layout !== 'NCHW' && layout !== 'NHWC')) {
      diagnostics.push(errors.badItem(place, key, item, 'is not input:NCHW or input:NHWC'));
      return undefined;
    }
    layouts.set(item.slice(0, colon).trim(), layout);
  }
  return { kind: 'layouts', layouts };
}
