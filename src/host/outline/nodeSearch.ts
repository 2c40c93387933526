import type { GraphTable } from '../../protocol/graphTable.ts';

/** A node or a tensor that a query finds, by its index in the graph's table. */
export interface Match {
  readonly kind: 'node' | 'tensor';
  readonly index: number;
}

/** How well a word fits a text, best first. A subsequence also pays for the letters between. */
const EQUAL = 0;
const PREFIX = 1;
const WORD_START = 2;
const INSIDE = 3;
const SUBSEQUENCE = 4;
const NO_FIT = Number.POSITIVE_INFINITY;
/** A tensor stands behind a node that fits as well. */
const TENSOR_COST = 0.5;

/**
 * Finds nodes by name and operator, and tensors by name, as one types: every word must fit, as a whole, from the start,
 * inside, or by its letters in order. Best fit first, then the shorter name, then file order.
 */
export class NodeSearch {
  private readonly table: GraphTable;
  private texts: readonly string[] | undefined;

  constructor(table: GraphTable) {
    this.table = table;
  }

  /** At most `limit`; an empty query finds the first nodes. */
  find(query: string, limit: number): readonly Match[] {
    const { nodeCount } = this.table;
    const words = query
      .toLowerCase()
      .split(/\s+/)
      .filter((word) => word !== '');
    if (words.length === 0) {
      return Array.from({ length: Math.min(limit, nodeCount) }, (_, index) => ({ kind: 'node', index }));
    }
    this.texts ??= this.readTexts();
    const { texts } = this;
    const found: { readonly at: number; readonly cost: number }[] = [];
    texts.forEach((text, at) => {
      const operator = at < nodeCount ? this.table.opType(at).toLowerCase() : '';
      let cost = at < nodeCount ? 0 : TENSOR_COST;
      for (const word of words) cost += Math.min(costOf(word, text), costOf(word, operator));
      if (cost < NO_FIT) found.push({ at, cost });
    });
    const length = (at: number) => (texts[at] as string).length;
    found.sort((a, b) => a.cost - b.cost || length(a.at) - length(b.at) || a.at - b.at);
    return found
      .slice(0, limit)
      .map(({ at }) => (at < nodeCount ? { kind: 'node', index: at } : { kind: 'tensor', index: at - nodeCount }));
  }

  private readTexts(): readonly string[] {
    const { table } = this;
    const nodes = Array.from({ length: table.nodeCount }, (_, node) => table.handle(node).toLowerCase());
    const values = Array.from({ length: table.valueCount }, (_, value) => table.valueName(value).toLowerCase());
    return [...nodes, ...values];
  }
}

function costOf(word: string, text: string): number {
  const at = text.indexOf(word);
  if (at === 0) return text.length === word.length ? EQUAL : PREFIX;
  if (at > 0) return /[a-z0-9]/.test(text[at - 1] as string) ? INSIDE : WORD_START;
  return subsequence(word, text);
}

/** From {@link SUBSEQUENCE} to below one more, by the letters between the first and the last that match. */
function subsequence(word: string, text: string): number {
  let start = -1;
  let at = -1;
  for (const letter of word) {
    at = text.indexOf(letter, at + 1);
    if (at < 0) return NO_FIT;
    if (start < 0) start = at;
  }
  const between = at + 1 - start - word.length;
  return SUBSEQUENCE + between / (between + 10);
}
