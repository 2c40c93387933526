import type { ModelFacts } from '../../protocol/modelFacts.ts';
import type { Position } from '../edits.ts';
import type { KeyRow } from '../keyTypes.ts';
import { readFolder } from '../lists.ts';
import { OVERRIDE_WORDS, type OverrideWord } from '../overrides.ts';
import type { Completion, CompletionFacts } from './completion.ts';
import { describeInput, describeNode } from './facts.ts';
import { placeAt, separatorOf, type ValuePlace } from './place.ts';

export interface ItemParts {
  readonly place: ValuePlace;
  readonly row: KeyRow;
  readonly position: Position;
  readonly facts: CompletionFacts;
}

const LAYOUTS = ['NCHW', 'NHWC'];

/** What may stand at a position within a path, or within an item of a list. */
export function itemCompletions(parts: ItemParts): readonly Completion[] {
  const { place, row, position, facts } = parts;
  const before = place.span.column < position.column ? place.item.slice(0, position.column - place.span.column) : '';
  const colon = before.lastIndexOf(':');
  const here: Here = { ...parts, start: place.span.column, before };
  const behindColon: Here = { ...here, start: place.span.column + colon + 1, before: before.slice(colon + 1) };
  const { model } = facts;
  switch (row.type.kind) {
    case 'names':
      return row.type.of === 'nodes' ? nodes(here, model, '') : codes(here, facts);
    case 'path':
      return [...paths(here, row.type.suffixes), ...words(here, row)];
    case 'folders':
      return folders(here, row.type.plain);
    case 'layouts':
      return colon < 0
        ? inputs(here, model)
        : LAYOUTS.map((layout) => completion(behindColon, { label: layout, kind: 'word' }));
    case 'dims':
      return colon < 0 ? dims(here, model) : [];
    case 'shapes':
      return shapes(here, model);
    case 'overrides':
      return namesNode(before.slice(0, Math.max(0, colon)), model)
        ? overrideWords(behindColon)
        : nodes(here, model, ':');
    default:
      return [];
  }
}

/**
 * The folder whose entries may go on at a position, as written, with its last `/`; '' for the config's own folder.
 *
 * @returns undefined where no path stands.
 */
export function folderToList(text: string, position: Position): string | undefined {
  const place = placeAt(text, position);
  const kind = place.kind === 'value' ? place.row?.type.kind : undefined;
  if (place.kind !== 'value' || (kind !== 'path' && kind !== 'folders')) return undefined;
  const before = place.item.slice(0, Math.max(0, position.column - place.span.column));
  const { path } = kind === 'path' ? { path: before } : readFolder(before);
  return path.slice(0, lastSlash(path) + 1);
}

interface Here extends ItemParts {
  /** Column where the part under the cursor starts. */
  readonly start: number;
  /** What stands from there to the cursor. */
  readonly before: string;
}

type Offer = Pick<Completion, 'label' | 'kind'> & Partial<Pick<Completion, 'text' | 'detail' | 'doc' | 'goesOn'>>;

/** Replaces the part under the cursor: from its start to `end`, the end of the item when left out. */
function completion({ place, position, start }: Here, offer: Offer, end = place.span.endColumn): Completion {
  const line = position.line;
  const from = Math.min(start, position.column);
  const range = { start: { line, column: from }, end: { line, column: Math.max(end, position.column) } };
  return { detail: '', doc: '', goesOn: false, text: offer.label, ...offer, range };
}

/** Names of other items, so that none is offered twice. */
function taken({ place, row }: Here, nameOf: (item: string) => string): Set<string> {
  const items = place.value.split(separatorOf(row) ?? ',').map((item) => nameOf(item.trim()));
  return new Set(items.filter((name) => name !== nameOf(place.item)));
}

const beforeColon = (item: string): string => (item.includes(':') ? item.slice(0, item.lastIndexOf(':')) : item);

/** Nodes in file order. @param suffix what follows the name. */
function nodes(here: Here, model: ModelFacts | undefined, suffix: '' | ':'): Completion[] {
  const gone = taken(here, suffix === ':' ? beforeColon : (item) => item);
  const end = suffix === ':' ? nameEnd(here) : undefined;
  return (model?.nodes ?? [])
    .filter(({ handle }) => !gone.has(handle))
    .map((node) =>
      completion(
        here,
        {
          label: node.handle,
          kind: 'node',
          detail: node.opType,
          doc: describeNode(node, model?.file ?? ''),
          text: node.handle + suffix,
          goesOn: suffix === ':',
        },
        end,
      ),
    );
}

