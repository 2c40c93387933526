import {
  formatCosine,
  formatCount,
  formatDecibels,
  formatFraction,
  formatMilliseconds,
  formatSize,
  formatSmall,
  parseCosine,
  parseCount,
  parseDecibels,
  parseFraction,
  parseMilliseconds,
  parsePlain,
  parseSize,
} from './metricNumbers.ts';

/** What can be measured of a node. */
export type MetricId =
  | 'cosine'
  | 'sqnrDb'
  | 'mse'
  | 'rmseScale'
  | 'clipRate'
  | 'saturation'
  | 'localSqnrDb'
  | 'localError'
  | 'cumulativeError'
  | 'sensitivity'
  | 'weightError'
  | 'bytes'
  | 'macs'
  | 'timeMs'
  | 'floatTimeMs';

/** Which evaluation sample figures speak of: the worst one of each node, the mean over all, or one of them. */
export type SampleChoice = 'worst' | 'mean' | number;

export interface MetricRequest {
  readonly metric: MetricId;
  readonly of: SampleChoice;
}

/** A metric of all nodes. */
export interface MetricColumn {
  readonly metric: MetricId;
  readonly of: SampleChoice;
  /** Names of the samples that can be asked for one by one; none where it does not depend on any. */
  readonly samples: readonly string[];
  /** By index of the node in the graph's table; NaN where not measured. */
  readonly values: Float64Array;
}

/** The four borders of the five bands, best first, in the metric's own unit. */
export type Borders = readonly [number, number, number, number];

/** Borders as such, or as fractions: of the sum over all nodes, or of the nodes, the better ones first. */
type BorderRule =
  | { readonly kind: 'value'; readonly borders: Borders }
  | { readonly kind: 'share'; readonly borders: Borders }
  | { readonly kind: 'quantile'; readonly borders: Borders };

/** One metric: what it is called, what it says, where its bands lie, and how its number is written. */
export interface MetricInfo {
  readonly id: MetricId;
  /** In queries: `cos:<0.99`. */
  readonly short: string;
  readonly title: string;
  /** '' or 'dB', '%', 'B', 'ms'; numbers are written with it, and held without: fractions, bytes, milliseconds. */
  readonly unit: string;
  /** One sentence with the formula. */
  readonly doc: string;
  /** Whether a higher number is better. */
  readonly higherIsBetter: boolean;
  /** Whether worst, mean and each sample differ. */
  readonly perSample: boolean;
  /** What must be there before it is known: a quantized run, a measurement of its own, or nothing. */
  readonly needs: 'run' | 'sensitivity' | 'timing' | 'model';
  /** Axis on which its values spread: as they are, their logarithm, or the logarithm of their distance from 1. */
  readonly axis: 'linear' | 'log' | 'logDistance';
  readonly borders: BorderRule;
  readonly format: (value: number) => string;
  /** Reads what a person writes, units allowed; undefined where it is no number. */
  readonly parse: (text: string) => number | undefined;
}

const byValue = (...borders: Borders): BorderRule => ({ kind: 'value', borders });

const DECIBELS = { unit: 'dB', axis: 'linear', format: formatDecibels, parse: parseDecibels } as const;
const FRACTION = { unit: '%', axis: 'log', format: formatFraction, parse: parseFraction } as const;
const PLAIN = { unit: '', axis: 'log', format: formatSmall, parse: parsePlain } as const;
const OF_RUN = { perSample: true, needs: 'run' } as const;
const COST = { higherIsBetter: false, perSample: false, axis: 'log' } as const;
const SHARES: BorderRule = { kind: 'share', borders: [0.001, 0.01, 0.03, 0.1] };

