import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** Bundles sources of this checkout and imports the result: `await bundled("export * from './src/onnx/read.ts'")`. */
export async function bundled(source) {
  const resolveDir = fileURLToPath(new URL('..', import.meta.url));
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir, loader: 'ts' },
    bundle: true,
    loader: { '.wasm': 'binary' },
    format: 'esm',
    platform: 'node',
    target: 'node20',
    write: false,
  });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
}
