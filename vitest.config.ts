import { readFileSync } from 'node:fs';
import { defineConfig, type Plugin } from 'vitest/config';

/** Gives an imported `.wasm` file as its bytes, as esbuild's `binary` loader does. */
const wasmBytes: Plugin = {
  name: 'wasm-bytes',
  enforce: 'pre',
  load: (id) => (id.endsWith('.wasm') ? `export default new Uint8Array([${readFileSync(id).join(',')}])` : undefined),
};

export default defineConfig({
  plugins: [wasmBytes],
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/extension/**', 'test/ui/**'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    server: { deps: { inline: [/icodec/] } },
    pool: 'threads',
    maxWorkers: 2,
  },
});
