import type { NodeView } from '../../src/protocol/views.ts';
import type { Actions } from '../actions.ts';
import { fill, h } from '../dom.ts';
import { formatNumber } from '../format.ts';
import { facts, link } from '../inspector/facts.ts';
import { createSection } from '../inspector/section.ts';
import { t } from '../l10n.ts';
import type { AppState, Store } from '../store.ts';
import { button, progressRing } from '../ui.ts';
import { changeText, effortText } from './changeText.ts';
import { createChoiceControl, resetButton } from './choiceControl.ts';
import { choiceDoc } from './choiceDocs.ts';
import { changeOfWords } from './edits.ts';
import { CHOICES, type ChoiceId, choiceTitle, type NodeWords, rangeOf, withWord, wordText } from './nodeWords.ts';
import { outcomeRows } from './outcome.ts';
import {
  allowedWords,
  choiceObstacle,
  generalText,
  obstacleOf,
  type Situation,
  situationOf,
  skipObstacle,
} from './situation.ts';

export interface QuantizationSection {
  readonly element: HTMLElement;
  show(node: NodeView, state: AppState): void;
}

/** What of a node can be decided, what holds now, and what the last change has brought. */
export function createQuantizationSection(
  store: Store,
  actions: Actions,
  /** Goes to the histogram on which the range is set. */
  showHistogram: () => void,
): QuantizationSection {
  const section = createSection({ key: 'quantization', title: t('Quantization'), store, actions });
  let shown: { readonly handle: string; readonly situation: Situation } | undefined;

  const setWord = (choice: ChoiceId | 'range', word: string | null) => {
    if (shown === undefined) return;
    const { handle, situation } = shown;
    const without = choice === 'method' && word !== null ? withWord(situation.words, 'range', null) : situation.words;
    actions.changeConfig(changeOfWords(handle, withWord(without, choice, word)));
  };
  const skip = createChoiceControl({
    id: 'choice-skip',
    title: choiceTitle('skip'),
    doc: choiceDoc('skip'),
    onChange: (value) => {
      if (shown === undefined) return;
      const names = [shown.handle];
      actions.changeConfig(value === 'skip' ? { skip: names } : { unskip: names });
    },
  });
  const controls = CHOICES.map((choice) => ({
    choice,
    control: createChoiceControl({
      id: `choice-${choice}`,
      title: choiceTitle(choice),
      doc: choiceDoc(choice),
      onChange: (value) => setWord(choice, value === '' ? null : value),
      onReset: () => setWord(choice, null),
    }),
  }));
  const rangeText = h('span', { class: 'range-now' });
  const setRange = link(t('Set on the histogram'), t('Shows the histogram with handles for both ends'), showHistogram);
  const resetRange = resetButton(choiceTitle('range'), () => setWord('range', null));
  const grid = h(
    'div',
    { class: 'choices' },
    ...skip.elements,
    ...controls.flatMap(({ control }) => control.elements),
    h('span', { class: 'choice-label', title: choiceDoc('range') }, choiceTitle('range')),
    h('span', { class: 'choice-field' }, rangeText, setRange, resetRange),
  );
  const whyNone = h('p', { class: 'hint' });
  const notes = h('ul', { class: 'choice-notes' });
  const outcome = h('div', { class: 'outcome' });
  const others = link(t('Change other nodes too…'), t('The same choices for all nodes of an operator or group'), () =>
    actions.changeNodes({}),
  );
  section.body.append(whyNone, grid, notes, h('div', { class: 'tensor-links' }, others), outcome);

  const showControls = (situation: Situation) => {
    const { figures, words } = situation;
    const reasons = new Map<string, string[]>();
    const whyId = (title: string, reason: string | undefined): string | null => {
      if (reason === undefined) return null;
      reasons.set(reason, [...(reasons.get(reason) ?? []), title]);
      return `choice-why-${[...reasons.keys()].indexOf(reason)}`;
    };
    skip.show({
      value: figures?.skipped === true ? 'skip' : 'quantize',
      options: [
        ['quantize', t('as decided below')],
        ['skip', t('no: in skip_quant_node')],
      ],
      why: whyId(choiceTitle('skip'), skipObstacle(situation)),
      isOwn: figures?.skipped === true,
    });
    for (const { choice, control } of controls) {
      const general = generalText(choice, situation);
      const own = words[choice];
      const offered = allowedWords(choice, situation);
      control.show({
        value: own ?? '',
        options: [
          ['', general === '' ? t('as config') : t('as config: {0}', general)],
          ...[...new Set([...offered, ...(own === undefined ? [] : [own])])].map((w) => [w, wordText(w)] as const),
        ],
        why: whyId(choiceTitle(choice), choiceObstacle(choice, situation)),
        isOwn: own !== undefined,
      });
    }
    const noRange = choiceObstacle('range', situation);
    whyId(choiceTitle('range'), noRange);
    showRange(words, noRange === undefined);
    fill(notes, ...[...reasons].map(([reason, titles], i) => noteOf(reason, titles, i)));
    notes.hidden = reasons.size === 0;
  };
  const showRange = (words: NodeWords, applies: boolean) => {
    const own = rangeOf(words);
    rangeText.textContent =
      own === undefined
        ? t('as config: by calibration')
        : t('by hand: {0} to {1}', formatNumber(own[0]), formatNumber(own[1]));
    rangeText.classList.toggle('own', own !== undefined);
    setRange.hidden = !applies;
    resetRange.hidden = own === undefined;
  };
  return {
    element: section.element,
    show: (node, state) => {
      const { graph, run, pendingWords, changing } = state;
      if (graph === null) return;
      const figures = run?.nodes.find((f) => f.nodeId === node.id);
      const situation = situationOf(graph, graph.nodeIndex(node.id), { run, figures, pending: pendingWords });
      shown = { handle: node.handle, situation };
      const obstacle = obstacleOf(situation);
      whyNone.textContent = obstacle ?? '';
      whyNone.hidden = obstacle === undefined;
      for (const part of [grid, notes, others]) part.hidden = obstacle !== undefined;
      section.note(ownText(situation));
      if (obstacle === undefined) showControls(situation);
      fill(outcome, ...(changing === null ? outcomeOf(state, actions) : [pendingText(changing)]));
      outcome.hidden = outcome.childElementCount === 0;
    },
  };
}

