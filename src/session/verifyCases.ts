import type { FileSystem } from '../base/bytes.ts';

/** One model with expected outputs, in one of the forms of the ONNX backend suite. */
export type VerifyCase =
  /** A folder with `model.onnx` and `test_data_set_*`, which hold `input_*.pb` and `output_*.pb`. */
  | { readonly kind: 'folder'; readonly name: string; readonly folder: string }
  /** `NAME.onnx` beside `NAME_output_*.pb`; its inputs are float32(i / n) for element i of n. */
  | { readonly kind: 'light'; readonly name: string; readonly folder: string };

const DEEPEST = 4;

/**
 * The cases in `folder`: itself, the light models in it, or those of its subfolders. A folder without any is a case that
 * lacks its model.
 */
export async function findCases(folder: string, files: FileSystem): Promise<readonly VerifyCase[]> {
  const found = await casesIn(folder, files, DEEPEST);
  return found.length > 0 ? found : [{ kind: 'folder', name: nameOf(folder), folder }];
}

async function casesIn(folder: string, files: FileSystem, depth: number): Promise<readonly VerifyCase[]> {
  if ((await files.exists(folder)) !== 'directory') return [];
  const names = await files.list(folder);
  if (names.includes('model.onnx')) return [{ kind: 'folder', name: nameOf(folder), folder }];
  const cases: VerifyCase[] = names
    .filter((name) => name.endsWith('.onnx') && names.includes(name.replace(/\.onnx$/, '_output_0.pb')))
    .map((name) => ({ kind: 'light', name: name.replace(/\.onnx$/, ''), folder }));
  if (depth === 0) return cases;
  for (const name of await files.listDirectories(folder)) {
    cases.push(...(await casesIn(files.resolve(folder, name), files, depth - 1)));
  }
  return cases;
}

function nameOf(folder: string): string {
  return folder.split(/[/\\]/).filter(Boolean).at(-1) ?? folder;
}
