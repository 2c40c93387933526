import { h, icon, setAttr } from '../dom.ts';
import { t } from '../l10n.ts';

export interface BenchOptions {
  readonly fields: readonly HTMLElement[];
  /** What is chosen, in a sentence. */
  readonly doc?: HTMLElement;
  /** Start, cancel, progress. */
  readonly bar: HTMLElement;
  readonly found: HTMLElement;
}

export interface Bench {
  readonly element: HTMLElement;
  /** Where there is something to look at, a narrow panel folds what is asked until it is opened. */
  hasFound(has: boolean): void;
}

let benches = 0;

/** What is asked on the left, what was found on the right; in a narrow panel one below the other. */
export function createBench({ fields, doc, bar, found }: BenchOptions): Bench {
  const id = `ask-${benches++}`;
  let folded: boolean | undefined;
  let has = false;
  const form = h('div', { class: 'ask-fields', id }, ...fields, doc);
  const fold = h(
    'button',
    { class: 'ask-fold', attrs: { type: 'button', 'aria-controls': id } },
    icon('chevron'),
    t('Options'),
  );
  const show = () => {
    const isFolded = folded ?? has;
    form.classList.toggle('folded', isFolded);
    fold.classList.toggle('open', !isFolded);
    setAttr(fold, 'aria-expanded', String(!isFolded));
  };
  fold.addEventListener('click', () => {
    folded = !(folded ?? has);
    show();
  });
  show();
  const element = h(
    'div',
    { class: 'bench' },
    h('div', { class: 'ask', role: 'group', attrs: { 'aria-label': t('What is measured') } }, bar, fold, form),
    found,
  );
  return {
    element,
    hasFound: (next) => {
      if (next === has) return;
      has = next;
      show();
    },
  };
}
