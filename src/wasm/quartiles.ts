import type { Moments } from '../kernels/kernelSet.ts';
import type { Engine } from './engine.ts';
import type { Loan } from './lend.ts';

export type Quartiles = readonly [q1: number, median: number, q3: number];

const MOST_SAMPLES = 4096;
/** Half the width of a bracket in standard deviations of a sampled rank: a rank is missed once in 15,000 times. */
const DEVIATIONS = 4;
/** Up to this many gathered elements are put in bins. */
const MOST_BINNED = 131072;
/** Up to this many elements of the bins that hold the ranks are sorted. */
const MOST_SORTED = 16384;
/** As in assembly/select.ts: runs of a sample and the tables that sort it, pivots or brackets with the table behind them. */
const RUN = 4;
const SORT_TABLE_BYTES = 4 * 2 ** 10;
const BINS = 2048;
const BLOCK_BYTES = 64;
const TABLE_BYTES = 256;
/** Of bracketsF32. */
const RESULTS = 8;
/** Between the lists of two threads: a list is written 16 bytes past its end. */
const SLACK_BYTES = 64;

/** Where elements of some ranks are expected: at least `lo`, below `hi`. One of a single value needs no gathering. */
interface Bracket {
  readonly lo: number;
  readonly hi: number;
  readonly isConstant: boolean;
}

/** Elements in memory and the ranks wanted of them; a rank that is known already is undefined. */
interface Search {
  readonly from: number;
  readonly length: number;
  readonly ranks: readonly (number | undefined)[];
  /** What the elements were gathered from; none at first. */
  readonly brackets: readonly Bracket[];
  /** No wanted element is less. */
  readonly least: number;
  /** Whether all elements are known to be finite. */
  readonly isAllFinite: boolean;
}

/**
 * The elements at ranks floor(q n), q = 1/4, 1/2, 3/4, of `count` finite float32 at `pointer`: a sample brackets them, one
 * pass counts what lies below and gathers what lies inside; so on with what was gathered, until it fits bins.
 *
 * @param moments of the elements, where they are known: zeros of rectified data need no search.
 * @returns undefined where the sample misled or an element is not finite: nothing is known then.
 */
export function quartilesByBrackets(
  engine: Engine,
  loan: Loan,
  pointer: number,
  count: number,
  moments?: Moments,
): Quartiles | undefined {
  if (moments !== undefined && moments.nan + moments.inf > 0) return undefined;
  const block = loan.scratch(BLOCK_BYTES + TABLE_BYTES);
  engine.call('fillPackTable', block + BLOCK_BYTES);
  const zeros = moments?.min === 0 ? moments.zeros : 0;
  const ranks = [Math.floor(count / 4), Math.floor(count / 2), Math.floor((3 * count) / 4)];
  const found = ranks.map((rank) => (rank < zeros ? 0 : undefined)) as (number | undefined)[];
  if (!found.includes(undefined)) return [0, 0, 0];
  let search: Search = {
    from: pointer,
    length: count,
    ranks: ranks.map((rank, i) => (found[i] === undefined ? rank : undefined)),
    brackets: [],
    least: zeros > 0 ? nextAbove(0) : Number.NEGATIVE_INFINITY,
    isAllFinite: moments !== undefined,
  };
  do {
    const next = narrowed(engine, loan, search, block, found);
    if (next === undefined || next.length === search.length) return undefined;
    search = next;
  } while (search.length > MOST_BINNED);
  if (found.includes(undefined) && !selectInBins(engine, loan, search, block, found)) return undefined;
  return [(found[0] as number) + 0, (found[1] as number) + 0, (found[2] as number) + 0]; // + 0 makes a zero positive
}

/** One pass: the elements among which the ranks lie; those in brackets of a single value go to `found`. */
function narrowed(
  engine: Engine,
  loan: Loan,
  search: Search,
  block: number,
  found: (number | undefined)[],
): Search | undefined {
  const brackets = bracketsOf(engine, loan, search);
  const pass = brackets && countAndGather(engine, loan, search, block, brackets);
  if (brackets === undefined || pass === undefined) return undefined;
  const ranks: (number | undefined)[] = [];
  for (const [i, rank] of search.ranks.entries()) {
    if (rank === undefined) {
      ranks.push(undefined);
      continue;
    }
    const b = brackets.findIndex((_, k) => rank >= below(pass, 2 * k) && rank < below(pass, 2 * k + 1));
    const bracket = brackets[b];
    if (bracket === undefined) return undefined;
    if (bracket.isConstant) found[i] = bracket.lo;
    const before = brackets.reduce(
      (n, other, k) => (k < b && !other.isConstant ? n + below(pass, 2 * k + 1) - below(pass, 2 * k) : n),
      0,
    );
    ranks.push(bracket.isConstant ? undefined : rank - below(pass, 2 * b) + before);
  }
  const gathered = brackets.filter((b) => !b.isConstant);
  const least = gathered[0]?.lo ?? search.least;
  return { from: pass.list, length: pass.gathered, ranks, brackets: gathered, least, isAllFinite: true };
}

function below(pass: Pass, pivot: number): number {
  return pass.below[pivot] as number;
}

