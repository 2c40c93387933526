import { expect, test } from 'vitest';
import { applyChange, changeBetween, inverseOf } from '../../src/config/changes.ts';
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
