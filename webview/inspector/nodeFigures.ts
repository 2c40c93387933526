import type { SampledFigureView, TensorFigures } from '../../src/protocol/chartViews.ts';
import { metricInfo } from '../../src/protocol/metrics.ts';
import type { NodeDetails, NodeFigures, NodeView } from '../../src/protocol/views.ts';
import { type Actions, whyNoToggle } from '../actions.ts';
import { fill, h } from '../dom.ts';
import { sensitivityText } from '../findings/sensitivityInfo.ts';
import { formatCosine, formatDb, formatLoss, formatShare } from '../format.ts';
import { kindName } from '../kindNames.ts';
import { t } from '../l10n.ts';
import { clustersText, multiplierText } from '../panels/codes.ts';
import type { AppState, Store } from '../store.ts';
import { button } from '../ui.ts';
import { facts } from './facts.ts';
import { createSection } from './section.ts';

export interface NodeHead {
  readonly element: HTMLElement;
  show(node: NodeView, details: NodeDetails | null, state: AppState): void;
}

/** How the node ran and why, what can be done with it. */
export function createNodeHead(actions: Actions): NodeHead {
  let shown: NodeView | undefined;
  const of = (act: (node: NodeView) => void) => () => shown && act(shown);
  const problem = h('p', { class: 'problem', hidden: true });
  const ran = h('div', { hidden: true });
  const toggle = button({ label: t('Skip quantization'), onClick: of(({ id }) => actions.toggleSkip(id)) });
  toggle.classList.add('skip-toggle');
  const note = h('p', { class: 'tile-note', hidden: true });
  const element = h(
    'div',
    { class: 'node-head' },
    problem,
    ran,
    h(
      'div',
      { class: 'actions' },
      toggle,
      button({ label: t('Show in graph'), onClick: of(({ id }) => actions.reveal(id)) }),
      button({ label: t('Copy name'), onClick: of(({ handle }) => void actions.copy(handle, handle)) }),
    ),
    note,
  );
  return {
    element,
    show: (node, details, state) => {
      shown = node;
      const figures = figuresOf(node, details, state);
      const obstacle = whyNoToggle(state.run, figures ?? undefined);
      const pending = state.markedSkips.has(node.id);
      const skipped = figures?.skipped ?? false;
      const hint = skipped
        ? t('Takes it out of skip_quant_node and runs the model again (S)')
        : t('Puts it into skip_quant_node and runs the model again (S)');
      toggle.textContent = pending ? t('Trying…') : skipped ? t('Quantize again') : t('Skip quantization');
      toggle.title = obstacle ?? hint;
      toggle.disabled = obstacle !== undefined;
      toggle.setAttribute('aria-busy', String(pending));
      toggle.setAttribute('aria-pressed', String(skipped));
      problem.hidden = node.supported;
      if (!node.supported)
        problem.textContent = t('{0} is not supported: the model can be looked at, not run.', node.opType);
      fill(ran, figures !== null && why(figures));
      ran.hidden = figures === null;
      note.hidden = state.run !== null;
      note.textContent = obstacle ?? '';
    },
  };
}

function figuresOf(node: NodeView, details: NodeDetails | null, { run }: AppState): NodeFigures | null {
  return run?.nodes.find((f) => f.nodeId === node.id) ?? details?.figures ?? null;
}

function why({ form, why: reason }: NodeFigures): HTMLElement {
  if (reason.startsWith(form)) return h('p', { class: 'why' }, h('b', {}, kindName(form)), reason.slice(form.length));
  return h('p', { class: 'why' }, h('b', {}, kindName(form)), reason === '' ? '' : `: ${reason}`);
}

export interface FiguresSection {
  readonly element: HTMLElement;
  show(node: NodeView, details: NodeDetails | null, state: AppState): void;
}

