import type { Measurement } from './trials.ts';

/** One way to store a unit's weight. */
export interface BitOption {
  /** Of the weight, as far as that can be told without measuring. */
  readonly bytes: number;
  /** Expected noise power of its codes, in any unit that all options of the unit share; 0 for floats. */
  readonly noise: number;
}

/** A weight whose bits can be chosen. */
export interface BitUnit {
  readonly options: readonly BitOption[];
  /** The option that the config has. */
  readonly start: number;
}

/** The option of each unit, by its index. */
export type Bits = readonly number[];

/** `bits` with another option for a unit. */
export function withOption(bits: Bits, unit: number, option: number): Bits {
  return bits.map((o, u) => (u === unit ? option : o));
}

/** An option for a unit in place of the one it has. */
export interface BitStep {
  readonly unit: number;
  readonly option: number;
  readonly bytes: number;
  /** What is lost by it; negative where it gains. */
  readonly loss: number;
}

/** What options of single units take and lose: measured where they were, else told from their noise. Losses add up. */
export class BitModel {
  readonly start: Bits;
  readonly #units: readonly BitUnit[];
  /** By unit and option, relative to the config as it is. */
  readonly #bytes: number[][];
  readonly #losses: (number | undefined)[][];
  #from: Measurement | undefined;

  constructor(units: readonly BitUnit[]) {
    this.#units = units;
    this.start = units.map((u) => u.start);
    this.#bytes = units.map(({ options, start }) => options.map((o) => o.bytes - (options[start]?.bytes ?? 0)));
    this.#losses = units.map(({ options, start }) => options.map((_, i) => (i === start ? 0 : undefined)));
  }

  /** The config as it is, measured. */
  startsAt(measured: Measurement): void {
    this.#from = measured;
  }

