import { fill, h } from '../dom.ts';
import { t } from '../l10n.ts';
import { SHARES, STEPS } from './elementText.ts';
import type { Opened } from './look.ts';

/** What the bars in the cells of numbers stand for. */
export function createErrorKey() {
  const element = h('div', { class: 'tensor-key', hidden: true });
  return {
    element,
    /** Null hides it. */
    show: (opened: Opened | null): void => {
      element.hidden = opened === null || opened.head.error === null;
      if (opened === null) return;
      const inSteps = opened.head.quant?.scale != null;
      const borders = inSteps ? STEPS.map((b) => String(Math.floor(b * 2) / 2)) : SHARES.map((b) => `1/${1 / b}`);
      const labels = [...borders.map((b) => `≤ ${b}`), `> ${borders.at(-1)}`];
      fill(
        element,
        h('span', {}, inSteps ? t('Error in steps') : t('Error, as a share of the largest')),
        ...labels.map((text, level) => h('span', { class: 'tensor-cell', attrs: { 'data-level': level } }, text)),
      );
    },
  };
}
