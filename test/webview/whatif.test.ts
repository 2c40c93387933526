import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OVERRIDE_WORDS, overrideText, wordSets } from '../../src/config/overrides.ts';
import type { ConfigChange } from '../../src/protocol/changes.ts';
import type { GridView, HistogramView } from '../../src/protocol/chartViews.ts';
import type { ChoicesView } from '../../src/protocol/choiceViews.ts';
import { encodeGraph } from '../../src/protocol/encodeGraph.ts';
import { GraphTable } from '../../src/protocol/graphTable.ts';
import type { TrialNode } from '../../src/protocol/trialViews.ts';
import { onnxruntimeParams } from '../../src/quant/qparams.ts';
import { activationScheme } from '../../src/quant/scheme.ts';
import { histogramAxis } from '../../webview/charts/histogram.ts';
import { INITIAL } from '../../webview/store.ts';
import { changeText, phrasesOf, shortChangeText } from '../../webview/whatif/changeText.ts';
import { planChange } from '../../webview/whatif/edits.ts';
import { frontOf } from '../../webview/whatif/front.ts';
import {
  CHOICE_WORDS,
  CHOICES,
  rangeOf,
  rangeWord,
  readWords,
  withWord,
  wordsText,
} from '../../webview/whatif/nodeWords.ts';
import { outcomeRows } from '../../webview/whatif/outcome.ts';
import { clippedShare, endsOf, moved, reachOf, stepOf, withEnd } from '../../webview/whatif/rangeSteps.ts';
import { rangeTargetOf } from '../../webview/whatif/rangeTarget.ts';
import { gainRows } from '../../webview/whatif/sampleGains.ts';
import { nodesLike, nodesOfGroup, withSelection } from '../../webview/whatif/scopes.ts';
import {
  allowedWords,
  choiceObstacle,
  generalText,
  obstacleOf,
  type Situation,
  situationOf,
  skipObstacle,
} from '../../webview/whatif/situation.ts';
import { rowsOf, trialName } from '../../webview/whatif/trialRows.ts';
import { nodeFigures } from '../host/runView.ts';
import { detailsOf, graphBuilder, mobileNet, runOf, viewOf } from './fixtures.ts';

const CHOICES_OF_RUN: ChoicesView = {
  activations: { type: 'uint8', symmetry: 'asymmetric', method: 'MAX_MIN' },
  weights: { bits: 8, perChannel: true },
  overrides: {},
};

function indexOf(graph: GraphTable, opType: string): number {
  return Array.from({ length: graph.nodeCount }, (_, node) => graph.opType(node)).indexOf(opType);
}

function situation(change: Partial<Situation> = {}): Situation {
  return {
    choices: CHOICES_OF_RUN,
    quantType: 'FULL_QUANT',
    figures: nodeFigures(),
    hasWeight: true,
    words: {},
    ...change,
  };
}

