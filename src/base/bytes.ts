/** Random access to a file or an array; the one way bytes come into the core. */
export interface ByteSource {
  readonly byteLength: number;
  /** The bytes [start, end), clamped to the source. The array may be a view of a larger buffer. */
  slice(start: number, end: number): Promise<Uint8Array>;
  /**
   * As `slice`, at once: for threads that may wait for a disk, to read weights while a program runs. Sources that
   * cannot do so lack it.
   */
  readonly sliceNow?: (start: number, end: number) => Uint8Array;
}

/** A source over bytes in memory. */
export function bytesOf(array: Uint8Array): ByteSource {
  const sliceNow = (start: number, end: number): Uint8Array => array.subarray(start, Math.min(end, array.byteLength));
  return { byteLength: array.byteLength, slice: async (start, end) => sliceNow(start, end), sliceNow };
}

/**
 * Opens files for the core: models, external data, configs, calibration samples, reports.
 * Paths are opaque to the core; `resolve` and `join` are the face's.
 */
export interface FileSystem {
  open(path: string): Promise<ByteSource>;
  /** Opens a file in or below `folder`; refuses what leads out of it, links included. */
  openBelow(folder: string, relativePath: string): Promise<ByteSource>;
  /** File names (not directories) directly inside, sorted by byte order. */
  list(directory: string): Promise<readonly string[]>;
  /** Names of the directories directly inside, sorted by byte order. */
  listDirectories(directory: string): Promise<readonly string[]>;
  /** Writes through a temporary file and a rename; creates the folder. */
  write(path: string, contents: Uint8Array | string): Promise<void>;
  /** As `write`, for results too large for one array. */
  writeChunks(path: string, chunks: AsyncIterable<Uint8Array>): Promise<void>;
  /** `path` relative to `base` unless absolute (`C:\` and `/` both count). */
  resolve(base: string, path: string): string;
  directoryOf(path: string): string;
  /** True for an existing file or directory. */
  exists(path: string): Promise<'file' | 'directory' | undefined>;
}
