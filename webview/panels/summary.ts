import type { GraphTable } from '../../src/protocol/graphTable.ts';
import type { FileQuantizationView, OutputFigures, Progress, RunView, TrialView } from '../../src/protocol/views.ts';
import type { Actions } from '../actions.ts';
import { fill, h, tail } from '../dom.ts';
import { formatBytes, formatChange, formatCosine, formatCount, formatDb, formatMs } from '../format.ts';
import { t } from '../l10n.ts';
import type { AppState, Store } from '../store.ts';
import { button, progressRing } from '../ui.ts';
import { effortText, phrasesOf } from '../whatif/changeText.ts';

const SHOWN_OUTPUTS = 4;

/** Below the toolbar: similarity of the outputs, before and after a trial, accuracy, sizes; or how to begin. */
export function createSummary(store: Store, actions: Actions): HTMLElement {
  const tiles = h('div', { class: 'tiles' });
  const element = h(
    'section',
    { class: 'summary', attrs: { 'aria-label': t('Result') } },
    tiles,
    createProgress(store, actions),
  );
  store.watch(
    (s) => [s.graph, s.run, s.trial, s.graph === null && s.problems],
    (s) => fill(tiles, ...(s.run === null ? introduction(s) : results(s, s.run, actions))),
    'first',
  );
  return element;
}

function introduction({ graph, problems }: AppState): HTMLElement[] {
  if (graph === null) {
    const failed = problems.length > 0;
    return [
      h(
        'p',
        { class: 'hint' },
        failed ? t('The model could not be shown; the reason stands above.') : t('Reading the model…'),
      ),
    ];
  }
  const facts = [graph.file, nodesText(graph.nodeCount), graph.opsets, graph.producer].filter((f) => f !== '');
  return [
    h(
      'div',
      { class: 'tile wide' },
      h('span', { class: 'tile-label' }, t('Model')),
      h('span', { class: 'tile-value' }, facts.join(' · ')),
    ),
    ...(graph.quantization === null ? [] : [fileQuantization(graph.quantization)]),
    h('p', { class: 'hint' }, ...hintFor(graph)),
  ];
}

function hintFor({ runnable, quantization }: GraphTable): (HTMLElement | string)[] {
  if (!runnable)
    return [t('This model can be looked at but not run: some operators are not supported. They are listed above.')];
  if (quantization === null)
    return [
      t('Not quantized yet. Press “Quantize with config…” to calibrate, quantize and see which nodes lose accuracy.'),
    ];
  if (quantization.format === 'dynamic')
    return [
      t(
        'Operators of this model choose their scales as they run. Its nodes and parameters are shown, but such operators cannot be compared with float: quantize the model it was made from.',
      ),
    ];
  return withCode(
    t(
      'Quantized already: “Quantize with config…” measures it on your data. In the config, {0} names the model it was made from, and {1} shows what would be chosen instead.',
    ),
    ['float_model', 'imported_model=requantize'],
  );
}

/** What the file says of its own quantization. */
function fileQuantization(view: FileQuantizationView): HTMLElement {
  const { format, activations, activationTypes, weights, weightTypes, integerOperators } = view;
  const lines = [
    activations > 0 && t('Activations: {0}, {1}', formatCount(activations), activationTypes.join(', ')),
    weights > 0 && t('Constants: {0}, {1}', formatCount(weights), weightTypes.join(', ')),
    integerOperators > 0 && t('Integer operators: {0}', formatCount(integerOperators)),
  ].filter((line) => line !== false);
  return h(
    'div',
    { class: 'tile in-file' },
    h('span', { class: 'tile-label' }, t('Quantized in the file')),
    h('span', { class: 'tile-value', title: [format, ...lines].join('\n') }, format),
    ...lines.map((line) => h('span', { class: 'tile-note' }, line)),
  );
}

