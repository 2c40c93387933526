import type { FileSystem } from '../../base/bytes.ts';
import { type Diagnostic, nearest } from '../../base/diagnostics.ts';
import { listSamples } from '../../data/sampleNames.ts';
import type { Config } from '../config.ts';
import type { DataFolder } from '../values.ts';

const DATA = 'data_preprocess_param';
const OURS = 'quantscope';
type Use = 'calibrate' | 'evaluate';

/** What the folders of a config say without a model: whether they are there, and have the files that are asked for. */
export async function checkFolders(config: Config, files: FileSystem): Promise<Diagnostic[]> {
  const found: Diagnostic[] = [];
  for (const use of ['calibrate', 'evaluate'] as const) {
    const count = use === 'calibrate' ? config.data.calibrateSize : config.quantscope.evaluateSize;
    for (const { input, path } of foldersOf(config, use)) {
      const directory = files.resolve(files.directoryOf(config.file), path);
      const classFolders = use === 'evaluate' && config.quantscope.labels === 'folders';
      const at = (key: string) => config.at(use === 'calibrate' ? DATA : OURS, key);
      await listSamples(files, { name: input ?? '', directory, count, classFolders, use, at }, found);
    }
  }
  return withNearestFolders(config, files, found);
}

/** The diagnostics, with the nearest folder that exists as the suggestion where one is missing. */
export async function withNearestFolders(
  config: Config,
  files: FileSystem,
  diagnostics: readonly Diagnostic[],
): Promise<Diagnostic[]> {
  const better = new Map<string, string | undefined>();
  for (const use of ['calibrate', 'evaluate'] as const) {
    better.set(`${use}_path`, await nearestFolders(foldersOf(config, use), files.directoryOf(config.file), files));
  }
  return diagnostics.map((d) => {
    const suggestion = d.code === 'DAT101' ? better.get(d.at.key ?? '') : undefined;
    return suggestion === undefined ? d : { ...d, suggestion };
  });
}

function foldersOf({ data, quantscope }: Config, use: Use): readonly DataFolder[] {
  return use === 'calibrate' ? data.calibratePath : quantscope.evaluatePath;
}

/** The value with every missing folder replaced by the one beside it that is nearest; undefined where one has none. */
async function nearestFolders(
  folders: readonly DataFolder[],
  base: string,
  files: FileSystem,
): Promise<string | undefined> {
  const written: string[] = [];
  for (const { input, path } of folders) {
    const there = (await files.exists(files.resolve(base, path))) === 'directory';
    const near = there ? path : await nearestFolder(path, base, files);
    if (near === undefined) return undefined;
    written.push(input === undefined ? near : `${input}:${near}`);
  }
  return written.join(',');
}

async function nearestFolder(path: string, base: string, files: FileSystem): Promise<string | undefined> {
  const end = path.replace(/[\\/]+$/, '');
  const slash = Math.max(end.lastIndexOf('/'), end.lastIndexOf('\\'));
  const parent = files.resolve(base, end.slice(0, slash + 1) || '.');
  if ((await files.exists(parent)) !== 'directory') return undefined;
  const near = nearest(end.slice(slash + 1), await files.listDirectories(parent));
  return near === undefined ? undefined : end.slice(0, slash + 1) + near;
}
