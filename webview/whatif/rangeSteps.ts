import type { GridView, HistogramView } from '../../src/protocol/chartViews.ts';

/** A range of real values, 0 among them. */
export type Ends = readonly [lo: number, hi: number];

export type End = 'lo' | 'hi';

/** Moves of a handle in shares of the axis: of an arrow, and of Page Up and Page Down. */
const ARROW = 1 / 200;
const PAGE = 1 / 20;
/** Least width of a range, as a share of the axis. */
const LEAST = 1 / 1000;

/** Where the codes of a range really reach: it holds 0, and a symmetric one goes as far both ways. */
export function reachOf([lo, hi]: Ends, isSymmetric: boolean): Ends {
  const [low, high] = [Math.min(lo, 0), Math.max(hi, 0)];
  if (!isSymmetric) return [low, high];
  const most = Math.max(-low, high);
  return [-most, most];
}

/** The range that a tensor has now. */
export function endsOf({ scale, zeroPoint, qmin, qmax }: GridView): Ends {
  return [scale * (qmin - zeroPoint), scale * (qmax - zeroPoint)];
}

/** From one code to the next. */
export function stepOf(ends: Ends, { qmin, qmax }: Pick<GridView, 'qmin' | 'qmax'>, isSymmetric: boolean): number {
  const [lo, hi] = reachOf(ends, isSymmetric);
  return (hi - lo) / (qmax - qmin);
}

/**
 * Share 0..1 of the elements that get no code of their own: those more than half a step beyond the ends. Within a bin
 * elements are taken to lie evenly, but in that of 0, where many are 0 exactly, and 0 always has a code. NaN without
 * elements.
 */
export function clippedShare({ low, width, origin }: HistogramView, [lo, hi]: Ends, step: number): number {
  const [from, to] = [lo - step / 2, hi + step / 2];
  let [all, inside] = [0, 0];
  for (let i = 0; i < origin.length; i++) {
    const count = origin[i] as number;
    all += count;
    const [left, right] = [low + i * width, low + (i + 1) * width];
    if ((left >= from && right <= to) || (left <= 0 && right > 0)) inside += count;
    else inside += (count * Math.max(0, Math.min(right, to) - Math.max(left, from))) / width;
  }
  return all === 0 ? Number.NaN : (all - inside) / all;
}

/** The ends with one of them elsewhere: they stay apart, and 0 between them. */
export function withEnd([lo, hi]: Ends, end: End, value: number, axis: Ends): Ends {
  const least = (axis[1] - axis[0]) * LEAST;
  if (end === 'lo') return [Math.min(value, 0, hi - (hi > 0 ? 0 : least)), hi];
  return [lo, Math.max(value, 0, lo + (lo < 0 ? 0 : least))];
}

/** What a key makes of an end; undefined where it is not for it. */
export function moved(key: string, ends: Ends, end: End, axis: Ends): Ends | undefined {
  const span = axis[1] - axis[0];
  const now = end === 'lo' ? ends[0] : ends[1];
  const targets: Readonly<Record<string, number>> = {
    ArrowRight: now + span * ARROW,
    ArrowUp: now + span * ARROW,
    ArrowLeft: now - span * ARROW,
    ArrowDown: now - span * ARROW,
    PageUp: now + span * PAGE,
    PageDown: now - span * PAGE,
    Home: end === 'lo' ? axis[0] : 0,
    End: end === 'lo' ? 0 : axis[1],
  };
  const target = targets[key];
  if (target === undefined) return undefined;
  return withEnd(ends, end, Math.min(axis[1], Math.max(axis[0], target)), axis);
}
