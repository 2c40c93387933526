/** Milliseconds since an arbitrary start. The core has no clock of its own; a face passes one in. */
export interface Clock {
  now(): number;
}
