import { type AbortSignalLike, throwIfAborted } from '../../base/abort.ts';
import type { WorstBy } from '../../protocol/tensorViews.ts';
import { distance, type ShownTensor, scalesOf, sidesOf } from './shownTensor.ts';

/** Elements between two looks at the signal. */
const STRIDE = 1 << 16;

export interface WorstOptions {
  readonly by: WorstBy;
  /** How many at most. */
  readonly most: number;
  readonly signal: AbortSignalLike;
}

/**
 * Places of the elements with the largest errors, the largest first, equal ones by their place. Elements without error
 * are left out; relative to 0 an error is infinite, and such go by their absolute error.
 *
 * @returns undefined where the tensor has no such error: nothing stands for it, or its codes have no scale.
 * @throws Cancelled
 */
export function worstPlaces(shown: ShownTensor, { by, most, signal }: WorstOptions): Float64Array | undefined {
  const sides = sidesOf(shown);
  const scales = scalesOf(shown);
  if (sides === undefined || (by === 'scale' && scales === undefined)) return undefined;
  const [float, dequantized] = sides;
  const heap = new WorstHeap(Math.min(most, float.length));
  for (let from = 0; from < float.length; from += STRIDE) {
    throwIfAborted(signal);
    const to = Math.min(from + STRIDE, float.length);
    for (let i = from; i < to; i++) {
      const x = float[i] as number;
      const y = dequantized[i] as number;
      const apart = Math.abs(y - x);
      if (apart === 0) continue;
      const error = apart < Number.POSITIVE_INFINITY ? apart : distance(x, y);
      if (error === 0) continue;
      const unit = by === 'absolute' ? 1 : by === 'relative' ? Math.abs(x) : scales?.scale[scales.channelOf(i)];
      const key = error === Number.POSITIVE_INFINITY ? error : error / (unit as number); // scales: seen above
      if (key >= heap.least) heap.add(i, key, error);
    }
  }
  return heap.sorted();
}

/** The elements that rank first of those added in the order of their places; the last of them is at the root. */
class WorstHeap {
  readonly #places: Float64Array;
  readonly #keys: Float64Array;
  readonly #errors: Float64Array;
  #size = 0;
  /** Keys below it do not get in. */
  least = 0;

  constructor(capacity: number) {
    this.#places = new Float64Array(capacity);
    this.#keys = new Float64Array(capacity);
    this.#errors = new Float64Array(capacity);
  }

  add(place: number, key: number, error: number): void {
    if (this.#size < this.#places.length) {
      this.#put(this.#size, place, key, error);
      this.#rise(this.#size++);
      if (this.#size === this.#places.length) this.least = this.#keys[0] as number;
      return;
    }
    if (this.#size === 0) return;
    const [rootKey, rootError] = [this.#keys[0] as number, this.#errors[0] as number];
    if (key < rootKey || (key === rootKey && error <= rootError)) return; // an equal one came earlier
    this.#put(0, place, key, error);
    this.#sink(0);
    this.least = this.#keys[0] as number;
  }

  sorted(): Float64Array {
    const order = Array.from({ length: this.#size }, (_, i) => i).sort((a, b) => (this.#isBefore(a, b) ? -1 : 1));
    return Float64Array.from(order, (i) => this.#places[i] as number);
  }

  #put(at: number, place: number, key: number, error: number): void {
    this.#places[at] = place;
    this.#keys[at] = key;
    this.#errors[at] = error;
  }

  /** Whether `a` ranks before `b`: a larger error, or an earlier place. */
  #isBefore(a: number, b: number): boolean {
    const byKey = (this.#keys[a] as number) - (this.#keys[b] as number);
    if (byKey > 0 || byKey < 0) return byKey > 0; // the difference of two infinities is NaN
    const byError = (this.#errors[a] as number) - (this.#errors[b] as number);
    if (byError > 0 || byError < 0) return byError > 0;
    return (this.#places[a] as number) < (this.#places[b] as number);
  }

  #rise(at: number): void {
    for (let child = at; child > 0; ) {
      const parent = (child - 1) >> 1;
      if (this.#isBefore(child, parent)) return;
      this.#swap(child, parent);
      child = parent;
    }
  }

  #sink(at: number): void {
    for (let parent = at; ; ) {
      let last = parent;
      for (const child of [2 * parent + 1, 2 * parent + 2])
        if (child < this.#size && this.#isBefore(last, child)) last = child;
      if (last === parent) return;
      this.#swap(parent, last);
      parent = last;
    }
  }

  #swap(a: number, b: number): void {
    for (const column of [this.#places, this.#keys, this.#errors]) {
      const kept = column[a] as number;
      column[a] = column[b] as number;
      column[b] = kept;
    }
  }
}
