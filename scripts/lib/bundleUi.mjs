import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from './root.mjs';

/**
 * Bundles and loads `test/ui/<entry>.ts`, which drives a workbench in a browser; packages stay in node_modules.
 *
 * @param {string} entry
 * @returns {Promise<any>} its exports
 */
export async function bundleUi(entry) {
  const { build } = await import('esbuild');
  const outfile = join(ROOT, 'out', 'ui', `${entry}.mjs`);
  await build({
    absWorkingDir: ROOT,
    entryPoints: [`test/ui/${entry}.ts`],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    packages: 'external',
    sourcemap: 'inline',
    logLevel: 'warning',
  });
  return import(pathToFileURL(outfile).href);
}