describe('words of a node', () => {
  test('are those that a config may say, each under the choice it sets', () => {
    const known = CHOICES.flatMap((choice) => CHOICE_WORDS[choice].map((word) => [choice, word] as const));
    expect(known.map(([, word]) => word).sort()).toEqual(OVERRIDE_WORDS.map(({ word }) => word).sort());
    for (const [choice, word] of known) expect(Object.keys(wordSets(word) ?? {})).toEqual([choice]);
  });

  test('are read and written as the config does it', () => {
    const word = (choice: keyof typeof CHOICE_WORDS) => fc.option(fc.constantFrom(...CHOICE_WORDS[choice]));
    fc.assert(
      fc.property(fc.record(Object.fromEntries(CHOICES.map((c) => [c, word(c)]))), (picked) => {
        const said = Object.values(picked).filter((w) => w !== null);
        const override = Object.assign({}, ...said.map((w) => wordSets(w)));
        const text = overrideText(override);
        expect(readWords(text)).toEqual(Object.fromEntries(Object.entries(picked).filter(([, w]) => w !== null)));
        expect(
          Object.assign(
            {},
            ...wordsText(readWords(text))
              .split('+')
              .map((w) => wordSets(w)),
          ),
        ).toEqual(override);
      }),
    );
  });

  test('have ranges that configs can hold, however large or small', () => {
    fc.assert(
      fc.property(
        fc.float({ noNaN: true, noDefaultInfinity: true }),
        fc.float({ noNaN: true, noDefaultInfinity: true }),
        (a, b) => {
          const [lo, hi] = [Math.min(a, b), Math.max(a, b)];
          const word = rangeWord(lo, hi);
          const [from, to] = rangeOf({ range: word }) ?? [];
          expect(from).toBe(Number(lo.toPrecision(5)) || 0);
          expect(to).toBe(Number(hi.toPrecision(5)) || 0);
          if (Math.abs(lo) < 3e38 && Math.abs(hi) < 3e38) expect(wordSets(word)).toHaveProperty('range');
        },
      ),
    );
    expect(rangeWord(-1.23456789, 6)).toBe('range(-1.2346..6)');
    expect(rangeWord(0, 1e30)).toBe('range(0..1e30)');
  });

  test('change one at a time', () => {
    const words = readWords('int16+symmetric');
    expect(wordsText(withWord(words, 'method', 'KL'))).toBe('int16+symmetric+KL');
    expect(wordsText(withWord(words, 'precision', null))).toBe('symmetric');
    expect(wordsText(withWord(words, 'precision', 'int8'))).toBe('int8+symmetric');
  });
});

describe('what applies to a node', () => {
  test('nothing before a run, in a quantized file, or of what is computed once', () => {
    expect(obstacleOf(situation({ figures: undefined }))).toContain('Quantize with a config first');
    expect(obstacleOf(situation({ choices: null }))).toContain('imported_model=requantize');
    expect(obstacleOf(situation({ choices: undefined }))).toContain('run it again');
    const constant = nodeFigures({ form: 'constant', canSkip: false, why: 'computed once' });
    expect(obstacleOf(situation({ figures: constant }))).toBe('computed once');
  });

  test('no choice but being quantized again where it is skipped', () => {
    const skipped = situation({ figures: nodeFigures({ skipped: true, form: 'skipped' }) });
    expect(skipObstacle(skipped)).toBeUndefined();
    for (const choice of CHOICES) expect(choiceObstacle(choice, skipped)).toContain('skip_quant_node');
  });

  test('half precision alone where the target leaves it float, whose reason is said', () => {
    const float = situation({ figures: nodeFigures({ canSkip: false, form: 'float', why: 'no integer form' }) });
    expect(allowedWords('precision', float)).toEqual(['float16', 'bfloat16']);
    expect(choiceObstacle('precision', float)).toBeUndefined();
    expect(choiceObstacle('method', float)).toBe('no integer form');
    expect(skipObstacle(float)).toBe('no integer form');
  });

  test('what the user left in float32 can be taken back', () => {
    const figures = nodeFigures({ canSkip: false, form: 'float', why: 'left in float32 by node_overrides' });
    const own = situation({ figures, words: readWords('float32') });
    expect(choiceObstacle('precision', own)).toBeUndefined();
    expect(allowedWords('precision', own)).toContain('int8');
    expect(choiceObstacle('range', own)).toBe('float32 has no codes.');
  });

  test('nothing of activations without their codes, nothing of a weight without one', () => {
    const weightOnly = situation({ quantType: 'WEIGHT_QUANT', choices: { ...CHOICES_OF_RUN, activations: null } });
    expect(CHOICES.filter((c) => choiceObstacle(c, weightOnly) === undefined)).toEqual([
      'precision',
      'weightBits',
      'granularity',
    ]);
    const dynamic = situation({ quantType: 'DYNAMIC_QUANT', choices: { ...CHOICES_OF_RUN, activations: null } });
    expect(CHOICES.filter((c) => choiceObstacle(c, dynamic) === undefined)).toEqual(['precision', 'granularity']);
    expect(allowedWords('precision', dynamic)).toEqual(['float32', 'int8']);
    const add = situation({ hasWeight: false });
    expect(CHOICES.filter((c) => choiceObstacle(c, add) === undefined)).toEqual(['precision', 'method', 'symmetry']);
    expect(allowedWords('precision', add)).not.toContain('int4');
  });

  test('what holds is said by the config’s general choice and by what it means for the weight', () => {
    expect(generalText('precision', situation())).toBe('uint8');
    expect(generalText('method', situation())).toBe('MAX_MIN');
    expect(generalText('weightBits', situation())).toBe('8 bits');
    expect(generalText('weightBits', situation({ words: readWords('int4') }))).toBe('4 bits');
    expect(generalText('granularity', situation())).toBe('per channel');
  });

  test('is found from the graph: the weight of a convolution, none of a sum', () => {
    const graph = new GraphTable(encodeGraph(mobileNet()));
    const run = { ...runOf(mobileNet()), choices: { ...CHOICES_OF_RUN, overrides: { x: 'int16' } } };
    const of = (opType: string) => {
      const node = indexOf(graph, opType);
      return situationOf(graph, node, { run, figures: run.nodes[node], pending: new Map() });
    };
    expect([of('Conv').hasWeight, of('Gemm').hasWeight, of('Add').hasWeight]).toEqual([true, true, false]);
  });

  test('is what nodes make of constants, too, but not of an input', () => {
    const b = graphBuilder();
    const input = b.value('x', 'input', [1, 8]);
    const made = b.node('Transpose', [b.node('Constant', [], [8, 8])], [8, 8]);
    const first = b.node('MatMul', [input, made], [1, 8], { handle: 'weighted' });
    const second = b.node('MatMul', [first, b.node('Transpose', [input], [8, 1])], [1, 1], { handle: 'plain' });
    const graph = new GraphTable(encodeGraph(viewOf('constants.onnx', b, [input], [second])));
    const of = (handle: string) => {
      const node = Array.from({ length: graph.nodeCount }, (_, n) => graph.handle(n)).indexOf(handle);
      return situationOf(graph, node, { run: null, figures: undefined, pending: new Map() }).hasWeight;
    };
    expect([of('weighted'), of('plain')]).toEqual([true, false]);
  });
});

