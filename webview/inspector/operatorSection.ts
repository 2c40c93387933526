import type { OperandView, OperatorView } from '../../src/protocol/operatorViews.ts';
import type { NodeView } from '../../src/protocol/views.ts';
import type { Actions } from '../actions.ts';
import { fill, h } from '../dom.ts';
import { t } from '../l10n.ts';
import type { Store } from '../store.ts';
import { facts } from './facts.ts';
import { createSection } from './section.ts';

export interface NodeSection {
  readonly element: HTMLElement;
  show(node: NodeView): void;
}

/** What the node's operator does, and its attributes with those that are left at their defaults. */
export function createOperatorSections(store: Store, actions: Actions): readonly NodeSection[] {
  const operator = createSection({ key: 'operator', title: t('Operator'), store, actions });
  const attributes = createSection({ key: 'attributes', title: t('Attributes'), store, actions });
  let shown: NodeView | undefined;
  let known: OperatorView | undefined;
  const show = (node: NodeView): void => {
    if (node.id === shown?.id && node.opType === shown.opType) return;
    shown = node;
    if (known?.opType !== node.opType || known.domain !== node.domain) known = undefined;
    draw();
    void actions.askOperator({ domain: node.domain, opType: node.opType }).then((answer) => {
      if (shown !== node) return;
      known = answer !== undefined && 'ok' in answer ? answer.ok : undefined;
      draw();
    });
  };
  const draw = () => {
    if (shown === undefined) return;
    operator.note(known?.since == null ? '' : t('version {0}', known.since));
    fill(operator.body, ...documentation(shown, known));
    const rows = attributeRows(shown, known);
    attributes.note(rows.length === 0 ? '' : String(shown.attributes.length));
    fill(attributes.body, rows.length === 0 ? h('p', { class: 'hint' }, t('It has no attributes.')) : table(rows));
  };
  return [
    { element: operator.element, show },
    { element: attributes.element, show },
  ];
}

function documentation(node: NodeView, view: OperatorView | undefined): HTMLElement[] {
  if (view === undefined || (view.text === '' && view.url === null))
    return [h('p', { class: 'hint' }, t('Nothing is known of {0}.', node.opType))];
  const { text, formula, inputs, outputs, url } = view;
  return [
    ...(text === '' ? [] : [h('p', { class: 'operator-text' }, ...withCode(t(text)))]),
    ...(formula === '' ? [] : [h('p', { class: 'formula' }, formula)]),
    facts([
      [t('Takes'), operands(inputs)],
      [t('Makes'), operands(outputs)],
    ]),
    ...(url === null
      ? []
      : [h('a', { class: 'specification', attrs: { href: url } }, t('Specification of {0}', node.opType))]),
  ];
}

/** Text with what stands between backticks as code. */
function withCode(text: string): (string | HTMLElement)[] {
  return text.split('`').map((part, i) => (i % 2 === 0 ? part : h('code', {}, part)));
}

function operands(list: readonly OperandView[]): string {
  return list
    .map(({ name, optional, variadic }) => {
      if (variadic) return t('{0} …', name);
      return optional ? t('{0} (optional)', name) : name;
    })
    .join(', ');
}

interface AttributeRow {
  readonly name: string;
  readonly value: string;
  readonly isDefault: boolean;
}

function attributeRows(node: NodeView, view: OperatorView | undefined): AttributeRow[] {
  const given = new Set(node.attributes.map((a) => a.name));
  const rest = (view?.attributes ?? []).filter((a) => !given.has(a.name) && a.default !== null);
  return [
    ...node.attributes.map(({ name, value }) => ({ name, value, isDefault: false })),
    ...rest.map(({ name, default: value }) => ({ name, value: value ?? '', isDefault: true })),
  ];
}

function table(rows: readonly AttributeRow[]): HTMLElement {
  return h(
    'dl',
    { class: 'facts attributes' },
    ...rows.flatMap(({ name, value, isDefault }) => {
      const shown = value === '' ? '""' : value;
      return [
        h('dt', { class: isDefault ? 'default' : '', title: name }, name),
        h('dd', { class: isDefault ? 'default' : '', title: value }, isDefault ? t('{0} (default)', shown) : shown),
      ];
    }),
  );
}
