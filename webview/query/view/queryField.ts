import { fill, h, setAttr } from '../../dom.ts';
import { t } from '../../l10n.ts';
import { type Completion, completionsAt, type Vocabulary } from '../complete.ts';
import type { Problem, Query } from '../expression.ts';
import type { FieldSet } from '../fields.ts';
import { parseQuery } from '../parse.ts';
import { queryHelp } from './queryHelp.ts';

export interface QueryFieldOptions {
  /** Makes ids of its own. */
  readonly id: string;
  readonly label: string;
  readonly placeholder: string;
  readonly fields: FieldSet;
  /** What completions are taken from; null while there is no model. */
  readonly vocabulary: () => Vocabulary | null;
  readonly onQuery: (query: Query) => void;
  /** Keys that neither typing nor completions need; true when it was one of these. */
  readonly onKey: (event: KeyboardEvent) => boolean;
}

export interface QueryField {
  readonly element: HTMLElement;
  readonly input: HTMLInputElement;
  query(): Query;
  /** Changes the text; tells `onQuery`. */
  setText(text: string): void;
  /** Names the list and the option that the results have at the moment. */
  showResults(listId: string, optionId: string | null): void;
}

/** A text field for queries: completes fields and values, underlines what cannot be read and says why. */
export function createQueryField(options: QueryFieldOptions): QueryField {
  const { id, label, placeholder, fields } = options;
  const listId = `${id}-completions`;
  const input = h('input', {
    class: 'query-input',
    role: 'combobox',
    attrs: {
      type: 'text',
      spellcheck: 'false',
      autocomplete: 'off',
      placeholder,
      'aria-label': label,
      'aria-autocomplete': 'list',
      'aria-expanded': 'false',
      'aria-describedby': `${id}-problems`,
    },
  });
  const marks = h('div', { class: 'query-marks', attrs: { 'aria-hidden': 'true' } });
  const list = h('ul', {
    class: 'query-completions',
    id: listId,
    role: 'listbox',
    hidden: true,
    attrs: { 'aria-label': t('Completions') },
  });
  const problems = h('div', { class: 'query-problems', id: `${id}-problems`, role: 'status' });
  let query = parseQuery('', fields);
  let offered: readonly Completion[] = [];
  let chosen = -1;
  let asked = 0;
  let results: { readonly list: string; readonly option: string | null } | null = null;

  const describe = () => {
    const open = offered.length > 0;
    list.hidden = !open;
    setAttr(input, 'aria-expanded', String(open || results !== null));
    setAttr(input, 'aria-controls', open ? listId : (results?.list ?? null));
    const active = open ? (chosen < 0 ? null : `${listId}-${chosen}`) : (results?.option ?? null);
    setAttr(input, 'aria-activedescendant', active);
  };
  const close = () => {
    asked++;
    offered = [];
    chosen = -1;
    describe();
  };
  const choose = (index: number) => {
    chosen = index;
    [...list.children].forEach((option, i) => {
      setAttr(option, 'aria-selected', String(i === chosen));
      if (i === chosen) option.scrollIntoView({ block: 'nearest' });
    });
    describe();
  };
  const offer = async () => {
    const turn = ++asked;
    const vocabulary = options.vocabulary();
    const at = { text: input.value, caret: input.selectionStart ?? input.value.length };
    const found = vocabulary === null ? [] : await completionsAt(at, fields, vocabulary);
    if (turn !== asked) return;
    offered = found.filter((c) => at.text.slice(c.start, c.end) !== c.insert);
    chosen = -1;
    fill(list, ...offered.map((completion, i) => renderCompletion(completion, `${listId}-${i}`, () => accept(i))));
    describe();
  };
  const accept = (index: number) => {
    const completion = offered[index];
    if (completion === undefined) return;
    const { start, end, insert, count } = completion;
    const { value } = input;
    const tail = count === null || value.slice(end).startsWith(' ') ? '' : ' ';
    input.value = `${value.slice(0, start)}${insert}${tail}${value.slice(end)}`;
    input.setSelectionRange(start + insert.length + tail.length, start + insert.length + tail.length);
    input.focus();
    read();
    void offer();
  };
  const read = () => {
    query = parseQuery(input.value, fields);
    fill(marks, ...underlined(query));
    fill(problems, ...query.problems.map((problem) => renderProblem(problem, () => replace(problem))));
    options.onQuery(query);
  };
  const replace = ({ start, end, fix }: Problem) => {
    input.value = `${input.value.slice(0, start)}${fix ?? ''}${input.value.slice(end)}`;
    input.focus();
    read();
  };
  const setText = (text: string) => {
    input.value = text;
    close();
    read();
  };

  input.addEventListener('input', () => {
    read();
    void offer();
  });
  input.addEventListener('scroll', () => marks.style.setProperty('--shift', `${-input.scrollLeft}px`));
  input.addEventListener('blur', close);
  list.addEventListener('pointerdown', (event) => event.preventDefault()); // the field keeps the focus
  input.addEventListener('keydown', (event) => {
    const { key, ctrlKey, metaKey } = event;
    if (offered.length > 0 && key === 'ArrowDown') choose((chosen + 1) % offered.length);
    else if (offered.length > 0 && key === 'ArrowUp') choose((chosen <= 0 ? offered.length : chosen) - 1);
    else if (offered.length > 0 && (key === 'Enter' || key === 'Tab') && chosen >= 0) accept(chosen);
    else if (offered.length > 0 && key === 'Escape') close();
    else if (key === ' ' && (ctrlKey || metaKey)) void offer();
    else if (!options.onKey(event)) {
      // VS Code passes on what bubbles to the window: there these keys undo a skip, here they undo typing.
      if ((ctrlKey || metaKey) && ['z', 'y', 'a', 'c'].includes(key.toLowerCase())) event.stopPropagation();
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  });

  const help = queryHelp(fields, (example) => {
    setText(`${input.value.trim()} ${example}`.trim());
    input.focus();
  });
  const element = h(
    'div',
    { class: 'query' },
    h('div', { class: 'query-line' }, h('div', { class: 'query-box' }, marks, input), help.button),
    problems,
    list,
    help.popover,
  );
  return {
    element,
    input,
    query: () => query,
    setText,
    showResults: (resultList, option) => {
      results = resultList === '' ? null : { list: resultList, option };
      describe();
    },
  };
}

function renderCompletion({ label, detail, count }: Completion, id: string, onPick: () => void): HTMLElement {
  return h(
    'li',
    { id, role: 'option', class: 'query-completion', attrs: { 'aria-selected': 'false' }, on: { click: onPick } },
    h('span', { class: 'completion-label' }, label),
    h('span', { class: 'completion-detail' }, count === null ? detail : count.toLocaleString()),
  );
}

function renderProblem({ message, fix }: Problem, onFix: () => void): HTMLElement {
  const use = fix === null ? null : h('button', { class: 'link', attrs: { type: 'button' }, on: { click: onFix } });
  use?.append(t('Use {0}', fix ?? ''));
  return h('p', { class: 'query-problem' }, message, ' ', use);
}

/** The text once more behind the field, invisible but for the lines under what is wrong. */
function underlined({ text, problems }: Query): (string | HTMLElement)[] {
  const parts: (string | HTMLElement)[] = [];
  let at = 0;
  for (const { start, end } of [...problems].sort((a, b) => a.start - b.start)) {
    if (start < at) continue;
    parts.push(text.slice(at, start), h('span', { class: 'query-wrong' }, text.slice(start, end)));
    at = end;
  }
  return [...parts, text.slice(at)];
}
