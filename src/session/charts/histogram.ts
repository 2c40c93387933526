import type { QuantParams } from '../../base/quantParams.ts';
import type { GridView, HistogramView } from '../../protocol/chartViews.ts';
import type { ChartedTensor } from './charted.ts';

/** Bins of a histogram of many elements, and of very few; with a scale about so many. */
const BINS = 256;
const LEAST_BINS = 16;
/** Most codes that are counted one by one. */
const MOST_CODES = 256;

interface Bins {
  readonly low: number;
  readonly width: number;
  readonly count: number;
}

/** Counts both sides of a tensor over common bins; null without finite elements. */
export function histogramOf({ origin, dequant, codes, params }: ChartedTensor): HistogramView | null {
  const limits = limitsOf(origin, dequant ?? []);
  if (limits === null) return null;
  const grid = params === undefined ? null : gridOf(params);
  const bins = binsOf({ ...limits, elements: origin.length }, grid);
  return {
    low: bins.low,
    width: bins.width,
    origin: counted(origin, bins),
    dequant: dequant === undefined ? null : counted(dequant, bins),
    notFinite: limits.notFinite,
    grid,
    codes: codes === undefined || params === undefined ? null : codeCounts(codes, params),
  };
}

/** The one grid of all elements; null where channels have their own, or a table says what codes stand for. */
function gridOf({ scheme, scale, zeroPoint, table, correction }: QuantParams): GridView | null {
  if (table !== undefined || scale.length !== 1 || correction?.applied === true) return null;
  return {
    scale: scale[0] as number,
    zeroPoint: zeroPoint[0] as number,
    qmin: scheme.qmin,
    qmax: scheme.qmax,
  };
}

/** What is to be counted: its least and largest element, and how many there are. */
export interface Counted {
  readonly low: number;
  readonly high: number;
  readonly elements: number;
}

/**
 * Bins from `low` to `high`, the fewer the fewer elements there are. With a grid a bin is an odd number of steps wide or
 * an odd fraction of one, about a value of the grid, so that none of them lies between two bins.
 */
export function binsOf({ low, high, elements }: Counted, grid: Pick<GridView, 'scale'> | null): Bins {
  const wanted = Math.min(BINS, Math.max(LEAST_BINS, Math.ceil(Math.sqrt(elements))));
  if (grid === null) {
    if (low === high) return oneBin(low, Math.abs(low) / BINS || 1);
    return { low, width: (high - low) / wanted, count: wanted };
  }
  const steps = (high - low) / grid.scale;
  const perBin = steps >= wanted ? oddAtMost(steps / wanted) : 1 / oddAtLeast(wanted / 2 / Math.max(1, steps));
  const width = grid.scale * perBin;
  const first = Math.floor(low / width + 0.5);
  const last = Math.floor(high / width + 0.5);
  return { low: (first - 0.5) * width, width, count: last - first + 1 };
}

function oneBin(middle: number, width: number): Bins {
  return { low: middle - width / 2, width, count: 1 };
}

function oddAtMost(n: number): number {
  return Math.max(1, 2 * Math.floor((Math.floor(n) - 1) / 2) + 1);
}

/** Odd, so that a value of the grid is in the middle of one of its bins. */
function oddAtLeast(n: number): number {
  return 2 * Math.floor(Math.ceil(n) / 2) + 1;
}

function counted(x: ArrayLike<number>, { low, width, count }: Bins): Uint32Array {
  const counts = new Uint32Array(count);
  for (let i = 0; i < x.length; i++) {
    const value = x[i] as number;
    if (!Number.isFinite(value)) continue;
    const bin = Math.min(count - 1, Math.max(0, Math.floor((value - low) / width)));
    counts[bin] = (counts[bin] as number) + 1;
  }
  return counts;
}

function codeCounts(codes: ArrayLike<number>, { scheme, table }: QuantParams): HistogramView['codes'] {
  const { qmin, qmax } = scheme;
  if (table !== undefined || qmax - qmin >= MOST_CODES) return null;
  const counts = new Uint32Array(qmax - qmin + 1);
  for (let i = 0; i < codes.length; i++) {
    const at = (codes[i] as number) - qmin;
    if (at >= 0 && at < counts.length) counts[at] = (counts[at] as number) + 1;
  }
  return { first: qmin, counts };
}

function limitsOf(...sides: readonly ArrayLike<number>[]): { low: number; high: number; notFinite: number } | null {
  let [low, high, notFinite] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (const x of sides) {
    for (let i = 0; i < x.length; i++) {
      const value = x[i] as number;
      if (!Number.isFinite(value)) notFinite++;
      else {
        if (value < low) low = value;
        if (value > high) high = value;
      }
    }
  }
  return low > high ? null : { low, high, notFinite };
}
