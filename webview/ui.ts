import {
  type Button,
  type Dropdown,
  provideVSCodeDesignSystem,
  type TextField,
  vsCodeButton,
  vsCodeCheckbox,
  vsCodeDropdown,
  vsCodeOption,
  vsCodePanels,
  vsCodePanelTab,
  vsCodePanelView,
  vsCodeProgressRing,
  vsCodeTextField,
} from '@vscode/webview-ui-toolkit';
import { h, type IconName, icon } from './dom.ts';

/** Registers the controls used here; call once before the first is made. */
export function registerControls(): void {
  provideVSCodeDesignSystem().register(
    vsCodeButton(),
    vsCodeCheckbox(),
    vsCodeDropdown(),
    vsCodeOption(),
    vsCodePanels(),
    vsCodePanelTab(),
    vsCodePanelView(),
    vsCodeProgressRing(),
    vsCodeTextField(),
  );
}

export interface ButtonOptions {
  readonly label: string;
  readonly icon?: IconName;
  readonly appearance?: 'primary' | 'secondary' | 'icon';
  /** Longer than the label: what it does and its key. */
  readonly title?: string;
  readonly onClick: () => void;
}

/** A push button; with appearance `icon` the label is read aloud only. */
export function button(options: ButtonOptions): Button {
  const { label, appearance = 'secondary', title = label, onClick } = options;
  const iconOnly = appearance === 'icon';
  const element = h('vscode-button', {
    title,
    attrs: { appearance, 'aria-label': iconOnly ? label : null },
    on: { click: () => !element.disabled && onClick() },
  }) as Button;
  if (options.icon !== undefined) {
    const image = icon(options.icon);
    if (!iconOnly) image.setAttribute('slot', 'start');
    element.append(image);
  }
  if (!iconOnly) element.append(label);
  return element;
}

/** A drop-down list of value and text pairs. */
export function dropdown<T extends string>(
  label: string,
  options: readonly (readonly [T, string])[],
  onChange: (value: T) => void,
): Dropdown {
  const element = h('vscode-dropdown', { attrs: { 'aria-label': label, title: label } }) as Dropdown;
  for (const [value, text] of options) element.append(h('vscode-option', { attrs: { value } }, text));
  element.addEventListener('change', () => {
    const chosen = options.find(([value]) => value === element.value);
    if (chosen !== undefined) onChange(chosen[0]);
  });
  return element;
}

/** A one-line text field that reports every keystroke; the label is read aloud only. */
export function textField(label: string, placeholder: string, onInput: (text: string) => void): TextField {
  // The toolkit makes the text inside the accessible name, whatever aria-label says; the style sheet hides it.
  const element = h('vscode-text-field', { attrs: { placeholder } }, label) as TextField;
  element.addEventListener('input', () => onInput(element.value));
  return element;
}

export function checkbox(label: string, onChange: (checked: boolean) => void): HTMLElement & { checked: boolean } {
  const element = h('vscode-checkbox', {}, label) as HTMLElement & { checked: boolean };
  element.addEventListener('change', () => onChange(element.checked));
  return element;
}

/** Changes what a button with a text says. */
export function setLabel(element: Button, label: string): void {
  const text = [...element.childNodes].find((node) => node.nodeType === Node.TEXT_NODE);
  if (text !== undefined && text.textContent !== label) text.textContent = label;
}

/** A small label. The toolkit's own sets a style attribute, which the content policy forbids. */
export function badge(text: string): HTMLElement {
  return h('span', { class: 'badge' }, text);
}

/** Decoration: the text beside it says what goes on. The toolkit's own name is English, and read out at once. */
export function progressRing(): HTMLElement {
  return h('vscode-progress-ring', { attrs: { 'aria-hidden': 'true' } });
}

export interface Tabs<T extends string> {
  readonly element: HTMLElement;
  show(id: T): void;
}

/** Tabs without views of their own: the caller shows what belongs to the active one. */
export function tabs<T extends string>(
  label: string,
  items: readonly (readonly [T, string])[],
  onChange: (id: T) => void,
): Tabs<T> {
  const element = h('vscode-panels', { attrs: { 'aria-label': label } }) as HTMLElement & { activeid: string };
  for (const [id, text] of items) element.append(h('vscode-panel-tab', { id: `tab-${id}` }, text));
  for (const [id] of items) element.append(h('vscode-panel-view', { id: `view-${id}` }));
  element.addEventListener('change', () => {
    const chosen = items.find(([id]) => `tab-${id}` === element.activeid);
    if (chosen !== undefined) onChange(chosen[0]);
  });
  return {
    element,
    show: (id) => {
      if (element.activeid !== `tab-${id}`) element.activeid = `tab-${id}`;
    },
  };
}