function results({ trial }: AppState, run: RunView, actions: Actions): HTMLElement[] {
  const list: HTMLElement[] = [outputs(run, trial?.before, trial?.base)];
  if (trial !== null) {
    list.push(trialTile(trial));
  }
  if (run.accuracy !== null) {
    const { top1, top5, samples } = run.accuracy;
    list.push(
      tile(
        t('Top-1'),
        `${percent(top1.float)} → ${percent(top1.quantized)}`,
        t('float → quantized, samples: {0}', formatCount(samples)),
      ),
    );
    if (top5 !== null) {
      list.push(
        tile(t('Top-5'), `${percent(top5.float)} → ${percent(top5.quantized)}`, t('right class among the first five')),
      );
    }
  }
  const { float, quantized } = run.sizes;
  list.push(
    tile(
      t('Weights'),
      `${formatBytes(float)} → ${formatBytes(quantized)}`,
      quantized > 0 && float > 0 ? t('{0} times smaller', (float / quantized).toFixed(1)) : '',
    ),
    tile(t('Measured on'), run.evaluatedOn, t('samples: {0}, {1}', formatCount(run.samples), formatMs(run.elapsedMs))),
    configTile(run, actions),
  );
  return list;
}

function trialTile({ change, effort }: TrialView): HTMLElement {
  const reused = effortText(effort);
  const phrases = phrasesOf(change);
  return h(
    'div',
    { class: 'tile' },
    h('span', { class: 'tile-label' }, t('Trial')),
    ...(phrases.length === 0 ? [t('no change')] : phrases).map((phrase) =>
      h('span', { class: 'tile-value split' }, tail(phrase, '')),
    ),
    h('span', { class: 'tile-note', title: reused }, reused),
  );
}

function configTile(run: RunView, actions: Actions): HTMLElement {
  const links = h('div', { class: 'links' }, link(t('Open config'), actions.openConfig));
  if (run.reportFolder !== null) links.append(link(t('Open report'), actions.openReport));
  return h(
    'div',
    { class: 'tile' },
    h('span', { class: 'tile-label' }, t('Config')),
    h(
      'span',
      { class: 'tile-value', title: run.config },
      `${run.config.split(/[\\/]/).pop() ?? ''} · ${run.quantType}`,
    ),
    links,
  );
}

function link(text: string, onClick: () => void): HTMLElement {
  return h('button', { class: 'link', attrs: { type: 'button' }, on: { click: onClick } }, text);
}

/** Old and new similarity side by side, worst outputs first. */
function outputs(
  run: RunView,
  before: readonly OutputFigures[] | undefined,
  base: readonly OutputFigures[] | undefined,
): HTMLElement {
  const sorted = [...run.outputs].sort((a, b) => a.cosine - b.cosine);
  const withBase = base !== undefined && before?.some((o, i) => o.cosine !== base[i]?.cosine);
  const rows = sorted.slice(0, SHOWN_OUTPUTS).map((output) => {
    const old = before?.find((o) => o.name === output.name);
    const first = base?.find((o) => o.name === output.name);
    const cells: HTMLElement[] = [
      h('th', { class: 'name', title: output.name, attrs: { scope: 'row' } }, tail(output.name, 'output-name')),
    ];
    if (withBase) cells.push(figureCell(first, 'base'));
    if (before !== undefined) cells.push(figureCell(old, 'before'));
    cells.push(figureCell(output, 'now'));
    if (before !== undefined) {
      const change = formatChange(old, output);
      const direction = change.startsWith('+') ? 'better' : change.startsWith('−') ? 'worse' : 'same';
      cells.push(h('td', { class: `change ${direction}` }, changeText(change, direction)));
    }
    return h('tr', {}, ...cells);
  });
  const compared = withBase ? [t('last run'), t('before')] : [t('before')];
  const heads = before === undefined ? ['', t('quantized')] : ['', ...compared, t('now'), t('change')];
  return h(
    'div',
    { class: 'tile outputs' },
    h('span', { class: 'tile-label' }, t('Output similarity to float (cosine, SQNR)')),
    h(
      'table',
      {},
      h(
        'thead',
        {},
        h('tr', {}, ...heads.map((text) => (text === '' ? h('td', {}) : h('th', { attrs: { scope: 'col' } }, text)))),
      ),
      h('tbody', {}, ...rows),
    ),
    sorted.length > SHOWN_OUTPUTS &&
      h('span', { class: 'tile-note' }, t('and {0} better outputs', sorted.length - SHOWN_OUTPUTS)),
  );
}

