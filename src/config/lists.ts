import type { Diagnostic, Location } from '../base/diagnostics.ts';
import * as errors from './errors.ts';
import { at, type IniEntry, itemsOf } from './ini.ts';
import type { DataFolder, Layout, Value } from './values.ts';

/** An item of a list without blanks at its ends, and where it stands. */
export interface ListItem {
  readonly text: string;
  readonly at: Location;
}

/** Items between commas; blanks around them and empty ones are dropped with a warning, a comma at the end without. */
export function readItems(key: string, entry: IniEntry, file: string, diagnostics: Diagnostic[]): ListItem[] {
  const items = itemsOf(entry);
  if (items.length > 1 && items.at(-1)?.text === '') items.pop();
  return items.flatMap(({ text, span }) => {
    const place = at(file, span, key);
    const name = text.trim();
    if (name === '') {
      diagnostics.push(errors.emptyItem(place, key));
      return [];
    }
    if (name !== text) diagnostics.push(errors.blanksInList(place, key, text));
    return [{ text: name, at: place }];
  });
}

/** `input:folder`, the last colon counting; `input:C:\folder`, `input:C:/folder` and, where plain, a folder alone. */
export function readFolders(
  key: string,
  items: readonly ListItem[],
  plain: boolean,
  diagnostics: Diagnostic[],
): Value | undefined {
  const folders: DataFolder[] = [];
  const seen = new Set<string | undefined>();
  for (const { text, at: place } of items) {
    const folder = readFolder(text);
    const why =
      folder.input === undefined && !plain
        ? `names no input; write input:${text}`
        : folder.input === ''
          ? 'has no input name before the colon'
          : folder.path === ''
            ? 'has no folder behind the colon'
            : seen.has(folder.input)
              ? 'gives the same input a second folder'
              : undefined;
    if (why !== undefined) {
      diagnostics.push(errors.badItem(place, key, text, why));
      return undefined;
    }
    seen.add(folder.input);
    folders.push(folder);
  }
  const [first] = items;
  if (folders.length > 1 && seen.has(undefined) && first !== undefined) {
    const all = items.map((i) => i.text).join(',');
    diagnostics.push(errors.badItem(first.at, key, all, 'has several folders; each needs its input: input:folder'));
    return undefined;
  }
  return folders.length === 0 ? undefined : { kind: 'folders', folders };
}

/** The folder of one item, and its input where it names one. */
export function readFolder(item: string): DataFolder {
  if (/^[A-Za-z]:\\/.test(item)) return { input: undefined, path: item };
  const drive = /^(.+):([A-Za-z]:[\\/].*)$/.exec(item);
  if (drive !== null) return { input: drive[1] as string, path: drive[2] as string };
  const colon = item.lastIndexOf(':');
  return colon < 0 ? { input: undefined, path: item } : { input: item.slice(0, colon), path: item.slice(colon + 1) };
}

export function readDims(key: string, items: readonly ListItem[], diagnostics: Diagnostic[]): Value | undefined {
  const dims = new Map<string, number>();
  for (const { text, at: place } of items) {
    const [name, length] = namedPart(text);
    if (name === '' || !/^[1-9]\d{0,8}$/.test(length)) {
      diagnostics.push(errors.badItem(place, key, text, 'is not name:length with a length of at least 1'));
      return undefined;
    }
    dims.set(name, Number(length));
  }
  return { kind: 'dims', dims };
}

export function readLayouts(key: string, items: readonly ListItem[], diagnostics: Diagnostic[]): Value | undefined {
  const layouts = new Map<string, Layout>();
  for (const { text, at: place } of items) {
    const [name, layout] = namedPart(text);
    if (name === '' || (layout !== 'NCHW' && layout !== 'NHWC')) {
      diagnostics.push(errors.badItem(place, key, text, 'is not input:NCHW or input:NHWC'));
      return undefined;
    }
    layouts.set(name, layout);
  }
  return { kind: 'layouts', layouts };
}

/** `name:rest`, the last colon counting; no name without one. */
export function namedPart(item: string): [name: string, rest: string] {
  const colon = item.lastIndexOf(':');
  return [item.slice(0, Math.max(0, colon)).trim(), item.slice(colon + 1).trim()];
}
