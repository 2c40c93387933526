/** At most this long without a pause; what one step between two looks at the clock takes comes on top. */
const SLICE_MS = 8;

/** Divides long work on the main thread: after each slice whatever waits comes first. */
export class Slices {
  readonly #signal: AbortSignal;
  #end = performance.now() + SLICE_MS;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** Pauses when the slice is over; false when the work is no longer wanted. */
  async goOn(): Promise<boolean> {
    if (performance.now() < this.#end) return !this.#signal.aborted;
    await nextTask();
    this.#end = performance.now() + SLICE_MS;
    return !this.#signal.aborted;
  }
}

function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve);
  });
}
