import { isNumericDType, type NumericArray, type NumericDType, newArray } from '../base/dtype.ts';
import type { Tensor } from '../base/tensor.ts';
import type { Stored } from '../exec/program.ts';
import type { ValueId } from '../graph/model.ts';
import type { PairFigures } from './figures.ts';

/**
 * Activations and figures of the first evaluation samples, by the signature of the step that made them, so that a
 * changed plan runs only what changed. Bounded: what does not fit is computed again when it is needed.
 */
export class ActivationCache {
  readonly maxBytes: number;
  #bytes = 0;
  readonly #tensors: Map<number, Stored>[] = [];
  readonly #figures: Map<string, PairFigures>[] = [];
  readonly #feeds: ReadonlyMap<ValueId, Tensor>[] = [];

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(sample: number, signature: number): Stored | undefined {
    return this.#tensors[sample]?.get(signature);
  }

  /** Keeps a copy unless it would exceed the bound; says whether it is kept. */
  put(sample: number, signature: number, stored: Stored): boolean {
    this.#tensors[sample] ??= new Map();
    const tensors = this.#tensors[sample];
    if (tensors.has(signature)) return true;
    const { dtype, data, dims } = stored.tensor;
    if (!isNumericDType(dtype)) return false;
    const source = data as NumericArray;
    if (this.#bytes + source.byteLength > this.maxBytes) return false;
    const copy = newArray(dtype as NumericDType, source.length);
    (copy as Float32Array).set(source as Float32Array); // both of `dtype`
    tensors.set(signature, { layout: stored.layout, tensor: { dtype, dims, data: copy } as Tensor });
    this.#bytes += source.byteLength;
    return true;
  }

  /** Figures of a pair of tensors, by their signatures. */
  figures(sample: number, origin: number, dequant: number): PairFigures | undefined {
    return this.#figures[sample]?.get(`${origin}:${dequant}`);
  }

  putFigures(sample: number, origin: number, dequant: number, figures: PairFigures): void {
    this.#figures[sample] ??= new Map();
    this.#figures[sample].set(`${origin}:${dequant}`, figures);
  }

  feeds(sample: number): ReadonlyMap<ValueId, Tensor> | undefined {
    return this.#feeds[sample];
  }

  putFeeds(sample: number, feeds: ReadonlyMap<ValueId, Tensor>): void {
    this.#feeds[sample] = feeds;
  }

  /** Forgets every tensor whose signature is not in `keep`. Figures are small and stay. */
  retain(keep: ReadonlySet<number>): void {
    for (const tensors of this.#tensors) {
      for (const [signature, stored] of tensors ?? []) {
        if (keep.has(signature)) continue;
        this.#bytes -= (stored.tensor.data as NumericArray).byteLength;
        tensors.delete(signature);
      }
    }
  }
}
