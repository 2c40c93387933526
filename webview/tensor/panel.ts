import { AbortFlag, Cancelled, diagnosticOf } from '../../src/protocol/rpc.ts';
import type { SampledTensorRef, TensorHead, TensorPlane, TensorSamples } from '../../src/protocol/tensorViews.ts';
import type { Actions } from '../actions.ts';
import { h } from '../dom.ts';
import { t } from '../l10n.ts';
import type { Store } from '../store.ts';
import type { TensorContext, TensorViewPart } from './context.ts';
import { createErrorKey } from './errorKey.ts';
import { FIRST_LOOK, type Opened, type TensorLook, type TensorMode } from './look.ts';
import { createNumbers } from './numbers.ts';
import { createPictures } from './pictures.ts';
import { type Cell, defaultPlane, indexOf, otherAxes, pageSize, pageWith, parseIndex, placeOf } from './places.ts';
import type { SaveChoice } from './saveMenu.ts';
import { refOf } from './slices.ts';
import { targetOf, tensorsOf } from './target.ts';
import { createTensorToolbar } from './toolbar.ts';
import { createWorstList } from './worstList.ts';

const ORIGIN: Cell = { row: 0, column: 0 };

/** The tensor viewer: every element of the selected tensor, float beside dequantized, as numbers, pictures or worst first. */
export function createTensorViewer(store: Store, actions: Actions): HTMLElement {
  let opened: Opened | null = null;
  let samples: TensorSamples | null = null;
  let sample: number | 'worst' = 'worst';
  let asked: { readonly key: string; readonly run: unknown; readonly flag: AbortFlag } | undefined;
  let look: TensorLook = FIRST_LOOK;
  const status = h('div', { class: 'tensor-status' });
  const hint = h('p', { class: 'hint tensor-hint' });
  const context: TensorContext = {
    ask: actions.askTensor,
    look: () => look,
    opened: () => opened,
    say: (text, kind) => {
      status.textContent = text;
      if (kind === 'spoken') actions.announce(text);
    },
    fail: (cause) => {
      if (cause instanceof Cancelled) return;
      const { message } = diagnosticOf(cause, 'view', 'tensor');
      context.say(message, 'spoken');
    },
    choose: (cell) => {
      if (opened !== null) opened = { ...opened, cell };
    },
    goTo,
    turnPage,
    askForIndex: () => toolbar.focusIndex(),
  };
  const toolbar = createTensorToolbar({
    change: actions.setTensorLook,
    chooseTensor: (valueId) => actions.selectTensor(valueId),
    chooseSample: (chosen) => {
      sample = chosen;
      void load();
    },
    openSample: (shown) => actions.openSample(shown),
    changePlane,
    goTo: (text) => {
      const index = opened === null ? undefined : parseIndex(text, opened.head.dims);
      if (opened === null || index === undefined) {
        const dims = opened?.head.dims ?? [];
        const last = dims.map((d) => d - 1).join(', ');
        context.say(
          t('There is no element {0}: write an index up to [{1}], or a place in C order', text, last),
          'spoken',
        );
        return false;
      }
      goTo(placeOf(index, opened.head.dims));
      return true;
    },
    save: (choice) => void save(choice),
  });
  const parts: Readonly<Record<TensorMode, TensorViewPart>> = {
    numbers: createNumbers(context),
    pictures: createPictures(context),
    worst: createWorstList(context),
  };
  const key = createErrorKey();
  const stage = h('div', { class: 'tensor-view' }, hint, ...Object.values(parts).map((part) => part.element));
  const element = h(
    'section',
    { class: 'tensor-viewer', attrs: { 'aria-label': t('Elements of a tensor') } },
    toolbar.element,
    stage,
    h('div', { class: 'tensor-foot' }, status, key.element),
  );

  const isShown = () => store.state.bottom === 'data' && store.state.showTable;
  const target = () => {
    const { graph, selected, selectedTensor } = store.state;
    return graph === null ? null : targetOf(graph, selected, selectedTensor);
  };

  const render = (message = '') => {
    const { graph } = store.state;
    const ref = target();
    const isEmpty = opened !== null && opened.head.elements === 0;
    const text = isEmpty ? t('The tensor has no elements.') : message;
    hint.textContent = text;
    hint.hidden = text === '';
    toolbar.show({
      ...{ opened, look, samples },
      tensors: graph === null || ref === null ? [] : tensorsOf(graph, ref.nodeId),
      tensor: ref?.valueId ?? null,
    });
    for (const [mode, part] of Object.entries(parts))
      part.element.hidden = opened === null || isEmpty || mode !== look.mode;
    key.show(look.mode === 'numbers' ? opened : null);
    if (opened !== null) parts[look.mode].update();
  };

  /** Opens what is selected, unless it lies open already or is not on display. */
  const load = async () => {
    if (!isShown()) return;
    const ref = target();
    const { run } = store.state;
    if (ref === null) {
      close();
      render(t('Select a node or a tensor to see its elements.'));
      return;
    }
    const request: SampledTensorRef = { ...ref, sample };
    const key = JSON.stringify(request);
    if (asked?.key === key && asked.run === run) {
      render(hint.textContent ?? '');
      return;
    }
    asked?.flag.abort();
    const turn = { key, run, flag: new AbortFlag() };
    asked = turn;
    if (opened === null || opened.head.valueId !== ref.valueId) {
      opened = null;
      samples = null;
      render(t('Reading the tensor…'));
    }
    try {
      const head = await actions.askTensor('tensor/open', request, turn.flag);
      if (asked !== turn) return;
      adopt(head);
      samples = head.sample === null ? null : await actions.askTensor('tensor/samples', ref, turn.flag);
      if (asked === turn) render();
    } catch (cause) {
      if (asked !== turn || cause instanceof Cancelled) return;
      opened = null;
      const { message } = diagnosticOf(cause, 'view', 'tensor/open');
      render(message);
      actions.announce(message);
    }
  };

  const adopt = (head: TensorHead) => {
    const isSame = opened?.head.valueId === head.valueId && opened.head.dims.join() === head.dims.join();
    const plane = isSame && opened !== null ? opened.plane : defaultPlane(head.dims);
    opened = { head, plane, cell: isSame && opened !== null ? opened.cell : ORIGIN };
    reset();
    status.textContent = '';
    render();
  };
  const close = () => {
    asked?.flag.abort();
    asked = undefined;
    opened = null;
    samples = null;
    reset();
  };
  const reset = () => {
    for (const part of Object.values(parts)) part.reset();
  };

  function changePlane(plane: TensorPlane): void {
    if (opened === null) return;
    const size = pageSize(plane, opened.head.dims);
    const cell = {
      row: Math.max(0, Math.min(size.row - 1, opened.cell.row)),
      column: Math.max(0, Math.min(size.column - 1, opened.cell.column)),
    };
    opened = { ...opened, plane, cell };
    reset();
    render();
  }

  function goTo(place: number): void {
    if (opened === null) return;
    const { head, plane } = opened;
    const page = pageWith(place, head.dims, plane);
    const isOther = otherAxes(plane, head.dims).some((axis) => page.plane.fixed[axis] !== plane.fixed[axis]);
    opened = { head, plane: page.plane, cell: { row: page.row, column: page.column } };
    if (isOther) parts.numbers.reset();
    look = { ...look, mode: 'numbers' };
    actions.setTensorLook({ mode: 'numbers' });
    render();
    parts.numbers.focus();
    actions.announce(t('Element {0}', `[${indexOf(place, head.dims).join(', ')}]`));
  }

  /** Counts through the axes that the page does not show, the last one fastest. */
  function turnPage(by: number): void {
    if (opened === null) return;
    const { head, plane } = opened;
    const axes = otherAxes(plane, head.dims);
    const lengths = axes.map((axis) => head.dims[axis] as number);
    const pages = lengths.reduce((a, b) => a * b, 1);
    const now = placeOf(
      axes.map((axis) => plane.fixed[axis] as number),
      lengths,
    );
    const next = indexOf(Math.max(0, Math.min(pages - 1, now + by)), lengths);
    changePlane({ ...plane, fixed: plane.fixed.map((i, axis) => next[axes.indexOf(axis)] ?? i) });
    context.say(t('Page {0} of {1}', Math.max(0, Math.min(pages - 1, now + by)) + 1, pages), 'spoken');
  }

  async function save({ side, what, format }: SaveChoice): Promise<void> {
    if (opened === null) return;
    const { head, plane } = opened;
    const suggestedName = `${head.name}.${side}`;
    const file = { ...refOf(opened), side, format, plane: what === 'page' ? plane : null, suggestedName };
    if (await actions.saveTensor(file)) context.say(t('Saved'), 'spoken');
  }

  store.watch(
    (s) => [s.tensorLook],
    (s) => {
      look = { ...FIRST_LOOK, ...s.tensorLook }; // an earlier version may have saved less
      render(hint.textContent ?? '');
    },
  );
  store.watch(
    (s) => [s.sample],
    (s) => {
      sample = s.sample === 'mean' ? 'worst' : s.sample;
      void load();
    },
  );
  store.watch(
    (s) => [s.graph, s.run, s.trial, s.selected, s.selectedTensor, s.bottom, s.showTable],
    () => void load(),
  );
  return element;
}
