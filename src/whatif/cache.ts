import { isNumericDType, type NumericArray, type NumericDType, newArray } from '../base/dtype.ts';
import type { Tensor } from '../base/tensor.ts';
import type { Stored } from '../exec/program.ts';
import type { ValueId } from '../graph/model.ts';
import { type CacheNeeds, type CachePlan, planCache } from './cachePlan.ts';
import type { PairFigures } from './figures.ts';

interface Entry {
  readonly stored: Stored;
  readonly bytes: number;
  /** In the float model, and which of the plan's sets it is kept by. */
  readonly value: ValueId;
  readonly kind: 'floats' | 'codes';
}

/**
 * Activations and figures of the first evaluation samples, by the signature of the step that made them, so that a
 * changed plan runs only what changed; and float activations of calibration samples. Bounded: what does not fit is
 * computed again from what does when it is needed.
 */
export class ActivationCache {
  readonly maxBytes: number;
  #bytes = 0;
  #needs: Omit<CacheNeeds, 'maxBytes'> | undefined;
  #plan: CachePlan | undefined;
  readonly #tensors: Map<number, Entry>[] = [];
  readonly #calibration: Map<ValueId, Stored>[] = [];
  readonly #figures: Map<string, PairFigures>[] = [];
  readonly #feeds: ReadonlyMap<ValueId, Tensor>[] = [];
  readonly #equals: Map<number, number>[] = [];

  /** @param maxBytes of tensors; figures and feeds come on top. */
  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether all that is put in is kept. */
  get isWhole(): boolean {
    return this.#plan === undefined;
  }

  /** Settles what is kept of each sample, and forgets what is not. */
  arrange(needs: Omit<CacheNeeds, 'maxBytes'>): void {
    this.#needs = needs;
    const plan = planCache({ ...needs, maxBytes: this.maxBytes });
    this.#plan = plan;
    if (plan === undefined) return;
    this.#forget((_, { value, kind }) => !plan[kind].has(value));
    for (const tensors of this.#calibration) {
      for (const [value, stored] of tensors ?? []) {
        if (plan.calibration.has(value)) continue;
        tensors.delete(value);
        this.#bytes -= bytesOf(stored);
      }
    }
  }

  /** Arranges for at least so many evaluation samples. */
  widen(samples: number): void {
    if (this.#needs !== undefined && samples > this.#needs.samples) this.arrange({ ...this.#needs, samples });
  }

  get(sample: number, signature: number): Stored | undefined {
    return this.#tensors[sample]?.get(this.canonical(sample, signature))?.stored;
  }

  /** Whether anything of a sample is there. */
  knows(sample: number): boolean {
    return (this.#tensors[sample]?.size ?? 0) > 0;
  }

  /** Keeps a copy of what the plan keeps unless it would exceed the bound; says whether it is kept. */
  put(kind: 'floats' | 'codes', at: { sample: number; value: ValueId; signature: number }, stored: Stored): boolean {
    const { sample, value } = at;
    const signature = this.canonical(sample, at.signature);
    if (this.#plan !== undefined && !this.#plan[kind].has(value)) return false;
    this.#tensors[sample] ??= new Map();
    const tensors = this.#tensors[sample];
    if (tensors.has(signature)) return true;
    const bytes = bytesOf(stored);
    while (this.#bytes + bytes > this.maxBytes && this.#dropCalibration());
    const copy = this.#copyOf(stored, bytes);
    if (copy === undefined) return false;
    tensors.set(signature, { stored: copy, bytes, value, kind });
    return true;
  }

  /** A float activation of a calibration sample. */
  calibration(sample: number, value: ValueId): Stored | undefined {
    return this.#calibration[sample]?.get(value);
  }

  /** All that is kept of a calibration sample. */
  calibrationOf(sample: number): ReadonlyMap<ValueId, Stored> {
    return this.#calibration[sample] ?? NOTHING_KEPT;
  }

  /** As {@link put}. */
  putCalibration(sample: number, value: ValueId, stored: Stored): boolean {
    if (this.#plan !== undefined && !this.#plan.calibration.has(value)) return false;
    this.#calibration[sample] ??= new Map();
    const tensors = this.#calibration[sample];
    if (tensors.has(value)) return true;
    const copy = this.#copyOf(stored, bytesOf(stored));
    if (copy === undefined) return false;
    tensors.set(value, copy);
    return true;
  }

  /** Figures of a pair of tensors, by their signatures. */
  figures(sample: number, origin: number, dequant: number): PairFigures | undefined {
    return this.#figures[sample]?.get(`${origin}:${this.canonical(sample, dequant)}`);
  }

  putFigures(sample: number, origin: number, dequant: number, figures: PairFigures): void {
    this.#figures[sample] ??= new Map();
    this.#figures[sample].set(`${origin}:${this.canonical(sample, dequant)}`, figures);
  }

  feeds(sample: number): ReadonlyMap<ValueId, Tensor> | undefined {
    return this.#feeds[sample];
  }

  putFeeds(sample: number, feeds: ReadonlyMap<ValueId, Tensor>): void {
    this.#feeds[sample] = feeds;
  }

  /** The signature that stands for one whose tensor of a sample turned out equal; itself for all others. */
  canonical(sample: number, signature: number): number {
    const equals = this.#equals[sample];
    let last = signature;
    for (let next = equals?.get(last); next !== undefined; next = equals?.get(last)) last = next;
    return last;
  }

  /** Whether tensors of different signatures are known to be equal. */
  knowsEquals(sample: number): boolean {
    return this.#equals[sample] !== undefined;
  }

  /** From now on `other`, of an equal tensor, stands for `signature`. */
  putEqual(sample: number, signature: number, other: number): void {
    const [from, to] = [this.canonical(sample, signature), this.canonical(sample, other)];
    if (from === to) return;
    this.#equals[sample] ??= new Map();
    this.#equals[sample].set(from, to);
  }

  /** Forgets every tensor of evaluation samples that none of these signatures stands for. */
  retain(keep: ReadonlySet<number>): void {
    for (const sample of this.#tensors.keys()) {
      const kept = new Set([...keep].map((signature) => this.canonical(sample, signature)));
      this.#forget((at, _, signature) => at === sample && !kept.has(signature));
    }
  }

  #forget(isLost: (sample: number, entry: Entry, signature: number) => boolean): void {
    for (const [sample, tensors] of this.#tensors.entries()) {
      for (const [signature, entry] of tensors ?? []) {
        if (!isLost(sample, entry, signature)) continue;
        this.#bytes -= entry.bytes;
        tensors.delete(signature);
      }
    }
  }

  #copyOf({ tensor: { dtype, data, dims }, layout }: Stored, bytes: number): Stored | undefined {
    if (!isNumericDType(dtype) || this.#bytes + bytes > this.maxBytes) return undefined;
    const source = data as NumericArray;
    const copy = newArray(dtype as NumericDType, source.length);
    (copy as Float32Array).set(source as Float32Array); // both of `dtype`
    this.#bytes += bytes;
    return { layout, tensor: { dtype, dims, data: copy } as Tensor };
  }

  /** Gives way for evaluation: the last calibration sample goes first. */
  #dropCalibration(): boolean {
    const tensors = this.#calibration.pop();
    for (const stored of tensors?.values() ?? []) this.#bytes -= bytesOf(stored);
    return tensors !== undefined;
  }
}

const NOTHING_KEPT: ReadonlyMap<ValueId, Stored> = new Map();

function bytesOf({ tensor }: Stored): number {
  return isNumericDType(tensor.dtype) ? (tensor.data as NumericArray).byteLength : 0;
}
