import { expect, test } from 'vitest';
import { applyChange } from '../../src/config/changes.ts';
import { isFoundViews, knownOf, NOTHING_FOUND } from '../../src/host/findings/storedFindings.ts';
import { helpfulCures, searchResult, suggestionsOf } from '../../src/host/suggestions/suggestions.ts';
import type { Cause, Cure, DiagnosisView } from '../../src/protocol/diagnosisViews.ts';
import type { SearchStep, SearchView } from '../../src/protocol/searchViews.ts';
import type { SensitivityRequest, SensitivityView } from '../../src/protocol/sensitivityViews.ts';

const TEXT = '[common_quant_param]\nquant_type=FULL_QUANT\n';
const judge = { id: 'cosine' } as const;

const request: SensitivityRequest = { mode: 'layerwise', part: 'both', judge, samples: 8, verify: null };
const sweep: SensitivityView = {
  request,
  configText: TEXT,
  float: 1,
  quantized: 0.98,
  samples: 8,
  entries: [{ nodeId: 1, handle: 'a', opType: 'Conv', value: 0.99, loss: 0.01, localSqnrDb: 20 }],
  done: 1,
  total: 5,
  elapsedMs: 10,
};

const cure = (kind: string, change: Cure['change'], gain: number): Cure => ({
  kind,
  change,
  before: 0.98,
  after: 0.98 + gain,
  gain,
  bytes: 0,
  integerShare: 1,
  wideShare: 0,
});
const perChannel = cure('per_channel', { overrides: { a: 'per_channel' } }, 0.01);
const inFloat = cure('skip', { skip: ['a'] }, 0.015);
const cause: Cause = {
  id: 'dominatingChannel',
  nodeId: 1,
  handle: 'a',
  opType: 'Conv',
  blame: 0.02,
  certainty: 1,
  evidence: [],
  cures: [inFloat, perChannel],
  tried: [],
};
const diagnosis: DiagnosisView = {
  request: { judge, samples: 8, nodes: 5, cures: true, data: true },
  configText: TEXT,
  float: 1,
  quantized: 0.98,
  samples: 8,
  causes: [cause],
  data: [
    {
      kind: 'preprocessing',
      change: { settings: [{ section: 'data_preprocess_param', key: 'image_to_format', value: 'RGB' }] },
      label: 'RGB',
      evidence: [],
      advised: true,
    },
    { kind: 'preprocessing', change: {}, label: 'as it is', evidence: [], advised: false },
    { kind: 'oddSample', sample: '7.png', evidence: [] },
    { kind: 'tooFewSamples', growth: [], evidence: [], advised: false },
  ],
  reference: null,
  together: cure('together', { skip: ['a'], overrides: { b: 'int16' } }, 0.018),
  whole: null,
  done: true,
  elapsedMs: 1,
};

test('a sweep is taken up where the same is asked for, whatever the order of its parts', () => {
  const command = { id: 'command', command: 'x', better: 'higher' } as const;
  expect(knownOf(sweep, { ...request })).toBe(sweep.entries);
  const judged = { ...sweep, request: { ...request, judge: command } };
  const other = { ...request, judge: { better: 'higher', command: 'x', id: 'command' } as const };
  expect(knownOf(judged, other)).toBe(sweep.entries);
  for (const change of [{ mode: 'leaveOneOut' }, { part: 'weights' }, { samples: 4 }, { verify: 3 }] as const)
    expect(knownOf(sweep, { ...request, ...change })).toEqual([]);
  expect(knownOf(null, request)).toEqual([]);
});

test('only what this version writes is taken for findings', () => {
  expect(isFoundViews(NOTHING_FOUND)).toBe(true);
  expect(isFoundViews({ sensitivity: sweep, search: null, diagnosis })).toBe(true);
  expect(isFoundViews({ sensitivity: { entries: 1 }, search: null, diagnosis: null })).toBe(false);
  expect(isFoundViews({ sensitivity: sweep })).toBe(false);
});

test('a diagnosis suggests all cures together, each cause with its own, and data that the evidence speaks against', () => {
  const found = suggestionsOf(diagnosis, TEXT);
  expect(found.map((s) => (s.kind === 'change' ? s.source.from : s.kind))).toEqual(['cure', 'cause', 'data', 'data']);
  const [together, second, , odd] = found;
  expect(together).toMatchObject({ change: { skip: ['a'] }, source: { cure: { kind: 'together' } } });
  expect(second?.kind === 'cause' && second.cures.map(({ change }) => change)).toEqual([
    inFloat.change,
    perChannel.change,
  ]);
  expect(odd).toMatchObject({ kind: 'data', finding: { kind: 'oddSample' } });
});

test('what the config has already is suggested no more; the cause stays', () => {
  const [, second] = suggestionsOf(diagnosis, applyChange(TEXT, inFloat.change));
  expect(second?.kind === 'cause' && second.cures.map(({ change }) => change)).toEqual([perChannel.change]);
  const all = applyChange(applyChange(TEXT, perChannel.change), diagnosis.together?.change ?? {});
  expect(suggestionsOf(diagnosis, all).map(({ kind }) => kind)).toEqual(['cause', 'change', 'data']);
});

test('what was chosen for a node since the diagnosis stays beside what its cure chooses', () => {
  const widened = cause.cures.map((c) => ({ ...c, change: { overrides: { b: 'int16' } } }));
  const found = { ...diagnosis, together: null, causes: [{ ...cause, cures: widened }] };
  const since = applyChange(TEXT, { overrides: { b: 'KL' } });
  const wanted = { overrides: { b: 'int16+KL' } };
  expect(helpfulCures(found, since).map(({ change }) => change)).toEqual([wanted]);
  expect(suggestionsOf(found, since)[0]).toMatchObject({
    kind: 'cause',
    cures: [{ change: wanted }, { change: wanted }],
  });
});

test('code actions have each change once, the greatest gain first', () => {
  const twice = { ...diagnosis, causes: [cause, { ...cause, id: 'outliers' as const }] };
  expect(helpfulCures(twice, TEXT).map(({ source }) => source.from === 'cure' && source.cure.kind)).toEqual([
    'together',
    'skip',
    'per_channel',
  ]);
});

test('a search offers its result where it reached the goal', () => {
  const best: SearchStep = {
    move: 'verify',
    change: { skip: ['a'] },
    handles: ['a'],
    value: 0.996,
    samples: 8,
    bytes: 10,
    reached: true,
  };
  const search: SearchView = {
    request: { goal: { kind: 'skip', target: { value: 0.995 } }, judge, samples: 8, budget: 50 },
    configText: TEXT,
    float: 1,
    quantized: 0.98,
    target: 0.995,
    tried: [best],
    best,
    ended: 'found',
    elapsedMs: 1,
  };
  expect(searchResult(search, TEXT)).toMatchObject([{ kind: 'change', change: { skip: ['a'] } }]);
  expect(searchResult(search, applyChange(TEXT, best.change))).toEqual([]);
  expect(searchResult({ ...search, best: { ...best, reached: false } }, TEXT)).toEqual([]);
  expect(searchResult({ ...search, best: null }, TEXT)).toEqual([]);
});