/** Whether the node has words of its own, beside the title. */
function ownText({ words }: Situation): string {
  const said = Object.values(words);
  return said.length === 0 ? '' : said.map((word) => wordText(word)).join(', ');
}

function noteOf(reason: string, titles: readonly string[], index: number): HTMLElement {
  return h('li', { id: `choice-why-${index}` }, h('b', {}, titles.join(', ')), ` – ${reason}`);
}

function pendingText(changing: string): HTMLElement {
  return h('p', { class: 'loading' }, progressRing(), h('span', {}, t('Trying {0}', changing)));
}

/** The last trial in figures, with what of it was taken from the cache. */
function outcomeOf({ trial, trials }: AppState, actions: Actions): HTMLElement[] {
  if (trial === null) return [];
  const head = ['', t('before'), t('after'), t('change')];
  const rows = outcomeRows(trial, trials).map(({ title, before, after, change, direction }) =>
    h(
      'tr',
      {},
      h('th', { attrs: { scope: 'row' } }, title),
      h('td', {}, before),
      h('td', {}, after),
      h('td', { class: `change ${direction}` }, changeWithWord(change, direction)),
    ),
  );
  return [
    h('h4', {}, t('Last change')),
    h('p', { class: 'outcome-change' }, changeText(trial.change)),
    h(
      'table',
      { class: 'numbers' },
      h(
        'thead',
        {},
        h('tr', {}, ...head.map((text) => (text === '' ? h('td', {}) : h('th', { attrs: { scope: 'col' } }, text)))),
      ),
      h('tbody', {}, ...rows),
    ),
    facts([[t('Re-used'), effortText(trial.effort)]]),
    h(
      'div',
      { class: 'actions' },
      button({ label: t('Undo'), icon: 'undo', onClick: actions.undo }),
      button({ label: t('All trials'), icon: 'table', onClick: () => actions.setTab('trials') }),
    ),
  ];
}

function changeWithWord(change: string, direction: 'better' | 'worse' | 'same'): string {
  if (direction === 'same') return change;
  return direction === 'better' ? t('{0} better', change) : t('{0} worse', change);
}
