import { describe, expect, it } from 'vitest';
import { encodeGraph } from '../../src/protocol/encodeGraph.ts';
import { GraphTable } from '../../src/protocol/graphTable.ts';
import { levelOf } from '../../src/protocol/metrics.ts';
import type { SensitivityView } from '../../src/protocol/sensitivityViews.ts';
import { bytesText, gainText } from '../../webview/findings/cureTable.ts';
import { evidenceText } from '../../webview/findings/evidenceTable.ts';
import { growthChart } from '../../webview/findings/growthChart.ts';
import { judgeWords } from '../../webview/findings/judges.ts';
import { enoughText, referenceChart } from '../../webview/findings/referenceChart.ts';
import { searchChart } from '../../webview/findings/searchChart.ts';
import {
  entryOf,
  lossOf,
  measuredText,
  sensitivityColumn,
  sensitivityText,
  toldMetric,
} from '../../webview/findings/sensitivityInfo.ts';
import {
  bytesOf,
  canResume,
  diagnosisRequest,
  FIRST_FORMS,
  type Finding,
  formsOf,
  judgeObstacle,
  NOTHING_FOUND,
  renewed,
  searchRequest,
  sweepRequest,
} from '../../webview/findings/state.ts';
import { goalText, targetWords } from '../../webview/findings/targets.ts';
import { bordersKeyOf, shownMetric } from '../../webview/heat/state.ts';
import { DIAGNOSIS, diagnosisOf, SEARCH, SWEEP, searchOf, sweepOf, units } from './findingFixtures.ts';
import { mobileNet, runOf } from './fixtures.ts';

const graph = mobileNet();
const table = new GraphTable(encodeGraph(graph));
const run = runOf(graph);
const facts = { run, judgeCommand: null };
const nodes = units(graph).length;

describe('what is known of a measurement', () => {
  const view = sweepOf(graph, SWEEP, nodes);
  const known: Finding<SensitivityView> = { view, running: false, isOutdated: false };

  it('stays, told apart, when nothing was measured under another config, and is itself again when that is back', () => {
    const other = renewed(known, { view: null, running: false });
    expect(other).toEqual({ view, running: false, isOutdated: true });
    expect(renewed(other, { view, running: false })).toEqual(known);
    expect(renewed(known, { view: null, running: true })).toEqual({ ...NOTHING_FOUND, running: true });
    expect(renewed(NOTHING_FOUND, { view: null, running: false })).toEqual(NOTHING_FOUND);
  });

  it('can be resumed when it was stopped on its way, under the same config', () => {
    const half = { ...known, view: sweepOf(graph, SWEEP, 3) };
    expect(canResume(half)).toBe(true);
    expect(canResume({ ...half, running: true })).toBe(false);
    expect(canResume({ ...half, isOutdated: true })).toBe(false);
    expect(canResume({ ...half, view: sweepOf(graph, SWEEP, 0) })).toBe(false);
    expect(canResume(known)).toBe(false);
    expect(canResume(NOTHING_FOUND)).toBe(false);
  });

  it('says on how many samples it stands so far', () => {
    expect(measuredText(sweepOf(graph, SWEEP, 3))).toBe(`nodes: 3 of ${nodes} · samples: 8`);
    const first = { ...view, entries: view.entries.map((entry) => ({ ...entry, samples: 2 })) };
    expect(measuredText(first)).toBe(`nodes: ${nodes} of ${nodes} · samples: 2 of 8`);
  });
});

