import type { Actions } from '../../actions.ts';
import { h, setAttr } from '../../dom.ts';
import { t } from '../../l10n.ts';
import type { AppState, Store } from '../../store.ts';
import { button } from '../../ui.ts';
import type { HeatSide } from '../actions.ts';
import { isPaletteId, PALETTES, type PaletteId } from '../shades.ts';
import { choiceOf, createPicker, metricChoices, metricOf, sampleChoices, sampleOf } from './pickers.ts';
import { createThresholdBar } from './thresholdBar.ts';

const PALETTE_NAMES: Readonly<Record<PaletteId, () => string>> = {
  theme: () => t('The theme’s colours'),
  viridis: () => t('Viridis'),
  cividis: () => t('Cividis'),
  blueOrange: () => t('Blue to orange'),
};

/** What colours the graph and how: both metrics, the sample, the borders, the colours, and files of values. */
export function createHeatSettings(store: Store, actions: Actions, side: () => HeatSide): HTMLElement {
  const main = createPicker(t('Colour'), (choice) => actions.setMetric(metricOf(choice)));
  const second = createPicker(t('Right edge'), (choice) => actions.setSecondMetric(metricOf(choice)));
  const sample = createPicker(t('Samples'), (choice) => actions.setSample(sampleOf(choice)));
  const before = button({
    label: t('Sample before (,)'),
    icon: 'previous',
    appearance: 'icon',
    onClick: () => actions.stepSample(-1),
  });
  const after = button({
    label: t('Next sample (.)'),
    icon: 'next',
    appearance: 'icon',
    onClick: () => actions.stepSample(1),
  });
  const samples = h('div', { class: 'heat-samples' }, sample.element, before, after);
  const bar = createThresholdBar((border, value) => actions.setBorder(side(), border, value));
  const scale = createPicker(t('Colour scale'), (choice) =>
    actions.setScale(choice === 'gradient' ? 'gradient' : 'bands'),
  );
  const palette = createPicker(t('Palette'), (choice) => {
    if (isPaletteId(choice)) actions.setPalette(choice);
  });
  const reset = small(t('Reset borders'), t('Put the borders back where they were'), () =>
    actions.resetBorders(side()),
  );
  const save = small(t('Save…'), t('Save the values of all nodes, to be loaded again'), () =>
    actions.saveOverlay('values'),
  );
  const saveNodeData = small(t('For Model Explorer…'), t('Save the values as node data for Model Explorer'), () =>
    actions.saveOverlay('nodeData'),
  );
  const load = small(t('Load…'), t('Load values of nodes, saved here or as Model Explorer’s node data'), () => {
    void actions.openOverlay();
  });
  const files = h('div', { class: 'heat-files' }, reset, save, saveNodeData, load);
  const element = h(
    'div',
    { class: 'heat-settings', id: 'heat-settings' },
    main.element,
    second.element,
    samples,
    bar.element,
    scale.element,
    palette.element,
    files,
  );

  const show = (state: AppState) => {
    const { heat, metric, secondMetric, heatScale, heatPalette } = state;
    main.show(metricChoices(state, t('No colours')), choiceOf(metric));
    second.show(metricChoices(state, t('Nothing')), choiceOf(secondMetric));
    const names = heat?.main.samples.length ? heat.main.samples : (heat?.second?.samples ?? []);
    samples.hidden = names.length === 0;
    sample.show(sampleChoices(names), String(state.sample));
    scale.show(
      [
        { value: 'bands', text: t('Five bands') },
        { value: 'gradient', text: t('Gradient') },
      ],
      heatScale,
    );
    palette.show(
      PALETTES.map(({ id }) => ({ value: id, text: PALETTE_NAMES[id]() })),
      heatPalette,
    );
    const shown = heat?.[side()] ?? heat?.main;
    bar.element.hidden = shown === undefined;
    if (shown !== undefined) bar.show(shown, heatScale);
    for (const part of [save, saveNodeData]) part.disabled = heat === null;
    reset.disabled = shown?.isMoved !== true;
    setAttr(element, 'aria-busy', String(state.timing !== null));
  };
  store.watch(
    (s) => [s.heat, s.metric, s.secondMetric, s.sample, s.run, s.overlays, s.heatScale, s.heatPalette, s.timing],
    show,
  );
  return element;
}

function small(text: string, title: string, onClick: () => void): HTMLButtonElement {
  return h('button', { class: 'heat-button', title, attrs: { type: 'button' }, on: { click: onClick } }, text);
}
