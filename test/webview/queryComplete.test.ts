import { describe, expect, it } from 'vitest';
import { completionsAt, Vocabulary } from '../../webview/query/complete.ts';
import { askedOf, quoted, withField, withoutPart } from '../../webview/query/editText.ts';
import { FieldSet, METRIC_FIELDS, nearest } from '../../webview/query/fields.ts';
import { parseQuery } from '../../webview/query/parse.ts';
import type { Rows } from '../../webview/query/rows.ts';

const FIELDS = new FieldSet(METRIC_FIELDS);
const OPERATORS = ['Conv', 'Relu', 'Conv', 'ConvTranspose', 'QLinearConv', 'with space'];
const SHAPES = [[1, 64, 7, 7], [1, 64, 7, 7], [], null, ['batch', 3], [2]];

const ROWS: Rows = {
  count: OPERATORS.length,
  line: () => '',
  texts: () => [],
  textsOf: (field) => (field === 'op' ? (row) => [OPERATORS[row] as string] : undefined),
  numbersOf: () => undefined,
  shapes: (row) => [SHAPES[row] ?? null],
  attributes: (row) => (row === 0 ? [{ name: 'group', value: '1' }] : []),
};

async function offered(typed: string) {
  const caret = typed.includes('|') ? typed.indexOf('|') : typed.length;
  const text = typed.replace('|', '');
  const vocabulary = new Vocabulary(ROWS, new AbortController().signal);
  const completions = await completionsAt({ text, caret }, FIELDS, vocabulary);
  return completions.map((c) => ({
    result: text.slice(0, c.start) + c.insert + text.slice(c.end),
    count: c.count,
  }));
}

describe('completions', () => {
  it('are the fields that begin with what is typed', async () => {
    expect(await offered('sq')).toEqual([{ result: 'sqnr:', count: null }]);
    expect((await offered('x -op')).map((o) => o.result)).toEqual(['x -op:']);
    expect((await offered('(cos')).map((o) => o.result)).toEqual(['(cos:']);
    expect(await offered('')).toEqual([]);
    expect(await offered('conv ')).toEqual([]);
    expect(await offered('zzz')).toEqual([]);
  });

  it('are the values of the model with counts, frequent ones first, those that begin so before those that hold it', async () => {
    expect(await offered('op:')).toEqual([
      { result: 'op:Conv', count: 2 },
      { result: 'op:ConvTranspose', count: 1 },
      { result: 'op:QLinearConv', count: 1 },
      { result: 'op:Relu', count: 1 },
      { result: 'op:"with space"', count: 1 },
    ]);
    expect((await offered('op:conv')).map((o) => o.result)).toEqual(['op:Conv', 'op:ConvTranspose', 'op:QLinearConv']);
    expect((await offered('op:Relu,q')).map((o) => o.result)).toEqual(['op:Relu,QLinearConv']);
    expect((await offered('op:Re|x cos:<1')).map((o) => o.result)).toEqual(['op:Relu cos:<1']);
  });

  it('know shapes and attributes', async () => {
    expect((await offered('shape:1')).map((o) => o.result)).toEqual(['shape:1x64x7x7']);
    expect((await offered('shape:s')).map((o) => o.result)).toEqual(['shape:scalar']);
    expect((await offered('attr:')).map((o) => o.result)).toEqual(['attr:group']);
  });

  it('are none where rows have none, or the field is unknown', async () => {
    expect(await offered('name:a')).toEqual([]);
    expect(await offered('dtype:f')).toEqual([]);
    expect(await offered('nofield:f')).toEqual([]);
    expect(await offered('onnx::C')).toEqual([]);
  });
});

describe('the nearest name', () => {
  it('is at most a third of its letters away', () => {
    expect(nearest('sqr', ['sqnr', 'cos'])).toBe('sqnr');
    expect(nearest('atribute', ['attribute', 'attr'])).toBe('attribute');
    expect(nearest('zebra', ['sqnr', 'cos'])).toBeUndefined();
  });
});

describe('editing a query', () => {
  const query = (text: string) => parseQuery(text, FIELDS);

  it('knows the terms at its top', () => {
    const { text, parts } = query('conv -op:Relu (a or b) cos:<0.9');
    expect(parts.map(({ start, end, field }) => [text.slice(start, end), field])).toEqual([
      ['conv', null],
      ['-op:Relu', 'op'],
      ['(a or b)', null],
      ['cos:<0.9', 'cos'],
    ]);
    expect(query('a or op:Conv').parts).toEqual([{ start: 0, end: 12, field: null }]);
    expect(query('').parts).toEqual([]);
  });

  it('takes a term out', () => {
    expect(withoutPart(query('conv op:Relu cos:<0.9'), 1)).toBe('conv cos:<0.9');
    expect(withoutPart(query('conv'), 0)).toBe('');
    expect(withoutPart(query('conv'), 1)).toBe('conv');
  });

  it('replaces what is asked of a field, and keeps the rest', () => {
    expect(withField(query('conv op:Relu'), 'op', 'Conv,Gemm')).toBe('conv op:Conv,Gemm');
    expect(withField(query('conv'), 'cos', '<0.9')).toBe('conv cos:<0.9');
    expect(withField(query('op:Relu conv'), 'op', null)).toBe('conv');
    expect(withField(query('a or b'), 'cos', '<0.9')).toBe('(a or b) cos:<0.9');
    expect(askedOf(query('conv op:Relu,Conv'), 'op')).toBe('Relu,Conv');
    expect(askedOf(query('conv'), 'op')).toBe('');
    expect(quoted('a b')).toBe('"a b"');
  });
});
