import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep, win32 } from 'node:path';
import type { ByteSource, FileSystem } from '../base/bytes.ts';
import { OutsideFolder } from '../onnx/externalData.ts';

const IDLE_MS = 2000;
const CHUNK = 1 << 30; // one read call takes less than 2 GiB
const SHORT = 256 * 1024; // such reads take less time than a turn of the event loop

/**
 * A file read by position, never as a whole. Its handle opens with the first read and closes when no read happened for
 * two seconds, so that sources may be forgotten and files replaced; a file that changed meanwhile is an error.
 */
export class FileSource implements ByteSource {
  readonly byteLength: number;
  readonly path: string;
  readonly #modifiedMs: number;
  #handle: Promise<FileHandle> | undefined;
  #reads = 0;
  #idle: NodeJS.Timeout | undefined;

  private constructor(path: string, byteLength: number, modifiedMs: number) {
    this.path = path;
    this.byteLength = byteLength;
    this.#modifiedMs = modifiedMs;
  }

  /** @throws Error when `path` is no readable file. */
  static async open(path: string): Promise<FileSource> {
    const { size, mtimeMs } = await statFile(path);
    return new FileSource(path, size, mtimeMs);
  }

  /** @throws Error when the file changed since it was opened, or cannot be read. */
  async slice(start: number, end: number): Promise<Uint8Array> {
    const out = new Uint8Array(Math.max(0, Math.min(end, this.byteLength) - start));
    this.#reads++;
    try {
      this.#handle ??= this.#reopen();
      const handle = await this.#handle;
      let at = 0;
      while (at < out.length) {
        const length = Math.min(CHUNK, out.length - at);
        const bytesRead =
          length <= SHORT
            ? readSync(handle.fd, out, at, length, start + at)
            : (await handle.read(out, at, length, start + at)).bytesRead;
        if (bytesRead === 0) throw changed(this.path);
        at += bytesRead;
      }
      return out;
    } finally {
      this.#reads--;
      if (this.#reads === 0 && this.#handle !== undefined) this.#closeWhenIdle();
    }
  }

  /** @throws Error when the file changed since it was opened, or cannot be read. */
  readonly sliceNow = (start: number, end: number): Uint8Array => {
    const out = new Uint8Array(Math.max(0, Math.min(end, this.byteLength) - start));
    const fd = openSync(this.path, 'r');
    try {
      const { size, mtimeMs } = fstatSync(fd);
      if (size !== this.byteLength || mtimeMs !== this.#modifiedMs) throw changed(this.path);
      for (let at = 0; at < out.length; ) {
        const bytesRead = readSync(fd, out, at, Math.min(CHUNK, out.length - at), start + at);
        if (bytesRead === 0) throw changed(this.path);
        at += bytesRead;
      }
    } finally {
      closeSync(fd);
    }
    return out;
  };

  /** Closes the handle now; a later read opens it again. */
  async close(): Promise<void> {
    clearTimeout(this.#idle);
    this.#idle = undefined;
    const handle = this.#handle;
    this.#handle = undefined;
    await (await handle?.catch(() => undefined))?.close();
  }

  /** One timer for all reads: making one takes longer than a small read. */
  #closeWhenIdle(): void {
    if (this.#idle !== undefined) {
      this.#idle.refresh();
      return;
    }
    this.#idle = setTimeout(() => {
      if (this.#reads === 0) void this.close();
    }, IDLE_MS);
    this.#idle.unref();
  }

  async #reopen(): Promise<FileHandle> {
    try {
      const handle = await open(this.path, 'r');
      const { size, mtimeMs } = await handle.stat();
      if (size === this.byteLength && mtimeMs === this.#modifiedMs) return handle;
      await handle.close();
      throw changed(this.path);
    } catch (error) {
      this.#handle = undefined;
      throw error;
    }
  }
}

function changed(path: string): Error {
  return new Error(`${path} changed on disk while it was in use; open it again`);
}

async function statFile(path: string): Promise<{ size: number; mtimeMs: number }> {
  const info = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    throw new Error(cause.code === 'ENOENT' ? `there is no file ${path}` : `${path}: ${cause.message}`, { cause });
  });
  if (!info.isFile()) throw new Error(`${path} is not a file`);
  return info;
}

/** The local file system for the extension host and the command line. */
export const nodeFiles: FileSystem = {
  open: (path) => FileSource.open(path),

  openBelow: (folder, relativePath) => filesBelow(folder).open(relativePath),

  list: (directory) => namesOf(directory, (entry) => entry.isFile()),

  listDirectories: (directory) => namesOf(directory, (entry) => entry.isDirectory()),

  async write(path, contents) {
    const folder = dirname(path);
    await mkdir(folder, { recursive: true });
    const temporary = join(folder, `.${basename(path)}.${process.pid}.${++writes}.tmp`);
    try {
      await writeFile(temporary, contents);
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  },

  writeChunks,

  resolve: (base, path) => (isAbsolute(path) || win32.isAbsolute(path) ? path : resolve(base, path)),

  directoryOf: (path) => dirname(path),

  async exists(path) {
    const info = await stat(path).catch(() => undefined);
    if (info === undefined) return undefined;
    return info.isDirectory() ? 'directory' : 'file';
  },
};

let writes = 0;

/** Names in a directory whose entry, or what it links to, is wanted; sorted by byte order. */
async function namesOf(
  directory: string,
  wanted: (entry: { isFile(): boolean; isDirectory(): boolean }) => boolean,
): Promise<readonly string[]> {
  const names: string[] = [];
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const meant = entry.isSymbolicLink() ? await stat(join(directory, entry.name)).catch(() => undefined) : entry;
    if (meant !== undefined && wanted(meant)) names.push(entry.name);
  }
  return names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

/**
 * Writes chunks to `path` through a temporary file and a rename, for results too large for one array.
 */
export async function writeChunks(path: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  const temporary = join(folder, `.${basename(path)}.${process.pid}.${++writes}.tmp`);
  try {
    const handle = await open(temporary, 'w');
    try {
      for await (const chunk of chunks) await writeAll(handle, chunk);
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function writeAll(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.length; ) {
    const { bytesWritten } = await handle.write(chunk, at, Math.min(CHUNK, chunk.length - at));
    at += bytesWritten;
  }
}

/**
 * Opens files in or below `folder` for a model's external data. Links are followed, and refused when they lead out.
 */
export function filesBelow(folder: string): { open(relativePath: string): Promise<ByteSource> } {
  return {
    async open(relativePath) {
      const path = resolve(folder, relativePath);
      if (!isBelow(resolve(folder), path)) throw new OutsideFolder('the path leads out');
      const real = await realpath(path).catch((cause: NodeJS.ErrnoException) => {
        throw new Error(cause.code === 'ENOENT' ? `there is no file ${path}` : cause.message, { cause });
      });
      if (!isBelow(await realpath(folder), real)) {
        throw new OutsideFolder('it is a link that leads out');
      }
      return FileSource.open(real);
    },
  };
}

function isBelow(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
