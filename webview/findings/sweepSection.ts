import type { SensitivityMode, SensitivityPart, SensitivityView } from '../../src/protocol/sensitivityViews.ts';
import type { Actions } from '../actions.ts';
import { h } from '../dom.ts';
import { formatMs, formatShare } from '../format.ts';
import { t } from '../l10n.ts';
import type { AppState, Store } from '../store.ts';
import { createBench } from './bench.ts';
import { countField, pickField } from './fields.ts';
import { createJobBar, obstacleOf } from './jobBar.ts';
import { createJudgeField } from './judgeField.ts';
import { judgeWords, modeDoc, modeTitle, partTitle } from './judges.ts';
import { measuredText } from './sensitivityInfo.ts';
import { canResume, type Finding, type SweepForm } from './state.ts';
import { createSweepTable } from './sweepTable.ts';

const MODES: readonly SensitivityMode[] = ['layerwise', 'leaveOneOut', 'local'];
const PARTS: readonly SensitivityPart[] = ['both', 'activations', 'weights'];

/** Sensitivity node by node: what is measured, how far it is, and what was found. */
export function createSweepSection(store: Store, actions: Actions): HTMLElement {
  const change = (part: Partial<SweepForm>) => actions.changeForm('sweep', part);
  const mode = pickField<SensitivityMode>(t('Measure'), (value) => change({ mode: value }));
  const part = pickField<SensitivityPart>(t('Quantized'), (value) => change({ part: value }));
  const judge = createJudgeField((value) => change({ judge: value }));
  const samples = countField(t('Samples'), t('Evaluation samples, from the first'), (value) =>
    change({ samples: value }),
  );
  const which = pickField<'all' | 'worst'>(t('Nodes'), (value) => change({ onlyWorst: value === 'worst' }));
  const verify = countField(t('How many'), t('Nodes that are measured on all samples'), (value) =>
    change({ verify: value }),
  );
  const doc = h('p', { class: 'hint ask-doc' });
  const bar = createJobBar({
    start: t('Start'),
    title: t('Measure sensitivity; the graph is coloured as results come'),
    onStart: () => actions.startSensitivity(),
    onCancel: actions.cancelSensitivity,
    onResume: () => actions.startSensitivity({ resume: true }),
    onRunAgain: actions.runAgain,
  });
  const table = createSweepTable(store, actions);
  const note = h('span', { class: 'finding-note', role: 'status' });
  const outdated = h('p', { class: 'finding-outdated' });
  const empty = h('p', { class: 'hint finding-empty' });
  const found = h(
    'div',
    { class: 'found' },
    h('div', { class: 'found-head' }, note, h('span', { class: 'found-tools' }, ...table.tools)),
    outdated,
    empty,
    table.element,
  );
  const bench = createBench({
    fields: [mode.element, part.element, judge.element, samples.element, which.element, verify.element],
    doc,
    bar: bar.element,
    found,
  });

  store.watch(
    (s) => [s.forms.sweep, s.run, s.judgeCommand],
    (s) => {
      const { sweep } = s.forms;
      const isLocal = sweep.mode === 'local';
      mode.show(
        MODES.map((value) => ({ value, text: modeTitle(value), title: modeDoc(value) })),
        sweep.mode,
      );
      part.show(
        PARTS.map((value) => ({ value, text: partTitle(value) })),
        sweep.part,
      );
      part.element.hidden = isLocal;
      judge.show(sweep.judge, s);
      judge.element.hidden = isLocal;
      const most = s.run?.samples ?? 1;
      samples.show(Math.min(sweep.samples ?? most, most), { max: most });
      which.show(
        [
          { value: 'all', text: t('All') },
          {
            value: 'worst',
            text: t('The likely worst'),
            title: t('All nodes are measured on the two worst samples; only those that lose most there on all samples'),
          },
        ],
        sweep.onlyWorst ? 'worst' : 'all',
      );
      which.element.hidden = isLocal;
      verify.element.hidden = isLocal || !sweep.onlyWorst;
      verify.show(sweep.verify, { max: 100_000 });
      doc.textContent = modeDoc(sweep.mode);
    },
  );
  store.watch(
    (s) => [s.sensitivity, s.graph, s.run, s.restored, s.busy],
    (s) => {
      const { view, running, isOutdated } = s.sensitivity;
      bar.show({
        running,
        obstacle: obstacleOf(s),
        canResume: canResume(s.sensitivity),
        share: view === null || view.total === 0 ? undefined : view.done / view.total,
        text: running ? progressText(view) : '',
      });
      note.textContent = view === null ? '' : noteOf(s.sensitivity, view);
      outdated.hidden = !isOutdated;
      outdated.textContent = t('Measured under another config than that of the figures on display.');
      empty.hidden = view !== null;
      empty.textContent = emptyText(s);
      found.classList.toggle('is-empty', view === null);
      bench.hasFound(view !== null || running);
    },
  );
  store.watch((s) => [s.sensitivity, s.graph, s.thresholds, s.heatScale], table.show);
  return bench.element;
}

function progressText(view: SensitivityView | null): string {
  if (view === null) return t('Starting…');
  return `${formatShare(view.total === 0 ? 0 : view.done / view.total)} · ${formatMs(view.elapsedMs)}`;
}

/** What was measured, on how much, and how it ended. */
function noteOf({ running }: Finding<SensitivityView>, view: SensitivityView): string {
  const { request, done, total, elapsedMs, float, quantized } = view;
  const words = judgeWords(request.judge);
  const isKnown = request.mode !== 'local' && !Number.isNaN(quantized);
  return [
    modeTitle(request.mode),
    request.part !== 'both' && partTitle(request.part),
    isKnown && t('{0}: float {1}, quantized {2}', words.title, words.format(float), words.format(quantized)),
    measuredText(view),
    formatMs(elapsedMs),
    !running && done < total && t('cancelled'),
  ]
    .filter((part) => part !== false)
    .join(' · ');
}

function emptyText({ sensitivity }: AppState): string {
  if (sensitivity.running) return t('The first results are on their way…');
  return t('Nothing measured yet. Start to see which nodes cost the output most.');
}
