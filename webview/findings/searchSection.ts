import type { SearchStep, SearchView } from '../../src/protocol/searchViews.ts';
import type { Actions } from '../actions.ts';
import { createChartCard } from '../charts/chartCard.ts';
import { fill, h } from '../dom.ts';
import { formatBytes, formatMs } from '../format.ts';
import { t } from '../l10n.ts';
import type { AppState, Store } from '../store.ts';
import { changeText, phrasesOf } from '../whatif/changeText.ts';
import { applyButton } from './applyButton.ts';
import { createBench } from './bench.ts';
import { countField, pickField, valueField } from './fields.ts';
import { createFindingTable } from './findingTable.ts';
import { createJobBar, obstacleOf } from './jobBar.ts';
import { createJudgeField } from './judgeField.ts';
import { judgeWords } from './judges.ts';
import { searchChart } from './searchChart.ts';
import { searchColumns } from './searchColumns.ts';
import { bytesOf, type SearchForm } from './state.ts';
import { bytesWords, goalText, targetWords } from './targets.ts';

/** Names that the best candidate is told with; more are in its tooltip. */
const MOST_NAMES = 12;

/** The smallest change of the config that reaches a target: what is asked, what was tried, the best of it. */
export function createSearchSection(store: Store, actions: Actions): HTMLElement {
  const change = (part: Partial<SearchForm>) => actions.changeForm('search', part);
  const form = () => store.state.forms.search;
  const goal = pickField<SearchForm['goal']>(t('Find'), (value) => change({ goal: value }));
  const judge = createJudgeField((value) => change({ judge: value }));
  const target = valueField((value) => change({ targets: { ...form().targets, [form().judge]: value } }));
  const size = valueField((bytes) => change({ bytes: Math.round(bytes) }));
  const budget = countField(t('Budget'), t('Candidates that are measured at most'), (value) =>
    change({ budget: value }),
  );
  const samples = countField(t('Samples'), t('Evaluation samples, from the first'), (value) =>
    change({ samples: value }),
  );
  const doc = h('p', { class: 'hint ask-doc' });
  const bar = createJobBar({
    start: t('Search'),
    title: t('Measure candidates until the target is reached with the least change'),
    onStart: actions.startSearch,
    onCancel: actions.cancelSearch,
    onRunAgain: actions.runAgain,
  });
  const table = createFindingTable({
    id: 'tried',
    label: t('What was tried'),
    columns: searchColumns(() => store.state.search.view),
    actions,
    fileName: () => `${store.state.file.replace(/\.onnx$/i, '')}.search`,
    look: () => ({ isCursor: false, isSkipped: false, context: null }),
    onRow: (row) => {
      chosen = row;
      chart.place();
      const [handle] = store.state.search.view?.tried[row]?.handles ?? [];
      const node = store.state.run?.nodes.find((f) => f.handle === handle);
      if (node !== undefined) actions.select(node.nodeId, { reveal: true });
    },
    onOpen: () => actions.showDetails(),
    onKey: () => false,
  });
  const chart = createChartCard({
    saveTable: (name, text) => void actions.saveChartTable(name, text),
    savePicture: (name, data) => void actions.saveChartPicture(name, data),
  });
  let chosen = -1;
  const best = h('div', { class: 'best', attrs: { 'aria-live': 'off' } });
  const note = h('span', { class: 'finding-note', role: 'status' });
  const outdated = h(
    'p',
    { class: 'finding-outdated' },
    t('Searched under another config than that of the figures on display.'),
  );
  const empty = h('p', { class: 'hint finding-empty' });
  const found = h(
    'div',
    { class: 'found' },
    h('div', { class: 'found-head' }, note, h('span', { class: 'found-tools' }, ...table.tools)),
    outdated,
    best,
    empty,
    h('div', { class: 'found-halves' }, table.grid.element, chart.element),
  );
  const bench = createBench({
    fields: [goal.element, judge.element, target.element, size.element, budget.element, samples.element],
    doc,
    bar: bar.element,
    found,
  });

  store.watch(
    (s) => [s.forms.search, s.run, s.judgeCommand],
    (s) => {
      const { search } = s.forms;
      goal.show(
        [
          { value: 'skip', text: t('Fewest nodes in float'), title: t('The smallest skip set that reaches a target') },
          { value: 'bits', text: t('Bits for a size'), title: t('Bits of each weight within a budget of bytes') },
        ],
        search.goal,
      );
      judge.show(search.judge, s);
      target.element.hidden = search.goal === 'bits';
      size.element.hidden = search.goal === 'skip';
      target.show(search.targets[search.judge], targetWords(search.judge, s.judgeCommand?.better));
      size.show(bytesOf(search, s), bytesWords());
      budget.show(search.budget, { max: 100_000 });
      const most = s.run?.samples ?? 1;
      samples.show(Math.min(search.samples ?? most, most), { max: most });
      doc.textContent =
        search.goal === 'skip'
          ? t('Which nodes must stay float, as few as possible, so that the output is good enough.')
          : t(
              'How many bits each weight gets so that all fit, with the least loss. They take {0} now.',
              formatBytes(s.run?.sizes.quantized ?? 0),
            );
    },
  );
  let last: SearchView | null = null;
  store.watch(
    (s) => [s.search, s.run, s.graph, s.restored, s.busy, s.trial],
    (s) => {
      const { view, running, isOutdated } = s.search;
      bar.show({
        running,
        obstacle: obstacleOf(s),
        share: view === null ? undefined : view.tried.length / view.request.budget,
        text: running ? progressText(view) : '',
      });
      note.textContent = view === null ? '' : noteOf(view, running);
      outdated.hidden = !isOutdated;
      empty.hidden = view !== null;
      empty.textContent = emptyText(s);
      found.classList.toggle('is-empty', view === null);
      fill(best, ...(view === null ? [] : bestParts(view, s, actions)));
      bench.hasFound(view !== null || running);
      if (view === last) return;
      if (view === null || last === null || JSON.stringify(view.request) !== JSON.stringify(last.request)) chosen = -1;
      last = view;
      table.refreshColumns();
      table.show(Int32Array.from(view?.tried.keys() ?? []), running);
      chart.show(
        view === null
          ? ''
          : searchChart({
              view,
              selected: () => chosen,
              select: (row) => table.grid.setCursor(row),
            }),
      );
    },
  );
  return bench.element;
}

