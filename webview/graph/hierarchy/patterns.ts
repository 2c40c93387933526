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
  const result: Item[] = [];
  for (const chain of chainsOf(items)) {
    const text = chain.map((item) => item.letter).join('');
    let at = 0;
    for (const match of text.matchAll(pattern)) {
      if (match[0].length < 2) continue;
      result.push(...chain.slice(at, match.index));
      at = match.index + match[0].length;
      result.push(joinedItems(letter, chain.slice(match.index, at)));
    }
    result.push(...chain.slice(at));
  }
  return result;
}

/** Cuts a sequence where an item does not continue the one before it. */
function chainsOf(items: readonly Item[]): Item[][] {
  const chains: Item[][] = [];
  let chain: Item[] = [];
  for (const item of items) {
    const before = chain[chain.length - 1];
    if (before === undefined || item.entry === before.last) chain.push(item);
    else {
      chains.push(chain);
      chain = [item];
    }
  }
  if (chain.length > 0) chains.push(chain);
  return chains;
}
