import { bytesOf, type FileSystem } from '../../src/base/bytes.ts';

/** A read-only file system of folders, `{ '/a': { 'x.bin': bytes } }`. */
export function memoryFiles(folders: Readonly<Record<string, Readonly<Record<string, Uint8Array>>>>): FileSystem {
  const find = (path: string) => {
    const cut = path.lastIndexOf('/');
    return folders[path.slice(0, cut)]?.[path.slice(cut + 1)];
  };
  const refuse = async () => {
    throw new Error('read-only');
  };
  return {
    open: async (path) => {
      const bytes = find(path);
      if (bytes === undefined) throw new Error(`there is no file ${path}`);
      return bytesOf(bytes);
    },
    openBelow: refuse,
    list: async (directory) => Object.keys(folders[directory] ?? {}).sort(),
    listDirectories: async (directory) =>
      Object.keys(folders)
        .filter((path) => path.startsWith(`${directory}/`) && !path.slice(directory.length + 1).includes('/'))
        .map((path) => path.slice(directory.length + 1))
        .sort(),
    write: refuse,
    writeChunks: refuse,
    resolve: (base, path) => `${base}/${path}`,
    directoryOf: (path) => path.slice(0, path.lastIndexOf('/')),
    exists: async (path) => (path in folders ? 'directory' : find(path) === undefined ? undefined : 'file'),
  };
}
