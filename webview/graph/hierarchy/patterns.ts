import { type Item, joinedItems, Letter } from './sequence.ts';

/** Normalization, bias or scale behind a product, and its activation. */
const NORM = '[bo+]*';
const ACT = `${NORM}a?${NORM}`;

/** Runs of one chain that make up a block, as patterns over their letters; earlier ones first. */
const PATTERNS: readonly (readonly [string, RegExp])[] = [
  [Letter.separable, new RegExp(`(P${ACT})?D${ACT}S?P${NORM}(?!${NORM}a)|D${ACT}S?P${ACT}`, 'g')],
  [Letter.branches, new RegExp(`P${ACT}F`, 'g')],
  ['N', /m?v[o+]*/g],
  [Letter.feedForward, /Mt*\+?t*(?:a|o)[ao+]*t*Mt*\+?t*/g],
  [Letter.layer, new RegExp(`[KPD]${ACT}`, 'g')],
];

/** Puts one item in the place of every run that is a known block. */
export function withPatterns(items: readonly Item[]): readonly Item[] {
  return PATTERNS.reduce<readonly Item[]>((found, [letter, pattern]) => replaced(found, letter, pattern), items);
}

function replaced(items: readonly Item[], letter: string, pattern: RegExp): readonly Item[] {
  if (items.length < 2) return items;
  const { text, place } = textOf(items);
  let result: Item[] | null = null;
  let at = 0;
  for (const { 0: match, index } of text.matchAll(pattern)) {
    if (match.length < 2) continue;
    result ??= [];
    const from = place(index);
    result.push(...items.slice(at, from));
    at = from + match.length;
    result.push(joinedItems(letter, items.slice(from, at)));
  }
  return result === null ? items : [...result, ...items.slice(at)];
}

/** The letters of a sequence, with a space where an item does not continue the one before it. */
function textOf(items: readonly Item[]): { readonly text: string; place(index: number): number } {
  let text = '';
  const breaks: number[] = [];
  for (let i = 0; i < items.length; i++) {
    const { letter, entry } = items[i] as Item;
    if (i > 0 && entry !== items[i - 1]?.last) {
      breaks.push(text.length);
      text += ' ';
    }
    text += letter;
  }
  let passed = 0;
  const place = (index: number) => {
    while ((breaks[passed] ?? Number.POSITIVE_INFINITY) < index) passed++;
    return index - passed;
  };
  return { text, place };
}
