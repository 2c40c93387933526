// Times the graph's layout and those of other libraries in the same run: node bench/layout.mjs [--json FILE] [NODES...]
//   NODES  sizes of the generated graphs; 1000 10000 50000 by default
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { ROOT } from '../scripts/lib/root.mjs';
import { machineOf, machineText, SHARED } from './lib/core.mjs';
import { layoutByPeer } from './lib/layoutPeers.mjs';
import { median } from './lib/timing.mjs';

const RUNS = 5;
const PEERS = ['dagre', 'elk'];
const PEER_LIMIT_MS = 20_000;
/** What the layout of so many nodes may take at most. */
const LIMITS_MS = { 10000: 250, 50000: 2000 };
const MODELS = [
  ['MobileNetV2', 'models/derived/mobilenet_v2_float_from_qdq.onnx'],
  ['PP-OCRv4 rec', 'models/ocr/ppocrv4_rec.onnx'],
  ['YOLOX-nano', 'models/det/yolox_nano_416.onnx'],
  ['gpt2_past_tiny', 'models/nlp/gpt2_past_tiny.onnx'],
  ['tfbert_qa_tiny', 'models/nlp/tfbert_qa_tiny.onnx'],
];

const { values: options, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: 'string' } } });
const sizes = positionals.length > 0 ? positionals.map(Number) : [1000, 10_000, 50_000];
const library = await bundle();

const machine = machineOf();
console.log(machineText(machine));
const rows = [];
const given = new Map();
console.log(`${'graph'.padEnd(22)} ${'nodes'.padStart(6)} ${'lines'.padStart(6)}  ms: first, median of ${RUNS}`);
for (const nodes of sizes) for (const [name, make] of generated()) measure(name, make(nodes));
for (const [name, path] of MODELS) {
  if (existsSync(join(SHARED, path))) measure(name, (await library.showModel(join(SHARED, path))).input);
  else console.log(`${name}: skipped, no ${path} in ${SHARED}`);
}
if (options.json !== undefined) {
  const layout = { machine, runs: RUNS, peerLimitMs: PEER_LIMIT_MS, rows };
  writeFileSync(options.json, `${JSON.stringify({ layout }, null, 2)}\n`);
}

/** Graphs of about so many nodes. */
function generated() {
  const { chain, wide, residual, inception, oneFeedsAll, unet, random } = library;
  return [
    ['chain', chain],
    ['side by side', (n) => wide(n - 2)],
    ['residual blocks', (n) => residual(Math.round(n / 3))],
    ['inception blocks', (n) => inception(Math.round(n / 9))],
    ['one tensor feeds all', oneFeedsAll],
    ['U', (n) => unet(n / 2)],
    ['random, short lines', (n) => random(n, 4, 7)],
    ['random, long lines', (n) => random(n, n, 3)],
  ];
}

function measure(name, input) {
  const times = Array.from({ length: RUNS }, () => {
    const start = performance.now();
    library.layoutItems(input);
    return performance.now() - start;
  });
  const row = { name, nodes: input.count, lines: input.edgeFrom.length, firstMs: times[0], ms: median(times) };
  const nearest = Object.keys(LIMITS_MS).find((n) => Math.abs(Number(n) - input.count) < 10);
  row.limitMs = nearest === undefined ? null : LIMITS_MS[nearest];
  const crossings = input.count <= 5000 ? library.crossingsOf(input, library.layoutItems(input)) : null;
  rows.push({ ...row, crossings, peers: PEERS.map((peer) => measurePeer(peer, name, input)) });
  console.log(print(rows.at(-1)));
}

/** One run, as they take long; none of a graph whose smaller one it did not finish. */
function measurePeer(peer, name, input) {
  const failure = given.get(`${peer} ${name}`);
  if (failure !== undefined) return { peer, failed: `not tried (${failure})` };
  const result = layoutByPeer(peer, input, PEER_LIMIT_MS);
  if (result.failed === undefined) {
    return { peer, ms: result.ms, crossings: input.count <= 5000 ? library.countDrawnCrossings(result, input) : null };
  }
  given.set(`${peer} ${name}`, `${result.failed} at ${input.count}`);
  return { peer, failed: result.failed };
}

function print({ name, nodes, lines, firstMs, ms, limitMs, crossings, peers }) {
  const verdict =
    limitMs === null ? '' : ` (at most ${limitMs}: ${Math.max(ms, firstMs) <= limitMs ? 'met' : 'MISSED'})`;
  const crossed = (count) => (count === null ? '' : `, ${count} crossings`);
  const ours = `${firstMs.toFixed(0).padStart(5)} ${ms.toFixed(0).padStart(5)}${verdict}${crossed(crossings)}`;
  const others = peers.map((p) => `${p.peer} ${p.failed ?? `${p.ms.toFixed(0)} ms${crossed(p.crossings)}`}`);
  return `${name.padEnd(22)} ${String(nodes).padStart(6)} ${String(lines).padStart(6)}  ${[ours, ...others].join(' | ')}`;
}

async function bundle() {
  const outfile = join(ROOT, 'out/bench/layout.mjs');
  mkdirSync(dirname(outfile), { recursive: true });
  await build({
    stdin: {
      contents: `export * from './test/webview/graphs.ts';
        export * from './test/webview/shownModel.ts';
        export * from './test/webview/drawnCrossings.ts';
        export { layoutItems } from './webview/graph/layout/layoutItems.ts';`,
      resolveDir: ROOT,
      loader: 'ts',
    },
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    loader: { '.wasm': 'binary' },
    banner: { js: "import { createRequire as from } from 'node:module'; const require = from(import.meta.url);" },
    logLevel: 'error',
  });
  return import(pathToFileURL(outfile).href);
}
