import { BANDS, type HeatScale, SHADES } from './bands.ts';

/** A row of colours from best to worst. */
export interface HeatPalette {
  readonly id: PaletteId;
  /** From best to worst, as few as say which way it runs. Undefined: the theme's own. */
  readonly stops: readonly string[] | undefined;
}

export type PaletteId = 'theme' | 'viridis' | 'cividis' | 'blueOrange';

/**
 * Colours that differ in lightness and in the blue-yellow direction, which every common kind of colour vision tells
 * apart. Viridis and cividis are sampled from their published maps, bright for good; blue to orange is diverging.
 * @source matplotlib, viridis (CC0); Nuñez, Anderton, Renslow 2018, cividis; ColorBrewer PuOr turned around.
 */
export const PALETTES: readonly HeatPalette[] = [
  { id: 'theme', stops: undefined },
  { id: 'viridis', stops: ['#fde725', '#5ec962', '#21918c', '#3b528b', '#440154'] },
  { id: 'cividis', stops: ['#fee838', '#bbaf71', '#7d7c78', '#434e6c', '#00224e'] },
  { id: 'blueOrange', stops: ['#2166ac', '#92c5de', '#f7f7f7', '#f4a582', '#b35806'] },
];

export function isPaletteId(value: unknown): value is PaletteId {
  return PALETTES.some((p) => p.id === value);
}

/** How many colours a scale has. */
export function shadeCount(scale: HeatScale): number {
  return scale === 'bands' ? BANDS : SHADES;
}

/** The colours of a scale as CSS, best first; a gradient of the theme's mixes its five. */
export function shadeColours(palette: PaletteId, scale: HeatScale): readonly string[] {
  const stops = PALETTES.find((p) => p.id === palette)?.stops ?? themeStops();
  const count = shadeCount(scale);
  return Array.from({ length: count }, (_, i) => {
    const at = (i / (count - 1)) * (stops.length - 1);
    const below = Math.min(Math.floor(at), stops.length - 2);
    const share = Math.round((at - below) * 1000) / 10;
    const [from, to] = [stops[below] as string, stops[below + 1] as string];
    if (share === 0) return from;
    return share === 100 ? to : `color-mix(in oklab, ${to} ${share}%, ${from})`;
  });
}

function themeStops(): string[] {
  return Array.from({ length: BANDS }, (_, i) => `var(--qs-band-${i})`);
}

/**
 * Puts colours where style sheets and {@link readPalette} find them: those of the five bands in `--qs-level-0` and on,
 * those of the scale in `--qs-shade-0` and on.
 */
export function applyShades(root: HTMLElement, palette: PaletteId, scale: HeatScale): void {
  const colours = shadeColours(palette, scale);
  for (const [name, list] of [
    ['level', shadeColours(palette, 'bands')],
    ['shade', colours],
  ] as const)
    list.forEach((colour, i) => {
      root.style.setProperty(`--qs-${name}-${i}`, colour);
    });
  root.style.setProperty('--qs-shades', String(colours.length));
  root.dataset.heat = `${palette} ${scale}`; // what watchTheme hears
}
