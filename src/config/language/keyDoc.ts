import type { Choice, Effect, KeyRow, KeyType, SectionRow } from '../keyTypes.ts';
import { OVERRIDE_WORDS, RANGE_WORD } from '../overrides.ts';

/** What becomes of a setting, in words. */
export const EFFECTS: Readonly<Record<Effect, string>> = {
  done: 'carried out',
  warning: 'recognised; the run goes on without it, with a warning',
  error: 'recognised; an error, since it is not carried out yet',
  converter: 'for converter_lite alone; no effect here, with a note',
};

/** What a value may be, in Markdown. */
export function accepted(type: KeyType): string {
  switch (type.kind) {
    case 'int':
      return type.max === 2147483647 ? `integer from ${type.min}` : `integer ${type.min} to ${type.max}`;
    case 'double':
      return Number.isFinite(type.above) ? `number between ${type.above} and ${type.below}, without these` : 'number';
    case 'bool':
      return '`true` or `false`';
    case 'enum':
      return type.choices.map(choiceName).join(', ');
    case 'vector':
      return '`[a,b,c]`, one number per channel';
    case 'names':
      return '`a,b,c`';
    case 'path':
      return type.suffixes.length === 0
        ? 'folder, relative to the config'
        : `file (${type.suffixes.join(', ')}), relative to the config`;
    case 'folders':
      return `\`input:folder,…\`${type.plain ? ', or one folder' : ''}; relative to the config`;
    case 'dims':
      return '`name:length,…`';
    case 'layouts':
      return '`input:NCHW,…`';
    case 'overrides':
      return '`node:word+word,…`';
    case 'shapes':
      return '`input:[1,3,224,224];…`';
    case 'profiles':
      return '`[1~4],[8],…`';
    case 'text':
      return `text, as ${type.examples.map((example) => `\`${example}\``).join(', ')}`;
  }
}

/** A key in Markdown: what it is, what it may be, what becomes of it, and its words. */
export function keyDoc(row: KeyRow): string {
  const only = row.for === undefined ? [] : [`- Used by ${row.for.join(', ')}`];
  const effect = row.effect === 'done' ? [] : [`- ${capital(EFFECTS[row.effect])}`];
  const words = wordsOf(row.type);
  return [
    `**${row.key}** · [${row.section}]`,
    row.doc,
    [
      `- Accepts: ${accepted(row.type)}`,
      `- Default: ${row.default === undefined ? 'unset' : `\`${row.default}\``}`,
      ...only,
      ...effect,
    ].join('\n'),
    ...(words.length === 0 ? [] : [words.join('\n')]),
  ].join('\n\n');
}

/** A section in Markdown. */
export function sectionDoc({ name, doc, kind }: SectionRow, keys: readonly KeyRow[]): string {
  const list = keys.map((row) => `- \`${row.key}\`: ${row.doc}`);
  const converter = kind === 'converter' ? ['Concerns the conversion by converter_lite; it has no effect here.'] : [];
  return [`**[${name}]**`, `${capital(doc)}.`, ...converter, ...(list.length === 0 ? [] : [list.join('\n')])].join(
    '\n\n',
  );
}

/** A word of an enumeration in Markdown. */
export function choiceDoc(choice: Choice): string {
  const effect = choice.effect === 'done' ? '' : ` (${EFFECTS[choice.effect]})`;
  const note = choice.note === undefined ? '' : `\n\nAccepted ${choice.note}.`;
  return `\`${choice.value}\`: ${choice.doc}${effect}${note}`;
}

/** A word with the spellings that are read as it. */
export function choiceName({ value, aliases = [] }: Choice): string {
  return `\`${value}\`${aliases.map((alias) => ` (or \`${alias}\`)`).join('')}`;
}

/** The text with its first letter in upper case. */
export function capital(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}

function wordsOf(type: KeyType): string[] {
  if (type.kind === 'enum') return type.choices.map((choice) => `- ${choiceDoc(choice).replaceAll('\n\n', ' ')}`);
  if (type.kind === 'overrides') return [...OVERRIDE_WORDS, RANGE_WORD].map(({ word, doc }) => `- \`${word}\`: ${doc}`);
  return [];
}
