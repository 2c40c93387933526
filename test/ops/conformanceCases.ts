import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The extracted ONNX backend suite with folders `node`, `simple` and `light`, kept in the system's temporary folder. */
export function extractSuite(archive: string): string {
  const root = join(tmpdir(), `quantscope-conformance-${statSync(archive).size}`);
  const suite = join(root, 'conformance', 'onnx');
  if (existsSync(suite)) return suite;
  const fresh = `${root}-${process.pid}`;
  mkdirSync(fresh, { recursive: true });
  execFileSync('tar', ['xzf', archive, '-C', fresh]);
  if (!existsSync(suite)) renameSync(fresh, root);
  return suite;
}

/** Names of all cases, sorted. */
export function caseNames(nodeFolder: string): string[] {
  return readdirSync(nodeFolder).sort();
}

/** The files of one case: its model, and inputs and outputs of its first data set in order. */
export function readCase(nodeFolder: string, name: string) {
  const folder = join(nodeFolder, name);
  const data = join(folder, 'test_data_set_0');
  const files = (kind: string): Uint8Array[] => {
    const found: Uint8Array[] = [];
    while (existsSync(join(data, `${kind}_${found.length}.pb`))) {
      found.push(new Uint8Array(readFileSync(join(data, `${kind}_${found.length}.pb`))));
    }
    return found;
  };
  return {
    model: new Uint8Array(readFileSync(join(folder, 'model.onnx'))),
    inputs: files('input'),
    outputs: files('output'),
  };
}
