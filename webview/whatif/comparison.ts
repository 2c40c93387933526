import type { TrialComparison, TrialNode, TrialTree } from '../../src/protocol/trialViews.ts';
import type { Actions } from '../actions.ts';
import { fill, h } from '../dom.ts';
import { formatBytes, formatCosine, formatDb, formatNumber, formatShare } from '../format.ts';
import { t } from '../l10n.ts';
import { phrasesOf } from './changeText.ts';
import { formatPercent, signedCosine, signedDb, signedPercent, withSign } from './outcome.ts';
import { gainRows } from './sampleGains.ts';
import { rowsOf, trialName, worstCosine, worstSqnr } from './trialRows.ts';

export interface Comparison {
  readonly element: HTMLElement;
  /** Other trials, or others on display. */
  show(tree: TrialTree): void;
  /** Compares these two. */
  compare(a: string, b: string): void;
}

/** Samples that are listed. */
const MOST_SAMPLES = 200;

/** Two trials beside each other: what was changed, their figures, and what each sample gained. */
export function createComparison(actions: Actions): Comparison {
  let tree: TrialTree = { trials: [], current: null };
  let pair: { readonly a: string; readonly b: string } | undefined;
  let isChosen = false;
  let asked = 0;
  const result = h('div', { class: 'comparison-result', role: 'status' });
  const choose = (side: 'a' | 'b') => {
    const select = h('select', {
      class: 'choice-select',
      attrs: { 'aria-label': side === 'a' ? t('Trial A') : t('Trial B') },
    });
    select.addEventListener('change', () => {
      isChosen = true;
      if (pair !== undefined) void load({ ...pair, [side]: select.value });
    });
    return select;
  };
  const [first, second] = [choose('a'), choose('b')];
  const swap = h(
    'button',
    {
      class: 'tool',
      title: t('Exchanges A and B'),
      attrs: { type: 'button' },
      on: { click: () => pair !== undefined && void load({ a: pair.b, b: pair.a }) },
    },
    t('Swap'),
  );
  const head = h(
    'div',
    { class: 'comparison-head' },
    h('span', { class: 'comparison-side' }, h('b', {}, 'A'), first),
    h('span', { class: 'comparison-side' }, h('b', {}, 'B'), second),
    swap,
  );
  const hint = h('p', { class: 'hint' }, t('Two trials can be compared: change something first.'));
  const element = h('section', { class: 'comparison', attrs: { 'aria-label': t('Comparison') } }, hint, head, result);

  const load = async (next: { readonly a: string; readonly b: string }) => {
    pair = next;
    const turn = ++asked;
    [first.value, second.value] = [next.a, next.b];
    const answer = await actions.compareTrials(next.a, next.b);
    if (turn !== asked) return;
    const find = (id: string) => tree.trials.find((trial) => trial.id === id);
    const [a, b] = [find(next.a), find(next.b)];
    if (typeof answer === 'string') fill(result, h('p', { class: 'problem' }, answer));
    else if (a !== undefined && b !== undefined) fill(result, ...resultOf(a, b, answer));
  };
  return {
    element,
    show: (next) => {
      tree = next;
      const options = rowsOf(tree).map(({ trial }, i) => ({ id: trial.id, text: `${i + 1}. ${trialName(trial)}` }));
      for (const select of [first, second]) {
        fill(select, ...options.map(({ id, text }) => h('option', { attrs: { value: id } }, text)));
      }
      const known = new Set(tree.trials.map(({ id }) => id));
      const isKept = isChosen && pair !== undefined && known.has(pair.a) && known.has(pair.b);
      const wanted = isKept ? pair : likelyPair(tree);
      hint.hidden = wanted !== undefined;
      for (const part of [head, result]) part.hidden = wanted === undefined;
      if (wanted === undefined) pair = undefined;
      else if (pair?.a !== wanted.a || pair.b !== wanted.b) void load(wanted);
      else [first.value, second.value] = [wanted.a, wanted.b];
    },
    compare: (a, b) => {
      isChosen = true;
      void load({ a, b });
    },
  };
}

/** What is on display, and what it was made from; or the last two. */
function likelyPair({ trials, current }: TrialTree): { readonly a: string; readonly b: string } | undefined {
  const now = trials.find(({ id }) => id === current) ?? trials.at(-1);
  if (now === undefined || trials.length < 2) return undefined;
  const before = trials.find(({ id }) => id === now.parent) ?? trials.filter((trial) => trial !== now).at(-1);
  return before === undefined ? undefined : { a: before.id, b: now.id };
}

