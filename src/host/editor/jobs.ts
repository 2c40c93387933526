import { Cancelled } from '../../base/abort.ts';
import type { FindingKind } from '../findings/storedFindings.ts';

export type JobKind = 'times' | 'tensors' | FindingKind | 'export' | 'trial' | 'run';

interface Job {
  readonly kind: JobKind;
  readonly finished: Promise<void>;
  readonly sinceMs: number;
  cancelled: boolean;
}

/** A job asks one of the same or a lower rank to stop, and waits for one of a higher. */
const RANK: Record<JobKind, number> = {
  times: 0,
  tensors: 1,
  sensitivity: 2,
  search: 2,
  diagnosis: 2,
  export: 3,
  trial: 4,
  run: 5,
};

/** What takes long in a model's worker: one at a time, the one that matters more first. */
export class Jobs {
  private readonly stop: () => void;
  private job: Job | undefined;
  /** How many were asked for. */
  private readonly tickets: Record<JobKind, number> = {
    times: 0,
    tensors: 0,
    sensitivity: 0,
    search: 0,
    diagnosis: 0,
    export: 0,
    trial: 0,
    run: 0,
  };

  /** @param stop asks the worker to end what it does. */
  constructor(stop: () => void) {
    this.stop = stop;
  }

  /** What is in work, if anything. */
  get working(): JobKind | undefined {
    return this.job?.kind;
  }

  /** For how long something is in work; 0 for nothing. */
  get workingMs(): number {
    return this.job === undefined ? 0 : performance.now() - this.job.sinceMs;
  }

  /** Whether what is in work matters at least as much as `kind`. */
  isAtLeast(kind: JobKind): boolean {
    return this.job !== undefined && RANK[this.job.kind] >= RANK[kind];
  }

  /**
   * Runs `work` as the only job; it asks `isCancelled` before it begins what `stop` ends.
   *
   * @throws Cancelled when a later one of the same kind took its place, and what `work` throws.
   */
  async exclusive<T>(kind: JobKind, work: (isCancelled: () => boolean) => Promise<T>): Promise<T> {
    const ticket = ++this.tickets[kind];
    while (this.job !== undefined) {
      if (RANK[kind] >= RANK[this.job.kind]) this.stopJob(this.job);
      await this.job.finished;
      if (ticket !== this.tickets[kind]) throw new Cancelled();
    }
    let finish = () => {};
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const job: Job = { kind, finished, sinceMs: performance.now(), cancelled: false };
    this.job = job;
    try {
      return await work(() => job.cancelled);
    } finally {
      this.job = undefined;
      finish();
    }
  }

  /** Asks jobs of the given kinds to stop, those that still wait included. */
  cancel(kinds: readonly JobKind[]): void {
    for (const kind of kinds) {
      this.tickets[kind]++;
      if (this.job?.kind === kind) this.stopJob(this.job);
    }
  }

  private stopJob(job: Job): void {
    job.cancelled = true;
    this.stop();
  }
}
