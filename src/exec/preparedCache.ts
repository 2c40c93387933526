interface Entry {
  readonly value: unknown;
  users: number;
}

/** What operators packed for their constants, shared by programs that need the same; given back with the last of them. */
export class PreparedCache {
  readonly #entries = new Map<string, Entry>();

  /** The value of `key`, made at first; `release` gives back this user's share. */
  take(key: string, make: () => unknown, dispose: (value: unknown) => void): { value: unknown; release: () => void } {
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = { value: make(), users: 0 };
      this.#entries.set(key, entry);
    }
    const taken = entry;
    taken.users++;
    let released = false;
    const release = (): void => {
      if (released) return;
      released = true;
      taken.users--;
      if (taken.users > 0) return;
      this.#entries.delete(key);
      dispose(taken.value);
    };
    return { value: taken.value, release };
  }
}
