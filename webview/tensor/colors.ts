import { h } from '../dom.ts';

export type Rgb = readonly [number, number, number];

/** Colours of pictures in the current theme. */
export interface PictureColors {
  /** From the least to the largest value. */
  readonly values: readonly Rgb[];
  /** From the largest negative difference through none to the largest positive one. */
  readonly differences: readonly Rgb[];
  /** Of what is no finite number. */
  readonly notFinite: Rgb;
  readonly text: string;
  readonly dim: string;
  readonly line: string;
  readonly focus: string;
  readonly font: string;
}

const VALUES = ['--qs-map-0', '--qs-map-1', '--qs-map-2', '--qs-map-3', '--qs-map-4'];
const DIFFERENCES = ['--qs-below', '--qs-background', '--qs-above'];

/** Reads the colours through the custom properties of the style sheets. */
export function readPictureColors(host: HTMLElement): PictureColors {
  const probe = h('span', { class: 'probe' });
  host.append(probe);
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 1;
  const pixel = canvas.getContext('2d', { willReadFrequently: true });
  const css = (name: string): string => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const background = css('--qs-background');
  const rgb = (name: string): Rgb => {
    if (pixel === null) return [0, 0, 0];
    for (const layer of [background, css(name)]) {
      pixel.fillStyle = layer;
      pixel.fillRect(0, 0, 1, 1);
    }
    const [r = 0, g = 0, b = 0] = pixel.getImageData(0, 0, 1, 1).data;
    return [r, g, b];
  };
  const colors: PictureColors = {
    values: VALUES.map(rgb),
    differences: DIFFERENCES.map(rgb),
    notFinite: rgb('--qs-error'),
    text: css('--qs-text'),
    dim: css('--qs-dim'),
    line: css('--qs-card-border'),
    focus: css('--qs-focus'),
    font: getComputedStyle(document.body).fontFamily || 'sans-serif',
  };
  probe.remove();
  return colors;
}

/** The colour at `share` of a scale, 0 to 1, between its stops. */
export function colorAt(stops: readonly Rgb[], share: number): Rgb {
  const at = Math.max(0, Math.min(1, share)) * (stops.length - 1);
  const low = Math.min(stops.length - 2, Math.floor(at));
  const [a, b] = [stops[low] as Rgb, stops[low + 1] as Rgb]; // two stops at least
  const mix = (i: 0 | 1 | 2) => Math.round(a[i] + (b[i] - a[i]) * (at - low));
  return [mix(0), mix(1), mix(2)];
}

export interface Scale {
  readonly low: number;
  readonly high: number;
  readonly stops: readonly Rgb[];
  readonly notFinite: Rgb;
}

const STEPS = 256;

/** Writes the colours of numbers into the RGBA bytes of a picture. */
export function paint(values: Float32Array, { low, high, stops, notFinite }: Scale, out: Uint8ClampedArray): void {
  const table = Array.from({ length: STEPS }, (_, i) => colorAt(stops, i / (STEPS - 1)));
  const span = high - low;
  for (let i = 0; i < values.length; i++) {
    const x = values[i] as number;
    const share = span > 0 ? (x - low) / span : 0.5;
    const step = Math.max(0, Math.min(STEPS - 1, Math.round(share * (STEPS - 1))));
    const [r, g, b] = Number.isFinite(x) ? (table[step] as Rgb) : notFinite;
    out[4 * i] = r;
    out[4 * i + 1] = g;
    out[4 * i + 2] = b;
    out[4 * i + 3] = 255;
  }
}
