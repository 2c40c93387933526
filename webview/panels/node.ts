import type { NodeDetails, NodeView, TensorView } from '../../src/protocol/views.ts';
import type { Actions } from '../actions.ts';
import { fill, h } from '../dom.ts';
import { createModelSummary } from '../inspector/modelSummary.ts';
import { createFiguresSection, createNodeHead } from '../inspector/nodeFigures.ts';
import { createOperatorSections } from '../inspector/operatorSection.ts';
import { createSection } from '../inspector/section.ts';
import { createTensorCard } from '../inspector/tensorCard.ts';
import { createTensorCharts } from '../inspector/tensorCharts.ts';
import { t } from '../l10n.ts';
import type { AppState, Store } from '../store.ts';
import { badge, progressRing } from '../ui.ts';
import { createQuantizationSection } from '../whatif/quantizationSection.ts';

/** The inspector: the selected node with its operator, tensors and charts; without one the model. */
export function createNodePanel(store: Store, actions: Actions): HTMLElement {
  const title = h('div', {});
  const head = createNodeHead(actions);
  const loading = h('div', { class: 'loading' }, progressRing(), t('Loading details…'));
  const figures = createFiguresSection(store, actions);
  const [operator, attributes] = createOperatorSections(store, actions);
  const inputs = createSection({ key: 'inputs', title: t('Inputs'), store, actions });
  const outputs = createSection({ key: 'outputs', title: t('Outputs'), store, actions });
  const charts = createTensorCharts(store, actions);
  const chartSection = createSection({
    ...{ key: 'charts', title: t('Charts'), store, actions },
    onOpen: () => charts.redraw(),
  });
  chartSection.body.append(charts.element);
  const toCharts = (how: 'into sight' | 'to the top' = 'into sight') => {
    if (store.state.closedSections.includes('charts')) actions.toggleSection('charts');
    requestAnimationFrame(() => {
      const { element: charted } = chartSection;
      if (how === 'into sight') charted.scrollIntoView({ block: 'nearest' });
      else element.scrollTop += charted.getBoundingClientRect().top - element.getBoundingClientRect().top;
    });
  };
  const quantization = createQuantizationSection(store, actions, () => {
    const output = store.state.details?.tensors.find((x) => x.role === 'Output');
    if (output !== undefined) actions.selectTensor(output.valueId);
    toCharts('to the top');
    void charts.showHistogram().then(() => toCharts('to the top')); // which has no room before there is a chart
  });
  const model = createModelSummary(store, actions);
  const node = h(
    'div',
    { class: 'node-view' },
    ...[title, head.element, loading, quantization.element, figures.element, chartSection.element],
    ...[attributes?.element, inputs.element, outputs.element, operator?.element],
  );
  const element = h(
    'section',
    { class: 'details', tabIndex: -1, attrs: { 'aria-label': t('Details') } },
    model.element,
    node,
  );

  let shown: number | null = null;
  let titled: NodeView | undefined;
  let carded: readonly unknown[] = [];
  const render = (state: AppState) => {
    const { details, graph } = state;
    const view = state.selected === null ? undefined : graph?.nodeOf(state.selected);
    model.element.hidden = view !== undefined || graph === null;
    node.hidden = view === undefined;
    if (view === undefined || graph === null) {
      shown = null;
      titled = undefined;
      charts.show(-1, null);
      model.show(state);
      return;
    }
    const isOther = shown !== state.selected;
    shown = state.selected;
    if (titled?.id !== view.id || titled.handle !== view.handle) fill(title, header(view));
    titled = view;
    head.show(view, details, state);
    loading.hidden = details !== null;
    quantization.show(view, state);
    figures.show(view, details, state);
    operator?.show(view);
    attributes?.show(view);
    renderTensors(state, view, details);
    if (isOther) element.scrollTop = 0;
  };

  const renderTensors = (state: AppState, view: NodeView, details: NodeDetails | null) => {
    const { graph, selectedTensor, run } = state;
    const cardsOf = [graph, view.id, details, selectedTensor, run === null];
    if (cardsOf.every((part, i) => part === carded[i])) return;
    carded = cardsOf;
    const tensors = details?.tensors ?? [];
    const charted = chartedTensor(tensors, state);
    for (const [section, role] of [
      [inputs, 'Input'],
      [outputs, 'Output'],
    ] as const) {
      const own = tensors.filter((x) => x.role === role);
      section.element.hidden = own.length === 0;
      section.note(String(own.length));
      const cards = own.map((tensor) =>
        graph === null
          ? null
          : createTensorCard({
              ...{ tensor, graph, actions, nodeId: view.id },
              model: details?.figures === null ? 'float' : 'quantized',
              isCharted: tensor === charted,
              showCharts: () => {
                actions.selectTensor(tensor.valueId);
                toCharts();
              },
            }),
      );
      fill(section.body, ...cards);
    }
    chartSection.element.hidden = charted === undefined;
    charts.show(view.id, charted ?? null);
  };

  const withNode = (show: (view: NodeView, state: AppState) => void) => (state: AppState) => {
    const view = state.selected === null ? undefined : state.graph?.nodeOf(state.selected);
    if (view !== undefined) show(view, state);
  };
  store.watch((s) => [s.graph, s.selected, s.details, s.run, s.selectedTensor], render);
  store.watch(
    (s) => [s.markedSkips],
    withNode((view, state) => head.show(view, state.details, state)),
  );
  store.watch(
    (s) => [s.pendingWords, s.changing, s.trial, s.trials],
    withNode((view, state) => quantization.show(view, state)),
  );
  store.watch(
    (s) => [s.showDetails, s.tab],
    () => requestAnimationFrame(() => element.offsetParent !== null && charts.redraw()),
  );
  return element;
}

/** The tensor that is chosen; else, after a run, the first output that was measured, or the first tensor that was. */
function chartedTensor(tensors: readonly TensorView[], { selectedTensor, run }: AppState): TensorView | undefined {
  const chosen = tensors.find((x) => x.valueId === selectedTensor);
  if (chosen !== undefined || run === null) return chosen;
  const measured = tensors.filter((x) => x.origin !== null);
  return measured.find((x) => x.role === 'Output') ?? measured[0];
}

function header(node: NodeView): HTMLElement {
  return h(
    'header',
    { class: 'details-head' },
    badge(node.opType),
    h('h2', { title: node.handle }, node.handle),
    node.domain !== '' && h('span', { class: 'domain' }, node.domain),
    node.name !== '' && node.name !== node.handle && h('span', { class: 'domain' }, t('named {0}', `“${node.name}”`)),
  );
}
