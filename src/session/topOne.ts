import type { Diagnostic } from '../base/diagnostics.ts';
import type { Samples } from '../base/samples.ts';
import type { Accuracy } from '../protocol/views.ts';

/** Finds the label of a sample; undefined where it has none. */
export interface LabelLookup {
  labelOf(sampleName: string): number | undefined;
  /** Reports samples without a label. */
  missing(count: number, example: string): Diagnostic;
}

/** Counts how often the largest element of the first output is the label's, for both models. */
export class TopOne {
  readonly #labels: LabelLookup;
  readonly #samples: Samples;
  #count = 0;
  #float = 0;
  #quantized = 0;
  #missing = 0;
  #example = '';

  constructor(labels: LabelLookup, samples: Samples) {
    this.#labels = labels;
    this.#samples = samples;
  }

  add(sample: number, float: Float32Array, quantized: Float32Array): void {
    const name = this.#samples.nameOf(sample);
    const label = this.#labels.labelOf(name);
    if (label === undefined) {
      this.#missing++;
      if (this.#example === '') this.#example = name;
      return;
    }
    this.#count++;
    if (indexOfLargest(float) === label) this.#float++;
    if (indexOfLargest(quantized) === label) this.#quantized++;
  }

  /** Null when no sample had a label. */
  get accuracy(): Accuracy | null {
    if (this.#count === 0) return null;
    return {
      samples: this.#count,
      top1: { float: this.#float / this.#count, quantized: this.#quantized / this.#count },
    };
  }

  get diagnostics(): readonly Diagnostic[] {
    return this.#missing === 0 ? [] : [this.#labels.missing(this.#missing, this.#example)];
  }
}

/** The first index of the largest element; NaN never wins. */
function indexOfLargest(x: Float32Array): number {
  let best = -1;
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < x.length; i++) {
    const v = x[i] as number;
    if (v > most || (best === -1 && v === most)) {
      most = v;
      best = i;
    }
  }
  return best;
}
