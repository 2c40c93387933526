import { h } from '../dom.ts';
import { CATEGORIES, type Category } from './category.ts';

/** Colours of the current theme, as the canvas takes them. */
export interface Palette {
  readonly background: string;
  readonly card: string;
  readonly border: string;
  readonly text: string;
  readonly dim: string;
  readonly edge: string;
  readonly edgeActive: string;
  readonly grid: string;
  /** Inside and border of open groups. */
  readonly frame: string;
  readonly frameLine: string;
  /** Closed groups and lines from afar, and what is not followed. */
  readonly flatGroup: string;
  readonly flatEdge: string;
  readonly stepped: string;
  readonly focus: string;
  readonly hover: string;
  readonly error: string;
  /** Of the five bands, best first. */
  readonly levels: readonly CardColours[];
  /** Of the scale that colours the graph: its bands, or the steps of a gradient. */
  readonly shades: readonly CardColours[];
  /** Outlines tell levels apart beside colours. */
  readonly isHighContrast: boolean;
  readonly categories: Readonly<Record<Category, string>>;
  /** What text on a family's colour is written in. */
  readonly onCategories: Readonly<Record<Category, string>>;
  readonly font: string;
}

/** Of a card, and of text on it. */
export interface CardColours {
  readonly fill: string;
  readonly text: string;
  readonly dim: string;
}

/** Relative luminance on which black and white text have the same contrast, 4.58; elsewhere one has more. */
const EQUAL_CONTRAST = 0.179;

/** Reads the theme through the custom properties of theme.css, so that one place names colours. */
export function readPalette(host: HTMLElement): Palette {
  const probe = h('span', { class: 'probe' });
  host.append(probe);
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 1;
  const pixel = canvas.getContext('2d', { willReadFrequently: true });
  const resolve = (name: string): string => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const background = resolve('--qs-background');
  const luminance = (color: string): number => {
    if (pixel === null) return 0;
    for (const layer of [background, color]) {
      pixel.fillStyle = layer;
      pixel.fillRect(0, 0, 1, 1);
    }
    const [r = 0, g = 0, b = 0] = pixel.getImageData(0, 0, 1, 1).data;
    const linear = (c: number) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  };
  const textOn = (fill: string): string => (luminance(fill) > EQUAL_CONTRAST ? '#000000' : '#ffffff');
  const dimOn = (fill: string): string =>
    luminance(fill) > EQUAL_CONTRAST ? 'rgba(0,0,0,.9)' : 'rgba(255,255,255,.92)';
  const colours = (name: string, length: number): CardColours[] =>
    Array.from({ length }, (_, i) => {
      const fill = resolve(`--qs-${name}-${i}`);
      return { fill, text: textOn(fill), dim: dimOn(fill) };
    });
  const levels = colours('level', 5);
  const shades = Number(getComputedStyle(host).getPropertyValue('--qs-shades'));
  const palette: Palette = {
    background,
    card: resolve('--qs-card'),
    border: resolve('--qs-card-border'),
    text: resolve('--qs-text'),
    dim: resolve('--qs-dim'),
    edge: resolve('--qs-edge'),
    edgeActive: resolve('--qs-edge-active'),
    grid: resolve('--qs-grid'),
    frame: resolve('--qs-frame'),
    frameLine: resolve('--qs-frame-line'),
    flatGroup: resolve('--qs-flat-group'),
    flatEdge: resolve('--qs-flat-edge'),
    stepped: resolve('--qs-stepped'),
    focus: resolve('--qs-focus'),
    hover: resolve('--qs-hover'),
    error: resolve('--qs-error'),
    levels,
    shades: shades > 0 ? colours('shade', shades) : levels,
    isHighContrast: host.classList.contains('vscode-high-contrast'),
    categories: Object.fromEntries(CATEGORIES.map((c) => [c, resolve(`--qs-op-${c}`)])) as Record<Category, string>,
    onCategories: Object.fromEntries(CATEGORIES.map((c) => [c, textOn(resolve(`--qs-op-${c}`))])) as Record<
      Category,
      string
    >,
    font: getComputedStyle(document.body).fontFamily || 'sans-serif',
  };
  probe.remove();
  return palette;
}

/** Calls `onChange` when VS Code switches the theme, which it does by classes and styles of html and body. */
export function watchTheme(onChange: () => void): void {
  const observer = new MutationObserver(onChange);
  observer.observe(document.body, {
    attributes: true,
    attributeFilter: ['class', 'data-vscode-theme-id', 'data-heat'],
  });
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['style', 'class'] });
}