/** Every metric that can colour the graph, in the order of its picker. */
export const METRICS: readonly MetricInfo[] = [
  {
    id: 'cosine',
    short: 'cos',
    title: 'Cosine similarity',
    doc: 'Cosine of the angle between the float output x and the dequantized output y: Σxy / √(Σx² Σy²).',
    unit: '',
    higherIsBetter: true,
    ...OF_RUN,
    axis: 'logDistance',
    borders: byValue(0.9999, 0.999, 0.99, 0.95),
    format: formatCosine,
    parse: parseCosine,
  },
  {
    id: 'sqnrDb',
    short: 'sqnr',
    title: 'SQNR',
    doc: 'Signal to quantization noise of the output, errors made before the node included: 10 log₁₀(Σx² / Σ(x − y)²) dB.',
    higherIsBetter: true,
    ...OF_RUN,
    ...DECIBELS,
    borders: byValue(40, 30, 20, 10),
  },
  {
    id: 'mse',
    short: 'mse',
    title: 'Mean squared error',
    doc: 'Mean squared error of the output, Σ(x − y)² / n, in the square of its unit: compare nodes of like magnitude only.',
    higherIsBetter: false,
    ...OF_RUN,
    ...PLAIN,
    borders: { kind: 'quantile', borders: [0.25, 0.5, 0.75, 0.95] },
  },
  {
    id: 'rmseScale',
    short: 'rmse',
    title: 'RMSE / scale',
    doc: 'Root of the mean squared error in steps of the output’s scale: rounding alone gives 1/√12 = 0.289, more is clipping or error from before.',
    higherIsBetter: false,
    ...OF_RUN,
    ...PLAIN,
    borders: byValue(0.3, 0.5, 1, 3),
  },
  {
    id: 'clipRate',
    short: 'clip',
    title: 'Clip rate',
    doc: 'Fraction of the float output’s elements that lie outside the range of the codes.',
    higherIsBetter: false,
    ...OF_RUN,
    ...FRACTION,
    borders: byValue(0, 0.0001, 0.001, 0.01),
  },
  {
    id: 'saturation',
    short: 'sat',
    title: 'Saturation',
    doc: 'Fraction of the output’s codes at either end of their range; values at the border without being clipped count too.',
    higherIsBetter: false,
    ...OF_RUN,
    ...FRACTION,
    borders: byValue(0.0001, 0.001, 0.01, 0.1),
  },
  {
    id: 'localSqnrDb',
    short: 'localsqnr',
    title: 'Local SQNR (node alone)',
    doc: 'SQNR of the output when only this node is quantized and reads float inputs: 10 log₁₀(Σx² / Σ(x − y)²) dB.',
    higherIsBetter: true,
    ...OF_RUN,
    ...DECIBELS,
    borders: byValue(40, 30, 20, 10),
  },
  {
    id: 'localError',
    short: 'local',
    title: 'Local error',
    doc: 'Relative RMS error of the output when only this node is quantized and reads float inputs: √(Σ(x − y)² / Σx²).',
    higherIsBetter: false,
    ...OF_RUN,
    ...FRACTION,
    borders: byValue(0.01, 0.0316, 0.1, 0.316),
  },
  {
    id: 'cumulativeError',
    short: 'error',
    title: 'Cumulative error',
    doc: 'Relative RMS error of the output, errors made before the node included: √(Σ(x − y)² / Σx²) = 10^(−SQNR/20).',
    higherIsBetter: false,
    ...OF_RUN,
    ...FRACTION,
    borders: byValue(0.01, 0.0316, 0.1, 0.316),
  },
  {
    id: 'sensitivity',
    short: 'sens',
    title: 'Sensitivity',
    doc: 'Loss at the model’s output when only this node is quantized: 1 − cosine similarity.',
    higherIsBetter: false,
    perSample: false,
    needs: 'sensitivity',
    ...PLAIN,
    borders: byValue(0.00001, 0.0001, 0.001, 0.01),
  },
  {
    id: 'weightError',
    short: 'werr',
    title: 'Weight error',
    doc: 'Relative RMS error of the node’s weights, corrections included: √(Σ(w − ŵ)² / Σw²), of the worst one.',
    higherIsBetter: false,
    perSample: false,
    needs: 'run',
    ...FRACTION,
    borders: byValue(0.005, 0.01, 0.03, 0.1),
  },
  {
    id: 'bytes',
    short: 'bytes',
    title: 'Size',
    doc: 'Bytes of the node’s constants as the quantized model stores them, as the file does before a run; the first reader has a shared one.',
    unit: 'B',
    ...COST,
    needs: 'model',
    borders: SHARES,
    format: formatSize,
    parse: parseSize,
  },
  {
    id: 'macs',
    short: 'macs',
    title: 'MACs',
    doc: 'Multiply-accumulates of one run: output elements × products per element; of convolutions, matrix products and recurrences only.',
    unit: '',
    ...COST,
    needs: 'model',
    borders: SHARES,
    format: formatCount,
    parse: parseCount,
  },
  {
    id: 'timeMs',
    short: 'time',
    title: 'Time, quantized',
    doc: 'Measured milliseconds of the node in the quantized model on one sample, best of the repeats; what is fused stands at the last node of its group.',
    unit: 'ms',
    ...COST,
    needs: 'timing',
    borders: SHARES,
    format: formatMilliseconds,
    parse: parseMilliseconds,
  },
  {
    id: 'floatTimeMs',
    short: 'floattime',
    title: 'Time, float',
    doc: 'Measured milliseconds of the node in the float model on one sample, best of the repeats; what is fused stands at the last node of its group.',
    unit: 'ms',
    ...COST,
    needs: 'timing',
    borders: SHARES,
    format: formatMilliseconds,
    parse: parseMilliseconds,
  },
];

