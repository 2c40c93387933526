import { join } from 'node:path';
import { ROOT } from './root.mjs';

/**
 * Bundles the mocha suite of the extension host, whose entry exports `run(): Promise<void>`; mocha stays in
 * node_modules. Both runners use this file: the VS Code server's and @vscode/test-electron's.
 *
 * @returns {Promise<string>} the bundle
 */
export async function buildExtensionSuite() {
  const { build } = await import('esbuild');
  const outfile = join(ROOT, 'out', 'suite', 'index.cjs');
  await build({
    absWorkingDir: ROOT,
    entryPoints: ['test/extension/index.ts'],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    external: ['vscode', 'mocha'],
    loader: { '.wasm': 'binary' },
    sourcemap: 'inline',
    logLevel: 'warning',
  });
  return outfile;
}
