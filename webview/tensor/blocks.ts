import { AbortFlag, type AbortSource, Cancelled } from '../../src/protocol/rpc.ts';

export interface BlockOptions<T> {
  readonly load: (key: string, signal: AbortSource) => Promise<T>;
  /** How many are kept. */
  readonly most: number;
  readonly onLoad: () => void;
  readonly onError: (cause: unknown) => void;
}

/** How many are asked for at a time. */
const AT_ONCE = 3;

/**
 * Parts of something large that come when they are wanted: what is no longer wanted is not waited for, what was wanted
 * last is kept longest.
 */
export class Blocks<T> {
  readonly #options: BlockOptions<T>;
  readonly #kept = new Map<string, T>();
  readonly #failed = new Set<string>();
  readonly #loading = new Map<string, AbortFlag>();
  #wanted: readonly string[] = [];

  constructor(options: BlockOptions<T>) {
    this.#options = options;
  }

  get(key: string): T | undefined {
    return this.#kept.get(key);
  }

  /** Whether all that is wanted is there, or failed. */
  get isComplete(): boolean {
    return this.#wanted.every((key) => this.#kept.has(key) || this.#failed.has(key));
  }

  /** What shall be there, the most urgent first; what is being loaded besides is cancelled. */
  want(keys: readonly string[]): void {
    this.#wanted = keys;
    const wanted = new Set(keys);
    for (const [key, flag] of this.#loading) {
      if (wanted.has(key)) continue;
      this.#loading.delete(key);
      flag.abort();
    }
    for (const key of [...keys].reverse()) this.#touch(key);
    this.#start();
  }

  /** Forgets everything. */
  clear(): void {
    for (const flag of this.#loading.values()) flag.abort();
    this.#loading.clear();
    this.#kept.clear();
    this.#failed.clear();
    this.#wanted = [];
  }

  #start(): void {
    for (const key of this.#wanted) {
      if (this.#loading.size >= AT_ONCE) return;
      if (!this.#kept.has(key) && !this.#loading.has(key) && !this.#failed.has(key)) void this.#load(key);
    }
  }

  async #load(key: string): Promise<void> {
    const flag = new AbortFlag();
    this.#loading.set(key, flag);
    const isCurrent = () => this.#loading.get(key) === flag;
    try {
      const block = await this.#options.load(key, flag);
      if (!isCurrent()) return;
      this.#kept.set(key, block);
      this.#trim();
      this.#options.onLoad();
    } catch (cause) {
      if (!isCurrent()) return;
      if (cause instanceof Cancelled) return;
      this.#failed.add(key);
      this.#options.onError(cause);
    } finally {
      if (isCurrent()) this.#loading.delete(key);
      this.#start();
    }
  }

  #touch(key: string): void {
    const block = this.#kept.get(key);
    if (block === undefined) return;
    this.#kept.delete(key);
    this.#kept.set(key, block);
  }

  #trim(): void {
    const wanted = new Set(this.#wanted);
    for (const key of this.#kept.keys()) {
      if (this.#kept.size <= this.#options.most) return;
      if (!wanted.has(key)) this.#kept.delete(key);
    }
  }
}
