/** Says whether the caller wants the work to stop; read it once per node and once per 64 k elements. */
export interface AbortSignalLike {
  readonly aborted: boolean;
}

/** Never aborts. */
export const NEVER: AbortSignalLike = { aborted: false };

/** Unwinds cancelled work. It is not an error: the session turns it into the result `cancelled`. */
export class Cancelled extends Error {
  constructor() {
    super('cancelled');
    this.name = 'Cancelled';
  }
}

/** @throws Cancelled when `signal` is aborted. */
export function throwIfAborted(signal: AbortSignalLike | undefined): void {
  if (signal?.aborted) throw new Cancelled();
}
