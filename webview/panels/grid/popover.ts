import { h } from '../../dom.ts';

export interface Popover {
  readonly element: HTMLElement;
  show(anchor: HTMLElement): void;
  hide(): void;
}

const GAP = 2;

/** A box above everything else, at what opened it; Escape and a click beside it close it, and focus goes back. */
export function createPopover(label: string): Popover {
  const element = h('div', { class: 'popover', role: 'dialog', attrs: { 'aria-label': label, popover: 'auto' } });
  let opener: HTMLElement | undefined;
  element.addEventListener('toggle', (event) => {
    const isOpen = (event as ToggleEvent).newState === 'open';
    opener?.setAttribute('aria-expanded', String(isOpen));
    if (isOpen || opener === undefined) return;
    if (element.contains(document.activeElement) || document.activeElement === document.body) opener.focus();
  });
  element.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') hide();
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') moveFocus(element, event);
    event.stopPropagation(); // the graph and the grid have keys of their own
  });
  const place = () => {
    if (opener === undefined) return;
    const at = opener.getBoundingClientRect();
    const { width, height } = element.getBoundingClientRect();
    const below = window.innerHeight - at.bottom >= height + GAP;
    const top = below ? at.bottom + GAP : Math.max(0, at.top - height - GAP);
    element.style.left = `${Math.max(0, Math.min(at.left, window.innerWidth - width))}px`;
    element.style.top = `${top}px`;
  };
  new ResizeObserver(place).observe(element); // what it holds may come later
  const show = (anchor: HTMLElement) => {
    opener = anchor;
    element.showPopover();
    place();
    focusables(element)[0]?.focus();
  };
  const hide = () => {
    const hadFocus = element.contains(document.activeElement);
    element.hidePopover();
    if (hadFocus) opener?.focus();
  };
  return { element, show, hide };
}

function focusables(element: HTMLElement): HTMLElement[] {
  return [...element.querySelectorAll<HTMLElement>('button, input, select')].filter((e) => !e.hidden);
}

/** Arrows go from control to control, but stay in a field of text. */
function moveFocus(element: HTMLElement, event: KeyboardEvent): void {
  if (event.target instanceof HTMLInputElement && event.target.type === 'number') return;
  const all = focusables(element);
  const at = all.indexOf(document.activeElement as HTMLElement);
  all.at((at + (event.key === 'ArrowDown' ? 1 : -1)) % all.length)?.focus();
  event.preventDefault();
}
