import type { Setting } from '../../base/diagnostics.ts';
import { type Config, parseConfig } from '../../config/config.ts';
import { layoutOf } from '../../data/bin.ts';
import type { ConfigChange } from '../../protocol/changes.ts';
import type { PreparationLabel } from '../../protocol/dataLabels.ts';
import type { Settings } from '../settings.ts';

/** A way to prepare samples that is tried in the place of the config's. */
export interface Alternative {
  readonly change: ConfigChange;
  /** `BGR, mean 104, 117, 123`. */
  readonly label: string;
  /** Pixels per unit of the model's input, mean over the channels; undefined where values stay as they are. */
  readonly deviation: number | undefined;
}

type Format = 'RGB' | 'BGR' | 'GRAY';

interface Preparation {
  readonly format: Format;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

interface Normalization {
  readonly label: PreparationLabel;
  /** In the order R, G, B, in units of pixels. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** Also tried on B, G, R in this order, under this label: some tools were trained so. */
  readonly unturned?: PreparationLabel;
}

/** Means and deviations that networks of images are trained with. */
export const COLOUR_NORMALIZATIONS: readonly Normalization[] = [
  { label: 'pixels 0 to 255', mean: [0, 0, 0], std: [1, 1, 1] },
  { label: 'pixels 0 to 1', mean: [0, 0, 0], std: [255, 255, 255] },
  { label: 'pixels -1 to 1', mean: [127.5, 127.5, 127.5], std: [127.5, 127.5, 127.5] },
  { label: '(pixel - 127) / 128', mean: [127, 127, 127], std: [128, 128, 128] },
  {
    label: 'mean and deviation of ImageNet',
    mean: [123.675, 116.28, 103.53],
    std: [58.395, 57.12, 57.375],
    unturned: 'mean and deviation of ImageNet of RGB',
  },
  { label: 'mean of ImageNet', mean: [123, 117, 104], std: [1, 1, 1] },
  { label: 'mean and deviation of CIFAR-10', mean: [125.307, 122.961, 113.8575], std: [62.985, 62.0925, 66.708] },
];

export const GRAY_NORMALIZATIONS: readonly Normalization[] = [
  { label: 'pixels 0 to 255', mean: [0], std: [1] },
  { label: 'pixels 0 to 1', mean: [0], std: [255] },
  { label: 'pixels -1 to 1', mean: [127.5], std: [127.5] },
  { label: 'mean and deviation of MNIST', mean: [33.3285], std: [78.5655] },
];

/** Preparations closer than this, relative to the deviation, are the same one. */
const SAME = 0.005;
const DATA = 'data_preprocess_param';

/**
 * What may be tried in the place of the config's preprocessing: of images another order of the channels and other means
 * and deviations, of BIN files the other layout. Empty where nothing of it can be said in a config.
 *
 * @param inputs of the model.
 */
export function alternativesOf(
  { configText, configPath, sampleSource }: Pick<Settings, 'configText' | 'configPath' | 'sampleSource'>,
  inputs: readonly { readonly name: string; readonly dtype: string; readonly dims: readonly number[] }[],
): { readonly now: Pick<Alternative, 'label' | 'deviation'>; readonly all: readonly Alternative[] } {
  const { config } = parseConfig(configText, configPath);
  const nothing = { now: { label: '', deviation: undefined }, all: [] };
  if (config === undefined || sampleSource === 'pseudo-random') return nothing;
  if (config.data.inputType === 'BIN') return { now: nothing.now, all: inputs.flatMap((i) => otherLayout(config, i)) };
  const now = preparationOf(config);
  const takesFloats = inputs.every((i) => i.dtype !== 'uint8');
  const all: Alternative[] = [];
  const seen: Preparation[] = [now];
  for (const { label, ...p } of preparations(now, takesFloats)) {
    if (seen.some((other) => isSame(other, p))) continue;
    seen.push(p);
    all.push({ change: { settings: settingsOf(now, p) }, label, deviation: deviationOf(p) });
  }
  return { now: { label: textOf(now), deviation: deviationOf(now) }, all };
}

function preparationOf({ data }: Config): Preparation {
  const format = data.imageToFormat ?? 'BGR';
  const channels = format === 'GRAY' ? 1 : 3;
  const all = (x: number): number[] => new Array<number>(channels).fill(x);
  return { format, mean: data.normalizeMean ?? all(0), std: data.normalizeStd ?? all(1) };
}

/** The other order of channels first, then means and deviations in the order of the table. */
function* preparations(now: Preparation, takesFloats: boolean): Generator<Preparation & { readonly label: string }> {
  const { format, mean, std } = now;
  if (format === 'GRAY') {
    if (takesFloats) for (const n of GRAY_NORMALIZATIONS) yield { ...n, format, label: named('GRAY', n.label) };
    return;
  }
  const other = format === 'RGB' ? 'BGR' : 'RGB';
  yield { format: other, ...turned({ mean, std }), label: named(other, 'mean and deviation turned with it') };
  if (!takesFloats) return;
  yield { format: other, mean, std, label: named(other, 'mean and deviation as they are') };
  yield { format, ...turned({ mean, std }), label: named(format, 'mean and deviation turned') };
  for (const f of [format, other] as const)
    for (const n of COLOUR_NORMALIZATIONS) {
      yield { format: f, ...(f === 'BGR' ? turned(n) : n), label: named(f, n.label) };
      if (n.unturned !== undefined && f === 'BGR')
        yield { format: f, mean: n.mean, std: n.std, label: named(f, n.unturned) };
    }
}

function named(format: Format, label: PreparationLabel): string {
  return `${format}, ${label}`;
}

function turned({ mean, std }: Pick<Preparation, 'mean' | 'std'>): Pick<Preparation, 'mean' | 'std'> {
  return { mean: [...mean].reverse(), std: [...std].reverse() };
}

function isSame(a: Preparation, b: Preparation): boolean {
  if (a.format !== b.format) return false;
  return a.mean.every((m, c) => {
    const [s, t] = [a.std[c] as number, b.std[c] as number];
    return Math.abs(m - (b.mean[c] as number)) <= SAME * Math.abs(s) && Math.abs(s - t) <= SAME * Math.abs(s);
  });
}

function deviationOf({ std }: Preparation): number {
  return std.reduce((sum, s) => sum + Math.abs(s), 0) / std.length;
}

function settingsOf(now: Preparation, then: Preparation): Setting[] {
  const settings: Setting[] = [];
  const set = (key: string, value: string): number => settings.push({ section: DATA, key, value });
  if (now.format !== then.format) set('image_to_format', then.format);
  if (vectorText(now.mean) !== vectorText(then.mean) || vectorText(now.std) !== vectorText(then.std)) {
    set('normalize_mean', vectorText(then.mean)); // both or none are given
    set('normalize_std', vectorText(then.std));
  }
  return settings;
}

function vectorText(numbers: readonly number[]): string {
  return `[${numbers.join(',')}]`;
}

function textOf({ format, mean, std }: Preparation): string {
  return `${format}, mean ${mean.join(', ')}, deviation ${std.join(', ')}`;
}

/** A 4-D BIN file read in the other layout, where that makes a difference. */
function otherLayout(
  { quantscope }: Config,
  { name, dims }: { readonly name: string; readonly dims: readonly number[] },
): Alternative[] {
  const channels = layoutOf(dims) === 'NCHW' ? dims[1] : dims[3];
  if (dims.length !== 4 || channels === 1) return [];
  const stated = quantscope.inputLayouts.get(name) ?? quantscope.binLayout ?? layoutOf(dims);
  const other = stated === 'NCHW' ? 'NHWC' : 'NCHW';
  const layouts = new Map([...quantscope.inputLayouts, [name, other] as const]);
  const value = [...layouts].map(([input, layout]) => `${input}:${layout}`).join(',');
  return [
    {
      change: { settings: [{ section: 'quantscope', key: 'input_layout', value }] },
      label: `${name} as ${other}`,
      deviation: undefined,
    },
  ];
}