function resultOf(a: TrialNode, b: TrialNode, { change, samples }: TrialComparison): HTMLElement[] {
  const phrases = phrasesOf(change);
  return [
    h('h4', {}, t('From A to B')),
    h(
      'ul',
      { class: 'comparison-changes' },
      ...(phrases.length === 0 ? [t('no change')] : phrases).map((p) => h('li', {}, p)),
    ),
    figureTable(a, b),
    ...(samples.length === 0 ? [h('p', { class: 'hint' }, t('No sample is known of both.'))] : [sampleTable(samples)]),
  ];
}

function figureTable(a: TrialNode, b: TrialNode): HTMLElement {
  const row = (
    title: string,
    of: (trial: TrialNode) => number,
    text: (value: number) => string,
    signed: (change: number) => string,
  ) => {
    const [from, to] = [of(a), of(b)];
    const change = from === to ? 0 : to - from;
    const write = (value: number) => (Number.isNaN(value) ? '' : text(value));
    const difference = Number.isNaN(change) ? '' : change === 0 ? '±0' : signed(change);
    return h(
      'tr',
      {},
      h('th', { attrs: { scope: 'row' } }, title),
      ...[write(from), write(to), difference].map((cell) => h('td', {}, cell)),
    );
  };
  const plain = (text: (value: number) => string) => (change: number) => withSign(change, text(change));
  const bytes = (change: number) => `${change > 0 ? '+' : '−'}${formatBytes(Math.abs(change))}`;
  return h(
    'table',
    { class: 'numbers' },
    h('caption', {}, t('Figures of the worst output')),
    headOf([t('Figure'), 'A', 'B', t('change')]),
    h(
      'tbody',
      {},
      row(t('Cosine'), worstCosine, formatCosine, signedCosine),
      row(t('SQNR'), worstSqnr, formatDb, signedDb),
      ...(a.top1 === null && b.top1 === null
        ? []
        : [row(t('Top-1'), ({ top1 }) => top1 ?? Number.NaN, formatPercent, signedPercent)]),
      row(t('Size'), (trial) => trial.bytes, formatBytes, bytes),
      row(t('Integer share'), (trial) => trial.integerShare, formatShare, signedPercent),
      row(t('Cost'), (trial) => trial.cost, formatNumber, plain(formatNumber)),
    ),
  );
}

/** The largest changes on top, each with a bar to the right where the sample gained, to the left where it lost. */
function sampleTable(samples: TrialComparison['samples']): HTMLElement {
  const rows = gainRows(samples);
  const listed = rows.slice(0, MOST_SAMPLES);
  const better = rows.filter(({ gain }) => gain > 0).length;
  const worse = rows.filter(({ gain }) => gain < 0).length;
  return h(
    'table',
    { class: 'numbers sample-gains' },
    h('caption', {}, t('Cosine of each sample: {0} better, {1} worse, of {2}', better, worse, rows.length)),
    headOf([t('Sample'), 'A', 'B', t('change'), t('Gain')]),
    h(
      'tbody',
      {},
      ...listed.map(({ name, a, b, gain, share }) =>
        h(
          'tr',
          {},
          h('th', { title: name, attrs: { scope: 'row' } }, name),
          h('td', {}, formatCosine(a)),
          h('td', {}, formatCosine(b)),
          h('td', { class: gain < 0 ? 'change worse' : 'change' }, gain === 0 ? '±0' : signedCosine(gain)),
          h('td', {}, barOf(gain, share)),
        ),
      ),
    ),
    rows.length > listed.length &&
      h('tfoot', {}, h('tr', {}, h('td', { attrs: { colspan: 5 } }, t('and {0} more', rows.length - listed.length)))),
  );
}

function headOf(titles: readonly string[]): HTMLElement {
  return h('thead', {}, h('tr', {}, ...titles.map((text) => h('th', { attrs: { scope: 'col' } }, text))));
}

function barOf(gain: number, share: number): HTMLElement {
  const bar = h('span', { class: gain < 0 ? 'gain lost' : 'gain won' });
  bar.style.width = `${(share * 50).toFixed(1)}%`;
  return h('span', { class: 'gain-room', attrs: { 'aria-hidden': 'true' } }, bar);
}