function inputs(here: Here, model: ModelFacts | undefined): Completion[] {
  const gone = taken(here, beforeColon);
  return (model?.inputs ?? [])
    .filter(({ name }) => !gone.has(name))
    .map((input) =>
      completion(
        here,
        {
          label: input.name,
          kind: 'input',
          detail: describeInput(input),
          doc: `Input of ${model?.file ?? ''}: ${describeInput(input)}`,
          text: `${input.name}:`,
          goesOn: true,
        },
        nameEnd(here),
      ),
    );
}

/** Inputs, and behind one its folder; where plain a folder alone as well. */
function folders(here: Here, plain: boolean): Completion[] {
  const { input, path } = readFolder(here.before);
  if (input !== undefined)
    return paths({ ...here, start: here.start + here.before.length - path.length, before: path }, []);
  return [...inputs(here, here.facts.model), ...(plain ? paths(here, []) : [])];
}

/** Just past the colon of the item, if it has one behind the cursor: the rest of the item stays. */
function nameEnd({ place }: Here): number {
  const colon = place.item.lastIndexOf(':');
  return colon < 0 ? place.span.endColumn : place.span.column + colon + 1;
}

function dims(here: Here, model: ModelFacts | undefined): Completion[] {
  const gone = taken(here, beforeColon);
  return (model?.openDims ?? [])
    .filter((name) => !gone.has(name))
    .map((name) =>
      completion(here, { label: name, kind: 'value', detail: 'open dimension', text: `${name}:` }, nameEnd(here)),
    );
}

/** Whole shapes, open lengths as 1. */
function shapes(here: Here, model: ModelFacts | undefined): Completion[] {
  const gone = taken(here, beforeColon);
  return (model?.inputs ?? [])
    .filter(({ name, dims }) => dims !== null && !gone.has(name))
    .map((input) => {
      const lengths = (input.dims ?? []).map((d) => (typeof d === 'number' ? d : 1));
      const text = `${input.name}:[${lengths.join(',')}]`;
      return completion(here, { label: text, kind: 'input', detail: describeInput(input) });
    });
}

/** Codes of the warnings and notes that are said of this config. */
function codes(here: Here, { said = [] }: CompletionFacts): Completion[] {
  const gone = taken(here, (item) => item);
  const found = new Map(
    said.filter((d) => d.severity !== 'error' && !gone.has(d.code)).map((d) => [d.code, d.message]),
  );
  return [...found].map(([code, message]) => completion(here, { label: code, kind: 'value', detail: message }));
}

/** Folders of the listing, and files of the wanted kind; the part behind the last `/` is replaced. */
function paths(here: Here, suffixes: readonly string[]): Completion[] {
  const { listing } = here.facts;
  if (listing === undefined) return [];
  const part = { ...here, start: here.start + lastSlash(here.before) + 1 };
  const files = listing.files.filter((name) => suffixes.some((suffix) => name.toLowerCase().endsWith(suffix)));
  const offer = (name: string, kind: 'folder' | 'file') => completion(part, { label: name, kind });
  return [
    ...files.map((name) => offer(name, 'file')),
    ...listing.folders.filter(isSafePath).map((name) => offer(name, 'folder')),
  ];
}

/** Words that stand for something else than a path. */
function words(here: Here, row: KeyRow): Completion[] {
  return (row.examples ?? []).map(({ value, doc }) => completion(here, { label: value, kind: 'word', detail: doc }));
}

function overrideWords(here: Here): Completion[] {
  const { place, before } = here;
  const plus = before.lastIndexOf('+');
  const part = { ...here, start: here.start + plus + 1 };
  const offset = part.start - place.span.column;
  const next = place.item.indexOf('+', offset);
  const end = next < 0 ? place.span.endColumn : place.span.column + next;
  const current = place.item.slice(offset, next < 0 ? undefined : next);
  const others = place.item.slice(place.item.lastIndexOf(':') + 1).split('+');
  const taken = new Set(OVERRIDE_WORDS.filter((w) => w.word !== current && others.includes(w.word)).map(choiceOf));
  return OVERRIDE_WORDS.filter((w) => !taken.has(choiceOf(w))).map(({ word, doc }) =>
    completion(part, { label: word, kind: 'word', detail: doc, doc }, end),
  );
}

/** What a word sets; a node takes one word for each. */
function choiceOf({ sets }: OverrideWord): string | undefined {
  return Object.keys(sets)[0];
}

/** Whether the words of an override may follow: behind a node's name, or any name where no model is known. */
function namesNode(name: string, model: ModelFacts | undefined): boolean {
  return name !== '' && (model === undefined || model.nodes.some(({ handle }) => handle === name));
}

function lastSlash(path: string): number {
  return Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\'));
}

/** Commas and colons end a path in a list; quotes and `=` cannot be written. */
function isSafePath(name: string): boolean {
  return !/[,:="]/.test(name) && name.trim() === name && !name.startsWith('.');
}