const BY_ID: ReadonlyMap<string, MetricInfo> = new Map(METRICS.map((m) => [m.id, m]));

export function metricInfo(id: MetricId): MetricInfo {
  return BY_ID.get(id) as MetricInfo; // every id has a row; a test says so
}

/** Whether a text, from a saved view or a query, is the id of a metric. */
export function isMetricId(text: unknown): text is MetricId {
  return typeof text === 'string' && BY_ID.has(text);
}

/** Whether `a` is a worse value than `b`; never for NaN. */
export function isWorse({ higherIsBetter }: Pick<MetricInfo, 'higherIsBetter'>, a: number, b: number): boolean {
  return higherIsBetter ? a < b : a > b;
}

/**
 * Borders of the five bands where nobody has moved them. Where they follow the values (sizes, times) and nothing is
 * measured, all four are the same.
 *
 * @param values of all nodes, NaN where not measured.
 */
export function defaultBorders(
  { borders: rule, higherIsBetter }: Pick<MetricInfo, 'borders' | 'higherIsBetter'>,
  values: Float64Array,
): Borders {
  if (rule.kind === 'value') return rule.borders;
  const known = values.filter((v) => Number.isFinite(v)).sort();
  if (rule.kind === 'share') {
    const sum = known.reduce((total, v) => total + v, 0);
    return mapBorders(rule.borders, (share) => share * sum);
  }
  const at = (fraction: number): number => known[Math.floor(fraction * (known.length - 1))] ?? 0;
  return mapBorders(rule.borders, (fraction) => at(higherIsBetter ? 1 - fraction : fraction));
}

function mapBorders([a, b, c, d]: Borders, map: (border: number) => number): Borders {
  return [map(a), map(b), map(c), map(d)];
}

/** Band of a value, 0 (best) to 4 (worst): the first whose border it keeps. */
export function levelOf(
  { higherIsBetter }: Pick<MetricInfo, 'higherIsBetter'>,
  borders: Borders,
  value: number,
): 0 | 1 | 2 | 3 | 4 {
  const level = borders.findIndex((border) => (higherIsBetter ? value >= border : value <= border));
  return (level === -1 ? 4 : level) as 0 | 1 | 2 | 3 | 4; // an index of four borders
}
