import { fill, h } from '../dom.ts';
import { watchTheme } from '../graph/palette.ts';
import { t } from '../l10n.ts';
import { type DrawnChart, drawChart } from './chart.ts';
import { ChartCursor } from './chartCursor.ts';
import type { ChartModel, LegendEntry } from './chartModel.ts';
import { createChartTable } from './chartTable.ts';
import { type ChartTheme, readChartTheme } from './chartTheme.ts';
import { csvOf } from './textTable.ts';

/** Where files of a chart go; names are with their extension. */
export interface ChartFiles {
  saveTable(name: string, text: string): void;
  /** @param data a data address of a PNG. */
  savePicture(name: string, data: string): void;
}

export interface ChartCard {
  readonly element: HTMLElement;
  /** Shows a chart, or a reason why there is none. */
  show(model: ChartModel | string): void;
  /** Marks what is selected now. */
  place(): void;
  /** Draws again where the card has become visible. */
  redraw(): void;
}

/** What lies on the drawing and follows it. */
export interface ChartOverlay {
  readonly element: HTMLElement;
  place(drawn: DrawnChart): void;
}

let cards = 0;

/**
 * A chart with its title, its choices, its table and its files. Arrow keys go from point to point, Enter selects.
 * @param controls choices of this chart, beside its title.
 */
export function createChartCard(
  files: ChartFiles,
  controls: readonly HTMLElement[] = [],
  overlay?: ChartOverlay,
): ChartCard {
  const id = `chart-${cards++}`;
  const title = h('h4', { id: `${id}-title` });
  const canvas = h('canvas', { attrs: { 'aria-hidden': 'true' } });
  const readout = h('p', { class: 'chart-readout', role: 'status' });
  const frame = h('div', {
    class: 'chart-frame',
    role: 'application',
    tabIndex: 0,
    attrs: { 'aria-roledescription': t('chart'), 'aria-describedby': `${id}-readout` },
  });
  readout.id = `${id}-readout`;
  const cursor = new ChartCursor(frame, readout);
  frame.append(canvas, ...cursor.elements);
  if (overlay !== undefined) frame.append(overlay.element);
  const legend = h('ul', { class: 'chart-legend', attrs: { 'aria-label': t('Legend') } });
  const table = createChartTable();
  const reason = h('p', { class: 'hint', hidden: true });
  let model: ChartModel | undefined;
  let drawn: DrawnChart | undefined;
  let theme: ChartTheme | undefined;

  const isTable = () => toggle.getAttribute('aria-pressed') === 'true';
  const toggle = tool(t('Table'), t('Shows the numbers of the chart as a table'), () => {
    toggle.setAttribute('aria-pressed', String(!isTable()));
    arrange();
  });
  toggle.setAttribute('aria-pressed', 'false');
  const csv = tool(t('CSV'), t('Saves the numbers of the chart'), () => {
    if (model !== undefined) files.saveTable(`${fileName(model.title)}.csv`, csvOf(model.table));
  });
  const png = tool(t('PNG'), t('Saves the chart as a picture'), () => {
    if (model === undefined || theme === undefined || drawn === undefined) return;
    files.savePicture(`${fileName(model.title)}.png`, drawn.png(model.title, theme));
  });
  const tools = h('div', { class: 'chart-tools' }, toggle, csv, png);
  const element = h(
    'section',
    { class: 'chart', attrs: { 'aria-labelledby': `${id}-title` } },
    h('header', { class: 'chart-head' }, title, ...controls, tools),
    reason,
    frame,
    legend,
    readout,
    table.element,
  );

  const draw = () => {
    drawn?.destroy();
    drawn = undefined;
    if (model === undefined || frame.offsetParent === null) return;
    theme = readChartTheme(element);
    drawn = drawChart(canvas, model, theme);
    cursor.attach(model, drawn);
    overlay?.place(drawn);
  };
  const arrange = () => {
    const shown = model !== undefined;
    reason.hidden = shown;
    tools.hidden = !shown;
    frame.hidden = !shown || isTable();
    legend.hidden = !shown || isTable() || model?.legend.length === 0;
    readout.hidden = frame.hidden;
    table.element.hidden = !shown || !isTable();
    png.disabled = isTable();
    if (model !== undefined && isTable()) table.show(model.table, model.title);
    draw();
  };
  watchTheme(draw);
  new ResizeObserver(() => {
    if (drawn === undefined) draw();
    else {
      cursor.place();
      overlay?.place(drawn);
    }
  }).observe(frame);
  return {
    element,
    show: (next) => {
      model = typeof next === 'string' ? undefined : next;
      reason.textContent = typeof next === 'string' ? next : '';
      if (model !== undefined) {
        title.textContent = model.heading;
        title.title = model.title;
        frame.setAttribute('aria-label', `${model.title}. ${model.summary}`);
        fill(legend, ...model.legend.map(legendRow));
      }
      arrange();
    },
    place: () => cursor.place(),
    redraw: draw,
  };
}

function legendRow({ label, mark }: LegendEntry): HTMLElement {
  return h('li', {}, h('span', { class: `mark mark-${mark}`, attrs: { 'aria-hidden': 'true' } }), label);
}

/** A small push button of a chart. */
function tool(label: string, title: string, onClick: () => void): HTMLButtonElement {
  return h('button', { class: 'tool', title, attrs: { type: 'button' }, on: { click: onClick } }, label);
}

function fileName(title: string): string {
  return title
    .replace(/[^\p{L}\p{N}.-]+/gu, '_')
    .replace(/^_+|_+$/g, '')
    .slice(0, 80);
}
