import type { DiagnosisView } from '../../src/protocol/diagnosisViews.ts';
import type { Actions } from '../actions.ts';
import { h } from '../dom.ts';
import { formatMs } from '../format.ts';
import { t } from '../l10n.ts';
import type { AppState, Store } from '../store.ts';
import { applyButton } from './applyButton.ts';
import { createBench } from './bench.ts';
import { causeCard } from './causeCard.ts';
import { beforeAfter, bytesText } from './cureTable.ts';
import { dataCard, declinedCard, referenceCard } from './dataCards.ts';
import { countField, tickField } from './fields.ts';
import { createJobBar, obstacleOf } from './jobBar.ts';
import { createJudgeField } from './judgeField.ts';
import { judgeWords } from './judges.ts';
import { createKeyedList, type KeyedItem } from './keyedList.ts';
import type { DiagnosisForm } from './state.ts';
import { wholeCard } from './wholeCard.ts';

/** Cards that are made at once; the rest when they are asked for. */
const CARDS_AT_ONCE = 25;

/** Why nodes are bad and what helps: causes worst first, doubts of the data, what number is good enough. */
export function createCausesPanel(store: Store, actions: Actions): HTMLElement {
  const change = (part: Partial<DiagnosisForm>) => actions.changeForm('diagnosis', part);
  const judge = createJudgeField((value) => change({ judge: value }));
  const nodes = countField(t('Nodes'), t('Nodes that are looked at, worst first'), (value) => change({ nodes: value }));
  const samples = countField(t('Samples'), t('Evaluation samples, from the first'), (value) =>
    change({ samples: value }),
  );
  const cures = tickField(
    t('Try what helps'),
    t('Measures what each fix gains; none is offered that was not measured'),
    (on) => change({ cures: on }),
  );
  const data = tickField(t('Check the data'), t('Preprocessing, odd samples, and whether they are enough'), (on) =>
    change({ data: on }),
  );
  const bar = createJobBar({
    start: t('Diagnose'),
    title: t('Look for the causes of what is lost, and measure what helps'),
    onStart: actions.startDiagnosis,
    onCancel: actions.cancelDiagnosis,
    onRunAgain: actions.runAgain,
  });
  const note = h('span', { class: 'finding-note', role: 'status' });
  const outdated = h(
    'p',
    { class: 'finding-outdated' },
    t('Diagnosed under another config than that of the figures on display; gains may be others now.'),
  );
  const empty = h('p', { class: 'hint finding-empty' });
  const list = h('div', { class: 'cause-list' });
  const more = h('button', { class: 'tool', id: 'more-causes', attrs: { type: 'button' } });
  const found = h(
    'div',
    { class: 'found causes-found' },
    h('div', { class: 'found-head' }, note),
    outdated,
    empty,
    list,
    more,
  );
  const bench = createBench({
    fields: [judge.element, nodes.element, samples.element, cures.element, data.element],
    bar: bar.element,
    found,
  });
  const element = h('section', { class: 'findings', attrs: { 'aria-label': t('Causes') } }, bench.element);

  const show = createKeyedList(list);
  let most = CARDS_AT_ONCE;
  const render = (state: AppState) => {
    const items = itemsOf(state, actions);
    show(items.slice(0, most));
    more.hidden = items.length <= most;
    more.textContent = t('Show {0} more', Math.min(CARDS_AT_ONCE, items.length - most));
  };
  more.addEventListener('click', () => {
    most += CARDS_AT_ONCE;
    render(store.state);
  });

  store.watch(
    (s) => [s.forms.diagnosis, s.run, s.judgeCommand],
    (s) => {
      const { diagnosis } = s.forms;
      judge.show(diagnosis.judge, s);
      nodes.show(diagnosis.nodes, { max: 100_000 });
      const all = s.run?.samples ?? 1;
      samples.show(Math.min(diagnosis.samples ?? all, all), { max: all });
      cures.show(diagnosis.cures);
      data.show(diagnosis.data);
    },
  );
  store.watch(
    (s) => [s.diagnosis, s.diagnosing, s.graph, s.run, s.restored, s.busy],
    (s) => {
      const { view, running } = s.diagnosis;
      const { diagnosing } = s;
      bar.show({
        running,
        obstacle: obstacleOf(s),
        share: diagnosing === null || diagnosing.total === 0 ? undefined : diagnosing.done / diagnosing.total,
        text: running ? [diagnosing?.text ?? '', progressText(view)].filter((x) => x !== '').join(' · ') : '',
      });
    },
  );
  store.watch(
    (s) => [s.diagnosis, s.graph, s.run, s.restored, s.busy, s.trial],
    (s) => {
      const { view, running, isOutdated } = s.diagnosis;
      note.textContent = view === null ? '' : noteOf(view, running);
      outdated.hidden = !isOutdated;
      const nothing = view !== null && view.causes.length + view.data.length === 0;
      empty.hidden = view !== null && !nothing;
      empty.textContent = nothing ? nothingText(view, running) : emptyText(s);
      bench.hasFound(view !== null || running);
      render(s);
    },
  );
  return element;
}