describe('a change of several nodes', () => {
  const add = (handle: string, change: Partial<Situation> = {}) => ({ handle, situation: situation(change) });

  test('gives each node its other words back, counts what is so already, and names what is in the way', () => {
    const nodes = [
      add('a'),
      add('b', { words: readWords('symmetric') }),
      add('c', { words: readWords('int16') }),
      add('d', { figures: nodeFigures({ skipped: true }) }),
      add('e', { figures: nodeFigures({ canSkip: false, form: 'float', why: 'no integer form' }) }),
    ];
    const { change, changed, same, left } = planChange(nodes, { precision: 'int16' });
    expect(change.overrides).toEqual({ a: 'int16', b: 'int16+symmetric' });
    expect(changed).toEqual(['a', 'b']);
    expect(same).toBe(1);
    expect([...left.values()]).toEqual([1, 1]);
    expect([...left.keys()][0]).toContain('skip_quant_node');
  });

  test('skips and takes back; of one that is taken back other choices hold at once', () => {
    const skipped = add('a', { figures: nodeFigures({ skipped: true }), words: readWords('KL') });
    expect(planChange([skipped, add('b')], { skip: true })).toMatchObject({ changed: ['b'], same: 1 });
    const { change } = planChange([skipped], { skip: false, precision: 'int16', method: '' });
    expect(change).toEqual({ skip: [], unskip: ['a'], overrides: { a: 'int16' } });
  });

  test('a method takes the place of a range by hand', () => {
    const { change } = planChange([add('a', { words: readWords('range(0..6)') })], { method: 'KL' });
    expect(change.overrides).toEqual({ a: 'KL' });
  });

  test('is of what was asked for: a group, an operator, chosen rows', () => {
    const view = mobileNet();
    const graph = new GraphTable(encodeGraph(view));
    const conv = indexOf(graph, 'Conv');
    expect(nodesLike(graph, conv)).toHaveLength(view.nodes.filter((n) => n.opType === 'Conv').length);
    const group = (key: string, parent: number) => ({ key, parent, label: key, block: '', size: 0 });
    const hierarchy = {
      groups: [group('/a', -1), group('/a/b', 0), group('/c', -1)],
      groupOfNode: Int32Array.of(0, 1, 2, -1, 1),
    };
    expect(nodesOfGroup(hierarchy, '/a')).toEqual([0, 1, 4]);
    expect(nodesOfGroup(hierarchy, '/c')).toEqual([2]);
    expect(nodesOfGroup(hierarchy, '/no')).toEqual([]);
    const rows = { nodes: Int32Array.of(3, 5), has: (id: number) => id === 3 };
    expect(withSelection({}, '/a', rows)).toEqual({ group: '/a' });
    expect(withSelection({ nodeId: 3 }, undefined, rows).sets?.[0]?.nodes).toBe(rows.nodes);
    expect(withSelection({ nodeId: 4 }, '/a', rows)).toEqual({ nodeId: 4 });
  });
});

