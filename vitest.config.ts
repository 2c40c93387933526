import { readFileSync } from 'node:fs';
import { defineConfig, type Plugin } from 'vitest/config';

/** Gives an imported `.wasm` file as its bytes, as esbuild's `binary` loader does. */
const wasmBytes: Plugin = {
  name: 'wasm-bytes',
  enforce: 'pre',
  load: (id) => (id.endsWith('.wasm') ? `export default new Uint8Array([${readFileSync(id).join(',')}])` : undefined),
};

/**
 * Folders whose tests leave nothing behind in modules: their files share those of a worker, which takes half of the time
 * that loading them anew for each takes.
 */
const UNITS = [
  ...[
    'base',
    'cli',
    'config',
    'data',
    'diagnose',
    'exec',
    'export',
    'graph',
    'host',
    'images',
    'kernels',
    'node',
    'onnx',
  ],
  ...['ops', 'passes', 'protocol', 'quant', 'report', 'search', 'sensitivity', 'session', 'whatif'],
];
const units = UNITS.map((folder) => `test/${folder}/**/*.test.ts`);
/** Files to leave out, for command line options do not reach projects. */
const without = process.env.QUANTSCOPE_TESTS_WITHOUT?.split(',') ?? [];

export default defineConfig({
  plugins: [wasmBytes],
  test: {
    projects: [
      { extends: true, test: { name: 'units', include: units, exclude: without, isolate: false } },
      {
        extends: true,
        test: {
          name: 'others',
          include: ['test/**/*.test.ts'],
          exclude: ['test/extension/**', 'test/ui/**', ...units, ...without],
        },
      },
    ],
    testTimeout: 120_000,
    hookTimeout: 180_000,
    server: { deps: { inline: [/icodec/] } },
    pool: 'threads',
    maxWorkers: 2,
  },
});
