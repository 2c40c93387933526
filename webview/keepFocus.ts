/**
 * Gives the focus back to what had it when the window gets it again: VS Code takes it from the page's element when a
 * palette or a pick opens, and returns it to the page alone.
 *
 * @param first what gets it where nothing had it yet.
 */
export function keepFocus(first: () => HTMLElement | null): void {
  let last: HTMLElement | null = null;
  document.addEventListener('focusin', ({ target }) => {
    if (target instanceof HTMLElement && target !== document.body) last = target;
  });
  window.addEventListener('focus', () => {
    if (document.activeElement !== document.body) return;
    const element = last?.isConnected === true ? last : first();
    element?.focus({ preventScroll: true });
  });
}
