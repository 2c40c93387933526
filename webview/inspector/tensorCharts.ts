import type { TensorCharts, TensorSpread } from '../../src/protocol/chartViews.ts';
import { AbortFlag } from '../../src/protocol/rpc.ts';
import type { TensorRef } from '../../src/protocol/tensorViews.ts';
import type { TensorView } from '../../src/protocol/views.ts';
import type { Actions } from '../actions.ts';
import type { TensorChart } from '../charts/actions.ts';
import { boxesOf, hasBox, spreadOf } from '../charts/boxes.ts';
import { CHANNEL_FIGURES, type ChannelFigure, channelFigureTitle, channelsChart } from '../charts/channels.ts';
import { createChartCard } from '../charts/chartCard.ts';
import type { ChartModel } from '../charts/chartModel.ts';
import { histogramChart, likelyScale } from '../charts/histogram.ts';
import { fill, h } from '../dom.ts';
import { formatShape } from '../format.ts';
import { t } from '../l10n.ts';
import type { AppState, Store } from '../store.ts';
import { createRangeSlider } from '../whatif/rangeSlider.ts';
import { rangeTargetOf } from '../whatif/rangeTarget.ts';
import { segments } from './segments.ts';

/** Samples that are read for the spread at first; more are asked for by a button. */
const FIRST_SAMPLES = 8;
const MOST_SAMPLES = 64;

export interface TensorChartsPanel {
  readonly element: HTMLElement;
  /** Shows the charts of a tensor; null for none. */
  show(nodeId: number, tensor: TensorView | null): void;
  redraw(): void;
  /** Resolves once it is drawn, or something else was asked for. */
  showHistogram(): Promise<void>;
}

