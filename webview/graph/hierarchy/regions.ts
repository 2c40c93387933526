import { Role } from './roles.ts';
import type { Units } from './units.ts';

/** A run of units that is entered from one unit and left from its last: branches and what joins them. */
export interface Region {
  readonly first: number;
  readonly last: number;
}

/** How often a region may have to grow before it is given up. */
const MAX_STEPS = 48;

/**
 * The smallest region of every join, inner ones after outer ones. They lie in one another or apart. Units that are read
 * from anywhere (masks, shapes) do not count.
 */
export function regionsOf(units: Units): Region[] {
  const { count, preds, predStart, isLight, lastUse } = units;
  const firstPred = new Int32Array(count);
  const weightyUse = new Int32Array(count);
  const isJoin = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    let first = i;
    let distinct = 0;
    for (let e = predStart[i] as number; e < (predStart[i + 1] as number); e++) {
      const pred = preds[e] as number;
      if (isLight[pred] === 1) continue;
      distinct++;
      first = Math.min(first, pred);
    }
    firstPred[i] = first;
    weightyUse[i] = isLight[i] === 1 ? i : (lastUse[i] as number);
    isJoin[i] = Number(distinct > 1);
  }
  const least = new RangeQuery(firstPred, Math.min);
  const most = new RangeQuery(weightyUse, Math.max);
  const regions: Region[] = [];
  for (let last = 0; last < count; last++) {
    if (isJoin[last] === 0) continue;
    let entry = firstPred[last] as number;
    for (let step = 0; step < MAX_STEPS; step++) {
      const needed = least.over(entry + 1, last);
      if (needed >= entry) {
        if (last - entry > 1 && most.over(entry + 1, last - 1) <= last) regions.push({ first: entry + 1, last });
        break;
      }
      entry = needed;
    }
  }
  return regions.sort((a, b) => a.first - b.first || b.last - a.last);
}

/** Least or most of any run of an array in constant time. */
class RangeQuery {
  readonly #levels: Int32Array[];
  readonly #pick: (a: number, b: number) => number;

  constructor(values: Int32Array, pick: (a: number, b: number) => number) {
    this.#levels = [values];
    this.#pick = pick;
    for (let width = 1; 2 * width <= values.length; width *= 2) {
      const below = this.#levels[this.#levels.length - 1] as Int32Array;
      const level = new Int32Array(values.length - 2 * width + 1);
      for (let i = 0; i < level.length; i++) level[i] = pick(below[i] as number, below[i + width] as number);
      this.#levels.push(level);
    }
  }

  /** @param last included */
  over(first: number, last: number): number {
    const level = 31 - Math.clz32(last - first + 1);
    const values = this.#levels[level] as Int32Array;
    return this.#pick(values[first] as number, values[last - 2 ** level + 1] as number);
  }
}

/** Roles that follow a block as part of it. */
export const FOLLOWING: ReadonlySet<Role> = new Set<Role>([Role.activation, Role.batchNorm]);
