import { describe, expect, test } from 'vitest';
import { applyChange, changeBetween, changeOnto, inverseOf } from '../../src/config/changes.ts';
import type { ConfigChange } from '../../src/protocol/changes.ts';

const TEXT = `# mine\r
[common_quant_param]\r
quant_type=FULL_QUANT   # stays\r
skip_quant_node=a\r
\r
[quantscope]\r
node_overrides=b:int16+symmetric,c:w4\r
percentile=99.9\r
`;

const CHANGES: readonly ConfigChange[] = [
  {},
  { skip: ['b', 'c'] },
  { unskip: ['a'] },
  { skip: ['b'], unskip: ['a'] },
  { overrides: { c: 'int16', d: 'range(-1..2)' } },
  { overrides: { b: '', c: '' } },
  { settings: [{ section: 'quantscope', key: 'percentile', value: '99' }] },
  { settings: [{ section: 'full_quant_param', key: 'bias_correction', value: 'true' }] },
  { skip: ['d'], overrides: { b: 'float16' }, settings: [{ section: 'quantscope', key: 'percentile', value: '' }] },
];

test('a skip list is edited, every other byte stays, and the way back restores the very text', () => {
  const skipped = applyChange(TEXT, { skip: ['conv1', 'fc', 'a'] });
  expect(skipped).toBe(TEXT.replace('skip_quant_node=a', 'skip_quant_node=a,conv1,fc'));
  expect(applyChange(skipped, { unskip: ['conv1', 'fc'] })).toBe(TEXT);
});

test('a change that changes nothing gives the same text', () => {
  for (const change of [{}, { skip: ['a'] }, { overrides: { c: 'w4' } }, { overrides: { x: '' } }])
    expect(applyChange(TEXT, change)).toBe(TEXT);
});

test.each(CHANGES.map((change) => [JSON.stringify(change), change] as const))(
  '%s and its inverse cancel out',
  (_, change) => {
    const after = applyChange(TEXT, change);
    const back = applyChange(after, inverseOf(TEXT, change));
    expect(changeBetween(TEXT, back)).toEqual({ skip: [], unskip: [], overrides: {}, settings: [] });
  },
);

test.each(CHANGES.map((change) => [JSON.stringify(change), change] as const))(
  '%s is found between its texts',
  (_, change) => {
    const after = applyChange(TEXT, change);
    const found = changeBetween(TEXT, after);
    expect(changeBetween(after, applyChange(TEXT, found))).toEqual({
      skip: [],
      unskip: [],
      overrides: {},
      settings: [],
    });
  },
);

test('an inverse leaves alone what was so before, and what others edited', () => {
  const change = { skip: ['a', 'b'], overrides: { b: 'int8' } };
  expect(inverseOf(TEXT, change)).toEqual({
    skip: [],
    unskip: ['b'],
    overrides: { b: 'int16+symmetric' },
    settings: [],
  });
  const edited = applyChange(applyChange(TEXT, change), { skip: ['z'] });
  expect(applyChange(edited, inverseOf(TEXT, change))).toBe(applyChange(TEXT, { skip: ['z'] }));
});

describe('a change that was made for another text', () => {
  const withWords = (words: string): string =>
    words === '' ? '[quantscope]\n' : `[quantscope]\nnode_overrides=${words}\n`;
  const onto = (said: string, from: string, to: string): string => {
    const { overrides = {} } = changeOnto({ overrides: { conv: said } }, withWords(from), withWords(to));
    return overrides.conv ?? '';
  };

  test.each([
    ['a method, where 16 bits were chosen since', 'KL', '', 'conv:int16', 'int16+KL'],
    [
      '16 bits, where a method was there and another is now',
      'int16+KL',
      'conv:KL',
      'conv:OUTPUT_MSE',
      'int16+OUTPUT_MSE',
    ],
    ['bits of a weight take the place of a precision', 'w5', '', 'conv:int16+symmetric', 'symmetric+w5'],
    ['a range by hand takes the place of a method', 'range(-1..2)', '', 'conv:KL+per_layer', 'per_layer+range(-1..2)'],
    ['a method that was taken out', 'int16', 'conv:int16+KL', 'conv:KL+symmetric', 'symmetric'],
    ['words taken out', '', 'conv:KL', 'conv:KL+int16', ''],
    ['words that say nothing', 'KL', 'conv:nonsense', 'conv:int16', 'KL'],
  ])('%s', (_, said, from, to, expected) => {
    expect(onto(said, from, to)).toBe(expected);
  });

  test('is the same for the text it was made for, and beside other nodes', () => {
    const change = { skip: ['a'], overrides: { conv: 'KL' } };
    const text = withWords('conv:int16');
    expect(changeOnto(change, text, text)).toBe(change);
    expect(changeOnto(change, '', withWords('other:int16'))).toEqual(change);
    expect(changeOnto({ skip: ['a'] }, '', text)).toEqual({ skip: ['a'] });
  });
});
