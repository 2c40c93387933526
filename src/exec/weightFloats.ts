import type { Tensor } from '../base/tensor.ts';

/** Floats of weights by the codes they are made of, for as long as these live. */
export class WeightFloats {
  readonly #known = new WeakMap<Tensor, Map<string, Tensor>>();

  of(codes: Tensor, key: string, make: () => Tensor): Tensor {
    const known = this.#known.get(codes) ?? new Map<string, Tensor>();
    this.#known.set(codes, known);
    const floats = known.get(key) ?? make();
    known.set(key, floats);
    return floats;
  }
}
