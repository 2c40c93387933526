import type { FileSystem } from '../base/bytes.ts';
import type { Labels } from './labels.ts';

/** Folders that hold samples of one class each; hidden ones do not. */
export async function classFoldersOf(files: FileSystem, directory: string): Promise<readonly string[]> {
  return (await files.listDirectories(directory)).filter((name) => !name.startsWith('.'));
}

/**
 * Files in the class folders of `directory`, as `folder/file`, one of each folder in turn: the first N files, for any
 * N, are spread over all classes.
 */
export async function listClassFolders(files: FileSystem, directory: string): Promise<readonly string[]> {
  const lists: (readonly string[])[] = [];
  for (const folder of await classFoldersOf(files, directory)) {
    const names = await files.list(files.resolve(directory, folder));
    lists.push(names.map((name) => `${folder}/${name}`));
  }
  const longest = Math.max(0, ...lists.map((names) => names.length));
  return Array.from({ length: longest }, (_, i) =>
    lists.flatMap((names) => {
      const name = names[i];
      return name === undefined ? [] : [name];
    }),
  ).flat();
}

/**
 * Class indices of class folders. Where every name is a number, or starts with one (`3`, `003_cat`, `3-cat`), that is
 * the index, unless two folders would share it; else folders count from 0 in byte order of their names.
 *
 * @param folders sorted by byte order.
 */
export function indicesOfFolders(folders: readonly string[]): ReadonlyMap<string, number> {
  const numbers = folders.flatMap((name) => {
    const digits = /^(\d{1,9})(?:[ _.-].*)?$/.exec(name)?.[1];
    return digits === undefined ? [] : [Number(digits)];
  });
  const numbered = numbers.length === folders.length && new Set(numbers).size === folders.length;
  return new Map(folders.map((name, i) => [name, numbered ? (numbers[i] ?? i) : i]));
}

/** Labels by the folder that a sample's file lies in. */
export function folderLabels(indices: ReadonlyMap<string, number>): Labels {
  return { count: indices.size, labelOf: (path) => indices.get(path.split(/[/\\]/).at(-2) ?? '') };
}
