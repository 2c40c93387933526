import { type Borders, isMetricId, type MetricColumn, type SampleChoice } from '../../src/protocol/metrics.ts';
import { AbortFlag, Cancelled, type Diagnostic, diagnosticOf } from '../../src/protocol/rpc.ts';
import type { Connection } from '../connection.ts';
import { overlayUnreadable, overlayWithoutNodes } from '../errors.ts';
import { sensitivityColumn, type ToldColumn } from '../findings/sensitivityInfo.ts';
import { t } from '../l10n.ts';
import type { AppState, Store } from '../store.ts';
import { type HeatScale, withBorder } from './bands.ts';
import { readOverlays, UnreadableOverlay, writeNodeData, writeOverlay } from './overlay.ts';
import type { PaletteId } from './shades.ts';
import {
  bordersKeyOf,
  type Heat,
  type HeatMetric,
  isOverlay,
  type Overlay,
  type ShownMetric,
  shownMetric,
} from './state.ts';

export interface HeatTools {
  readonly announce: (text: string) => void;
  readonly report: (problems: readonly Diagnostic[]) => void;
  /** The colours of the levels as the graph is drawn with, best first. */
  readonly colours: () => readonly string[];
}

/** How often values that come one by one are drawn. */
const SOON_MS = 300;

/** Which of the two metrics. */
export type HeatSide = 'main' | 'second';

type Source = MetricColumn | ToldColumn | Overlay;

/** What can be done with the colours of the graph. */
export type HeatActions = ReturnType<typeof createHeatActions>;

