import { cureTitle } from '../../src/protocol/causes.ts';
import type { Cure, DiagnosisView } from '../../src/protocol/diagnosisViews.ts';
import type { Actions } from '../actions.ts';
import { h } from '../dom.ts';
import { formatBytes, formatCount, formatShare } from '../format.ts';
import { t } from '../l10n.ts';
import type { AppState } from '../store.ts';
import { changeText, phrasesOf } from '../whatif/changeText.ts';
import { applyButton } from './applyButton.ts';
import { judgeWords } from './judges.ts';

export interface CureParts {
  /** The diagnosis that they are of. */
  readonly view: Pick<DiagnosisView, 'request' | 'configText'>;
  readonly state: AppState;
  readonly actions: Actions;
  /** Whether they can be applied. */
  readonly offered: boolean;
  readonly label: string;
}

/** What was tried, with what it gained and takes; those that help can be applied. */
export function cureTable(cures: readonly Cure[], { view, state, actions, offered, label }: CureParts): HTMLElement {
  const { configText } = view;
  const words = judgeWords(view.request.judge);
  const head = [t('Cure'), words.title, t('Gain'), t('Size'), t('Integer MACs'), ...(offered ? [t('Change')] : [])];
  const names = cures.map(cureName);
  const nameOf = (cure: Cure, at: number): string => {
    const name = names[at] ?? '';
    return names.indexOf(name) === names.lastIndexOf(name) ? name : `${name}: ${changeText(cure.change)}`;
  };
  const row = (cure: Cure, at: number): HTMLElement =>
    h(
      'tr',
      {},
      h('th', { attrs: { scope: 'row' }, title: phrasesOf(cure.change).join('\n') }, nameOf(cure, at)),
      h('td', { class: 'number' }, beforeAfter(cure, words.format)),
      h('td', { class: `number ${cure.gain > 0 ? 'is-gain' : 'is-loss'}` }, gainText(cure, words.formatLoss)),
      h('td', { class: 'number' }, bytesText(cure.bytes)),
      h('td', { class: 'number', title: t('On codes of 8 bits, and of 16') }, macsText(cure)),
      offered && h('td', {}, applyButton(t('Apply'), { change: cure.change, configText }, state, actions)),
    );
  return h(
    'div',
    { class: 'finding-scroll' },
    h(
      'table',
      { class: 'finding-table cures', attrs: { 'aria-label': label } },
      h('thead', {}, h('tr', {}, ...head.map((title) => h('th', { attrs: { scope: 'col' } }, title)))),
      h('tbody', {}, ...cures.map(row)),
    ),
  );
}

/** What a cure is, in words; with what it sets where its kind does not say it. */
export function cureName({ kind, change, nodes }: Cure): string {
  const title = t(cureTitle(kind));
  if (nodes !== undefined) return `${title} (${formatCount(nodes)})`;
  return kind === 'range' ? `${title}: ${phrasesOf(change).join('; ')}` : title;
}

/** `62.1 %`, and what runs on 16-bit codes where there are such. */
function macsText({ integerShare, wideShare }: Cure): string {
  const integer = formatShare(integerShare);
  return wideShare > 0 ? t('{0} + {1} of 16 bits', integer, formatShare(wideShare)) : integer;
}

export function beforeAfter({ before, after }: Cure, format: (value: number) => string): string {
  return `${format(before)} → ${format(after)}`;
}

/** `+0.012`: what less is lost. */
export function gainText({ gain }: Pick<Cure, 'gain'>, formatLoss: (loss: number) => string): string {
  return gain > 0 ? `+${formatLoss(gain)}` : gain === 0 ? '±0' : formatLoss(gain);
}

export function bytesText(bytes: number): string {
  if (bytes === 0) return '±0';
  return bytes > 0 ? `+${formatBytes(bytes)}` : `−${formatBytes(-bytes)}`;
}
