import type { ModelFacts } from '../../protocol/modelFacts.ts';
import { type Position, type Range, rangeOf } from '../edits.ts';
import { formerKey } from '../former.ts';
import { OVERRIDE_WORDS, RANGE_WORD, wordSets } from '../overrides.ts';
import { keyRow, keysOf, SECTIONS } from '../schema.ts';
import { describeInput, describeNode } from './facts.ts';
import { choiceDoc, keyDoc, sectionDoc } from './keyDoc.ts';
import { placeAt, type ValuePlace } from './place.ts';

/** What there is to say about a place. */
export interface Hover {
  readonly range: Range;
  /** Markdown. */
  readonly doc: string;
}

/** Documentation of the section, key, word or name at a position; undefined where there is none. */
export function hoverAt(text: string, position: Position, model: ModelFacts | undefined): Hover | undefined {
  const place = placeAt(text, position);
  if (place.kind === 'comment') return undefined;
  const { column, endColumn } = place.span;
  if (position.column < column || position.column > endColumn) return undefined;
  const doc =
    place.kind === 'section'
      ? sectionHover(place.name)
      : place.kind === 'key'
        ? keyHover(place.section, place.key)
        : valueHover(place, model);
  return doc === undefined ? undefined : { range: rangeOf(place.span), doc };
}

function sectionHover(name: string): string | undefined {
  const row = SECTIONS.find((s) => s.name === name);
  return row && sectionDoc(row, keysOf(name));
}

function keyHover(section: string, key: string): string | undefined {
  const row = keyRow(section, key);
  if (row !== undefined) return keyDoc(row);
  const former = formerKey(key);
  return former && `**${key}** is of a former release; it is now ${former.now}.`;
}

function valueHover({ row, item }: ValuePlace, model: ModelFacts | undefined): string | undefined {
  if (row === undefined) return undefined;
  const { type } = row;
  const colon = item.lastIndexOf(':');
  const name = colon < 0 ? item : item.slice(0, colon);
  switch (type.kind) {
    case 'enum': {
      const choice = type.choices.find((c) => c.value === item || c.aliases?.includes(item));
      return choice && choiceDoc(choice);
    }
    case 'names':
      return type.of === 'nodes' ? nodeHover(item, model) : undefined;
    case 'overrides': {
      const words = item.slice(colon + 1).split('+');
      const docs = OVERRIDE_WORDS.filter(({ word }) => words.includes(word)).map(
        ({ word, doc }) => `- \`${word}\`: ${doc}`,
      );
      const range = words.find((word) => wordSets(word)?.range !== undefined);
      if (range !== undefined) docs.push(`- \`${range}\`: ${RANGE_WORD.doc}`);
      return [nodeHover(name, model) ?? `**${name}**`, docs.join('\n')].join('\n\n').trim();
    }
    case 'folders':
    case 'layouts': {
      const input = model?.inputs.find((i) => i.name === name);
      return input && `**${input.name}** · input of ${model?.file ?? ''}: ${describeInput(input)}`;
    }
    default:
      return keyDoc(row);
  }
}

function nodeHover(handle: string, model: ModelFacts | undefined): string | undefined {
  const node = model?.nodes.find((n) => n.handle === handle);
  return node && describeNode(node, model?.file ?? '');
}
