// Times the graph layout on generated graphs: node bench/layout.mjs [nodes]
import { build } from 'esbuild';

const { outputFiles } = await build({
  stdin: {
    contents: `export * from './test/webview/graphs.ts'; export { layoutGraph } from './webview/graph/layout.ts';`,
    resolveDir: new URL('..', import.meta.url).pathname,
    loader: 'ts',
  },
  bundle: true,
  format: 'esm',
  write: false,
});
const { layoutGraph, chain, wide, residual, inception, oneFeedsAll, unet, random } = await import(
  `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`
);

const n = Number(process.argv[2] ?? 1000);
for (const [name, input] of [
  ['chain', chain(n)],
  ['wide', wide(n)],
  ['residual', residual(Math.round(n / 3))],
  ['inception', inception(Math.round(n / 9))],
  ['one feeds all', oneFeedsAll(n)],
  ['U', unet(n / 2)],
  ['random, short lines', random(n, 4, 7)],
  ['random, long lines', random(n, n, 3)],
]) {
  const times = [];
  for (let i = 0; i < 5; i++) {
    const start = performance.now();
    layoutGraph(input);
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  console.log(`${name.padEnd(20)} ${String(input.nodes.length).padStart(6)} nodes  median ${times[2].toFixed(1)} ms`);
}
