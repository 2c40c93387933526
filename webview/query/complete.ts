import type { Field, FieldSet } from './fields.ts';
import { shapeText } from './graphRows.ts';
import type { Rows } from './rows.ts';
import { Slices } from './slices.ts';

/** What may be put in at the caret. */
export interface Completion {
  /** Replaces the text from `start` to `end`. */
  readonly start: number;
  readonly end: number;
  readonly insert: string;
  readonly label: string;
  readonly detail: string;
  /** Rows that have it; null for a field. */
  readonly count: number | null;
}

/** A text of the model, and how many rows have it. */
export interface Tally {
  readonly text: string;
  readonly count: number;
}

const MOST = 50;
const FIELD_BEFORE = /^[-!(]*([a-z][a-z_0-9]*):(?!:)(.*)$/is;

/** What may follow at `caret`: fields that begin so, or the values of the field the caret is in. */
export async function completionsAt(
  at: { readonly text: string; readonly caret: number },
  fields: FieldSet,
  vocabulary: Vocabulary,
): Promise<Completion[]> {
  const { text, caret } = at;
  const wordStart = text.slice(0, caret).search(/\S+$/);
  if (wordStart < 0) return [];
  const word = text.slice(wordStart, caret);
  const rest = /^[^\s,)]*/.exec(text.slice(caret))?.[0].length ?? 0;
  const inField = FIELD_BEFORE.exec(word);
  if (inField === null) return fieldsLike(word, caret, fields);
  const field = fields.find(inField[1] as string);
  if (field === undefined) return [];
  const typed = (inField[2] as string).split(',').at(-1) as string;
  const place = { start: caret - typed.length, end: caret + rest };
  return valuesLike(typed, await vocabulary.of(field), place);
}

function fieldsLike(word: string, caret: number, fields: FieldSet): Completion[] {
  const typed = word.replace(/^[-!(]+/, '').toLowerCase();
  if (typed === '') return [];
  return fields.all
    .filter((field) => [field.name, ...field.aliases].some((name) => name.startsWith(typed)))
    .map((field) => ({
      start: caret - typed.length,
      end: caret,
      insert: `${field.name}:`,
      label: `${field.name}:`,
      detail: field.title(),
      count: null,
    }));
}

function valuesLike(
  typed: string,
  tallies: readonly Tally[],
  place: { readonly start: number; readonly end: number },
): Completion[] {
  const wanted = typed.toLowerCase();
  const begins = tallies.filter(({ text }) => text.toLowerCase().startsWith(wanted));
  const holds = tallies.filter(({ text }) => text.toLowerCase().indexOf(wanted) > 0);
  return [...begins, ...holds].slice(0, MOST).map(({ text, count }) => ({
    ...place,
    insert: /[\s,()]/.test(text) ? `"${text}"` : text,
    label: text,
    detail: '',
    count,
  }));
}

/** The texts that rows have in fields, counted once when they are first asked for. */
export class Vocabulary {
  readonly #rows: Rows;
  readonly #signal: AbortSignal;
  readonly #known = new Map<string, Promise<readonly Tally[]>>();

  /** @param signal ends counting, when the rows are no longer shown */
  constructor(rows: Rows, signal: AbortSignal) {
    this.#rows = rows;
    this.#signal = signal;
  }

  /** Most frequent first; none for fields whose texts are all different. */
  of(field: Field): Promise<readonly Tally[]> {
    const known = this.#known.get(field.name) ?? this.#count(this.#textsOf(field));
    this.#known.set(field.name, known);
    return known;
  }

  #textsOf(field: Field): ((row: number) => readonly string[]) | undefined {
    const { shapes, attributes } = this.#rows;
    if (field.kind === 'shape') return shapes && ((row) => shapes(row).map(shapeText));
    if (field.kind === 'attribute') return attributes && ((row) => attributes(row).map(({ name }) => name));
    return field.kind === 'choice' || field.name === 'group' ? this.#rows.textsOf(field.name) : undefined;
  }

  async #count(textsOf: ((row: number) => readonly string[]) | undefined): Promise<readonly Tally[]> {
    const counts = new Map<string, number>();
    const slices = new Slices(this.#signal);
    for (let row = 0; textsOf !== undefined && row < this.#rows.count; row++) {
      if (row % 64 === 63 && !(await slices.goOn())) return [];
      for (const text of new Set(textsOf(row))) if (text !== '') counts.set(text, (counts.get(text) ?? 0) + 1);
    }
    const tallies = Array.from(counts, ([text, count]) => ({ text, count }));
    return tallies.sort((a, b) => b.count - a.count || (a.text < b.text ? -1 : 1));
  }
}
