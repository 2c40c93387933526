import { FOLLOWING, type Region } from './regions.ts';
import { Role } from './roles.ts';
import { mix, type Units } from './units.ts';

/** A run of units that may become a group, or a single unit. */
export interface Item {
  /** Units, those it only takes shapes from included. */
  readonly first: number;
  readonly last: number;
  /** The unit it continues from, -1 where there are several or none. */
  readonly entry: number;
  readonly letter: string;
  readonly hash: number;
  /** Nodes in it. */
  readonly size: number;
  /** Empty for a single unit. */
  readonly parts: readonly Item[];
}

/** Letters of runs, beside those of {@link Role}. */
export const Letter = {
  residual: 'R',
  branches: 'F',
  squeezeExcitation: 'S',
  /** Square root of a mean square: the second half of a layer normalization. */
  variance: 'v',
  separable: 'I',
  feedForward: 'W',
  block: 'B',
  /** A convolution with its normalization and activation. */
  layer: 'c',
} as const;

/** The items of units `first` to `last`, regions as one each. */
export function itemsOf(units: Units, regions: readonly Region[], arrange: Arrange): Item[] {
  let next = 0;
  return within(0, units.count - 1);

  function within(first: number, last: number): Item[] {
    const items: Item[] = [];
    let at = first;
    // What comes before anything with weights is for all, not for the first that reads it.
    if (first === 0) while (at <= last && units.isLight[at] === 1) items.push(unitItem(units, at, at++));
    let start = at; // of the next item, with what it only takes shapes from
    for (; at <= last; at++) {
      const region = regions[next];
      if (region !== undefined && region.first === at && region.last <= last) {
        next++;
        const parts = arrange(within(region.first, region.last));
        items.push(regionItem(units, { first: start, last: region.last }, parts));
        at = region.last;
        start = at + 1;
      } else if (units.isLight[at] === 0 || at === last) {
        items.push(unitItem(units, start, at));
        start = at + 1;
      }
    }
    return withFollowers(units, items);
  }
}

/** Finds runs in a sequence of items and puts an item in their place. */
export type Arrange = (items: readonly Item[]) => readonly Item[];

function unitItem(units: Units, first: number, at: number): Item {
  let size = 0;
  for (let unit = first; unit <= at; unit++) size += units.size[unit] as number;
  const { preds, predStart, isLight } = units;
  let entry = -1;
  let ways = 0;
  for (let e = predStart[at] as number; e < (predStart[at + 1] as number); e++) {
    const pred = preds[e] as number;
    if (isLight[pred] === 1) continue;
    entry = Math.max(entry, pred);
    ways++;
  }
  return {
    first,
    last: at,
    entry,
    letter: units.role[at] as string,
    hash: mix(units.hash[at] as number, ways),
    size,
    parts: [],
  };
}

/** One item in the place of several that follow one another. */
export function joinedItems(letter: string, parts: readonly Item[]): Item {
  const [head] = parts as readonly [Item];
  return {
    first: head.first,
    last: (parts[parts.length - 1] as Item).last,
    entry: head.entry,
    letter,
    hash: parts.reduce((hash, part) => mix(hash, part.hash), parts.length),
    size: parts.reduce((size, part) => size + part.size, 0),
    parts,
  };
}

function regionItem(units: Units, { first, last }: Region, parts: readonly Item[]): Item {
  const item = joinedItems(letterOf(units, first, last), parts);
  return { ...item, first, entry: entryOf(units, first, last) };
}

function entryOf({ preds, predStart, isLight }: Units, first: number, last: number): number {
  let entry = -1;
  for (let e = predStart[first] as number; e < (predStart[last + 1] as number); e++) {
    const pred = preds[e] as number;
    if (pred < first && isLight[pred] === 0) entry = Math.max(entry, pred);
  }
  return entry;
}

const HEAVY: ReadonlySet<string> = new Set([
  Role.convolution,
  Role.pointwise,
  Role.depthwise,
  Role.dense,
  Role.product,
  Role.recurrent,
  Role.attention,
]);

/** What the region of units `first` to `last` is as a whole. */
function letterOf({ role, ref }: Units, first: number, last: number): string {
  const roles = new Set<string>(role.slice(first, last + 1));
  const join = role[last] as Role;
  const hasHeavy = [...roles].some((r) => HEAVY.has(r)) || ref.subarray(first, last + 1).some((r) => r < 0);
  if (!hasHeavy) {
    if (roles.has(Role.mean)) return roles.has(Role.root) ? Letter.variance : Role.mean;
    return roles.has(Role.activation) ? Role.activation : Role.other;
  }
  const isAveraged = roles.has(Role.globalPool) || roles.has(Role.mean);
  if (join === Role.gate && isAveraged && roles.has(Role.activation)) return Letter.squeezeExcitation;
  if (join === Role.sum) return Letter.residual;
  return join === Role.concat ? Letter.branches : Letter.block;
}

/** Activations and normalizations right behind a region become part of it. */
function withFollowers(units: Units, items: readonly Item[]): Item[] {
  const result: Item[] = [];
  for (const item of items) {
    const before = result[result.length - 1];
    const follows =
      before !== undefined &&
      (before.letter === Letter.residual || before.letter === Letter.branches) &&
      item.parts.length === 0 &&
      FOLLOWING.has(item.letter as Role) &&
      item.entry === before.last &&
      units.uses[before.last] === 1;
    if (!follows) result.push(item);
    else {
      const whole = joinedItems(before.letter, [...before.parts, item]);
      result[result.length - 1] = { ...whole, first: before.first, entry: before.entry };
    }
  }
  return result;
}