function figureCell(figures: OutputFigures | undefined, kind: string): HTMLElement {
  if (figures === undefined) return h('td', { class: kind }, '');
  return h(
    'td',
    { class: kind },
    h('span', { class: 'figure' }, formatCosine(figures.cosine)),
    ' ',
    h('span', { class: 'figure-unit' }, formatDb(figures.sqnrDb)),
  );
}

function tile(label: string, value: string, note = ''): HTMLElement {
  return h(
    'div',
    { class: 'tile' },
    h('span', { class: 'tile-label' }, label),
    h('span', { class: 'tile-value', title: value }, value),
    note !== '' && h('span', { class: 'tile-note', title: note }, note),
  );
}

function percent(fraction: number): string {
  return `${(fraction * 100).toFixed(1)} %`;
}

const STAGES: Readonly<Record<Progress['stage'], () => string>> = {
  read: () => t('Reading'),
  calibrate: () => t('Calibrating'),
  quantize: () => t('Quantizing'),
  correct: () => t('Correcting biases'),
  evaluate: () => t('Evaluating'),
  report: () => t('Writing reports'),
  sensitivity: () => t('Measuring sensitivity'),
  search: () => t('Searching'),
  diagnose: () => t('Looking for causes'),
  measure: () => t('Measuring tensors'),
  time: () => t('Measuring times'),
};

function nodesText(count: number): string {
  return count === 1 ? t('1 node') : t('{0} nodes', formatCount(count));
}

function changeText(change: string, direction: 'better' | 'worse' | 'same'): string {
  if (direction === 'same') return change;
  return direction === 'better' ? t('{0} better', change) : t('{0} worse', change);
}

/** A text whose placeholders are code. */
function withCode(text: string, codes: readonly string[]): (HTMLElement | string)[] {
  return text.split(/(\{\d+\})/).map((part) => {
    const code = /^\{\d+\}$/.test(part) ? codes[Number(part.slice(1, -1))] : undefined;
    return code === undefined ? part : h('code', {}, code);
  });
}

function createProgress(store: Store, actions: Actions): HTMLElement {
  const text = h('span', { class: 'progress-text' });
  const bar = h('div', { class: 'progress-fill' });
  const track = h(
    'div',
    {
      class: 'progress-track',
      role: 'progressbar',
      attrs: { 'aria-label': t('Progress'), 'aria-valuemin': 0, 'aria-valuemax': 100 },
    },
    bar,
  );
  const cancel = button({ label: t('Cancel'), onClick: actions.cancel });
  const element = h('div', { class: 'progress', hidden: true }, progressRing(), text, track, cancel);
  store.watch(
    (s) => [s.isLong, s.progress, s.busyText],
    ({ isLong, progress, busyText }) => {
      element.hidden = !isLong;
      if (!isLong) return;
      const share = progress === null || progress.total <= 0 ? undefined : Math.min(1, progress.done / progress.total);
      const stage = progress === null ? busyText || t('Working') : STAGES[progress.stage]();
      const count =
        progress === null || progress.total <= 0 ? '' : ` ${t('{0} of {1}', progress.done, progress.total)}`;
      text.textContent = `${stage}${count}${progress?.text ? ` · ${progress.text}` : ''}`;
      text.title = text.textContent;
      bar.style.width = share === undefined ? '100%' : `${(share * 100).toFixed(1)}%`;
      bar.classList.toggle('unknown', share === undefined);
      if (share === undefined) track.removeAttribute('aria-valuenow');
      else track.setAttribute('aria-valuenow', String(Math.round(share * 100)));
    },
  );
  return element;
}
