import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { fromJson, isRunBody, isRunHead, type RunBody, type RunHead, toJson } from './storedRun.ts';

const HEAD = '.run.json';
const BODY = '.figures.json.gz';
const DELETED = '.deleted';
/** Leftovers younger than this may belong to another window that is writing them. */
const LEFTOVER_MS = 24 * 60 * 60 * 1000;

const zip = promisify(gzip);
const unzip = promisify(gunzip);

/**
 * Runs as files of one folder: a small head to list it, and the figures, compressed, to show it. A run is there once
 * its head is; every file appears whole or not at all.
 */
export class RunFiles {
  private readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Every readable head; `broken` hears of the files that are none. Ends what earlier deletions and failures left. */
  async list(broken: (file: string, why: string) => void): Promise<readonly RunHead[]> {
    const names = await readdir(this.folder).catch(() => []); // nothing was kept yet
    await this.tidy(names);
    const heads: RunHead[] = [];
    for (const name of names.filter((n) => n.endsWith(HEAD))) {
      try {
        const head = fromJson(await readFile(this.path(name), 'utf8'));
        if (!isRunHead(head)) throw new Error('it is not what this version writes');
        heads.push(head);
      } catch (error) {
        broken(name, String(error));
      }
    }
    return heads;
  }

  /** @throws Error when the disk refuses. */
  async write(head: RunHead, body: RunBody): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    await this.replace(`${head.id}${BODY}`, await zip(toJson(body)));
    await this.writeHead(head);
  }

  /** @throws Error when the disk refuses. */
  async writeHead(head: RunHead): Promise<void> {
    await this.replace(`${head.id}${HEAD}`, toJson(head));
  }

  /** @throws Error when the figures are not there, or not readable. */
  async read(id: string): Promise<RunBody> {
    const body = fromJson((await unzip(await readFile(this.path(`${id}${BODY}`)))).toString('utf8'));
    if (!isRunBody(body)) throw new Error(`${id}${BODY} is not what this version writes`);
    return body;
  }

  /** Takes a run away such that {@link restore} brings it back. */
  async remove(id: string): Promise<void> {
    await rename(this.path(`${id}${HEAD}`), this.path(`${id}${DELETED}`));
  }

  async restore(id: string): Promise<void> {
    await rename(this.path(`${id}${DELETED}`), this.path(`${id}${HEAD}`));
  }

  /** Deletes the files of a run for good, a removed one's too. */
  async purge(id: string): Promise<void> {
    for (const end of [HEAD, DELETED, BODY]) await rm(this.path(`${id}${end}`), { force: true });
  }

  private async tidy(names: readonly string[]): Promise<void> {
    const present = new Set(names);
    const isLeftover = (name: string) =>
      name.endsWith(DELETED) ||
      name.endsWith('.tmp') ||
      (name.endsWith(BODY) && !present.has(`${name.slice(0, -BODY.length)}${HEAD}`));
    for (const name of names.filter(isLeftover)) {
      const age =
        Date.now() -
        (await stat(this.path(name))
          .then(({ mtimeMs }) => mtimeMs)
          .catch(() => Date.now()));
      if (age > LEFTOVER_MS) await rm(this.path(name), { force: true });
    }
  }

  private async replace(name: string, contents: string | Uint8Array): Promise<void> {
    const draft = this.path(`${name}.${randomBytes(4).toString('hex')}.tmp`);
    try {
      await writeFile(draft, contents);
      await rename(draft, this.path(name));
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
  }

  private path(name: string): string {
    return join(this.folder, name);
  }
}
