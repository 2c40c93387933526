import { h, setAttr } from '../dom.ts';

export interface Segments<T extends string> {
  readonly element: HTMLElement;
  show(id: T): void;
}

/** Choices side by side of which one holds; arrow keys go from one to the next. */
export function segments<T extends string>(
  label: string,
  items: readonly (readonly [T, string])[],
  onChange: (id: T) => void,
): Segments<T> {
  const buttons = items.map(([id, text]) =>
    h('button', { role: 'radio', attrs: { type: 'button' }, on: { click: () => onChange(id) } }, text),
  );
  const element = h('div', { class: 'segments', role: 'radiogroup', attrs: { 'aria-label': label } }, ...buttons);
  const STEPS: Readonly<Record<string, number>> = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
  element.addEventListener('keydown', (event) => {
    const step = STEPS[event.key];
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    if (step === undefined || at < 0) return;
    const next = (at + step + items.length) % items.length;
    event.preventDefault();
    event.stopPropagation();
    buttons[next]?.focus();
    const chosen = items[next]?.[0];
    if (chosen !== undefined) onChange(chosen);
  });
  return {
    element,
    show: (shown) => {
      for (const [i, [id]] of items.entries()) {
        const button = buttons[i];
        if (button === undefined) continue;
        setAttr(button, 'aria-checked', String(id === shown));
        button.tabIndex = id === shown ? 0 : -1;
      }
    },
  };
}
