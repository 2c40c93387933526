import { h } from '../dom.ts';

/** Colours of the current theme as charts take them, and patterns that tell series apart without them. */
export interface ChartTheme {
  readonly background: string;
  readonly text: string;
  readonly dim: string;
  readonly grid: string;
  /** The float side, and its translucent area. */
  readonly origin: string;
  readonly originFill: string;
  /** The quantized side. */
  readonly dequant: string;
  readonly dequantFill: CanvasPattern | string;
  readonly outlier: string;
  readonly selected: string;
  readonly font: string;
  /** Dashes of the quantized side, and of helping lines. */
  readonly dash: readonly number[];
  readonly dots: readonly number[];
}

/** Reads the theme through the custom properties of theme.css. */
export function readChartTheme(host: HTMLElement): ChartTheme {
  const probe = h('span', { class: 'probe' });
  host.append(probe);
  const resolve = (color: string): string => {
    probe.style.color = color;
    return getComputedStyle(probe).color;
  };
  const origin = resolve('var(--qs-blue)');
  const dequant = resolve('var(--qs-orange)');
  const theme: ChartTheme = {
    background: resolve('var(--qs-background)'),
    text: resolve('var(--qs-text)'),
    dim: resolve('var(--qs-dim)'),
    grid: resolve('var(--qs-grid)'),
    origin,
    originFill: resolve('color-mix(in srgb, var(--qs-blue) 30%, transparent)'),
    dequant,
    dequantFill: hatched(dequant) ?? dequant,
    outlier: resolve('var(--qs-error)'),
    selected: resolve('var(--qs-focus)'),
    font: getComputedStyle(document.body).fontFamily || 'sans-serif',
    dash: [5, 3],
    dots: [1.5, 3],
  };
  probe.remove();
  return theme;
}

/** Slanted lines of a colour. */
function hatched(color: string): CanvasPattern | null {
  const size = 6;
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = size;
  const context = canvas.getContext('2d');
  if (context === null) return null;
  context.strokeStyle = color;
  context.lineWidth = 1.5;
  for (const shift of [-size, 0, size]) {
    context.moveTo(shift, size);
    context.lineTo(shift + size, 0);
  }
  context.stroke();
  return context.createPattern(canvas, 'repeat');
}