export function createHeatActions(store: Store, { rpc }: Connection, tools: HeatTools) {
  let sources: Readonly<Record<HeatSide, Source | null>> = { main: null, second: null };
  let turn = 0;
  let measuring: AbortFlag | undefined;

  const fail = (method: string) => (cause: unknown) => {
    if (!(cause instanceof Cancelled)) tools.report([diagnosticOf(cause, 'view', method)]);
  };

  /** Colours again what is known: borders, scale or band have changed. */
  const refresh = (): void => {
    const { thresholds, heatScale: scale, heatBand: band, graph } = store.state;
    const show = (source: Source | null): ShownMetric | null =>
      source === null ? null : shownMetric(source, thresholds[bordersKeyOf(source)], scale);
    const main = show(sources.main);
    const heat: Heat | null =
      main === null || graph === null ? null : { main, second: show(sources.second), scale, band, graph };
    store.update({ heat });
  };

  const isKnown = (metric: HeatMetric, { run, overlays, sensitivity }: AppState): boolean => {
    if (isOverlay(metric)) return overlays.some((o) => o.id === metric);
    if (metric === 'sensitivity' && sensitivity.view !== null) return true;
    return run !== null || metric === 'macs' || metric === 'bytes';
  };

  const load = async (metric: HeatMetric | null): Promise<Source | null> => {
    const { state } = store;
    if (metric === null || state.graph === null || !isKnown(metric, state)) return null;
    if (isOverlay(metric)) return state.overlays.find((o) => o.id === metric) ?? null;
    if (metric === 'sensitivity' && state.sensitivity.view !== null)
      return sensitivityColumn(state.sensitivity.view, state.graph);
    measuring = new AbortFlag();
    return rpc.request('heat/get', { metric, of: state.sample }, { signal: measuring });
  };

  /** Asks for what shall be shown; what was asked for before and has not come yet is let go. */
  const loadHeat = async (): Promise<void> => {
    const asked = ++turn;
    measuring?.abort();
    const { metric, secondMetric } = store.state;
    try {
      const main = await load(metric);
      if (asked !== turn) return;
      const second = main === null ? null : await load(secondMetric);
      if (asked !== turn) return;
      sources = { main, second };
      store.update({ timing: null });
      refresh();
    } catch (cause) {
      if (asked !== turn) return;
      const { code } = diagnosticOf(cause, 'view', 'heat/get');
      if (code === 'SES426' && store.state.sample !== 'worst') {
        tools.announce(t('This run has fewer samples; the worst of each node is shown'));
        store.update({ sample: 'worst' });
        return loadHeat();
      }
      sources = { main: null, second: null };
      store.update({ timing: null, heat: null });
      if (cause instanceof Cancelled) tools.announce(t('Measuring was stopped'));
      fail('heat/get')(cause);
    }
  };

  let isScheduled = false;

  const moveBorders = (key: string, borders: Borders | undefined): void => {
    const { [key]: _, ...others } = store.state.thresholds;
    store.update({ thresholds: borders === undefined ? others : { ...others, [key]: borders } });
    refresh();
  };

  const saved =
    (leftOut: readonly string[]) =>
    ({ saved: done }: { readonly saved: boolean }): void => {
      if (!done) return;
      tools.announce(
        leftOut.length === 0
          ? t('Saved')
          : t('Saved; {0} nodes are left out, because their value is infinite: {1}', leftOut.length, listOf(leftOut)),
      );
    };

  /** Chooses what colours the cards; null for no colours. */
  const setMetric = (metric: HeatMetric | null): void => {
    const { secondMetric } = store.state;
    store.update({
      metric,
      heatBand: null,
      ...(secondMetric === metric ? { secondMetric: null } : {}),
    });
    void loadHeat();
  };

  return {
    loadHeat,
    setMetric,

    /** Colours by sensitivity from now on, or, where that is shown, by its new values: now, or soon where more will come. */
    colourBySensitivity(how: 'choose' | 'soon' | 'now'): void {
      const { metric, secondMetric } = store.state;
      if (how === 'choose') setMetric('sensitivity');
      else if (metric !== 'sensitivity' && secondMetric !== 'sensitivity') return;
      else if (how === 'now') void loadHeat();
      else if (!isScheduled) {
        isScheduled = true;
        setTimeout(() => {
          isScheduled = false;
          void loadHeat();
        }, SOON_MS);
      }
    },

    /** Chooses what colours the right edges of the cards; null for nothing. */
    setSecondMetric(secondMetric: HeatMetric | null): void {
      store.update({ secondMetric });
      void loadHeat();
    },

    setSample(sample: SampleChoice): void {
      store.update({ sample });
      void loadHeat();
    },

    /** The sample before or after the one that is shown; of worst and mean the first or last. */
    stepSample(by: 1 | -1): void {
      const { sample, heat } = store.state;
      const count = heat?.main.samples.length ?? 0;
      if (count === 0) return;
      const from = typeof sample === 'number' ? sample : by === 1 ? -1 : count;
      const next = (from + by + count) % count;
      this.setSample(next);
      tools.announce(t('Sample {0}', heat?.main.samples[next] ?? next));
    },

    /** Moves a border of the metric on one side, held between its neighbours. */
    setBorder(side: HeatSide, at: 0 | 1 | 2 | 3, value: number): void {
      const shown = store.state.heat?.[side];
      if (shown) moveBorders(shown.bordersKey, withBorder(shown.info, shown.borders, at, value));
    },

    resetBorders(side: HeatSide): void {
      const shown = store.state.heat?.[side];
      if (shown) moveBorders(shown.bordersKey, undefined);
    },

    setScale(heatScale: HeatScale): void {
      store.update({ heatScale });
      refresh();
    },
    setPalette: (heatPalette: PaletteId) => store.update({ heatPalette }),

    /** Colours one band alone, or all again. */
    toggleBand(band: number): void {
      const heatBand = store.state.heatBand === band ? null : band;
      store.update({ heatBand });
      refresh();
      tools.announce(heatBand === null ? t('All bands are coloured') : t('Only this band is coloured'));
    },

    /** Stops what is being measured for the colours. */
    cancelMeasuring: () => measuring?.abort(),

    /** Writes the metrics that are shown to a file of the user's choice. */
    saveOverlay(form: 'values' | 'nodeData'): void {
      const { heat } = store.state;
      if (heat === null) return;
      const { graph, main, second } = heat;
      const stem = `${graph.file.replace(/\.onnx$/i, '')}.${isMetricId(main.metric) ? main.metric : main.info.short || 'overlay'}`;
      const file =
        form === 'values'
          ? { text: writeOverlay(graph, second === null ? [main] : [main, second]), leftOut: [] }
          : writeNodeData(graph, main, tools.colours());
      const name = `${stem}.${form === 'values' ? 'overlay' : 'nodedata'}.json`;
      rpc.request('overlay/save', { name, text: file.text }).then(saved(file.leftOut), fail('overlay/save'));
    },

    /** Asks for a file of values and colours by it. */
    async openOverlay(): Promise<void> {
      const { graph } = store.state;
      const file = await rpc.request('overlay/open', undefined).catch((cause: unknown) => {
        fail('overlay/open')(cause);
        return null;
      });
      if (file === null || graph === null) return;
      const name = file.name.replace(/\.json$/i, '');
      try {
        const { overlays, unknown, notNumbers } = readOverlays(graph, name, file.text);
        const ids = new Set(overlays.map((o) => o.id));
        store.update({ overlays: [...store.state.overlays.filter((o) => !ids.has(o.id)), ...overlays] });
        if (unknown.length + notNumbers.length > 0) {
          tools.report([overlayWithoutNodes(file.name, { unknown, notNumbers, model: graph.file })]);
        }
        setMetric(overlays[0]?.id ?? null);
      } catch (cause) {
        if (!(cause instanceof UnreadableOverlay)) throw cause;
        tools.report([overlayUnreadable(file.name, cause.message)]);
      }
    },
  };
}

const MOST_NAMES = 5;

/** The first names of a list. */
export function listOf(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMES).join(', ');
  return names.length > MOST_NAMES ? `${shown}, …` : shown;
}
