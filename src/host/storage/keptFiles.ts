import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { fromJson, toJson } from '../runs/storedRun.ts';

const END = '.json.gz';
/** Leftovers younger than this may belong to another window that is writing them. */
const LEFTOVER_MS = 24 * 60 * 60 * 1000;

const zip = promisify(gzip);
const unzip = promisify(gunzip);

/** The name of what is kept under some texts: of a model's state and a config, say. */
export function keyOf(...parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

export interface KeptFilesOptions<T> {
  /** Absolute path; made with the first file. */
  readonly folder: string;
  /** Files beyond this go, those that were written longest ago first. */
  readonly most: number;
  readonly isRight: (value: unknown) => value is T;
  readonly log: (message: string) => void;
}

/**
 * Values as compressed JSON in one folder, by key. Every file appears whole or not at all; one that is not readable is
 * told in the log and counts as absent.
 */
export class KeptFiles<T> {
  private readonly options: KeptFilesOptions<T>;

  constructor(options: KeptFilesOptions<T>) {
    this.options = options;
  }

  async read(key: string): Promise<T | undefined> {
    const path = this.path(key);
    const bytes = await readFile(path).catch(() => undefined); // nothing was kept
    if (bytes === undefined) return undefined;
    try {
      const value = fromJson((await unzip(bytes)).toString('utf8'));
      if (!this.options.isRight(value)) throw new Error('it is not what this version writes');
      return value;
    } catch (error) {
      this.options.log(`${path} is left out: ${String(error)}`);
      return undefined;
    }
  }

  /** @throws Error when the disk refuses. */
  async write(key: string, value: T): Promise<void> {
    await mkdir(this.options.folder, { recursive: true });
    const draft = `${this.path(key)}.${randomBytes(4).toString('hex')}.tmp`;
    try {
      await writeFile(draft, await zip(toJson(value)));
      await rename(draft, this.path(key));
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
    await this.tidy();
  }

  private async tidy(): Promise<void> {
    const names = await readdir(this.options.folder);
    const files = await Promise.all(
      names.map(async (name) => {
        const path = join(this.options.folder, name);
        const found = await stat(path).catch(() => undefined); // another window took it away
        return { path, name, writtenMs: found?.mtimeMs ?? Date.now() };
      }),
    );
    const kept = files.filter(({ name }) => name.endsWith(END)).sort((a, b) => b.writtenMs - a.writtenMs);
    const drafts = files.filter(({ name, writtenMs }) => name.endsWith('.tmp') && Date.now() - writtenMs > LEFTOVER_MS);
    for (const { path } of [...kept.slice(this.options.most), ...drafts]) await rm(path, { force: true });
  }

  private path(key: string): string {
    return join(this.options.folder, `${key}${END}`);
  }
}
