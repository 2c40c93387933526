import { bytesOf, type FileSystem } from '../base/bytes.ts';

/** A file system in which some files are bytes that were handed over: what lies on no disk of this machine. */
export interface GivenFiles extends FileSystem {
  /** Replaces everything given before. Paths are separated by `/`; external data lies below the folder of its model. */
  give(files: Readonly<Record<string, Uint8Array>>): void;
  /** Relative paths of the files that were asked for below a folder of given files, and are not among them. */
  missing(): readonly string[];
}

/** Given files in front of another file system, which keeps every other path. */
export function givenFiles(others: FileSystem): GivenFiles {
  let given = new Map<string, Uint8Array>();
  const missed = new Set<string>();
  const isGivenFolder = (folder: string) => [...given.keys()].some((path) => path.startsWith(`${folder}/`));
  return {
    ...others,
    give(files) {
      given = new Map(Object.entries(files));
      missed.clear();
    },
    missing: () => [...missed],
    async open(path) {
      const bytes = given.get(path);
      return bytes === undefined ? others.open(path) : bytesOf(bytes);
    },
    async openBelow(folder, relativePath) {
      if (!isGivenFolder(folder)) return others.openBelow(folder, relativePath);
      const bytes = given.get(`${folder}/${relativePath}`);
      if (bytes !== undefined) return bytesOf(bytes);
      missed.add(relativePath);
      throw new Error(`there is no file ${relativePath} beside the model`);
    },
    directoryOf(path) {
      return given.has(path) ? path.slice(0, path.lastIndexOf('/')) : others.directoryOf(path);
    },
  };
}
