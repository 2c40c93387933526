import type { FileSystem } from '../base/bytes.ts';
import type { Diagnostic, Location } from '../base/diagnostics.ts';
import { listClassFolders } from './classFolders.ts';
import { cannotReadFile, filesPassedOver, missingFolder, noSamples, tooFewFiles } from './errors.ts';

/** The samples of one input, as far as their names go. */
export interface SampleFolder {
  /** Of the input. */
  readonly name: string;
  /** Absolute. */
  readonly directory: string;
  /** How many are asked for; undefined: all. */
  readonly count: number | undefined;
  /** The samples are the files of the folders in `directory`, one of each in turn. */
  readonly classFolders: boolean;
  /** Whose folders these are, so that diagnostics name `calibrate_path` or `evaluate_path`. */
  readonly use: 'calibrate' | 'evaluate';
  readonly at: (key: string) => Location;
}

const NO_SAMPLE = /^\.|\/\.|(^|\/)thumbs\.db$|\.(txt|csv|tsv|json|xml|ya?ml|md|ini)$/i;

/**
 * Names of the samples in a folder, in the order in which they are taken.
 *
 * @returns undefined where the folder cannot be listed; DAT101, DAT102, DAT110, DAT111 and DAT209 go to `diagnostics`.
 */
export async function listSamples(
  files: FileSystem,
  { name, directory, count, classFolders, use, at }: SampleFolder,
  diagnostics: Diagnostic[],
): Promise<readonly string[] | undefined> {
  const place = at(`${use}_path`);
  const found = await files.exists(directory);
  if (found !== 'directory') {
    diagnostics.push(missingFolder(place, name, directory, found === 'file'));
    return undefined;
  }
  let all: readonly string[];
  try {
    all = classFolders ? await listClassFolders(files, directory) : await files.list(directory);
  } catch (cause) {
    diagnostics.push(cannotReadFile(directory, cause).diagnostic);
    return undefined;
  }
  const others = all.filter((n) => NO_SAMPLE.test(n));
  const names = all.filter((n) => !NO_SAMPLE.test(n));
  if (others.length > 0) diagnostics.push(filesPassedOver(place, directory, others));
  if (names.length === 0) diagnostics.push(noSamples(place, directory));
  else if (count !== undefined && names.length < count) {
    diagnostics.push(tooFewFiles(at(`${use}_size`), directory, names.length, count));
  }
  return names;
}
