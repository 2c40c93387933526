import type { NodeDetails, NodeFigures, NodeView } from '../../src/protocol/views.ts';
import { type Actions, whyNoToggle } from '../actions.ts';
import type { BoxPlot, BoxPlotColors } from '../charts/chart.ts';
import { fill, h } from '../dom.ts';
import { formatCosine, formatDb, formatLoss, formatShare } from '../format.ts';
import { readPalette, watchTheme } from '../graph/palette.ts';
import type { AppState, Store } from '../store.ts';
import { badge, button, progressRing } from '../ui.ts';
import { clustersText, multiplierText } from './codes.ts';
import { createTensorCard, facts } from './tensor.ts';

/** Details of the selected node: how it ran and why, its tensors with box plots, its attributes. */
export function createNodePanel(store: Store, actions: Actions): HTMLElement {
  const element = h('section', { class: 'details', tabIndex: -1, attrs: { 'aria-label': 'Details' } });
  let plots: BoxPlot[] = [];
  let drawPlots = () => {};

  let shown: number | null = null;
  const render = (state: AppState) => {
    const scrolled = shown === state.selected ? element.scrollTop : 0;
    const onToggle = document.activeElement?.classList.contains('skip-toggle') === true;
    shown = state.selected;
    for (const plot of plots) plot.destroy();
    plots = [];
    drawPlots = () => {};
    const node = state.selected === null ? undefined : state.graph?.nodeOf(state.selected);
    if (node === undefined) {
      fill(element, h('p', { class: 'hint' }, emptyText(state)));
      return;
    }
    const { details } = state;
    const cards =
      details?.tensors.map((t) => createTensorCard(t, details.figures === null ? 'float' : 'quantized')) ?? [];
    fill(
      element,
      header(node),
      nodeFigures(node, details, state, actions),
      details === null && h('div', { class: 'loading' }, progressRing('Loading'), 'Loading details…'),
      ...cards.map((card) => card.element),
      attributes(node),
    );
    drawPlots = () => {
      for (const plot of plots) plot.destroy();
      const colors = plotColors();
      plots = cards.flatMap((card) => card.draw(colors) ?? []);
    };
    if (element.offsetParent !== null) drawPlots();
    element.scrollTop = scrolled;
    if (onToggle) element.querySelector<HTMLElement>('.skip-toggle')?.focus();
  };

  store.watch((s) => [s.graph, s.selected, s.details, s.run, s.pendingSkips], render);
  store.watch(
    (s) => [s.showDetails, s.tab],
    () => requestAnimationFrame(() => element.offsetParent !== null && drawPlots()),
  );
  watchTheme(() => drawPlots());
  return element;
}

function emptyText({ graph, run }: AppState): string {
  if (graph === null) return '';
  return run === null
    ? 'Click a node to see its attributes and tensors. After a run you also see what quantization did to them.'
    : 'Click a node, or a row of the table, to see what quantization did to it. The worst are on top of the table.';
}

function header(node: NodeView): HTMLElement {
  return h(
    'header',
    { class: 'details-head' },
    badge(node.opType),
    h('h2', { title: node.handle }, node.handle),
    node.domain !== '' && h('span', { class: 'domain' }, node.domain),
  );
}

function nodeFigures(node: NodeView, details: NodeDetails | null, state: AppState, actions: Actions): HTMLElement {
  const figures = state.run?.nodes.find((f) => f.nodeId === node.id) ?? details?.figures ?? null;
  const obstacle = whyNoToggle(state.run, figures ?? undefined);
  const pending = state.pendingSkips.has(node.id);
  const skipped = figures?.skipped ?? false;
  const toggle = button({
    label: pending ? 'Trying…' : skipped ? 'Quantize again' : 'Skip quantization',
    appearance: 'secondary',
    title: obstacle ?? `${skipped ? 'Takes it out of' : 'Puts it into'} skip_quant_node and runs the model again (S)`,
    onClick: () => actions.toggleSkip(node.id),
  });
  toggle.classList.add('skip-toggle');
  toggle.disabled = obstacle !== undefined;
  toggle.setAttribute('aria-busy', String(pending));
  toggle.setAttribute('aria-pressed', String(skipped));
  const clustered = state.run?.clusters?.tensors.filter((t) => t.node === node.handle) ?? [];
  const sensitivity = state.sensitivity.values.get(node.id) ?? figures?.sensitivity ?? null;
  return h(
    'section',
    { class: 'node-figures' },
    !node.supported &&
      h('p', { class: 'problem' }, `${node.opType} is not supported: the model can be looked at, not run.`),
    figures !== null && why(figures),
    facts([
      ['Name', node.name !== node.handle ? node.name : ''],
      ['Cosine', formatCosine(figures?.cosine ?? null)],
      ['SQNR', formatDb(figures?.sqnrDb ?? null)],
      ['Local SQNR', formatDb(figures?.localSqnrDb ?? null)],
      ['Clip rate', formatShare(figures?.clipRate ?? null)],
      ['Sensitivity', formatLoss(sensitivity)],
      ['Clusters', clustersText(clustered)],
      ['Multiplier', multiplierText(details?.requantizer ?? null)],
    ]),
    h('div', { class: 'actions' }, toggle, button({ label: 'Show in graph', onClick: () => actions.reveal(node.id) })),
    state.run === null && h('p', { class: 'tile-note' }, obstacle ?? ''),
  );
}

function why({ form, why: reason }: NodeFigures): HTMLElement {
  if (reason.startsWith(form)) return h('p', { class: 'why' }, h('b', {}, form), reason.slice(form.length));
  return h('p', { class: 'why' }, h('b', {}, form), reason === '' ? '' : `: ${reason}`);
}

function attributes(node: NodeView): HTMLElement | null {
  if (node.attributes.length === 0) return null;
  return h(
    'section',
    { class: 'attributes' },
    h('h3', {}, 'Attributes'),
    facts(node.attributes.map((a) => [a.name, a.value])),
  );
}

function plotColors(): BoxPlotColors {
  const { text, grid, levels, edgeActive } = readPalette(document.body);
  return {
    text,
    grid,
    origin: [levels[0]?.fill ?? edgeActive, edgeActive],
    dequant: [levels[3]?.fill ?? edgeActive, text],
  };
}
