import type { Diagnostic } from '../base/diagnostics.ts';
import type { Samples } from '../base/samples.ts';
import type { Accuracy } from '../protocol/views.ts';

/** Finds the label of a sample; undefined where it has none. */
export interface LabelLookup {
  labelOf(sampleName: string): number | undefined;
  /** Reports samples without a label. */
  missing(count: number, example: string): Diagnostic;
}

/** Of fewer classes nearly every sample is right within five. */
const LEAST_CLASSES = 6;

/** Counts how often the label's class is the first, or within the first five, of the first output of both models. */
export class AccuracyCounter {
  readonly #labels: LabelLookup;
  readonly #samples: Samples;
  readonly #top1 = { float: 0, quantized: 0 };
  readonly #top5 = { float: 0, quantized: 0 };
  readonly #discordant = { float: 0, quantized: 0 };
  #count = 0;
  #classes = 0;
  #missing = 0;
  #example = '';

  constructor(labels: LabelLookup, samples: Samples) {
    this.#labels = labels;
    this.#samples = samples;
  }

  /** @param float, quantized the first output of a sample, its elements the scores of the classes. */
  add(sample: number, float: Float32Array, quantized: Float32Array): void {
    const name = this.#samples.nameOf(sample);
    const label = this.#labels.labelOf(name);
    if (label === undefined) {
      this.#missing++;
      if (this.#example === '') this.#example = name;
      return;
    }
    this.#count++;
    this.#classes = Math.max(this.#classes, float.length);
    const ranks = { float: rankOf(label, float), quantized: rankOf(label, quantized) };
    for (const side of ['float', 'quantized'] as const) {
      const other = side === 'float' ? 'quantized' : 'float';
      if (ranks[side] < 1) this.#top1[side]++;
      if (ranks[side] < 5) this.#top5[side]++;
      if (ranks[side] < 1 && ranks[other] >= 1) this.#discordant[side]++;
    }
  }

  /** Null when no sample had a label. */
  get accuracy(): Accuracy | null {
    const count = this.#count;
    if (count === 0) return null;
    const share = ({ float, quantized }: { readonly float: number; readonly quantized: number }) => ({
      float: float / count,
      quantized: quantized / count,
    });
    return {
      samples: count,
      top1: share(this.#top1),
      top5: this.#classes < LEAST_CLASSES ? null : share(this.#top5),
      discordant: { ...this.#discordant },
    };
  }

  get diagnostics(): readonly Diagnostic[] {
    return this.#missing === 0 ? [] : [this.#labels.missing(this.#missing, this.#example)];
  }
}

/** How many classes come before `label`: those with a larger score, and of equal ones the earlier. NaN comes last. */
function rankOf(label: number, scores: Float32Array): number {
  const score = scores[label];
  if (score === undefined || Number.isNaN(score)) return Number.POSITIVE_INFINITY;
  let rank = 0;
  for (let i = 0; i < scores.length; i++) {
    const other = scores[i] as number;
    if (other > score || (other === score && i < label)) rank++;
  }
  return rank;
}
