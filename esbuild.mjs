import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { buildWasm } from './scripts/buildWasm.mjs';

const node = { platform: 'node', target: 'node20' };
const browser = { platform: 'browser', target: 'chrome122', format: 'iife', minify: true };

// `new URL(file, import.meta.url)` finds a neighbour in dist/ in both module systems.
const cjs = {
  ...node,
  format: 'cjs',
  define: { 'import.meta.url': 'importMetaUrl' },
  banner: { js: "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
};
// Bundled CommonJS packages ask for Node's own modules by `require`.
const esm = {
  ...node,
  format: 'esm',
  banner: {
    js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
  },
};

/** Output file in dist/ -> its entry point and options. The CLI has no `external`, so importing vscode there fails. */
const targets = {
  'extension.cjs': { entry: 'src/host/extension.ts', ...cjs, external: ['vscode'] },
  'worker.cjs': { entry: 'src/worker/main.ts', ...cjs },
  'kernelThread.cjs': { entry: 'src/node/kernelThread.ts', ...cjs },
  'sweepThread.cjs': { entry: 'src/node/sweepThread.ts', ...cjs },
  'cli.js': { entry: 'src/cli/main.ts', ...esm },
  'webview.js': { entry: 'webview/main.ts', ...browser },
  'graphWorker.js': { entry: 'webview/graph/graphWorker.ts', ...browser },
};

/**
 * Builds dist/: every bundle of the table (webview.css beside webview.js) and kernels.wasm.
 *
 * @param {{only?: readonly string[], write?: boolean}} [options] `only`: names without extension; `write` false: bundles
 *   in memory, for their metafiles
 * @returns {Promise<import('esbuild').Metafile[]>}
 */
export async function buildAll({ only, write = true } = {}) {
  const wanted = (file) => !only || only.includes(file.replace(/\.\w+$/, ''));
  const names = Object.keys(targets).filter(wanted);
  if (only && names.length + Number(wanted('kernels.wasm')) !== only.length) {
    const known = [...Object.keys(targets), 'kernels.wasm'].map((file) => file.replace(/\.\w+$/, ''));
    throw new Error(`esbuild.mjs: --only=${only} names a target that is not one of ${known.join(', ')}`);
  }
  if (write) mkdirSync(inRoot('dist'), { recursive: true });
  if (write && wanted('kernels.wasm')) await buildWasm(inRoot('dist/kernels.wasm'));
  const results = await Promise.all(names.map((name) => bundle(name, write)));
  return results.map((result) => result.metafile);
}

function bundle(name, write) {
  const { entry, ...options } = targets[name];
  return build({
    absWorkingDir: inRoot('.'),
    entryPoints: [entry],
    outfile: `dist/${name}`,
    bundle: true,
    sourcemap: true,
    loader: { '.wasm': 'binary' },
    legalComments: 'none',
    logLevel: 'warning',
    metafile: true,
    write,
    ...options,
  });
}

function inRoot(path) {
  return fileURLToPath(new URL(path, import.meta.url));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const only = process.argv.find((arg) => arg.startsWith('--only='));
  await buildAll(only ? { only: only.slice('--only='.length).split(',') } : {});
}
