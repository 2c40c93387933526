// Opens the models of makeLargeModel.mjs and prints time and memory for each.
// Usage: node scripts/openLarge.mjs FOLDER
import { join } from 'node:path';
import { bundled } from './bundled.mjs';

const folder = process.argv[2];
if (folder === undefined) {
  console.error('usage: node scripts/openLarge.mjs FOLDER');
  process.exit(2);
}

const { readModel, FileSource, filesBelow } = await bundled(`
  export { readModel } from './src/onnx/read.ts';
  export { FileSource, filesBelow } from './src/node/files.ts';
`);

for (const name of ['large_external.onnx', 'large_inline.onnx']) {
  const rss = process.memoryUsage().rss;
  const start = performance.now();
  const source = await FileSource.open(join(folder, name));
  const { model, diagnostics } = await readModel(source, { file: name, external: filesBelow(folder) });
  const ms = performance.now() - start;
  const mb = (process.memoryUsage().rss - rss) / 1e6;
  const bytes = [...model.graph.values.values()].reduce((sum, { constant }) => sum + (constant?.byteLength ?? 0), 0);
  console.log(
    `${name}: ${model.graph.nodes.length} nodes, ${(bytes / 1e9).toFixed(2)} GB of weights, ` +
      `${ms.toFixed(1)} ms, ${mb.toFixed(1)} MB, ${diagnostics.length} diagnostics`,
  );
  await source.close();
}
