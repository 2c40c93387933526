type Child = Node | string | null | undefined | false;

export interface Props {
  readonly class?: string;
  readonly id?: string;
  readonly title?: string;
  readonly role?: string;
  readonly tabIndex?: number;
  readonly hidden?: boolean;
  /** Further attributes as they are; null leaves one out. */
  readonly attrs?: Readonly<Record<string, string | number | null>>;
  readonly on?: { readonly [E in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[E]) => void };
}

/** Makes an element; text is text, never markup. */
export function h<T extends keyof HTMLElementTagNameMap>(
  tag: T,
  props?: Props,
  ...children: readonly Child[]
): HTMLElementTagNameMap[T];
export function h(tag: string, props?: Props, ...children: readonly Child[]): HTMLElement;
export function h(tag: string, props: Props = {}, ...children: readonly Child[]): HTMLElement {
  const element = document.createElement(tag);
  if (props.class !== undefined) element.className = props.class;
  if (props.id !== undefined) element.id = props.id;
  if (props.title !== undefined) element.title = props.title;
  if (props.role !== undefined) element.setAttribute('role', props.role);
  if (props.tabIndex !== undefined) element.tabIndex = props.tabIndex;
  if (props.hidden !== undefined) element.hidden = props.hidden;
  for (const [name, value] of Object.entries(props.attrs ?? {})) {
    if (value !== null) element.setAttribute(name, String(value));
  }
  for (const [type, listener] of Object.entries(props.on ?? {})) {
    element.addEventListener(type, listener as (event: Event) => void); // the key decides the event's type
  }
  append(element, children);
  return element;
}

/** Text that loses its beginning, not its end, when there is no room: names of nodes differ at their end. */
export function tail(text: string, className: string): HTMLElement {
  return h('span', { class: `tail ${className}`, title: text }, h('bdi', { attrs: { dir: 'ltr' } }, text));
}

/** Replaces the children of `parent`. */
export function fill(parent: Element, ...children: readonly Child[]): void {
  parent.replaceChildren();
  append(parent, children);
}

function append(parent: Element, children: readonly Child[]): void {
  for (const child of children) {
    if (child !== null && child !== undefined && child !== false) parent.append(child);
  }
}

/** Sets an attribute only when it changes, so that screen readers are not told twice. */
export function setAttr(element: Element, name: string, value: string | null): void {
  if (element.getAttribute(name) === value) return;
  if (value === null) element.removeAttribute(name);
  else element.setAttribute(name, value);
}

const SVG = 'http://www.w3.org/2000/svg';

const ICONS = {
  run: 'M4 2.5 13 8l-9 5.5z',
  undo: 'M6 3 2.5 6.5 6 10M3 6.5h6.5a3.5 3.5 0 0 1 0 7H7',
  redo: 'M10 3l3.5 3.5L10 10M13 6.5H6.5a3.5 3.5 0 0 0 0 7H9',
  search: 'M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9zM10.5 10.5 14 14',
  plus: 'M8 3v10M3 8h10',
  minus: 'M3 8h10',
  fit: 'M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10',
  fold: 'M4.5 2 8 5.5 11.5 2M4.5 14 8 10.5l3.5 3.5M2.5 8h11',
  unfold: 'M4.5 5.5 8 2l3.5 3.5M4.5 10.5 8 14l3.5-3.5M2.5 8h11',
  map: 'M2 3h12v10H2zM8.5 8.5h4v3h-4z',
  table: 'M2 3h12v10H2zM2 6.5h12M2 9.75h12M6 3v10',
  details: 'M2 3h12v10H2zM9.5 3v10',
  close: 'M4 4l8 8M12 4l-8 8',
  up: 'M3.5 10 8 5.5l4.5 4.5',
  down: 'M3.5 6 8 10.5 12.5 6',
  chevron: 'M5 6.5 8 9.5l3-3',
  chevronUp: 'M5 9.5 8 6.5l3 3',
  previous: 'M10 3 5.5 8l4.5 5',
  next: 'M6 3l4.5 5L6 13',
  settings: 'M2 4.5h7M12 4.5h2M10.5 3v3M2 11.5h2M7 11.5h7M5.5 10v3',
  wave: 'M2 8h2.5L6 3.5 9 12.5 11 8h3',
} as const;

export type IconName = keyof typeof ICONS;

/** A 16 pixel line icon in the colour of its text. */
export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 16 16');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', ICONS[name]);
  svg.append(path);
  return svg;
}