/** Up to three disjoint brackets in ascending order that hold the ranks, if the sample is like the whole. */
function bracketsOf(engine: Engine, loan: Loan, search: Search): readonly Bracket[] | undefined {
  const { from, length, ranks } = search;
  const sample = sampleOf(engine, loan, from, length);
  if (!Number.isFinite(sample[0]) || !Number.isFinite(sample.at(-1))) return undefined;
  const most = search.brackets.at(-1)?.hi ?? Number.POSITIVE_INFINITY;
  const brackets: Bracket[] = [];
  for (const rank of ranks) {
    if (rank === undefined) continue;
    const share = (rank + 0.5) / length;
    const half = 1 + DEVIATIONS * Math.sqrt(share * (1 - share) * sample.length);
    let lo = Math.max(search.least, sample[Math.floor(share * sample.length - half)] ?? search.least) + 0;
    const end = sample[Math.ceil(share * sample.length + half)] ?? most;
    const hi = end > lo ? end : nextAbove(lo);
    const last = brackets.at(-1);
    if (last !== undefined && last.hi > lo) {
      if (hi <= last.hi) continue;
      if (last.isConstant) lo = last.hi;
      else {
        brackets[brackets.length - 1] = { lo: last.lo, hi, isConstant: false };
        continue;
      }
    }
    brackets.push({ lo, hi, isConstant: hi === nextAbove(lo) });
  }
  return brackets;
}

/** A sorted sample; see sampleF32 in assembly/select.ts. */
function sampleOf(engine: Engine, loan: Loan, from: number, length: number): Float32Array {
  const runs = Math.ceil(Math.min(MOST_SAMPLES, 6 * Math.sqrt(length)) / RUN);
  const out = loan.scratch(4 * RUN * runs);
  engine.call('sampleF32', from, length, runs, loan.scratch(4 * RUN * runs + SORT_TABLE_BYTES), out);
  return engine.memory.at('float32', out, RUN * runs);
}

const FLOAT = new Float32Array(1);
const BITS = new Int32Array(FLOAT.buffer);

/** The least float32 above `x`. */
function nextAbove(x: number): number {
  FLOAT[0] = x + 0;
  BITS[0] = (BITS[0] as number) + (x >= 0 ? 1 : -1);
  return FLOAT[0] as number;
}

interface Pass {
  /** Elements below each bracket's `lo` and `hi`, in turn. */
  readonly below: readonly number[];
  /** Address of the gathered elements. */
  readonly list: number;
  readonly gathered: number;
}

/** One pass on all threads; undefined where an element is not finite. */
function countAndGather(
  engine: Engine,
  loan: Loan,
  { from, length, isAllFinite }: Search,
  block: number,
  brackets: readonly Bracket[],
): Pass | undefined {
  const pivots = engine.memory.at('float32', block, 6).fill(Number.POSITIVE_INFINITY);
  const masks = engine.memory.at('int32', block + 24, 3).fill(0);
  for (const [k, { lo, hi, isConstant }] of brackets.entries()) {
    pivots[2 * k] = lo;
    pivots[2 * k + 1] = hi;
    masks[k] = isConstant ? 0 : -1;
  }
  const ranges = engine.split(length, length / 2, 64);
  const bytes = 4 * length + SLACK_BYTES * ranges.length;
  const list = loan.scratch(bytes);
  const out = loan.scratch(8 * RESULTS * ranges.length);
  const starts = ranges.map(([first], i) => 4 * first + SLACK_BYTES * i);
  engine.run(
    isAllFinite && brackets.length <= 2 ? 'twoBracketsF32' : 'bracketsF32',
    ranges.map(([first, end], i) => [
      from + 4 * first,
      end - first,
      block,
      list + (starts[i] as number),
      out + 8 * RESULTS * i,
    ]),
  );
  const results = engine.memory.at('float64', out, RESULTS * ranges.length);
  const total = (field: number): number => ranges.reduce((n, _, i) => n + (results[RESULTS * i + field] as number), 0);
  if (total(7) > 0) return undefined;
  const all = engine.memory.at('uint8', list, bytes);
  let end = 0;
  for (const [i, start] of starts.entries()) {
    const size = 4 * (results[RESULTS * i + 6] as number);
    if (i > 0) all.copyWithin(end, start, start + size);
    end += size;
  }
  return { below: [0, 1, 2, 3, 4, 5].map(total), list, gathered: total(6) };
}

/** Puts the elements of the brackets in bins and sorts those of the bins that hold the ranks; false where they are many. */
function selectInBins(
  engine: Engine,
  loan: Loan,
  { from, length, ranks, brackets }: Search,
  block: number,
  found: (number | undefined)[],
): boolean {
  const los = engine.memory.at('float32', block, 3).fill(Number.POSITIVE_INFINITY);
  const scales = engine.memory.at('float32', block + 12, 3).fill(0);
  for (const [k, { lo, hi }] of brackets.entries()) {
    los[k] = lo;
    scales[k] = BINS / (hi - lo);
  }
  const table = loan.scratch(4 * 3 * BINS);
  const bins = loan.scratch(4 * length + SLACK_BYTES);
  engine.call('countBinsF32', from, length, block, table, bins);
  const known = ranks.find((rank) => rank !== undefined) ?? 0;
  const wanted = loan.scratch(12);
  const ascending = ranks.map((rank) => rank ?? known).sort((a, b) => a - b);
  engine.memory.at('int32', wanted, 3).set(ascending);
  const targets = loan.scratch(24);
  engine.call('findBins', table, wanted, targets);
  const out = loan.scratch(8);
  engine.call('keepBinsF32', from, length, bins, targets, block + BLOCK_BYTES, out);
  const rest = engine.memory.at('float64', out, 1)[0] as number;
  if (rest > MOST_SORTED) return false;
  const sorted = engine.memory.at('float32', from, rest).slice().sort();
  const places = engine.memory.at('int32', targets + 12, 3);
  for (const [i, rank] of ranks.entries())
    if (rank !== undefined) found[i] = sorted[places[ascending.indexOf(rank)] as number];
  return true;
}
