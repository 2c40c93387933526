import { type Exact, Trials, type TrialsParts, type Tried, withinBudget } from './trials.ts';

/** Units left float, by their index. */
export type SkipSet = ReadonlySet<number>;

export interface SkipSearchParts extends Pick<TrialsParts<SkipSet>, 'measure' | 'budget' | 'onTried'> {
  /** How many units there are. */
  readonly units: number;
  /** Orders that cost nothing, the most promising unit first: how the search begins. */
  readonly orders: readonly (readonly number[])[];
}

export interface SkipSearchResult {
  readonly best: Tried<SkipSet> | null;
  readonly ended: 'found' | 'budget' | 'impossible';
}

/** Neighbours of a set that are looked at before the look widens. */
const WIDTH = 6;
/** Additions that are measured afresh before one is taken. */
const LOOK = 4;
/** Share of the budget that may go into measuring units alone. */
const RANK_SHARE = 0.4;
/** Times as many units as may be ranked from which on neighbours are measured together. */
const CROWD = 2;

/**
 * The smallest set of units whose skipping reaches a goal, as far as a budget goes. Greedy with exact verification and
 * backtracking: the shortest beginning of each order that reaches it, then one grown by the unit that gains most, then
 * what is needless leaves, and sets one smaller are looked for by exchanging a unit for another. Every step goes by the
 * first samples; only what was measured on all is an answer.
 */
export async function searchSkips(parts: SkipSearchParts): Promise<SkipSearchResult> {
  const trials = new Trials<SkipSet>({
    ...parts,
    keyOf: (set) => [...set].sort((a, b) => a - b).join(),
    isBetter: isSmaller,
  });
  const ended = await withinBudget(() => new SkipSearch(parts, trials).run());
  return { best: trials.best, ended };
}

/** Fewer units, of those that reach the goal; of as many, or where none reaches it, the one that lacks less. */
function isSmaller(a: Tried<SkipSet>, b: Tried<SkipSet>): boolean {
  const [x, y] = [a.measured as Exact, b.measured as Exact]; // the best are measured on all samples
  if (x.exact.reached !== y.exact.reached) return x.exact.reached;
  if (x.exact.reached && a.candidate.size !== b.candidate.size) return a.candidate.size < b.candidate.size;
  return x.exact.loss < y.exact.loss;
}

class SkipSearch {
  readonly #all: readonly number[];
  readonly #orders: SkipSearchParts['orders'];
  readonly #trials: Trials<SkipSet>;
  /** What a unit was last seen to gain when it became float, or to lose when it ceased to be. */
  readonly #gains: number[];
  /** The worst guide of a set that reaches the goal. */
  #limit = Number.NEGATIVE_INFINITY;

  constructor({ units, orders }: SkipSearchParts, trials: Trials<SkipSet>) {
    this.#all = Array.from({ length: units }, (_, i) => i);
    this.#gains = this.#all.map(() => 0);
    this.#orders = orders;
    this.#trials = trials;
  }