describe('forms', () => {
  it('ask for all samples of the run until another number is chosen, and never for more', () => {
    expect(sweepRequest(FIRST_FORMS.sweep, facts)).toEqual(SWEEP);
    const form = { ...FIRST_FORMS.sweep, samples: 100, onlyWorst: true, verify: 7 };
    expect(sweepRequest(form, facts)).toEqual({ ...SWEEP, samples: run.samples, verify: 7 });
    expect(sweepRequest({ ...form, mode: 'local' }, facts).verify).toBeNull();
  });

  it('ask for a drop of accuracy, for a value of any other judge, or for bytes', () => {
    const form = FIRST_FORMS.search;
    expect(searchRequest(form, facts).goal).toEqual({ kind: 'skip', target: { value: 0.99 } });
    expect(searchRequest({ ...form, judge: 'top1' }, facts).goal).toEqual({ kind: 'skip', target: { drop: 0.005 } });
    expect(searchRequest({ ...form, goal: 'bits' }, facts).goal).toEqual({ kind: 'bits', bytes: 2_715_000 });
    expect(bytesOf({ ...form, bytes: 1000 }, facts)).toBe(1000);
  });

  it('name the command that is set', () => {
    const judgeCommand = { command: 'node map.mjs', better: 'lower' } as const;
    const asked = diagnosisRequest({ ...FIRST_FORMS.diagnosis, judge: 'command' }, { run, judgeCommand });
    expect(asked.judge).toEqual({ id: 'command', ...judgeCommand });
  });

  it('offer accuracy only with labels, and a command only where one is set', () => {
    const noTop5 = run.accuracy && { ...run, accuracy: { ...run.accuracy, top5: null } };
    expect(judgeObstacle('top5', facts)).toBeUndefined();
    expect(judgeObstacle('top5', { ...facts, run: noTop5 })).toBe('labels');
    expect(judgeObstacle('top1', { ...facts, run: { ...run, accuracy: null } })).toBe('labels');
    expect(judgeObstacle('command', facts)).toBe('command');
    expect(judgeObstacle('mse', { ...facts, run: null })).toBeUndefined();
  });

  it('are those of what is known when a view opens', () => {
    const sensitivity = sweepOf(graph, { ...SWEEP, mode: 'leaveOneOut', samples: 3, verify: 5 }, 2);
    const search = searchOf(
      graph,
      { ...SEARCH, judge: { id: 'top1' }, goal: { kind: 'skip', target: { drop: 0.01 } } },
      1,
      null,
    );
    const diagnosis = diagnosisOf(graph, { ...DIAGNOSIS, nodes: 3, data: false }, 1, true);
    const forms = formsOf(FIRST_FORMS, { sensitivity, search, diagnosis });
    expect(sweepRequest(forms.sweep, facts)).toEqual(sensitivity.request);
    expect(searchRequest(forms.search, facts)).toEqual(search.request);
    expect(diagnosisRequest(forms.diagnosis, facts)).toEqual(diagnosis.request);
  });
});

describe('the colours of a sweep', () => {
  it('are of the losses as far as it came, in the unit of their judge', () => {
    const view = sweepOf(graph, { ...SWEEP, judge: { id: 'top1' } }, 5);
    const column = sensitivityColumn(view, table);
    expect(column.values.filter((v) => !Number.isNaN(v))).toHaveLength(5);
    for (const entry of view.entries.slice(0, 5)) {
      expect(column.values[table.nodeIndex(entry.nodeId)]).toBe(lossOf(entry, view.request));
    }
    expect(column.info.format(0.0125)).toBe('1.3 %');
    expect(column.info.title).toContain('lost top-1');
  });

  it('keep the borders that were moved for one judge apart from those of another', () => {
    const cosine = sensitivityColumn(sweepOf(graph, SWEEP, 5), table);
    const sqnr = sensitivityColumn(sweepOf(graph, { ...SWEEP, judge: { id: 'sqnrDb' } }, 5), table);
    const local = sensitivityColumn(sweepOf(graph, { ...SWEEP, mode: 'local' }, 5), table);
    expect([cosine, sqnr, local].map(bordersKeyOf)).toEqual(['sensitivity', 'sensitivity sqnrDb', 'sensitivity local']);
    expect(shownMetric(local, undefined, 'bands').borders).toEqual([0.0001, 0.001, 0.01, 0.1]);
    expect(shownMetric(cosine, undefined, 'bands').borders).toEqual([0.00001, 0.0001, 0.001, 0.01]);
  });

  it('call what leaving a node float does not win the best band', () => {
    const view = sweepOf(graph, { ...SWEEP, mode: 'leaveOneOut' }, nodes);
    const { info, values, borders } = shownMetric(sensitivityColumn(view, table), undefined, 'bands');
    const worse = values.filter((v) => v < 0);
    expect(worse.length).toBeGreaterThan(0);
    for (const value of worse) expect(levelOf(info, borders, value)).toBe(0);
    expect(judgeWords({ id: 'cosine' }).formatLoss(worse[0] as number)).toMatch(/^−/);
  });

  it('rank what was not measured by its local SQNR, in noise to signal', () => {
    const view = sweepOf(graph, { ...SWEEP, mode: 'local' }, 0);
    const [entry] = view.entries;
    expect(lossOf(entry as (typeof view.entries)[number], view.request)).toBeCloseTo(
      10 ** (-(entry?.localSqnrDb ?? 0) / 10),
      12,
    );
  });

  it('are told of in the same words in tables and in the details of a node', () => {
    const view = sweepOf(graph, { ...SWEEP, judge: { id: 'sqnrDb' } }, nodes);
    const [entry] = view.entries;
    expect(entryOf(view, entry?.nodeId ?? -1)).toBe(entry);
    expect(sensitivityText(view, entry?.nodeId ?? -1)).toMatch(/^\S+ \(noise \/ signal\)$/);
    expect(sensitivityText(view, -1)).toBeUndefined();
    expect(toldMetric('sensitivity', view).bordersKey).toBe('sensitivity sqnrDb');
    expect(toldMetric('sensitivity', null).bordersKey).toBe('sensitivity');
    expect(toldMetric('cosine', view).info.title).toBe('Cosine similarity');
  });
});

