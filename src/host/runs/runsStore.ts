import { RunFiles } from './runFiles.ts';
import type { RunBody, RunHead } from './storedRun.ts';

export interface RunsStoreOptions {
  /** Absolute path; made with the first run. */
  readonly folder: string;
  /** How many runs that are not pinned stay; asked after each new one. */
  readonly keep: () => number;
  readonly log: (message: string) => void;
  /** After the list has changed. */
  readonly onChange: () => void;
}

/** The runs that are kept, newest first. Changes happen one after the other; whatever is listed is on disk. */
export class RunsStore {
  private readonly options: RunsStoreOptions;
  private readonly files: RunFiles;
  private list: readonly RunHead[] = [];
  private removed = new Map<string, RunHead>();
  private queue: Promise<unknown> = Promise.resolve();

  constructor(options: RunsStoreOptions) {
    this.options = options;
    this.files = new RunFiles(options.folder);
  }

  /** Newest first; empty before {@link load}. */
  get heads(): readonly RunHead[] {
    return this.list;
  }

  /** Reads what an earlier session kept. Broken files are logged and left out. */
  load(): Promise<void> {
    return this.inTurn(async () => {
      this.show(await this.files.list((file, why) => this.options.log(`runs: ${file} is left out: ${why}`)));
    });
  }

  head(id: string): RunHead | undefined {
    return this.list.find((head) => head.id === id);
  }

  /** The newest of a model. */
  latest(model: string): RunHead | undefined {
    return this.list.find((head) => head.model === model);
  }

  /** @throws Error when its figures cannot be read. */
  body(id: string): Promise<RunBody> {
    return this.files.read(id);
  }

  /** Keeps a run; the oldest beyond the limit go, with no way back. @throws Error when the disk refuses. */
  add(head: RunHead, body: RunBody): Promise<void> {
    return this.inTurn(async () => {
      await this.files.write(head, body);
      const others = this.list.filter(({ id }) => id !== head.id);
      const tooMany = beyond([head, ...others], Math.max(1, this.options.keep()));
      for (const { id } of tooMany) await this.files.purge(id);
      this.show([head, ...others].filter((h) => !tooMany.includes(h)));
    });
  }

  /** Replaces the figures of a run. @throws Error when the disk refuses. */
  replaceBody(id: string, body: RunBody): Promise<void> {
    return this.inTurn(async () => {
      const head = this.head(id);
      if (head !== undefined) await this.files.write(head, body);
    });
  }

  /** Changes a name or a pin. @throws Error when the disk refuses. */
  change(id: string, change: Partial<Pick<RunHead, 'name' | 'pinned'>>): Promise<void> {
    return this.inTurn(async () => {
      const head = this.head(id);
      if (head === undefined) return;
      const changed = { ...head, ...change };
      await this.files.writeHead(changed);
      this.show(this.list.map((h) => (h.id === id ? changed : h)));
    });
  }

  /** Takes runs off the list; {@link restore} brings them back until {@link purge}. @throws Error */
  remove(ids: readonly string[]): Promise<void> {
    return this.inTurn(async () => {
      for (const id of ids) {
        const head = this.head(id);
        if (head === undefined) continue;
        await this.files.remove(id);
        this.removed.set(id, head);
        this.show(this.list.filter((h) => h.id !== id));
      }
    });
  }

  /** @throws Error when the disk refuses. */
  restore(ids: readonly string[]): Promise<void> {
    return this.inTurn(async () => {
      for (const id of ids) {
        const head = this.removed.get(id);
        if (head === undefined) continue;
        await this.files.restore(id);
        this.removed.delete(id);
        this.show([head, ...this.list]);
      }
    });
  }

  /** Deletes removed runs for good. */
  purge(ids: readonly string[]): Promise<void> {
    return this.inTurn(async () => {
      for (const id of ids) if (this.removed.delete(id)) await this.files.purge(id);
    });
  }

  private show(heads: readonly RunHead[]): void {
    this.list = [...heads].sort((a, b) => b.timeMs - a.timeMs || (a.id < b.id ? 1 : -1));
    this.options.onChange();
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.queue.then(work);
    this.queue = turn.catch(() => {}); // whoever asked hears of the failure
    return turn;
  }
}

/** The oldest that are neither pinned nor among the `keep` newest. */
function beyond(heads: readonly RunHead[], keep: number): readonly RunHead[] {
  return heads
    .filter(({ pinned }) => !pinned)
    .sort((a, b) => b.timeMs - a.timeMs)
    .slice(keep);
}