function progressText(view: SearchView | null): string {
  if (view === null) return t('Starting…');
  return t('{0} of at most {1} candidates, {2}', view.tried.length, view.request.budget, formatMs(view.elapsedMs));
}

function noteOf(view: SearchView, running: boolean): string {
  const { request, float, quantized, tried, ended, elapsedMs } = view;
  const words = judgeWords(request.judge);
  const parts = [
    goalText(request),
    t('now {0}, float {1}', words.format(quantized), words.format(float)),
    t('candidates measured: {0}', tried.length),
    formatMs(elapsedMs),
  ];
  return [...parts, ...(running || ended === null ? [] : [endedText(ended, request.budget)])].join(' · ');
}

function endedText(ended: NonNullable<SearchView['ended']>, budget: number): string {
  const texts: Readonly<Record<typeof ended, () => string>> = {
    found: () => t('ended: nothing smaller among what was tried'),
    budget: () => t('ended by the budget of {0} candidates', budget),
    impossible: () => t('ended: not even all nodes in float reach it'),
    cancelled: () => t('cancelled'),
  };
  return texts[ended]();
}

function bestParts(view: SearchView, state: AppState, actions: Actions): HTMLElement[] {
  const { best } = view;
  if (best === null) return [];
  const words = judgeWords(view.request.judge);
  const isBits = view.request.goal.kind === 'bits';
  const title = bestTitle(view, best);
  const figures = [
    isBits ? t('weights with other bits: {0}', best.handles.length) : t('nodes in float: {0}', best.handles.length),
    `${words.title} ${words.format(view.quantized)} → ${words.format(best.value)}`,
    formatBytes(best.bytes),
  ];
  return [
    h('span', { class: best.reached ? 'verdict is-met' : 'verdict', attrs: { 'aria-hidden': 'true' } }),
    h('strong', {}, title),
    h('span', { class: 'best-figures' }, figures.join(' · ')),
    applyButton(t('Apply to config'), { change: best.change, configText: view.configText }, state, actions),
    h('span', { class: 'best-names', title: phrasesOf(best.change).join('\n') }, namesOf(best)),
  ];
}

function bestTitle({ ended }: SearchView, { reached, handles }: SearchStep): string {
  if (reached && handles.length === 0) return t('The config reaches the target as it is');
  if (!reached) return ended === null ? t('Nearest so far; the target is missed') : t('Nearest; the target is missed');
  return ended === null ? t('Best so far') : t('Best');
}

function namesOf({ change, handles }: SearchStep): string {
  if (handles.length === 0) return t('no change');
  const shown = handles.slice(0, MOST_NAMES).join(', ');
  const isLong = handles.length > MOST_NAMES;
  return Object.keys(change.overrides ?? {}).length > 0 ? changeText(change) : isLong ? `${shown}, …` : shown;
}

function emptyText({ search }: AppState): string {
  if (search.running) return t('The first results are on their way…');
  return t('Nothing searched yet. Say what is good enough, and search.');
}
