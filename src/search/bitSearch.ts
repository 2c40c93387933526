import { BitModel, type Bits, type BitUnit, withOption } from './bitModel.ts';
import { type Exact, Trials, type TrialsParts, type Tried, withinBudget } from './trials.ts';

export interface BitSearchParts extends Pick<TrialsParts<Bits>, 'measure' | 'budget' | 'onTried'> {
  readonly units: readonly BitUnit[];
  /** What the constants of the model may take at most; a measurement that does has reached the goal. */
  readonly bytes: number;
}

export interface BitSearchResult {
  readonly best: Tried<Bits> | null;
  readonly ended: 'found' | 'budget' | 'impossible';
}

/** Neighbours that are looked at before the look widens. */
const WIDTH = 6;
/** Share of the budget that may go into measuring options alone. */
const RANK_SHARE = 0.5;
/** Times that a choice is made again because its bytes were not as expected. */
const ATTEMPTS = 6;

/**
 * Bits of each unit so that a model's constants keep to a number of bytes, with the least loss, as far as a budget goes.
 * Options of single units are measured; from what they lose for each byte a choice is made, measured as a whole, and
 * improved by exchanging bits between units. What was not measured on all samples is no answer.
 */
export async function searchBits(parts: BitSearchParts): Promise<BitSearchResult> {
  const trials = new Trials<Bits>({ ...parts, keyOf: (bits) => bits.join(), isBetter: loses });
  const ended = await withinBudget(() => new BitSearch(parts, trials).run());
  return { best: trials.best, ended };
}

/** Less loss, of those that keep to the bytes; fewer bytes, where none does. */
function loses(a: Tried<Bits>, b: Tried<Bits>): boolean {
  const [x, y] = [a.measured as Exact, b.measured as Exact]; // the best are measured on all samples
  if (x.exact.reached !== y.exact.reached) return x.exact.reached;
  return x.exact.reached ? x.exact.loss < y.exact.loss : x.bytes < y.bytes;
}

class BitSearch {
  readonly #parts: BitSearchParts;
  readonly #trials: Trials<Bits>;
  readonly #model: BitModel;

  constructor(parts: BitSearchParts, trials: Trials<Bits>) {
    this.#parts = parts;
    this.#trials = trials;
    this.#model = new BitModel(parts.units);
  }

  async run(): Promise<'found' | 'impossible'> {
    const { bytes } = this.#parts;
    const start = await this.#trials.exact(this.#model.start);
    this.#model.startsAt(start);
    const least = await this.#trials.exact(this.#model.least());
    if (least.bytes > bytes) return 'impossible';
    await this.#rank(this.#model.nearest(bytes));
    await this.#choose();
    await this.#rank(this.#best.map((option, unit) => [unit, option] as const));
    await this.#choose();
    for (let width = WIDTH; ; ) {
      if (await this.#exchange(width)) continue;
      if (width >= this.#parts.units.length) return 'found';
      width *= 2;
    }
  }

  get #best(): Bits {
    return this.#trials.best?.candidate ?? this.#model.start;
  }

  /** Measures options, each alone in the config as it is. */
  async #rank(options: readonly (readonly [unit: number, option: number])[]): Promise<void> {
    const { start } = this.#model;
    const most = Math.floor(this.#trials.remaining * RANK_SHARE);
    for (const [unit, option] of options.filter(([u, o]) => o !== start[u]).slice(0, most)) {
      const measured = await this.#trials.guide(withOption(start, unit, option), 'rank');
      this.#model.learn(unit, option, measured);
    }
  }

  /** Makes a choice from what is known of single options, until one keeps to the bytes when measured. */
  async #choose(): Promise<void> {
    let aim = this.#parts.bytes;
    for (let i = 0; i < ATTEMPTS; i++) {
      const { bytes } = await this.#trials.exact(this.#model.choose(aim));
      if (bytes <= this.#parts.bytes) return;
      aim -= bytes - this.#parts.bytes;
    }
  }

  /**
   * Gives units other bits, and others what that leaves or takes, from the best choice on. @returns whether that made it
   * better
   */
  async #exchange(width: number): Promise<boolean> {
    const from = this.#best;
    const { guide, bytes } = await this.#trials.guide(from, 'verify');
    const known = new Map<string, number>();
    for (const side of ['more', 'fewer'] as const)
      for (const { unit, option } of this.#model.steps(from, side).slice(0, width)) {
        const measured = await this.#trials.guide(withOption(from, unit, option), side === 'more' ? 'grow' : 'shrink');
        known.set(`${unit}:${option}`, measured.guide - guide);
      }
    for (const other of this.#model.exchanges(from, this.#parts.bytes - bytes, known).slice(0, 2 * width)) {
      const measured = await this.#trials.guide(other, 'exchange');
      if (measured.guide >= guide || measured.bytes > this.#parts.bytes) continue;
      const before = this.#best;
      await this.#trials.exact(other);
      if (this.#best !== before) return true;
    }
    return false;
  }
}
