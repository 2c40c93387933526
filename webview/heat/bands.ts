import { type Borders, defaultBorders, isWorse, levelOf, type MetricInfo } from '../../src/protocol/metrics.ts';

/** How values become colours: five bands, or shades that change with the value. */
export type HeatScale = 'bands' | 'gradient';

export const BANDS = 5;
/** Shades of a gradient: four within each band. */
export const SHADES = 20;

/** What is needed of a metric to put its values on an axis. */
export type MetricAxis = Pick<MetricInfo, 'axis' | 'higherIsBetter'>;

/** A value of no error: 1 - 1e-8 and better are as good as 1. */
const NO_DISTANCE = 1e-8;

/**
 * Where a value lies on the axis that runs from better to worse: -Infinity for what cannot be better (no error, 1 of a
 * similarity), NaN for NaN.
 */
export function coordinateOf({ axis, higherIsBetter }: MetricAxis, value: number): number {
  if (axis === 'logDistance') return 1 - value <= NO_DISTANCE ? Number.NEGATIVE_INFINITY : Math.log10(1 - value);
  if (axis === 'linear') return higherIsBetter ? -value : value;
  const log = value <= 0 ? Number.NEGATIVE_INFINITY : Math.log10(value);
  return higherIsBetter ? -log : log;
}

/** The value at a place of the axis. */
export function valueAt({ axis, higherIsBetter }: MetricAxis, coordinate: number): number {
  if (axis === 'logDistance') return 1 - 10 ** coordinate;
  const along = higherIsBetter ? -coordinate : coordinate;
  return axis === 'linear' ? along : 10 ** along;
}

/** The part of an axis that is shown. */
export interface Domain {
  readonly from: number;
  readonly to: number;
}

/** From the best to the worst of the values and borders, with a margin on either side. */
export function domainOf(axis: MetricAxis, values: Float64Array, borders: Borders): Domain {
  let [from, to] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const take = (value: number): void => {
    const x = coordinateOf(axis, value);
    if (!Number.isFinite(x)) return;
    from = Math.min(from, x);
    to = Math.max(to, x);
  };
  for (const value of values) take(value);
  for (const border of borders) take(border);
  if (from > to) return { from: 0, to: 1 };
  const margin = Math.max((to - from) * 0.06, 1e-3 * Math.max(1, Math.abs(to)));
  return { from: from - margin, to: to + margin };
}

/** 0 at the better end of a domain, 1 at the worse one; what lies outside is at that end. NaN for NaN. */
export function fractionOf(axis: MetricAxis, { from, to }: Domain, value: number): number {
  const x = coordinateOf(axis, value);
  return Math.min(1, Math.max(0, (x - from) / (to - from)));
}

/** The value at a fraction of a domain; at its very beginning that without any error, where that is a number. */
export function valueAtFraction(axis: MetricAxis, { from, to }: Domain, fraction: number): number {
  const along = Math.max(0, fraction);
  return valueAt(axis, along === 0 && axis.axis !== 'linear' ? Number.NEGATIVE_INFINITY : from + along * (to - from));
}

/**
 * The shades of values: of a band its number, of a gradient one of {@link SHADES}; -1 where there is no value. Bands have
 * equal shares of a gradient, so that moving a border moves its colours.
 */
export function shadesOf(
  info: Omit<MetricInfo, 'id'>,
  borders: Borders,
  values: Float64Array,
  scale: HeatScale,
): Int8Array {
  const shades = new Int8Array(values.length).fill(-1);
  const domain = domainOf(info, values, borders);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (Number.isNaN(value)) continue;
    const band = levelOf(info, borders, value);
    shades[i] = scale === 'bands' ? band : shadeWithin({ info, borders, domain }, band, value);
  }
  return shades;
}

interface Ruler {
  readonly info: Omit<MetricInfo, 'id'>;
  readonly borders: Borders;
  readonly domain: Domain;
}

function shadeWithin({ info, borders, domain }: Ruler, band: number, value: number): number {
  const from = band === 0 ? 0 : fractionOf(info, domain, borders[band - 1] as number);
  const to = band === BANDS - 1 ? 1 : fractionOf(info, domain, borders[band] as number);
  const along = to > from ? (fractionOf(info, domain, value) - from) / (to - from) : 0;
  const steps = SHADES / BANDS;
  return band * steps + Math.min(steps - 1, Math.max(0, Math.floor(along * steps)));
}

/** The band that a shade belongs to. */
export function bandOf(shade: number, scale: HeatScale): number {
  return scale === 'bands' ? shade : Math.floor((shade * BANDS) / SHADES);
}

/** How many values each band has. */
export function countBands(info: Omit<MetricInfo, 'id'>, borders: Borders, values: Float64Array): number[] {
  const counts = new Array<number>(BANDS).fill(0);
  for (const value of values) {
    if (!Number.isNaN(value)) counts[levelOf(info, borders, value)]!++; // five bands
  }
  return counts;
}

/** How many values lie in each of `bins` parts of a domain; at its ends also those beyond. */
export function histogramOf(axis: MetricAxis, domain: Domain, values: Float64Array, bins: number): number[] {
  const counts = new Array<number>(bins).fill(0);
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    const bin = Math.min(bins - 1, Math.floor(fractionOf(axis, domain, value) * bins));
    counts[bin]!++; // within 0..bins - 1
  }
  return counts;
}

/** The borders that hold: those a user has moved, while they still go from better to worse, else the metric's own. */
export function bordersOf(info: Omit<MetricInfo, 'id'>, moved: Borders | undefined, values: Float64Array): Borders {
  return isBorders(info, moved) ? moved : defaultBorders(info, values);
}

/** Whether a value, as it was saved, is borders that go from better to worse. */
function isBorders(info: Pick<MetricInfo, 'higherIsBetter'>, saved: unknown): saved is Borders {
  if (!Array.isArray(saved) || saved.length !== BANDS - 1 || !saved.every(Number.isFinite)) return false;
  return saved.every((border: number, i) => i === 0 || !isWorse(info, saved[i - 1] as number, border));
}

/** The borders with one of them moved, held between its neighbours. */
export function withBorder(info: Omit<MetricInfo, 'id'>, borders: Borders, at: 0 | 1 | 2 | 3, value: number): Borders {
  const [before, after] = [borders[at - 1], borders[at + 1]];
  let held = value;
  if (before !== undefined && isWorse(info, before, held)) held = before;
  if (after !== undefined && isWorse(info, held, after)) held = after;
  return borders.map((border, i) => (i === at ? held : border)) as unknown as Borders; // four of four
}