describe('numbers', () => {
  it('of judges are written with their unit', () => {
    const say = (id: 'cosine' | 'sqnrDb' | 'mse' | 'top1' | 'command', value: number) =>
      judgeWords({ id }).format(value);
    expect(say('cosine', 1)).toBe('1');
    expect(say('cosine', 0.99999999)).toBe('1-1e-8');
    expect(say('cosine', 0.9741)).toBe('0.97410');
    expect(say('sqnrDb', Number.POSITIVE_INFINITY)).toBe('∞ dB');
    expect(say('top1', 0.6993)).toBe('69.93 %');
    expect(say('top1', 0.0025)).toBe('0.25 %');
    expect(say('command', 0.41237)).toBe('0.4124');
    expect(judgeWords({ id: 'command', better: 'lower' }).higherIsBetter).toBe(false);
  });

  it('of evidence are written with theirs', () => {
    expect(evidenceText(0.0312, 'share')).toBe('3.1 %');
    expect(evidenceText(3.714, 'ratio')).toBe('3.714×');
    expect(evidenceText(12_000, 'count')).toBe('12,000');
    expect(evidenceText(17.24, 'dB')).toBe('17.2 dB');
    expect(evidenceText(2048, 'bytes')).toBe('2.00 KB');
  });

  it('of cures have their sign', () => {
    const { formatLoss } = judgeWords({ id: 'cosine' });
    expect(gainText({ gain: 0.0123 }, formatLoss)).toBe('+0.0123');
    expect(gainText({ gain: -0.0021 }, formatLoss)).toBe('−0.00210');
    expect(gainText({ gain: 0 }, formatLoss)).toBe('±0');
    expect([bytesText(0), bytesText(2048), bytesText(-512)]).toEqual(['±0', '+2.00 KB', '−512 B']);
  });

  it('of targets are read as they are written, in the unit of the judge', () => {
    expect(targetWords('top1').parse('0.5 %')).toBe(0.005);
    expect(targetWords('top1').parse('0.005')).toBe(0.005);
    expect(targetWords('sqnrDb').parse('20 dB')).toBe(20);
    expect(targetWords('cosine').parse('good')).toBeUndefined();
    expect(targetWords('command', 'lower').label).toBe('At most');
    expect(goalText(SEARCH)).toBe('Cosine at least 0.99500');
    expect(goalText({ ...SEARCH, goal: { kind: 'bits', bytes: 2 * 1024 * 1024 } })).toBe('Weights take at most 2 MB');
    expect(goalText({ ...SEARCH, goal: { kind: 'skip', target: { drop: 0.02 } } })).toBe(
      'Cosine similarity drops by at most 0.02',
    );
  });
});

describe('charts', () => {
  it('of a search have a point for each candidate, by nodes or bytes', () => {
    const view = searchOf(graph, SEARCH, 30, null);
    const chart = searchChart({ view, selected: () => 4, select: () => {} });
    if (typeof chart === 'string') throw new Error(chart);
    expect(chart.points.count).toBe(30);
    expect(chart.points.at(29)).toEqual({ x: view.tried[29]?.handles.length, y: view.tried[29]?.value });
    expect(chart.selected()).toBe(4);
    expect(chart.table.rows).toBe(30);
    const bits = searchOf(graph, { ...SEARCH, goal: { kind: 'bits', bytes: 2_500_000 } }, 5, null);
    const sizes = searchChart({ view: bits, selected: () => -1, select: () => {} });
    if (typeof sizes === 'string') throw new Error(sizes);
    expect(sizes.points.at(2).x).toBeCloseTo((bits.tried[2]?.bytes ?? 0) / 1024 / 1024, 9);
    expect(searchChart({ view: searchOf(graph, SEARCH, 0, null), selected: () => -1, select: () => {} })).toBe(
      'No candidate has been measured yet.',
    );
  });

  it('of the data say what is good enough, and how ranges grow', () => {
    const { reference, data } = diagnosisOf(graph, DIAGNOSIS, 6, true);
    if (reference?.kind !== 'accuracy') throw new Error('the fixture has labels');
    expect(enoughText(reference)).toBe(
      'From a cosine of 0.98500 on, top-1 stays within 1.0 % of the float model’s 71.3 %.',
    );
    expect(enoughText({ ...reference, enough: null })).toMatch(/^No trial kept top-1 within 1.0 %/);
    expect(referenceChart({ ...reference, points: [] })).toBe('No trial was measured.');
    const few = data.find((finding) => finding.kind === 'tooFewSamples');
    if (few?.kind !== 'tooFewSamples') throw new Error('the fixture has a curve');
    const chart = growthChart(few.growth);
    if (typeof chart === 'string') throw new Error(chart);
    expect(chart.points.at(0).y).toBeCloseTo(58, 9);
    expect(growthChart(few.growth.slice(0, 1))).toBe('Too few samples for a curve.');
  });
});