test('a change in words: what is alike is said once, many nodes are counted', () => {
  expect(
    phrasesOf({
      skip: ['a'],
      unskip: ['b', 'c'],
      overrides: { d: 'int16+symmetric', e: 'int16+symmetric', f: '', g: 'range(0..6)' },
      settings: [
        { section: 'quantscope', key: 'calibration_method', value: 'KL' },
        { section: 'quantscope', key: 'percentile', value: '' },
      ],
    }),
  ).toEqual([
    'a: skipped',
    'b, c: quantized again',
    'd, e: int16, symmetric',
    'f: as config',
    'g: range 0 to 6',
    'calibration_method=KL',
    'percentile left out',
  ]);
  expect(changeText({ skip: ['a', 'b', 'c'] })).toBe('3 nodes: skipped');
  expect(changeText({})).toBe('no change');
  expect(shortChangeText({ skip: ['/features/features.14/conv/conv.0/Conv'] })).toBe('…conv/conv.0/Conv: skipped');
});

describe('a range on a histogram', () => {
  const grid: GridView = { scale: 8 / 255, zeroPoint: 128, qmin: 0, qmax: 255 };
  const view: HistogramView = {
    low: -2,
    width: 0.5,
    origin: Uint32Array.of(1, 3, 10, 40, 30, 10, 4, 2),
    dequant: null,
    notFinite: 0,
    grid,
    codes: null,
  };

  test('clips what lies more than half a step beyond, within a bin by share, and never 0', () => {
    expect(clippedShare(view, [-2, 2], 0)).toBe(0);
    expect(clippedShare(view, [-1.5, 1.5], 0)).toBeCloseTo(3 / 100, 12);
    expect(clippedShare(view, [-1.75, 2], 0)).toBeCloseTo(0.5 / 100, 12);
    expect(clippedShare(view, [-1.5, 2], 0.5)).toBeCloseTo(0.5 / 100, 12);
    expect(clippedShare(view, [-1.5, 2], 1)).toBe(0);
    const relu = { ...view, low: -0.01, width: 0.02, origin: Uint32Array.of(900, 50, 50) };
    expect(clippedShare(relu, [0, 0.05], 0.0002)).toBe(0);
    expect(clippedShare(relu, [0, 0.03], 0)).toBeCloseTo(0.05, 12);
    expect(clippedShare({ ...view, origin: new Uint32Array(4) }, [0, 1], 0)).toBeNaN();
  });

  test('keeps what was chosen for the node since the histogram was drawn', async () => {
    const model = mobileNet();
    const graph = new GraphTable(encodeGraph(model));
    const run = { ...runOf(model), choices: CHOICES_OF_RUN };
    const store = { state: { ...INITIAL, graph, run } };
    const changes: ConfigChange[] = [];
    const changeConfig = async (change: ConfigChange) => void changes.push(change);
    const node = indexOf(graph, 'Conv');
    const { tensors } = detailsOf(model, run, graph.nodeId(node));
    const output = tensors.find((tensor) => tensor.role === 'Output');
    const target = output && rangeTargetOf(store, output, view, { changeConfig });
    if (typeof target !== 'object') throw new Error(`no range: ${target}`);
    store.state = { ...store.state, pendingWords: new Map([[graph.handle(node), 'int16']]) };
    target.commit([0, 2]);
    expect(changes).toEqual([{ overrides: { [graph.handle(node)]: 'int16+range(0..2)' } }]);
  });

  test('has the step that the quantizer would choose', () => {
    const range = fc.tuple(fc.float({ min: -50, max: 0 }), fc.float({ min: 0, max: 50 }));
    fc.assert(
      fc.property(range, fc.constantFrom('symmetric' as const, 'asymmetric' as const), ([lo, hi], mapping) => {
        fc.pre(hi - lo > 1e-3);
        const scheme = activationScheme('int8', mapping);
        const { scale } = onnxruntimeParams({ lo, hi }, scheme);
        expect(Math.abs(stepOf([lo, hi], scheme, mapping === 'symmetric') / scale - 1)).toBeLessThan(1e-6);
      }),
    );
    expect(reachOf([-1, 3], true)).toEqual([-3, 3]);
    expect(endsOf(grid)[0]).toBeCloseTo((-128 * 8) / 255, 12);
  });

  test('is moved by keys and numbers, holds 0, and stays within the axis', () => {
    const axis = histogramAxis(view);
    const any = fc.constantFrom('ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'PageUp', 'PageDown', 'Home', 'End');
    fc.assert(
      fc.property(fc.array(fc.tuple(any, fc.constantFrom('lo' as const, 'hi' as const))), (keys) => {
        let ends = endsOf(grid);
        for (const [key, end] of keys) {
          ends = moved(key, ends, end, axis) ?? ends;
          expect(ends[0]).toBeLessThanOrEqual(0);
          expect(ends[1]).toBeGreaterThanOrEqual(0);
          expect(ends[1] - ends[0]).toBeGreaterThan(0);
          expect(ends[0]).toBeGreaterThanOrEqual(axis[0]);
          expect(ends[1]).toBeLessThanOrEqual(axis[1]);
        }
      }),
    );
    expect(moved('x', [-1, 1], 'lo', axis)).toBeUndefined();
    expect(moved('ArrowLeft', [-1, 1], 'hi', [-2, 2])).toEqual([-1, 0.98]);
    expect(moved('PageDown', [-1, 1], 'lo', [-2, 2])).toEqual([-1.2, 1]);
    expect(moved('End', [-1, 1], 'hi', [-2, 2])).toEqual([-1, 2]);
    expect(withEnd([-1, 1], 'lo', -9, axis)).toEqual([-9, 1]);
    expect(withEnd([-1, 1], 'lo', 5, axis)).toEqual([0, 1]);
  });
});

test('the front has exactly the points that no other one beats', () => {
  const point = fc.record({ x: fc.integer({ min: 0, max: 6 }), y: fc.integer({ min: 0, max: 6 }) });
  const side = fc.constantFrom('less' as const, 'more' as const);
  fc.assert(
    fc.property(fc.array(point), side, side, (points, x, y) => {
      const front = frontOf(points, { x, y });
      const better = (a: number, b: number, way: 'less' | 'more') => (way === 'less' ? a < b : a > b);
      const beats = (a: (typeof points)[number], b: (typeof points)[number]) =>
        !better(b.x, a.x, x) && !better(b.y, a.y, y) && (better(a.x, b.x, x) || better(a.y, b.y, y));
      const unbeaten = points.filter((p) => !points.some((other) => beats(other, p)));
      const places = (list: typeof points) => [...new Set(list.map((p) => `${p.x},${p.y}`))].sort();
      expect(places(front.map((i) => points[i] as (typeof points)[number]))).toEqual(places(unbeaten));
      expect(new Set(places(front.map((i) => points[i] as (typeof points)[number]))).size).toBe(front.length);
      const xs = front.map((i) => points[i]?.x ?? 0);
      expect(xs).toEqual([...xs].sort((a, b) => a - b));
    }),
  );
  expect(frontOf([{ x: 1, y: Number.NaN }], { x: 'less', y: 'less' })).toEqual([]);
});

describe('the history', () => {
  const trial = (id: string, parent: string | null, change: Partial<TrialNode> = {}): TrialNode => ({
    ...{ id, parent, name: '', pinned: false, timeMs: 0, change: {}, samples: 8, outputs: [], top1: null },
    ...{ bytes: 1, integerShare: 1, cost: 1 },
    ...change,
  });

  test('goes depth first; a chain stays at one level, branches go further in, orphans stand outside', () => {
    const trials = [
      trial('run', null),
      trial('a', 'run'),
      trial('b', 'a'),
      trial('c', 'b'),
      trial('d', 'a'),
      trial('other', null),
      trial('lost', 'gone'),
    ];
    const rows = rowsOf({ trials, current: 'c' });
    expect(rows.map(({ trial: { id }, level }) => `${id} ${level}`)).toEqual([
      'run 1',
      'a 2',
      'b 3',
      'c 3',
      'd 3',
      'other 1',
      'lost 1',
    ]);
  });

  test('ten thousand changes in a row are a chain', () => {
    const trials = Array.from({ length: 10_000 }, (_, i) => trial(`t${i}`, i === 0 ? null : `t${i - 1}`));
    expect(rowsOf({ trials, current: null }).at(-1)).toMatchObject({ level: 2, trial: { id: 't9999' } });
  });

  test('names a trial by its user, else by what it changed', () => {
    expect(trialName(trial('a', 'run', { name: 'good', change: { skip: ['x'] } }))).toBe('good');
    expect(trialName(trial('a', 'run', { change: { skip: ['x'] } }))).toBe('x: skipped');
    expect(trialName(trial('run', null))).toMatch(/^Run at /);
  });

  test('a change is told before and after, of the worst output; top-1 where both are known', () => {
    const run = runOf(mobileNet());
    const of = (cosine: number) => [
      { name: 'y', cosine, sqnrDb: 20 },
      { name: 'z', cosine: 1, sqnrDb: 30 },
    ];
    const tree = { trials: [trial('run', null, { top1: 0.69 }), trial('now', 'run', { top1: 0.7 })], current: 'now' };
    const accuracy = run.accuracy && { ...run.accuracy, top1: { float: 0.71, quantized: 0.7 } };
    const view = { run: { ...run, outputs: of(0.995), accuracy }, before: of(0.99) };
    expect(outcomeRows(view, tree).map((r) => [r.title, r.before, r.after, r.change, r.direction])).toEqual([
      ['Cosine', '0.99000', '0.99500', '+0.00500', 'better'],
      ['SQNR', '20.0 dB', '20.0 dB', '±0', 'same'],
      ['Top-1', '69.0 %', '70.0 %', '+1.0 %', 'better'],
    ]);
    expect(outcomeRows(view, { trials: [], current: null })).toHaveLength(2);
  });

  test('samples stand by how much they changed', () => {
    const rows = gainRows([
      { name: 'p', a: 0.9, b: 0.91 },
      { name: 'q', a: 0.9, b: 0.86 },
      { name: 'r', a: 0.9, b: 0.9 },
    ]);
    expect(rows.map(({ name }) => name)).toEqual(['q', 'p', 'r']);
    expect(rows[0]?.share).toBe(1);
    expect(rows[1]?.share).toBeCloseTo(0.25, 9);
  });
});
