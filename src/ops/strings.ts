import { broadcastDims, replacedAt, sizeOf } from '../base/shape.ts';
import { type Tensor, tensor } from '../base/tensor.ts';
import { broadcastStrides } from './cells.ts';
import { indexOf } from './convDirect.ts';
import { broadcastFacts } from './facts.ts';
import { defineOp, type OpDef, type QuantRule } from './opDef.ts';
import { regularExpression } from './regex.ts';

const TEXT: QuantRule = { kind: 'float', why: 'It works on text, which has no codes.' };

function stringsOf(t: Tensor): readonly string[] {
  return t.data as readonly string[]; // infer checked the type
}

function checkStrings(
  context: { input(i: number): { readonly dtype: string }; fail(message: string): never },
  count: number,
): void {
  for (let i = 0; i < count; i++) {
    const { dtype } = context.input(i);
    if (dtype !== 'string') context.fail(`input ${i} is ${dtype}, expected string`);
  }
}

const stringConcat = defineOp({
  type: 'StringConcat',
  domain: '',
  since: 20,
  arity: [2, 2],
  attributes: {},
  layout: { kind: 'plain' },
  infer: (context) => {
    checkStrings(context, 2);
    return [{ dtype: 'string', dims: broadcastFacts(context, context.input(0).dims, context.input(1).dims) }];
  },
  run: (context) => {
    const [a, b] = [context.input(0), context.input(1)];
    const dims = broadcastDims(a.dims, b.dims) ?? context.fail('the shapes do not broadcast');
    const [x, y] = [stringsOf(a), stringsOf(b)];
    const [xStrides, yStrides] = [broadcastStrides(a.dims, dims), broadcastStrides(b.dims, dims)];
    const place = (index: readonly number[], strides: readonly number[]) =>
      index.reduce((sum, i, d) => sum + i * (strides[d] as number), 0);
    const joined = Array.from({ length: sizeOf(dims) }, (_, i) => {
      const index = indexOf(i, dims);
      return `${x[place(index, xStrides)]}${y[place(index, yStrides)]}`;
    });
    return [tensor('string', dims, joined)];
  },
  quant: () => TEXT,
});

/** Pieces of `text` between runs of whitespace; after `most` cuts the rest stays whole, without leading whitespace. */
function splitAtWhitespace(text: string, most: number): string[] {
  const pieces: string[] = [];
  let rest = text.trimStart();
  while (rest !== '' && pieces.length < most) {
    const end = rest.search(/\s/);
    if (end < 0) break;
    pieces.push(rest.slice(0, end));
    rest = rest.slice(end).trimStart();
  }
  return rest === '' ? pieces : [...pieces, rest];
}

/** Pieces of `text` between occurrences of `delimiter`, empty ones included; at most `most` cuts. */
function splitAt(text: string, delimiter: string, most: number): string[] {
  const pieces = text.split(delimiter);
  if (pieces.length <= most + 1) return pieces;
  return [...pieces.slice(0, most), pieces.slice(most).join(delimiter)];
}

/** Splits as Python's `str.split` does; shorter rows are filled with ''. */
const stringSplit = defineOp({
  type: 'StringSplit',
  domain: '',
  since: 20,
  arity: [1, 1],
  attributes: { delimiter: { kind: 'string', default: '' }, maxsplit: { kind: 'int' } },
  layout: { kind: 'plain' },
  infer: (context) => {
    checkStrings(context, 1);
    const { dims } = context.input(0);
    return [
      { dtype: 'string' as const, dims: dims && [...dims, context.symbol('pieces')] },
      { dtype: 'int64' as const, dims },
    ].slice(0, context.outputCount);
  },
  run: (context) => {
    const x = context.input(0);
    const { delimiter, maxsplit } = context.attributes;
    const most = maxsplit === undefined || maxsplit < 0 ? Infinity : maxsplit;
    const rows = stringsOf(x).map((s) => (delimiter === '' ? splitAtWhitespace(s, most) : splitAt(s, delimiter, most)));
    const width = rows.reduce((w, row) => Math.max(w, row.length), 0);
    const filled = rows.flatMap((row) => [...row, ...new Array<string>(width - row.length).fill('')]);
    const pieces = tensor('string', [...x.dims, width], filled);
    if (context.outputCount < 2) return [pieces];
    const counts = context.output(1, 'int64', x.dims);
    counts.data.set(rows.map((row) => BigInt(row.length)));
    return [pieces, counts];
  },
  quant: () => TEXT,
});

const CASES = ['NONE', 'LOWER', 'UPPER'];

/** Drops stop words and changes case; [C] or [1, C] strings. When nothing is left, one empty string is. */
const stringNormalizer = defineOp({
  type: 'StringNormalizer',
  domain: '',
  since: 10,
  arity: [1, 1],
  attributes: {
    case_change_action: { kind: 'string', default: 'NONE' },
    is_case_sensitive: { kind: 'int', default: 0 },
    locale: { kind: 'string', default: '' },
    stopwords: { kind: 'strings', default: [] },
  },
  layout: { kind: 'plain' },
  infer: (context) => {
    checkStrings(context, 1);
    const { dims } = context.input(0);
    const action = context.attributes.case_change_action;
    if (!CASES.includes(action)) context.fail(`case_change_action ${action} is not one of ${CASES.join(', ')}`);
    if (
      dims !== undefined &&
      dims.length !== 1 &&
      !(dims.length === 2 && (dims[0] === 1 || typeof dims[0] !== 'number'))
    ) {
      context.fail(`shape [${dims.join(', ')}] is neither [C] nor [1, C]`);
    }
    return [{ dtype: 'string', dims: dims && replacedAt(dims, -1, context.symbol('words')) }];
  },
  run: (context) => {
    const x = context.input(0);
    const { case_change_action, is_case_sensitive, stopwords, locale } = context.attributes;
    const language = locale === '' ? undefined : locale.split('.')[0]?.replaceAll('_', '-');
    const lower = (s: string) => (language === undefined ? s.toLowerCase() : s.toLocaleLowerCase(language));
    const upper = (s: string) => (language === undefined ? s.toUpperCase() : s.toLocaleUpperCase(language));
    const key = is_case_sensitive !== 0 ? (s: string) => s : lower;
    try {
      const stop = new Set(stopwords.map(key));
      const kept = stringsOf(x).filter((s) => !stop.has(key(s)));
      const change = { LOWER: lower, UPPER: upper }[case_change_action] ?? ((s: string) => s);
      const words = kept.length === 0 ? [''] : kept.map(change);
      return [tensor('string', replacedAt(x.dims, -1, words.length), words)];
    } catch (error) {
      if (error instanceof RangeError) return context.fail(`locale ${locale} is not known`);
      throw error;
    }
  },
  quant: () => TEXT,
});

const regexFullMatch = defineOp({
  type: 'RegexFullMatch',
  domain: '',
  since: 20,
  arity: [1, 1],
  attributes: { pattern: { kind: 'string', required: true } },
  layout: { kind: 'plain' },
  infer: (context) => {
    checkStrings(context, 1);
    regularExpression(context.attributes.pattern, context.fail);
    return [{ dtype: 'bool', dims: context.input(0).dims }];
  },
  run: (context) => {
    const x = context.input(0);
    const whole = regularExpression(context.attributes.pattern, context.fail);
    const out = context.output(0, 'bool', x.dims);
    out.data.set(stringsOf(x).map((s) => (whole.test(s) ? 1 : 0)));
    return [out];
  },
  quant: () => TEXT,
});

/** Operators on text. */
export const stringOps: readonly OpDef[] = [stringConcat, stringSplit, stringNormalizer, regexFullMatch];
