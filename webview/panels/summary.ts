import type { GraphTable } from '../../src/protocol/graphTable.ts';
import type { FileQuantizationView, OutputFigures, Progress, RunView, TrialView } from '../../src/protocol/views.ts';
import type { Actions } from '../actions.ts';
import { fill, h, tail } from '../dom.ts';
import { formatBytes, formatChange, formatCosine, formatDb, formatMs, plural } from '../format.ts';
import type { AppState, Store } from '../store.ts';
import { button, progressRing } from '../ui.ts';

const SHOWN_OUTPUTS = 4;

/** Below the toolbar: similarity of the outputs, before and after a trial, accuracy, sizes; or how to begin. */
export function createSummary(store: Store, actions: Actions): HTMLElement {
  const tiles = h('div', { class: 'tiles' });
  const element = h(
    'section',
    { class: 'summary', attrs: { 'aria-label': 'Result' } },
    tiles,
    createProgress(store, actions),
  );
  store.watch(
    (s) => [s.graph, s.run, s.trial, s.graph === null && s.problems],
    (s) => fill(tiles, ...(s.run === null ? introduction(s) : results(s, s.run, actions))),
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
        failed ? 'The model could not be shown; the reason stands above.' : 'Reading the model…',
      ),
    ];
  }
  const facts = [graph.file, plural(graph.nodeCount, 'node'), graph.opsets, graph.producer].filter((f) => f !== '');
  return [
    h(
      'div',
      { class: 'tile wide' },
      h('span', { class: 'tile-label' }, 'Model'),
      h('span', { class: 'tile-value' }, facts.join(' · ')),
    ),
    ...(graph.quantization === null ? [] : [fileQuantization(graph.quantization)]),
    h('p', { class: 'hint' }, ...hintFor(graph)),
  ];
}

function hintFor({ runnable, quantization }: GraphTable): (HTMLElement | string)[] {
  if (!runnable)
    return ['This model can be looked at but not run: some operators are not supported. They are listed above.'];
  if (quantization === null)
    return [
      'Not quantized yet. Press “Quantize with config…” to calibrate, quantize and see which nodes lose accuracy.',
    ];
  if (quantization.format !== 'QDQ')
    return [
      'This model computes on integers. Its nodes and parameters are shown; only models with QuantizeLinear and DequantizeLinear can be compared with float.',
    ];
  const [parent, anew] = [h('code', {}, 'float_model'), h('code', {}, 'imported_model=requantize')];
  return [
    'Quantized already: “Quantize with config…” measures it on your data. In the config, ',
    parent,
    ' names the model it was made from, and ',
    anew,
    ' shows what would be chosen instead.',
  ];
}

/** What the file says of its own quantization. */
function fileQuantization(view: FileQuantizationView): HTMLElement {
  const { format, activations, activationTypes, weights, weightTypes, integerOperators } = view;
  const lines = [
    activations > 0 && `${plural(activations, 'activation')}: ${activationTypes.join(', ')}`,
    weights > 0 && `${plural(weights, 'constant')}: ${weightTypes.join(', ')}`,
    integerOperators > 0 && plural(integerOperators, 'integer operator'),
  ].filter((line) => line !== false);
  return h(
    'div',
    { class: 'tile in-file' },
    h('span', { class: 'tile-label' }, 'Quantized in the file'),
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
        'Top-1',
        `${percent(top1.float)} → ${percent(top1.quantized)}`,
        `float → quantized, ${plural(samples, 'sample')}`,
      ),
    );
    if (top5 !== null) {
      list.push(
        tile('Top-5', `${percent(top5.float)} → ${percent(top5.quantized)}`, 'right class among the first five'),
      );
    }
  }
  const { float, quantized } = run.sizes;
  list.push(
    tile(
      'Weights',
      `${formatBytes(float)} → ${formatBytes(quantized)}`,
      quantized > 0 ? `${(float / quantized).toFixed(1)} times smaller` : '',
    ),
    tile('Measured on', run.evaluatedOn, `${plural(run.samples, 'sample')}, ${formatMs(run.elapsedMs)}`),
    configTile(run, actions),
  );
  return list;
}

function trialTile({ added, removed, reused }: TrialView): HTMLElement {
  const changes = [
    ['skipped ', added],
    ['quantized again ', removed],
  ] as const;
  const lines = changes.flatMap(([verb, handles]) =>
    handles.length === 0 ? [] : [h('span', { class: 'tile-value split' }, verb, tail(handles.join(', '), ''))],
  );
  return h(
    'div',
    { class: 'tile' },
    h('span', { class: 'tile-label' }, 'Trial'),
    ...(lines.length > 0 ? lines : [h('span', { class: 'tile-value' }, 'no change')]),
    h('span', { class: 'tile-note', title: reused }, reused),
  );
}

function configTile(run: RunView, actions: Actions): HTMLElement {
  const links = h('div', { class: 'links' }, link('Open config', actions.openConfig));
  if (run.reportFolder !== null) links.append(link('Open report', actions.openReport));
  return h(
    'div',
    { class: 'tile' },
    h('span', { class: 'tile-label' }, 'Config'),
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
      cells.push(h('td', { class: `change ${direction}` }, `${change}${direction === 'same' ? '' : ` ${direction}`}`));
    }
    return h('tr', {}, ...cells);
  });
  const compared = withBase ? ['last run', 'before'] : ['before'];
  const heads = before === undefined ? ['', 'quantized'] : ['', ...compared, 'now', 'change'];
  return h(
    'div',
    { class: 'tile outputs' },
    h('span', { class: 'tile-label' }, 'Output similarity to float (cosine, SQNR)'),
    h(
      'table',
      {},
      h('thead', {}, h('tr', {}, ...heads.map((text) => h('th', { attrs: { scope: 'col' } }, text)))),
      h('tbody', {}, ...rows),
    ),
    sorted.length > SHOWN_OUTPUTS &&
      h('span', { class: 'tile-note' }, `and ${plural(sorted.length - SHOWN_OUTPUTS, 'better output')}`),
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

const STAGES: Readonly<Record<Progress['stage'], string>> = {
  read: 'Reading',
  calibrate: 'Calibrating',
  quantize: 'Quantizing',
  correct: 'Correcting biases',
  evaluate: 'Evaluating',
  report: 'Writing reports',
  sensitivity: 'Measuring sensitivity',
  measure: 'Measuring',
  time: 'Measuring times',
};

function createProgress(store: Store, actions: Actions): HTMLElement {
  const text = h('span', { class: 'progress-text' });
  const bar = h('div', { class: 'progress-fill' });
  const track = h(
    'div',
    {
      class: 'progress-track',
      role: 'progressbar',
      attrs: { 'aria-label': 'Progress', 'aria-valuemin': 0, 'aria-valuemax': 100 },
    },
    bar,
  );
  const cancel = button({ label: 'Cancel', onClick: actions.cancel });
  const element = h('div', { class: 'progress', hidden: true }, progressRing('Working'), text, track, cancel);
  store.watch(
    (s) => [s.busy, s.progress, s.busyText],
    ({ busy, progress, busyText }) => {
      element.hidden = !busy;
      const share = progress === null || progress.total <= 0 ? undefined : Math.min(1, progress.done / progress.total);
      const stage = progress === null ? busyText || 'Working' : STAGES[progress.stage];
      const count = progress === null || progress.total <= 0 ? '' : ` ${progress.done} of ${progress.total}`;
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