  async run(): Promise<'found' | 'impossible'> {
    const none = new Set<number>();
    if (await this.#reaches(none)) return 'found';
    if (!(await this.#reaches(new Set(this.#all)))) return 'impossible';
    for (const order of this.#orders) await this.#shortestBeginning(order);
    await this.#rank();
    await this.#shortestBeginning(this.#byGain());
    await this.#narrow();
    if (this.#best.size <= this.#trials.remaining) await this.#grow();
    for (let width = WIDTH; ; ) {
      if ((await this.#shrink(width)) || (await this.#exchange(width))) continue;
      if (width >= this.#all.length) return 'found';
      width *= 2;
    }
  }

  /** The smallest set that reaches the goal. */
  get #best(): SkipSet {
    return this.#trials.best?.candidate ?? new Set(this.#all);
  }

  async #reaches(set: SkipSet): Promise<boolean> {
    const { guide, exact } = await this.#trials.exact(set);
    if (exact.reached) this.#limit = Math.max(this.#limit, guide);
    return exact.reached;
  }

  /** Halves an order where it is shorter than the best, as if more units float were never worse. */
  async #shortestBeginning(order: readonly number[]): Promise<void> {
    let [few, enough] = [0, this.#best.size - 1];
    if (enough < 1 || !(await this.#reaches(new Set(order.slice(0, enough))))) return;
    while (enough - few > 1) {
      const middle = (few + enough) >> 1;
      if (await this.#reaches(new Set(order.slice(0, middle)))) enough = middle;
      else few = middle;
    }
  }

  /**
   * Measures what each unit loses alone, all others float, by the first order as far as its share of the budget goes. The
   * other way round says less: what one float unit makes is quantized again by those that read it. Of very many units
   * neighbours are measured together.
   */
  async #rank(): Promise<void> {
    const all = new Set(this.#all);
    const { guide } = await this.#trials.guide(all, 'verify');
    const most = Math.max(1, Math.floor(this.#trials.remaining * RANK_SHARE));
    const together = this.#all.length > CROWD * most ? Math.ceil(this.#all.length / most) : 1;
    const order = together > 1 ? this.#all : (this.#orders[0] ?? this.#all);
    for (let i = 0; i < Math.min(order.length, most * together); i += together) {
      const units = order.slice(i, i + together);
      const alone = await this.#trials.guide(without(all, ...units), 'rank');
      for (const unit of units) this.#gains[unit] = difference(alone.guide, guide) / units.length;
    }
  }

  /** Ranks units around the best set, again where that made it smaller and it is too large to go on one by one. */
  async #narrow(): Promise<void> {
    for (let size = Number.POSITIVE_INFINITY; this.#best.size < size; ) {
      size = this.#best.size;
      await this.#rankAround(this.#best);
      await this.#shortestBeginning(this.#byGain());
      if (this.#best.size <= this.#trials.remaining) return;
    }
  }

  /**
   * Measures what units are worth beside a set, those first that are nearest to its border by what is known: what they
   * gain when they are added, or lose when they are taken out.
   */
  async #rankAround(set: SkipSet): Promise<void> {
    const { guide } = await this.#trials.guide(set, 'verify');
    const order = this.#byGain();
    const apart = new Map(order.map((unit, i) => [unit, Math.abs(i + 0.5 - set.size)] as const));
    const nearest = [...order].sort((a, b) => (apart.get(a) ?? 0) - (apart.get(b) ?? 0));
    for (const unit of nearest.slice(0, Math.floor(this.#trials.remaining * RANK_SHARE))) {
      if (set.has(unit)) {
        const smaller = await this.#trials.guide(without(set, unit), 'shrink');
        this.#gains[unit] = difference(smaller.guide, guide);
      } else {
        const larger = await this.#trials.guide(new Set([...set, unit]), 'grow');
        this.#gains[unit] = difference(guide, larger.guide);
      }
    }
  }

  #gain(unit: number): number {
    return this.#gains[unit] as number; // of every unit there is one
  }

  /** Units that gain most first; of equal ones those of the first order. */
  #byGain(among: readonly number[] = this.#orders[0] ?? this.#all): number[] {
    return [...among].sort((a, b) => this.#gain(b) - this.#gain(a));
  }

  /** Adds the unit that gains most, again and again, to the first half of the units by gain. */
  async #grow(): Promise<void> {
    let set: SkipSet = new Set(this.#byGain().slice(0, this.#best.size >> 1));
    while (set.size < this.#best.size - 1) {
      const { guide } = await this.#trials.guide(set, 'grow');
      const { ahead } = await this.#additions(set, guide, LOOK);
      if (ahead === undefined) return;
      set = ahead.set;
      if (ahead.guide <= this.#limit && (await this.#reaches(set))) return;
    }
    await this.#reaches(set);
  }

  /** Measures the additions that promise most; ends early where one keeps more than the next promises. */
  async #additions(set: SkipSet, guide: number, look: number) {
    let ahead: { readonly set: SkipSet; readonly guide: number } | undefined;
    const others = this.#byGain().filter((unit) => !set.has(unit));
    for (const [i, unit] of others.slice(0, look).entries()) {
      const larger = new Set([...set, unit]);
      const measured = await this.#trials.guide(larger, 'grow');
      this.#gains[unit] = difference(guide, measured.guide);
      if (ahead === undefined || measured.guide < ahead.guide) ahead = { set: larger, guide: measured.guide };
      const next = others[i + 1];
      if (next !== undefined && guide - ahead.guide >= this.#gain(next)) break;
    }
    return { ahead };
  }

  /** Takes one of the units that gain least out of the best set. @returns whether the others reach the goal */
  async #shrink(width: number): Promise<boolean> {
    const set = this.#best;
    const { guide } = await this.#trials.guide(set, 'verify');
    let least: { readonly set: SkipSet; readonly guide: number } | undefined;
    for (const unit of this.#byGain([...set])
      .reverse()
      .slice(0, width)) {
      const smaller = without(set, unit);
      const measured = await this.#trials.guide(smaller, 'shrink');
      this.#gains[unit] = difference(measured.guide, guide);
      if (measured.guide <= this.#limit && (await this.#reaches(smaller))) return true;
      if (least === undefined || measured.guide < least.guide) least = { set: smaller, guide: measured.guide };
    }
    return least !== undefined && (await this.#reaches(least.set));
  }

  /**
   * Looks for a set of one unit less that reaches the goal: from the best one without what it misses least, exchanging a
   * unit for another as long as that makes it better. @returns whether one was found
   */
  async #exchange(width: number): Promise<boolean> {
    const best = this.#best;
    const [needless] = this.#byGain([...best]).reverse();
    if (needless === undefined) return false;
    let set: SkipSet = without(best, needless);
    let { guide } = await this.#trials.guide(set, 'shrink');
    for (;;) {
      await this.#additions(set, guide, width);
      const found = await this.#exchanged(set, guide, width);
      if (found === 'reached') return true;
      if (found === undefined) return this.#reaches(set);
      ({ set, guide } = found);
    }
  }

  /** The best of the exchanges that promise most, where it is better than the set itself. */
  async #exchanged(set: SkipSet, guide: number, width: number) {
    const outs = this.#byGain([...set])
      .reverse()
      .slice(0, width);
    const ins = this.#byGain()
      .filter((unit) => !set.has(unit))
      .slice(0, width);
    const pairs = outs.flatMap((out) => ins.map((unit) => ({ out, unit, gain: this.#gain(unit) - this.#gain(out) })));
    let ahead: { readonly set: SkipSet; readonly guide: number } | undefined;
    for (const { out, unit } of pairs.sort((a, b) => b.gain - a.gain).slice(0, 2 * width)) {
      const other = new Set([...without(set, out), unit]);
      const measured = await this.#trials.guide(other, 'exchange');
      if (measured.guide <= this.#limit && (await this.#reaches(other))) return 'reached';
      if (measured.guide < (ahead?.guide ?? guide)) ahead = { set: other, guide: measured.guide };
    }
    return ahead;
  }
}

/** Also of two infinities. */
function difference(a: number, b: number): number {
  return a === b ? 0 : a - b;
}

function without(set: SkipSet, ...units: readonly number[]): Set<number> {
  return new Set([...set].filter((unit) => !units.includes(unit)));
}
