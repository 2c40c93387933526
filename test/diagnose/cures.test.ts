import { expect, test } from 'vitest';
import { applyChange, inverseOf, overrideWordsOf } from '../../src/config/changes.ts';
import { parseConfig } from '../../src/config/config.ts';
import { skipNodesOf } from '../../src/config/skipNodes.ts';
import { combined, curesFor, type Patient } from '../../src/diagnose/cures.ts';
import type { Named } from '../../src/diagnose/named.ts';
import { helps, rankedCures, withoutNeedless } from '../../src/diagnose/rankCures.ts';
import { CAUSES, CURES } from '../../src/protocol/causes.ts';
import type { CauseId, Cure } from '../../src/protocol/diagnosisViews.ts';

const PATIENT: Patient = {
  handle: 'conv1',
  outputHandle: 'relu1',
  handles: ['conv1', 'relu1'],
  readers: ['conv2'],
  feeders: [],
  inputs: new Set([0]),
  wordsOf: (handle) => (handle === 'relu1' ? { precision: 'int8', range: { lo: 0, hi: 1 } } : {}),
  perChannel: false,
  symmetric: true,
  method: 'MAX_MIN',
  biasCorrection: false,
  equalization: false,
  channelBalance: false,
  leastSquares: false,
  weightBits: 4,
};

const named = (id: CauseId, change: Partial<Named> = {}): Named => ({
  id,
  certainty: 1,
  evidence: [],
  range: { lo: -0.123456789, hi: 2.5 },
  ofWeight: true,
  ...change,
});

const kinds = (id: CauseId, patient: Patient = PATIENT): string[] => curesFor(named(id), patient).map((c) => c.kind);

test('A range by hand that clips is taken back, or set to what was seen', () => {
  const [first, second] = curesFor(named('clipping'), PATIENT);
  expect(first).toMatchObject({ kind: 'method:MAX_MIN', change: { overrides: { relu1: 'int8+MAX_MIN' } } });
  expect(second).toMatchObject({ kind: 'range', change: { overrides: { relu1: 'int8+range(-0.123457..2.5)' } } });
});

test('Leaving nodes float takes their own words away, and undo brings them back', () => {
  const text = '[quantscope]\nnode_overrides=relu1:int8+range(0..1),fc:KL\n';
  const [first] = curesFor(named('outliers'), PATIENT).filter((c) => c.kind === 'skip');
  expect(first?.change).toEqual({ skip: ['conv1', 'relu1'], overrides: { relu1: '' } });
  const after = applyChange(text, first?.change ?? {});
  expect([...overrideWordsOf(after)]).toEqual([['fc', 'KL']]);
  const back = applyChange(after, inverseOf(text, first?.change ?? {}));
  expect([...overrideWordsOf(back)].sort()).toEqual([...overrideWordsOf(text)].sort());
  expect(skipNodesOf(back)).toEqual([]);
  expect(combined({ skip: ['a'] }, { overrides: { a: 'KL', b: 'KL' } })?.overrides).toEqual({ b: 'KL' });
});

test('Of a file’s own quantization nodes are left float, carried errors included, and nothing else is tried', () => {
  const inFile: Patient = { ...PATIENT, onlySkips: true };
  for (const id of ['carried', 'weights', 'clipping'] as const) expect(kinds(id, inFile)).toEqual(['skip', 'skip']);
  expect(kinds('carried')).toEqual([]);
});

test('What is so already is not tried', () => {
  const treated: Patient = {
    ...PATIENT,
    ...{ perChannel: true, symmetric: false, biasCorrection: true, equalization: true, channelBalance: true },
    ...{ leastSquares: true, weightBits: 8, wordsOf: () => ({}) },
  };
  const any = ['bits:16', 'bits:16', 'skip', 'skip'];
  expect(kinds('dominatingChannel', treated)).toEqual(any);
  expect(kinds('weights', treated)).toEqual(any);
  expect(kinds('symmetricAfterClamp', treated)).toEqual(any);
  expect(kinds('clipping', treated)).toEqual(['range', 'method:MSE', ...any]);
});

test('The codes of an input of the model follow the method of the config alone', () => {
  const input = named('outliers', { evidence: [{ label: '', value: 1, unit: 'ratio', valueId: 0 }] });
  const own = curesFor(input, PATIENT).filter((c) => c.against === 'cause');
  expect(own.map((c) => c.change.settings?.[0]?.key)).toEqual(own.map(() => 'calibration_method'));
  expect(own.map((c) => c.kind)).toEqual(['method:MSE', 'method:KL', 'method:PERCENTILE']);
});

test('Every cure has a title, and makes a config without errors', () => {
  const text =
    '[common_quant_param]\nquant_type=FULL_QUANT\n[data_preprocess_param]\ncalibrate_path=x:.\ncalibrate_size=1\ninput_type=BIN\n';
  const all = CAUSES.flatMap(({ id }) => curesFor(named(id), PATIENT));
  expect(all.length).toBeGreaterThan(20);
  const titles = new Set(CURES.map((c) => c.kind));
  expect(all.filter((c) => !titles.has(c.kind))).toEqual([]);
  for (const { change } of all) {
    const { diagnostics } = parseConfig(applyChange(text, change), 'a.cfg');
    expect(diagnostics.filter((d) => d.severity === 'error')).toEqual([]);
  }
});

test('Changes are joined, and told apart where they say otherwise of the same', () => {
  expect(combined({ skip: ['a'], overrides: { b: 'KL' } }, { skip: ['a', 'c'], overrides: { b: 'KL' } })).toEqual({
    skip: ['a', 'c'],
    unskip: [],
    overrides: { b: 'KL' },
    settings: [],
  });
  expect(combined({ overrides: { b: 'KL' } }, { overrides: { b: 'MSE' } })).toBeUndefined();
  expect(combined({ skip: ['a'] }, { unskip: ['a'] })).toBeUndefined();
  const setting = (value: string) => ({ settings: [{ section: 'quantscope', key: 'equalization', value }] });
  expect(combined(setting('on'), setting('off'))).toBeUndefined();
  expect(combined(setting('on'), setting('on'))?.settings).toHaveLength(1);
});

const cure = (kind: string, gain: number, integerShare = 1, bytes = 0): Cure => ({
  ...{ kind, gain, integerShare, bytes, wideShare: 1 - integerShare },
  ...{ change: {}, before: 0.9, after: 0.9 + gain },
});

test('Of cures that win alike, what keeps integers comes first; then the gain decides', () => {
  const ranked = rankedCures([cure('skip', 0.1, 0.9), cure('bits:16', 0.01, 0.9), cure('per_channel', 0.095, 1, 600)]);
  expect(ranked.map((c) => c.kind)).toEqual(['per_channel', 'skip', 'bits:16']);
});

test('A gain counts from a hundredth of the loss, and a wider change has to win more', () => {
  expect([helps({ gain: 0.001 }, 0.1), helps({ gain: 0.0011 }, 0.1)]).toEqual([false, true]);
  const both = [cure('skip', 0.05), cure('skip', 0.0509), cure('bits:16', 0.0509)];
  expect(withoutNeedless(both, 0.1)).toEqual([both[0], both[2]]);
});
