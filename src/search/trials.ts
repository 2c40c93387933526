import type { SearchStep } from '../protocol/searchViews.ts';

export type Move = SearchStep['move'];

/** What a candidate gave. */
export interface Measurement {
  /** By the judge, over the samples it was measured on. */
  readonly value: number;
  /** What it lacks to the float model on the first samples, by a figure without steps: what the search goes by. */
  readonly guide: number;
  readonly bytes: number;
  /** How many it was measured on. */
  readonly samples: number;
  /** Over all samples; null where only the first were measured. */
  readonly exact: { readonly loss: number; readonly reached: boolean } | null;
}

/** A measurement over all samples. */
export type Exact = Measurement & { readonly exact: NonNullable<Measurement['exact']> };

export interface Tried<C> {
  readonly move: Move;
  readonly candidate: C;
  readonly measured: Measurement;
}

export interface TrialsParts<C> {
  /** `guide`: on the first samples; `exact`: on all. What is exact already may answer either. */
  readonly measure: (candidate: C, how: 'guide' | 'exact') => Promise<Measurement>;
  /** The same for candidates that are the same. */
  readonly keyOf: (candidate: C) => string;
  /** Whether the first of two that were measured on all samples is the better answer. */
  readonly isBetter: (a: Tried<C>, b: Tried<C>) => boolean;
  /** Candidates that are measured at most. */
  readonly budget: number;
  readonly onTried?: (tried: Tried<C>, best: Tried<C> | null) => void;
}

/** The budget ends a search; it unwinds to {@link withinBudget}. */
class BudgetSpent extends Error {}

/** Measures candidates within a budget, each once, and knows the best of those that were measured on all samples. */
export class Trials<C> {
  readonly #parts: TrialsParts<C>;
  readonly #known = new Map<string, Measurement>();
  #count = 0;
  #best: Tried<C> | null = null;

  constructor(parts: TrialsParts<C>) {
    this.#parts = parts;
  }

  get best(): Tried<C> | null {
    return this.#best;
  }

  /** Candidates that may still be measured. */
  get remaining(): number {
    return this.#parts.budget - this.#count;
  }

  guide(candidate: C, move: Move): Promise<Measurement> {
    return this.#measured(candidate, move, 'guide');
  }

  async exact(candidate: C): Promise<Exact> {
    return (await this.#measured(candidate, 'verify', 'exact')) as Exact; // what was asked for
  }

  async #measured(candidate: C, move: Move, how: 'guide' | 'exact'): Promise<Measurement> {
    const { measure, keyOf, isBetter, onTried } = this.#parts;
    const key = keyOf(candidate);
    const known = this.#known.get(key);
    if (known !== undefined && (how === 'guide' || known.exact !== null)) return known;
    if (this.remaining <= 0) throw new BudgetSpent();
    this.#count++;
    const measured = await measure(candidate, how);
    const clean = Number.isNaN(measured.guide) ? { ...measured, guide: Number.POSITIVE_INFINITY } : measured;
    this.#known.set(key, clean);
    const tried = { move, candidate, measured: clean };
    if (clean.exact !== null && (this.#best === null || isBetter(tried, this.#best))) this.#best = tried;
    onTried?.(tried, this.#best);
    return clean;
  }
}

/** How a search ended, or that the budget ended it. */
export async function withinBudget<E>(search: () => Promise<E>): Promise<E | 'budget'> {
  try {
    return await search();
  } catch (error) {
    if (error instanceof BudgetSpent) return 'budget';
    throw error;
  }
}