/** The charts of one tensor, one at a time: five numbers, histogram, channels, samples. */
export function createTensorCharts(store: Store, actions: Actions): TensorChartsPanel {
  let current: { readonly ref: TensorRef; readonly tensor: TensorView } | undefined;
  let charts: TensorCharts | undefined;
  let spread: TensorSpread | null | undefined;
  let asked: AbortFlag | undefined;
  let axis: number | null = null;
  let figure: ChannelFigure = 'range';
  let order: 'sorted' | 'index' = 'sorted';
  /** Undefined: as the histogram suggests. */
  let scale: 'linear' | 'logarithmic' | undefined;
  let samples = FIRST_SAMPLES;
  /** Whether the charts on display are of an earlier state of the same tensor. */
  let isStale = false;

  const scaleChoice = segments(
    t('Counts'),
    [
      ['linear', t('linear')],
      ['logarithmic', t('log')],
    ],
    (id) => {
      scale = id;
      draw();
    },
  );
  const figureChoice = select(
    t('Shown'),
    () => CHANNEL_FIGURES.map((f) => [f, channelFigureTitle(f)]),
    (value) => {
      figure = CHANNEL_FIGURES.find((f) => f === value) ?? 'range';
      draw();
    },
  );
  const orderChoice = segments(
    t('Order'),
    [
      ['sorted', t('sorted')],
      ['index', t('by channel')],
    ],
    (id) => {
      order = id;
      draw();
    },
  );
  const axisChoice = select(
    t('Channels along axis'),
    () => (charts?.dims ?? []).map((length, i) => [String(i), t('axis {0}: {1}', i, length)]),
    (value) => {
      axis = Number(value);
      void load();
    },
  );
  const moreSamples = h(
    'button',
    {
      class: 'tool',
      attrs: { type: 'button' },
      on: {
        click: () => {
          samples = MOST_SAMPLES;
          void load();
        },
      },
    },
    t('More samples'),
  );
  const range = createRangeSlider();
  const card = createChartCard(
    {
      saveTable: (name, text) => void actions.saveChartTable(name, text),
      savePicture: (name, data) => void actions.saveChartPicture(name, data),
    },
    [scaleChoice.element, figureChoice.element, orderChoice.element, axisChoice.element, moreSamples],
    range.overlay,
  );
  const choice = segments<TensorChart>(
    t('Chart'),
    [
      ['boxes', t('Box plot')],
      ['histogram', t('Histogram')],
      ['channels', t('Channels')],
      ['samples', t('Samples')],
    ],
    (id) => {
      actions.showTensorChart(id);
      void load();
    },
  );
  const heading = h('p', { class: 'charted-tensor' });
  const element = h('div', { class: 'tensor-charts' }, heading, choice.element, card.element, range.element);

  const scaleOf = () => scale ?? (charts?.histogram ? likelyScale(charts.histogram) : 'linear');
  const draw = () => {
    const { tensorChart } = store.state;
    choice.show(tensorChart);
    scaleChoice.show(scaleOf());
    orderChoice.show(order);
    figureChoice.fill(figure);
    axisChoice.fill(String(charts?.channels?.axis ?? axis ?? 0));
    scaleChoice.element.hidden = tensorChart !== 'histogram';
    for (const { element: e } of [figureChoice, orderChoice, axisChoice]) e.hidden = tensorChart !== 'channels';
    moreSamples.hidden =
      tensorChart !== 'samples' || spread == null || spread.names.length >= Math.min(spread.count, MOST_SAMPLES);
    fill(heading, ...headingOf(current?.tensor, charts, tensorChart));
    card.show(current === undefined ? '' : chartOf(current.tensor, tensorChart));
    const histogram = tensorChart === 'histogram' ? charts?.histogram : undefined;
    range.show(current === undefined || !histogram ? '' : rangeTargetOf(store, current.tensor, histogram, actions));
  };
  const chartOf = (tensor: TensorView, shown: TensorChart): ChartModel | string => {
    const waiting = t('Reading the tensor…');
    switch (shown) {
      case 'boxes':
        return hasBox(tensor.origin)
          ? boxesOf(tensor.name, tensor.origin, tensor.dequant)
          : nothingMeasured(store.state);
      case 'histogram':
        if (charts === undefined) return waiting;
        return charts.histogram === null
          ? t('The tensor has no finite elements.')
          : histogramChart(tensor.name, charts.histogram, scaleOf());
      case 'channels':
        if (charts === undefined) return waiting;
        return charts.channels === null
          ? t('The tensor has no axes.')
          : channelsChart(tensor.name, charts.channels, { figure, order });
      case 'samples':
        if (spread === undefined) return waiting;
        if (spread === null) return t('A weight is the same on every sample.');
        return spreadOf(tensor.name, spread, {
          sample: typeof store.state.sample === 'number' ? store.state.sample : 'worst',
          choose: (sample) => actions.setSample(sample),
        });
    }
  };
  /** Asks for what the chart on display needs and has not got. */
  const load = async () => {
    asked?.abort();
    const signal = new AbortFlag();
    asked = signal;
    const { tensorChart, sample } = store.state;
    const of = current;
    if (of === undefined || tensorChart === 'boxes') {
      draw();
      return;
    }
    if (tensorChart === 'samples') {
      if (spread === undefined || (spread !== null && spread.names.length < Math.min(samples, spread.count))) {
        draw();
        const answer = await actions.askSpread(of.ref, samples, signal);
        if (asked !== signal || answer === undefined) return;
        if ('problem' in answer) card.show(answer.problem.message);
        else {
          spread = answer.ok;
          draw();
        }
        return;
      }
    } else if (charts === undefined || isStale || (axis !== null && charts.channels?.axis !== axis)) {
      draw();
      const request = { ...of.ref, sample: sample === 'mean' ? ('worst' as const) : sample, axis };
      const answer = await actions.askCharts(request, signal);
      if (asked !== signal || answer === undefined) return;
      if ('problem' in answer) {
        card.show(answer.problem.message);
        return;
      }
      charts = answer.ok;
      isStale = false;
    }
    draw();
  };
  const forget = () => {
    charts = undefined;
    isStale = false;
    spread = undefined;
    axis = null;
    samples = FIRST_SAMPLES;
  };
  store.watch(
    (s) => [s.sample],
    () => {
      charts = undefined;
      if (current !== undefined) void load();
    },
  );
  store.watch(
    (s) => [s.changing],
    ({ changing, tensorChart }) => changing === null && tensorChart === 'histogram' && draw(),
  );
  return {
    element,
    show: (nodeId, tensor) => {
      const isSame = tensor !== null && current?.tensor === tensor && current.ref.nodeId === nodeId;
      if (isSame) return;
      const isNews = tensor !== null && current?.ref.valueId === tensor.valueId && current.ref.nodeId === nodeId;
      const before = charts;
      forget();
      if (isNews && before !== undefined) {
        charts = before; // what was shown stays, and with it the focus, until the new figures are there
        isStale = true;
      }
      current = tensor === null ? undefined : { ref: { nodeId, valueId: tensor.valueId, role: tensor.role }, tensor };
      element.hidden = current === undefined;
      if (element.offsetParent !== null || current === undefined) void load();
      else draw();
    },
    redraw: () => {
      void load();
      card.redraw();
    },
    showHistogram: () => {
      actions.showTensorChart('histogram');
      return load();
    },
  };
}

function headingOf(
  tensor: TensorView | undefined,
  charts: TensorCharts | undefined,
  shown: TensorChart,
): (HTMLElement | string)[] {
  if (tensor === undefined) return [];
  const { dims } = tensor;
  const sample = shown === 'histogram' || shown === 'channels' ? charts?.sample : undefined;
  return [
    h('span', { class: 'charted-name', title: tensor.name }, tensor.name),
    ...(dims === null ? [] : [h('span', { class: 'section-note' }, formatShape(dims))]),
    ...(sample == null
      ? []
      : [
          h(
            'span',
            { class: 'section-note', title: sample.name },
            t('sample {0} ({1} in all)', sample.index, sample.count),
          ),
        ]),
  ];
}

function nothingMeasured({ run }: AppState): string {
  return run === null
    ? t('Five numbers are taken by a run: quantize with a config first.')
    : t('The tensor is not in both models: it was computed inside another node, or is not of floats.');
}

interface Select {
  readonly element: HTMLElement;
  fill(value: string): void;
}

/** A drop-down list of a chart, whose options may change. */
function select(
  label: string,
  options: () => readonly (readonly [string, string])[],
  onChange: (value: string) => void,
): Select {
  const element = h('select', { class: 'chart-select', title: label, attrs: { 'aria-label': label } });
  element.addEventListener('change', () => onChange(element.value));
  return {
    element,
    fill: (value) => {
      fill(element, ...options().map(([id, text]) => h('option', { attrs: { value: id } }, text)));
      element.value = value;
    },
  };
}