/** What the report says of a node, and of its output over all evaluation samples. */
export function createFiguresSection(store: Store, actions: Actions): FiguresSection {
  const section = createSection({ key: 'figures', title: t('Figures'), store, actions });
  const overSamples = h('div', { class: 'over-samples' });
  let shown: NodeDetails | null = null;
  const ask = async (node: NodeView, details: NodeDetails) => {
    const output = details.tensors.find((x) => x.role === 'Output' && x.origin !== null);
    if (output === undefined) return;
    const answer = await actions.askFigures({ nodeId: node.id, valueId: output.valueId, role: 'Output' });
    if (shown !== details || answer === undefined) return;
    if ('problem' in answer) fill(overSamples, h('p', { class: 'hint' }, answer.problem.message));
    else if (answer.ok !== null) fill(overSamples, table(answer.ok, output.name));
  };
  return {
    element: section.element,
    show: (node, details, state) => {
      const figures = figuresOf(node, details, state);
      section.element.hidden = figures === null;
      fill(section.body, summary(node, figures, details, state), overSamples);
      if (details === shown) return;
      shown = details;
      fill(overSamples);
      if (details !== null && state.run !== null) void ask(node, details);
    },
  };
}

function summary(
  node: NodeView,
  figures: NodeFigures | null,
  details: NodeDetails | null,
  { run, sensitivity }: AppState,
): HTMLElement {
  const clustered = run?.clusters?.tensors.filter((x) => x.node === node.handle) ?? [];
  const list = facts([
    [t('Name'), node.name !== node.handle ? node.name : ''],
    [t('Computes in'), figures?.precision ?? ''],
    [t('Cosine'), formatCosine(figures?.cosine ?? null)],
    [t('SQNR'), formatDb(figures?.sqnrDb ?? null)],
    [t('Local SQNR'), formatDb(figures?.localSqnrDb ?? null)],
    [t('Clip rate'), formatShare(figures?.clipRate ?? null)],
    [t('Sensitivity'), sensitivityText(sensitivity.view, node.id) ?? formatLoss(figures?.sensitivity ?? null)],
    [t('Clusters'), clustersText(clustered)],
    [t('Multiplier'), multiplierText(details?.requantizer ?? null)],
  ]);
  list.classList.add('node-figures');
  return list;
}

function table({ count, names, figures }: TensorFigures, tensor: string): HTMLElement {
  const head = [t('Figure'), t('Worst'), t('Mean'), t('Spread')];
  return h(
    'table',
    { class: 'numbers samples' },
    h('caption', { title: tensor }, t('{0} over {1} samples', tensor, count)),
    h('thead', {}, h('tr', {}, ...head.map((x) => h('th', { attrs: { scope: 'col' } }, x)))),
    h('tbody', {}, ...figures.map((row) => sampledRow(row, names))),
  );
}

function sampledRow(
  { metric, worst, worstSample, mean, each }: SampledFigureView,
  names: readonly string[],
): HTMLElement {
  const { title, format, doc } = metricInfo(metric);
  const write = (value: number) => (Number.isNaN(value) ? '' : format(value));
  const finite = each.filter((v) => !Number.isNaN(v));
  const low = finite.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const high = finite.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const range = finite.length === 0 ? '' : t('{0} to {1}', write(low), write(high));
  const at = worstSample < 0 ? '' : t('sample {0}, {1}', worstSample, names[worstSample] ?? '');
  return h(
    'tr',
    {},
    h('th', { attrs: { scope: 'row' }, title: t(doc) }, t(title)),
    h('td', { title: at }, write(worst)),
    h('td', {}, write(mean)),
    h('td', { title: range }, strip(each, low, high), h('span', { class: 'sr-only' }, range)),
  );
}

const STRIP = { width: 72, height: 12, room: 4 };

/** A mark for each sample, from the least to the largest. */
function strip(each: Float64Array, low: number, high: number): SVGSVGElement {
  const svg = element('svg', { class: 'strip', viewBox: `0 0 ${STRIP.width} ${STRIP.height}`, 'aria-hidden': 'true' });
  const middle = STRIP.height / 2;
  svg.append(element('line', { x1: STRIP.room, x2: STRIP.width - STRIP.room, y1: middle, y2: middle }));
  const span = Number.isFinite(high - low) ? high - low : 0;
  for (const value of each) {
    if (!Number.isFinite(value)) continue;
    const share = span === 0 ? 0.5 : (value - low) / span;
    const x = STRIP.room + share * (STRIP.width - 2 * STRIP.room);
    svg.append(element('line', { class: 'one', x1: x, x2: x, y1: 1, y2: STRIP.height - 1 }));
  }
  return svg;
}

function element<T extends 'svg' | 'line'>(
  tag: T,
  attrs: Readonly<Record<string, string | number>>,
): SVGElementTagNameMap[T] {
  const made = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attrs)) made.setAttribute(name, String(value));
  return made;
}
