import { type Item, joinedItems, Letter } from './sequence.ts';

/** Periods that are tried, those seen most often first. */
const MAX_PERIODS = 12;
/** Nodes that a repeated run must have to be a block. */
const MIN_SIZE = 4;

interface Run {
  readonly first: number;
  readonly period: number;
  readonly times: number;
  readonly size: number;
}

/**
 * Puts one item in the place of every period of a sequence that repeats itself.
 *
 * @param open {@link openAt}
 * @param isBlock whether a period is a block, not merely a row of them
 */
export function withRepeats(
  items: readonly Item[],
  open: Int32Array,
  isBlock: (period: readonly Item[]) => boolean,
): readonly Item[] {
  if (items.length < 4) return items;
  const runs = periodsOf(items)
    .flatMap((period) => runsOf(items, period))
    .map((run) => inPhase(run, items, open))
    .filter(({ first, period, times, size }) => {
      return times > 1 && size / times >= MIN_SIZE && isBlock(items.slice(first, first + period));
    })
    .sort((a, b) => b.size - a.size || a.period - b.period);
  const isTaken = new Uint8Array(items.length);
  const starts = new Map<number, Run>();
  for (const run of runs) {
    const end = run.first + run.period * run.times;
    if (isTaken.subarray(run.first, end).includes(1)) continue;
    isTaken.fill(1, run.first, end);
    starts.set(run.first, run);
  }
  const result: Item[] = [];
  for (let i = 0; i < items.length; ) {
    const run = starts.get(i);
    if (run === undefined) result.push(items[i++] as Item);
    else {
      for (let k = 0; k < run.times; k++, i += run.period) {
        result.push(joinedItems(Letter.block, items.slice(i, i + run.period)));
      }
    }
  }
  return result;
}

/** Distances at which equal items lie; 1 needs no block around it. */
function periodsOf(items: readonly Item[]): number[] {
  const votes = new Map<number, number>();
  const seen = new Map<number, number[]>();
  items.forEach(({ hash, size }, i) => {
    const places = seen.get(hash) ?? [];
    for (const place of places) {
      const period = i - place;
      if (period > 1 && period <= items.length / 2) votes.set(period, (votes.get(period) ?? 0) + size);
    }
    seen.set(hash, [...places.slice(-2), i]);
  });
  return [...votes]
    .sort((a, b) => b[1] - a[1] || a[0] - b[0])
    .slice(0, MAX_PERIODS)
    .map(([period]) => period);
}

/** Longest runs in which every item equals the one a period before it. */
function runsOf(items: readonly Item[], period: number): Run[] {
  const runs: Run[] = [];
  let first = 0;
  for (let i = period; i <= items.length; i++) {
    if (i < items.length && items[i]?.hash === items[i - period]?.hash) continue;
    if (i - first >= 2 * period) runs.push({ first, period, times: Math.floor((i - first) / period), size: i - first });
    first = i - period + 1;
  }
  return runs;
}

/** Moves the borders of a run to where fewest tensors cross them. */
function inPhase({ first, period, size: length }: Run, items: readonly Item[], open: Int32Array): Run {
  let best = { cost: Number.POSITIVE_INFINITY, shift: 0, times: 0 };
  for (let shift = 0; shift < period; shift++) {
    const times = Math.floor((length - shift) / period);
    let cost = 0;
    for (let k = 0; k < times; k++) cost += open[(items[first + shift + k * period] as Item).first] as number;
    cost /= times;
    if (times > 1 && (cost < best.cost || (cost === best.cost && times > best.times))) best = { cost, shift, times };
  }
  const from = first + best.shift;
  const size = items.slice(from, from + period * best.times).reduce((sum, item) => sum + item.size, 0);
  return { first: from, period, times: best.times, size };
}
