import { formatDims } from '../base/shape.ts';
import { defineOp, type OpDef } from './opDef.ts';

type Item = number | bigint | string;

/** A pool of n-grams as a trie: the grams that go on with an item, and where the one that ends here is counted. */
interface Grams {
  readonly next: Map<Item, Grams>;
  column?: number;
  weight?: number;
}

interface Pool {
  readonly items: readonly Item[];
  /** Where the 1-grams, 2-grams, ... begin in `items`. */
  readonly starts: readonly number[];
  /** Output column of each n-gram, in order of the pool. */
  readonly columns: readonly number[];
  readonly weights: readonly number[] | undefined;
}

function gramsOf({ items, starts, columns, weights }: Pool, sizes: readonly [number, number]): Grams {
  const root: Grams = { next: new Map() };
  let gram = 0;
  for (const [i, start] of starts.entries()) {
    const size = i + 1;
    const end = starts[i + 1] ?? items.length;
    for (let at = start; at + size <= end; at += size, gram++) {
      if (size < sizes[0] || size > sizes[1]) continue;
      let place = root;
      for (const item of items.slice(at, at + size)) {
        const found: Grams = place.next.get(item) ?? { next: new Map() };
        place.next.set(item, found);
        place = found;
      }
      place.column = columns[gram] as number;
      place.weight = weights?.[gram] ?? 1;
    }
  }
  return root;
}

/** Counts n-grams of up to `longest` items of one row, whose items stand 1 to `skips` + 1 apart. */
function visitGrams(
  row: readonly Item[],
  pool: Grams,
  { shortest, longest, skips }: { readonly shortest: number; readonly longest: number; readonly skips: number },
  visit: (gram: Grams) => void,
): void {
  let least = shortest;
  for (let step = 1; step <= skips + 1 && least <= longest; step++) {
    for (let start = 0; start < row.length; start++) {
      let place: Grams | undefined = pool;
      for (let size = 1; size <= longest; size++) {
        const at = start + (size - 1) * step;
        place = at < row.length ? place.next.get(row[at] as Item) : undefined;
        if (place === undefined) break;
        if (size >= least && place.column !== undefined) visit(place);
      }
    }
    if (least === 1) least = 2; // a single item does not depend on the step
  }
}

/** Counts of the n-grams of a pool in rows [C] or [N, C] of integers or strings. */
const tfIdfVectorizer = defineOp({
  type: 'TfIdfVectorizer',
  domain: '',
  since: 9,
  arity: [1, 1],
  attributes: {
    max_gram_length: { kind: 'int', required: true },
    max_skip_count: { kind: 'int', required: true },
    min_gram_length: { kind: 'int', required: true },
    mode: { kind: 'string', required: true },
    ngram_counts: { kind: 'ints', required: true },
    ngram_indexes: { kind: 'ints', required: true },
    pool_int64s: { kind: 'ints' },
    pool_strings: { kind: 'strings' },
    weights: { kind: 'floats' },
  },
  layout: { kind: 'plain' },
  infer: (context) => {
    const { dtype, dims } = context.input(0);
    const { mode, ngram_indexes, pool_int64s, pool_strings } = context.attributes;
    if (!['TF', 'IDF', 'TFIDF'].includes(mode)) context.fail(`mode ${mode} is not TF, IDF or TFIDF`);
    if ((dtype === 'string' ? pool_strings : pool_int64s) === undefined) {
      context.fail(`there is no pool of n-grams for an input of type ${dtype}`);
    }
    if (dims !== undefined && dims.length !== 1 && dims.length !== 2) {
      context.fail(`shape ${formatDims(dims)} is neither [C] nor [N, C]`);
    }
    const columns = ngram_indexes.reduce((most, i) => Math.max(most, i + 1), 0);
    return [{ dtype: 'float32', dims: dims && [...dims.slice(0, -1), columns] }];
  },
  run: (context) => {
    const x = context.input(0);
    const { mode, ngram_counts, ngram_indexes, pool_int64s, pool_strings, weights } = context.attributes;
    const { min_gram_length: shortest, max_gram_length: longest, max_skip_count: skips } = context.attributes;
    const items = (x.dtype === 'string' ? pool_strings : pool_int64s) as readonly Item[]; // infer checked
    const pool = gramsOf({ items, starts: ngram_counts, columns: ngram_indexes, weights }, [shortest, longest]);
    const all: Item[] = Array.from(x.data as ArrayLike<Item>, (v) => (typeof v === 'bigint' ? Number(v) : v));
    const columns = ngram_indexes.reduce((most, i) => Math.max(most, i + 1), 0);
    const out = context.output(0, 'float32', [...x.dims.slice(0, -1), columns]);
    out.data.fill(0);
    const length = x.dims.at(-1) as number;
    for (let row = 0; row * columns < out.data.length; row++) {
      const to = out.data.subarray(row * columns, (row + 1) * columns);
      visitGrams(all.slice(row * length, (row + 1) * length), pool, { shortest, longest, skips }, (gram) => {
        const at = gram.column as number; // visited grams end here
        const weight = gram.weight as number;
        if (mode === 'IDF') to[at] = weight;
        else to[at] = (to[at] as number) + (mode === 'TFIDF' ? weight : 1);
      });
    }
    return [out];
  },
  quant: () => ({ kind: 'float', why: 'TfIdfVectorizer counts; the counts are exact.' }),
});

/** Features of texts and sequences of ids. */
export const tfIdfOps: readonly OpDef[] = [tfIdfVectorizer];