  /** A unit with another option, measured alone in the config as it is. */
  learn(unit: number, option: number, { guide, bytes }: Measurement): void {
    const [losses, all] = [this.#losses[unit], this.#bytes[unit]];
    if (losses === undefined || all === undefined || this.#from === undefined) return;
    losses[option] = guide - this.#from.guide;
    all[option] = bytes - this.#from.bytes;
  }

  /** Every unit in its fewest bytes. */
  least(): Bits {
    return this.#units.map((_, unit) => this.#leastOption(unit, (o) => this.#bytesOf(unit, o)));
  }

  /**
   * Options worth measuring for a number of bytes, the ones nearest to it first: all units with the same noise keep to it,
   * and what lies around that.
   */
  nearest(bytes: number): (readonly [unit: number, option: number])[] {
    const levels = [...new Set(this.#units.flatMap((u) => u.options.map((o) => o.noise)))].sort((a, b) => a - b);
    const even = levels.map((level) => this.#evenly(level)).find((bits) => this.total(bits) <= bytes) ?? this.least();
    const all = this.#units.flatMap((_, unit) => {
      const sorted = this.#optionsOf(unit).sort((a, b) => this.#bytesOf(unit, a) - this.#bytesOf(unit, b));
      const at = sorted.indexOf(even[unit] as number); // it is one of them
      return sorted.map((option, i) => ({ unit, option, apart: Math.abs(i - at) }));
    });
    return all.sort((a, b) => a.apart - b.apart).map(({ unit, option }) => [unit, option] as const);
  }

  /** Bytes of all, as expected. */
  total(bits: Bits): number {
    return bits.reduce((sum, option, unit) => sum + this.#bytesOf(unit, option), this.#from?.bytes ?? 0);
  }

  /** The least loss for a number of bytes: bits are given up where each byte costs least, and what is left over is used. */
  choose(bytes: number): Bits {
    const bits = this.#units.map((_, unit) => this.#leastOption(unit, (o) => this.#loss(unit, o)));
    return this.#filled(this.#reduced(bits, this.total(bits) - bytes), bytes);
  }

  /** Single changes to more or fewer bytes, those that are worth most for each byte first. */
  steps(from: Bits, side: 'more' | 'fewer', known: ReadonlyMap<string, number> = new Map()): BitStep[] {
    const steps = from.flatMap((now, unit) =>
      this.#optionsOf(unit).flatMap((option): BitStep[] => {
        const bytes = this.#bytesOf(unit, option) - this.#bytesOf(unit, now);
        if (side === 'more' ? bytes <= 0 : bytes >= 0) return [];
        const loss = known.get(`${unit}:${option}`) ?? this.#loss(unit, option) - this.#loss(unit, now);
        return [{ unit, option, bytes, loss }];
      }),
    );
    return steps.sort((a, b) => a.loss / Math.abs(a.bytes) - b.loss / Math.abs(b.bytes));
  }

  /**
   * Choices around one, the most promising first: a unit takes more bytes and others give them, or a unit gives bytes and
   * others take them.
   * @param spare bytes that the choice leaves
   * @param known what steps from it lose, by `unit:option`
   */
  exchanges(from: Bits, spare: number, known: ReadonlyMap<string, number>): Bits[] {
    const [more, fewer] = [this.steps(from, 'more', known), this.steps(from, 'fewer', known)];
    const tried = [...more, ...fewer].flatMap((first) => {
      const taken = [first];
      let left = spare - first.bytes;
      for (const step of first.bytes > 0 ? fewer : more) {
        if (taken.some((t) => t.unit === step.unit)) continue;
        if (first.bytes > 0 ? left >= 0 : step.bytes > left || step.loss >= 0) continue;
        taken.push(step);
        left -= step.bytes;
      }
      if (left < 0) return [];
      return [{ taken, loss: taken.reduce((sum, step) => sum + step.loss, 0) }];
    });
    return tried
      .sort((a, b) => a.loss - b.loss)
      .map(({ taken }) => taken.reduce<Bits>((bits, { unit, option }) => withOption(bits, unit, option), from));
  }

  /** Every unit with its noisiest option up to a level. */
  #evenly(level: number): Bits {
    return this.#units.map((_, unit) =>
      this.#leastOption(unit, (o) => {
        const above = this.#noise(unit, o) - level;
        return above > 0 ? above : -1 / (1 - above);
      }),
    );
  }

  #reduced(bits: Bits, excess: number): Bits {
    let [reduced, over] = [bits, excess];
    while (over > 0) {
      const [cheapest] = this.steps(reduced, 'fewer');
      if (cheapest === undefined) return reduced;
      reduced = withOption(reduced, cheapest.unit, cheapest.option);
      over += cheapest.bytes;
    }
    return reduced;
  }

  #filled(bits: Bits, bytes: number): Bits {
    let filled = bits;
    for (;;) {
      const spare = bytes - this.total(filled);
      const step = this.steps(filled, 'more').find((s) => s.bytes <= spare && s.loss < 0);
      if (step === undefined) return filled;
      filled = withOption(filled, step.unit, step.option);
    }
  }

  #leastOption(unit: number, of: (option: number) => number): number {
    return leastOf(this.#optionsOf(unit), of) ?? (this.start[unit] as number); // every unit has one
  }

  #optionsOf(unit: number): number[] {
    return (this.#units[unit]?.options ?? []).map((_, i) => i);
  }

  #bytesOf(unit: number, option: number): number {
    return this.#bytes[unit]?.[option] ?? 0;
  }

  /** Of an option that was not measured: as the one measured next to it, in the ratio of their noise. */
  #loss(unit: number, option: number): number {
    const measured = this.#losses[unit]?.[option];
    if (measured !== undefined) return measured;
    const excess = (o: number): number => this.#excess(unit, o);
    const near = leastOf(
      this.#optionsOf(unit).filter((o) => this.#losses[unit]?.[o] !== undefined && excess(o) !== 0),
      (o) => Math.abs(Math.log(this.#noise(unit, o) + 1e-12) - Math.log(this.#noise(unit, option) + 1e-12)),
    );
    const slope = near === undefined ? this.#meanSlope() : (this.#losses[unit]?.[near] ?? 0) / excess(near);
    return Math.max(slope, this.#meanSlope() * 1e-3) * excess(option);
  }

  #noise(unit: number, option: number): number {
    return this.#units[unit]?.options[option]?.noise ?? 0;
  }

  /** Noise beyond that of the config as it is. */
  #excess(unit: number, option: number): number {
    return this.#noise(unit, option) - this.#noise(unit, this.start[unit] ?? 0);
  }

  /** What a unit of noise loses, over all that was measured. */
  #meanSlope(): number {
    const slopes = this.#losses.flatMap((losses, unit) =>
      losses.flatMap((loss, option) => {
        const excess = this.#excess(unit, option);
        return loss === undefined || excess === 0 ? [] : [Math.max(0, loss / excess)];
      }),
    );
    return slopes.length === 0 ? 1 : slopes.reduce((a, b) => a + b, 0) / slopes.length;
  }
}

/** The first of those with the least; undefined of none. */
function leastOf(among: readonly number[], of: (x: number) => number): number | undefined {
  return among.reduce<number | undefined>(
    (least, x) => (least === undefined || of(x) < of(least) ? x : least),
    undefined,
  );
}
