import { parsePlain } from '../../src/protocol/metricNumbers.ts';
import { t } from '../l10n.ts';
import type { AttributeValue, Comparison, DimTest, NumberTest, Test, TextPattern } from './expression.ts';
import type { Field, ParseNumber } from './fields.ts';

/** What a value says, or what is wrong with it. */
export type Read<T> = { readonly value: T } | { readonly problem: string };

const DECIMALS = /^\s*[+-]?\d*\.(\d+)(?:e([+-]?\d+))?(\D*)$/i;
const COMPARISON = /^(<=|>=|!=|==|≤|≥|<|>|=)?\s*(.*)$/s;
const SIGNS: Readonly<Record<string, Comparison>> = { '==': '=', '≤': '<=', '≥': '>=' };

/** Reads one value of a field: `Conv`, `<0.99`, `1x3x*`, `kernel_shape=3`. */
export function readTest(field: Field, text: string): Read<Test> {
  switch (field.kind) {
    case 'text':
      return { value: { kind: 'text', pattern: partPattern(text) } };
    case 'choice':
      return { value: { kind: 'text', pattern: wholePattern(text) } };
    case 'shape':
      return readShape(text);
    case 'attribute':
      return readAttribute(text);
    case 'number':
      return readNumberTest(field, text);
  }
}

/** Anywhere in a text; with `*` all of it. */
export function partPattern(text: string): TextPattern {
  return text.includes('*') ? { kind: 'regex', regex: globRegex(text) } : { kind: 'part', text: text.toLowerCase() };
}

function wholePattern(text: string): TextPattern {
  return text.includes('*') ? { kind: 'regex', regex: globRegex(text) } : { kind: 'whole', text: text.toLowerCase() };
}

function globRegex(text: string): RegExp {
  const parts = text.split('*').map((part) => part.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 'i');
}

function readNumberTest(field: Field, text: string): Read<Test> {
  const { name, parse, example } = field;
  if (/^(none|missing)$/i.test(text)) return { value: { kind: 'measured', wanted: 'no' } };
  if (/^any$/i.test(text)) return { value: { kind: 'measured', wanted: 'yes' } };
  const ends = text.split('..');
  if (ends.length === 2) {
    const [low, high] = ends.map((end, i) => (end === '' ? openEnd(i) : readNumber(end, parse)));
    if (low === undefined || high === undefined) return { problem: notANumber(name, text, example) };
    return { value: { kind: 'range', low: low.value, high: high.value } };
  }
  const [, sign = '=', rest = ''] = COMPARISON.exec(text) ?? [];
  if (rest === '') return { problem: t('{0}: needs a number, as in {1}', name, example) };
  const number = readNumber(rest, parse);
  if (number === undefined) return { problem: notANumber(name, rest, example) };
  return { value: { kind: 'number', comparison: comparisonOf(sign), ...number } };
}

function openEnd(index: number): { value: number } {
  return { value: index === 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY };
}

function comparisonOf(sign: string): Comparison {
  return SIGNS[sign] ?? (sign as Comparison); // the pattern lets no other sign through
}

function notANumber(name: string, text: string, example: string): string {
  return t('{0}: cannot read “{1}” as a number; write it as in {2}', name, text, example);
}

/** A number and half a unit of its last decimal; without decimals it is meant exactly. Undefined when it is none. */
export function readNumber(text: string, parse: ParseNumber): Pick<NumberTest, 'value' | 'slack'> | undefined {
  const value = parse(text);
  return value === undefined || Number.isNaN(value) ? undefined : { value, slack: slackOf(text, parse) };
}

/** Of `23.4 dB` what `0.05 dB` is. */
function slackOf(text: string, parse: ParseNumber): number {
  const [, decimals, exponent, unit] = DECIMALS.exec(text) ?? [];
  if (decimals === undefined) return 0;
  return parse(`5e${Number(exponent ?? 0) - decimals.length - 1}${unit}`) ?? 0;
}

function readShape(text: string): Read<Test> {
  if (/^scalar$/i.test(text)) return { value: { kind: 'shape', dims: [] } };
  // A symbol may hold an x (`max_len`), so only an x between lengths, stars and whole symbols divides.
  const parts = text.split(/×|(?<=[\d*.])x|x(?=[\d*<>.=])/i).map((part) => part.trim());
  const dims: DimTest[] = [];
  for (const part of parts) {
    const dim = readDim(part);
    if (dim === undefined) return { problem: t('shape: cannot read “{0}”; write it as in {1}', text, '1x3x*x..') };
    dims.push(dim);
  }
  return { value: { kind: 'shape', dims } };
}

function readDim(part: string): DimTest | undefined {
  if (part === '*' || part === '?') return { kind: 'one' };
  if (part === '..' || part === '...' || part === '…') return { kind: 'several' };
  const [, sign = '=', rest = ''] = COMPARISON.exec(part) ?? [];
  if (/^\d+$/.test(rest)) return { kind: 'length', comparison: comparisonOf(sign), value: Number(rest) };
  return /^[^<>=!*]+$/.test(part) ? { kind: 'symbol', name: part.toLowerCase() } : undefined;
}

function readAttribute(text: string): Read<Test> {
  const match = /^([^<>=!≤≥]+?)\s*(?:(<=|>=|!=|==|≤|≥|<|>|=)\s*(.*))?$/s.exec(text);
  const [, name = '', sign, wanted] = match ?? [];
  if (name === '') return { problem: t('attr: needs a name, as in {0}', 'attr:kernel_shape=3') };
  const value = sign === undefined || wanted === undefined ? null : readAttributeValue(comparisonOf(sign), wanted);
  if (value === undefined) return { problem: t('attr: needs a number behind {0}', sign ?? '') };
  return { value: { kind: 'attribute', name: wholePattern(name), value } };
}

function readAttributeValue(comparison: Comparison, text: string): AttributeValue | undefined {
  const number = readNumber(text, parsePlain);
  if (number !== undefined) return { kind: 'number', comparison, ...number };
  if (comparison !== '=' || text === '') return undefined;
  const elements = text.replace(/[[\]]/g, '').split(/[x×]/i);
  if (elements.every((e) => /^-?\d+$/.test(e))) return { kind: 'list', elements: elements.map(Number) };
  return { kind: 'text', pattern: partPattern(text) };
}