/** Data that are to blame, what helps together, causes, other data, reference; each made again only where it says something else. */
function itemsOf(state: AppState, actions: Actions): KeyedItem[] {
  const { view, running } = state.diagnosis;
  if (view === null) return [];
  const { together, whole, causes, data, reference, request, configText } = view;
  const apply = JSON.stringify([
    request.judge,
    configText,
    state.run === null,
    state.restored,
    state.busy && state.trial === null,
  ]);
  const parts = { configText, state, actions };
  const items: KeyedItem[] = [];
  const add = (key: string, content: unknown, make: () => HTMLElement) =>
    items.push({ key, content: JSON.stringify(content) + apply, make });
  const called = data.filter((finding) => finding.kind === 'oddSample' || finding.advised);
  for (const [at, finding] of called.entries()) add(`data ${at}`, finding, () => dataCard(finding, parts));
  if (together !== null) add('together', together, () => togetherCard(view, parts));
  if (whole?.cures.length) add('whole', whole, () => wholeCard(whole, { view, ...parts }));
  for (const [at, cause] of causes.entries()) {
    const waits = cause.cures.length === 0 && running;
    add(`${cause.nodeId} ${cause.id}`, [cause, at, waits], () => causeCard(cause, { view, at, running, ...parts }));
  }
  const declined = data.filter((finding) => finding.kind === 'preprocessing').filter(({ advised }) => !advised);
  const growths = data.filter((finding) => finding.kind === 'tooFewSamples').filter(({ advised }) => !advised);
  for (const [at, finding] of growths.entries()) add(`growth ${at}`, finding, () => dataCard(finding, parts));
  if (declined.length > 0) add('declined', declined, () => declinedCard(declined, actions));
  if (reference !== null) add('reference', reference, () => referenceCard(reference, parts));
  return items;
}

/** The best cures together, with what they gain together. */
function togetherCard(
  { together, request, configText }: DiagnosisView,
  { state, actions }: { readonly state: AppState; readonly actions: Actions },
): HTMLElement {
  if (together === null) return h('article', {});
  const words = judgeWords(request.judge);
  return h(
    'article',
    { class: 'cause together', attrs: { 'aria-labelledby': 'cause-together' } },
    h(
      'header',
      { class: 'cause-head' },
      h('h3', { id: 'cause-together' }, t('All that help, together')),
      h('strong', { class: 'together-gain' }, `${words.title} ${beforeAfter(together, words.format)}`),
      h('span', { class: 'dim' }, t('size {0}', bytesText(together.bytes))),
      applyButton(t('Apply all that help'), { change: together.change, configText }, state, actions),
    ),
  );
}

function progressText(view: DiagnosisView | null): string {
  if (view === null) return t('Starting…');
  return t('causes: {0}, cures tried: {1}, {2}', view.causes.length, curesOf(view), formatMs(view.elapsedMs));
}

function curesOf({ causes, whole }: DiagnosisView): number {
  const tables = whole ? [...causes, whole] : causes;
  return tables.reduce((sum, { cures, tried }) => sum + cures.length + tried.length, 0);
}

function noteOf(view: DiagnosisView, running: boolean): string {
  const { request, float, quantized, samples, causes, done, elapsedMs } = view;
  const words = judgeWords(request.judge);
  return [
    t('{0}: float {1}, quantized {2}', words.title, words.format(float), words.format(quantized)),
    t('samples: {0}', samples),
    t('causes: {0}', causes.length),
    t('cures tried: {0}', curesOf(view)),
    formatMs(elapsedMs),
    ...(done || running ? [] : [t('cancelled')]),
  ].join(' · ');
}

function nothingText({ done }: DiagnosisView, running: boolean): string {
  if (running) return t('The first results are on their way…');
  return done
    ? t('No cause was found: what is lost is lost by rounding alone.')
    : t('Cancelled before a cause was found.');
}

function emptyText({ diagnosis }: AppState): string {
  if (diagnosis.running) return t('The first results are on their way…');
  return t('Not diagnosed yet. Diagnose to see why nodes are bad, and what helps.');
}
