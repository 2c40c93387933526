import { KeptFiles, keyOf } from '../storage/keptFiles.ts';
import { isStoredTrials, type StoredTrials } from './trialTree.ts';

/** Trees that are kept, of any model and config. */
const MOST_TREES = 100;

export interface TrialStoreOptions {
  /** Absolute path. */
  readonly folder: string;
  readonly log: (message: string) => void;
  /** After a tree has changed. */
  readonly onChange: (key: string) => void;
}

/** The trees of trials that are kept. Changes happen one after the other; several editors of a model share one tree. */
export class TrialStore {
  private readonly options: TrialStoreOptions;
  private readonly files: KeptFiles<StoredTrials>;
  private readonly trees = new Map<string, StoredTrials>();
  private queue: Promise<unknown> = Promise.resolve();

  constructor(options: TrialStoreOptions) {
    this.options = options;
    this.files = new KeptFiles({ ...options, most: MOST_TREES, isRight: isStoredTrials });
  }

  /** @param state of the model's file. */
  static keyOf(model: string, state: string, config: string): string {
    return keyOf(model, state, config);
  }

  /** Empty before {@link load}. */
  tree(key: string): StoredTrials {
    return this.trees.get(key) ?? [];
  }

  load(key: string): Promise<StoredTrials> {
    return this.inTurn(() => this.read(key));
  }

  /** A disk that refuses is told in the log: the trials stay for as long as the window does. */
  update(key: string, change: (trials: StoredTrials) => StoredTrials): Promise<StoredTrials> {
    return this.inTurn(async () => {
      const before = await this.read(key);
      const after = change(before);
      if (after === before) return before;
      this.trees.set(key, after);
      this.options.onChange(key);
      await this.files.write(key, after).catch((error: unknown) => this.options.log(`trials: ${String(error)}`));
      return after;
    });
  }

  private async read(key: string): Promise<StoredTrials> {
    const known = this.trees.get(key) ?? (await this.files.read(key)) ?? [];
    this.trees.set(key, known);
    return known;
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.queue.then(work);
    this.queue = turn.catch(() => {}); // whoever asked hears of the failure
    return turn;
  }
}
