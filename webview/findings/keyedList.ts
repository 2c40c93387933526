export interface KeyedItem {
  readonly key: string;
  /** What the element is made of: another text makes it anew. */
  readonly content: string;
  readonly make: () => HTMLElement;
}

/** Puts elements in their order, and leaves those alone that say the same: focus and what was opened stay. */
export function createKeyedList(parent: HTMLElement): (items: readonly KeyedItem[]) => void {
  let known = new Map<string, { readonly content: string; readonly element: HTMLElement }>();
  return (items) => {
    const next = new Map<string, { readonly content: string; readonly element: HTMLElement }>();
    for (const { key, content, make } of items) {
      const last = known.get(key);
      next.set(key, last?.content === content ? last : { content, element: make() });
    }
    for (const [key, { element }] of known) if (next.get(key)?.element !== element) element.remove();
    let at = parent.firstElementChild;
    for (const { element } of next.values()) {
      if (element === at) at = at.nextElementSibling;
      else parent.insertBefore(element, at);
    }
    known = next;
  };
}
