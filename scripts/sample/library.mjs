import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { ROOT } from '../lib/root.mjs';

const EXPORTS = `
export { seededRandom } from './src/base/random.ts';
export { GraphBuilder, Ids } from './src/graph/build.ts';
export { modelBytes } from './src/onnx/write.ts';
`;

/**
 * The parts of our own sources that make the sample, bundled afresh.
 *
 * @returns {Promise<typeof import('../../src/base/random.ts') & typeof import('../../src/graph/build.ts') & typeof import('../../src/onnx/write.ts')>}
 */
export async function loadLibrary() {
  const outfile = join(ROOT, 'out', 'sample', 'library.mjs');
  await build({
    absWorkingDir: ROOT,
    stdin: { contents: EXPORTS, resolveDir: ROOT, loader: 'ts' },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'warning',
  });
  return import(pathToFileURL(outfile).href);
}
