// Whole models against ONNX Runtime, interleaved in one process, medians: node bench/models.mjs [--json FILE]
// Samples are synthetic: time does not depend on them. Models beyond the sample come from the shared data beside the
// checkout, where it is.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { ensureBuild } from '../scripts/lib/build.mjs';
import { ROOT } from '../scripts/lib/root.mjs';

const { values: options } = parseArgs({ options: { json: { type: 'string' } } });
const SHARED = process.env.QUANTSCOPE_SHARED_DATA ?? join(ROOT, '..', 'shared', 'data');
const SETTLE_MS = 300; // threads start meanwhile
const WARM_UP = 3;
const LEAST_ROUNDS = 9;
const BUDGET_MS = 4000;
const SAMPLES = 4;

const MODELS = [
  { name: 'MNIST (the sample)', path: join(ROOT, 'media/sample/mnist.onnx') },
  { name: 'SqueezeNet', path: join(SHARED, 'ort-baseline/models/squeezenet.pre.onnx') },
  { name: 'MobileNetV2', path: join(SHARED, 'models/derived/mobilenet_v2_float_from_qdq.onnx'), threads: 2 },
  { name: 'MobileNetV2 QDQ', path: join(SHARED, 'quant-pairs/mobilenet_v2_torchvision_qdq/model.onnx'), coded: true },
];

/** Largest ratio we accept, ours to the peer's. */
const LIMITS = {
  'onnxruntime-node fp32 MobileNetV2': 4,
  'onnxruntime-node int8 MobileNetV2': 6,
  'onnxruntime-web int8 MobileNetV2 QDQ': 0.18,
  'onnxruntime-web fp32 MobileNetV2': 0.5,
  'onnxruntime-web fp32 SqueezeNet': 0.6,
  'QuantScope, 1 thread fp32 MobileNetV2': 0.65,
  'QuantScope, 1 thread int8 MobileNetV2': 0.58,
};

await ensureBuild();
const core = await bundled(`
export { seededRandom } from './src/base/random.ts';
export { tensor } from './src/base/tensor.ts';
export { writeNpy } from './src/data/npy.ts';
export { nodeFiles } from './src/node/files.ts';
export { createThreadPool } from './src/node/threads.ts';
export { feedsById } from './src/quant/calibrate.ts';
export { createSession } from './src/session/index.ts';
export { openModel } from './src/session/model.ts';
export { compileGraph, prepare } from './src/session/prepared.ts';
export { createWasmKernels } from './src/wasm/load.ts';
`);
const wasmBytes = readFileSync(join(ROOT, 'dist/kernels.wasm'));
const folder = mkdtempSync(join(tmpdir(), 'quantscope-bench-'));
const pools = [];
const rows = [];
try {
  const machine = machineOf();
  console.log(
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, Node ${machine.node}, ${machine.os}, load ${machine.load}`,
  );
  const peers = [await onnxruntime('onnxruntime-node'), await onnxruntime('onnxruntime-web')].filter(Boolean);
  const single = core.createWasmKernels(wasmBytes);
  for (const model of MODELS) {
    if (!existsSync(model.path)) console.log(`left out: ${model.name} (no shared data beside the checkout)`);
    else await compare(model, single, peers);
  }
  if (options.json) writeFileSync(options.json, `${JSON.stringify({ machine, rows }, null, 2)}\n`);
} finally {
  for (const pool of pools) await pool.dispose();
  rmSync(folder, { recursive: true, force: true });
}

async function compare(model, single, peers) {
  const coded = model.coded ? model.path : await quantized(model, single);
  for (const [precision, path] of Object.entries({ ...(!model.coded && { fp32: model.path }), int8: coded })) {
    const { inputs, run } = await ours(path, single);
    const contestants = [];
    for (const peer of peers) contestants.push({ name: peer.name, run: await peer.load(path, inputs) });
    const [oursMs, ...times] = await medians([run, ...contestants.map((c) => c.run)]);
    for (const [i, { name }] of contestants.entries()) row(precision, model.name, 1, oursMs, name, times[i]);
    if (model.threads === undefined || availableParallelism() < model.threads) continue;
    const many = await ours(path, threaded(model.threads));
    const [manyMs, oneMs] = await medians([many.run, run]);
    row(precision, model.name, model.threads, manyMs, 'QuantScope, 1 thread', oneMs);
  }
}

function row(precision, model, threads, oursMs, peer, peerMs) {
  const limit = LIMITS[`${peer} ${precision} ${model}`] ?? null;
  const ratio = oursMs / peerMs;
  rows.push({ name: precision, model, threads, oursMs, peer, peerMs, ratio, limit });
  const judged = limit === null ? '' : ratio <= limit ? `  at most ${limit}: met` : `  at most ${limit}: MISSED`;
  const what = `${model.padEnd(20)} ${precision} ${threads} thread${threads === 1 ? ' ' : 's'}`;
  const figures = `${oursMs.toFixed(3).padStart(9)} ms  ${peer} ${peerMs.toFixed(3)} ms  ratio ${ratio.toFixed(2)}`;
  console.log(`${what} ${figures}${judged}`);
}

/** Our program for the model, compiled once. */
async function ours(path, kernels) {
  const open = await core.openModel(core.nodeFiles, path);
  const prepared = await core.prepare(open, kernels, new Map());
  const program = await core.compileGraph({ open, prepared, kernels, requantizer: 'fp32' }, prepared.graph);
  const inputs = [...prepared.inputDims].map(([id, dims]) => ({ name: prepared.graph.values.get(id).name, dims }));
  const random = core.seededRandom(1);
  const feeds = new Map(inputs.map(({ name, dims }) => [name, core.tensor('float32', dims, noise(dims, random))]));
  const byId = core.feedsById(prepared.graph, feeds);
  return { inputs, run: () => program.start(byId).finish() };
}

/** Quantizes the model on noise. @returns the file of the QDQ model, which all sides run */
async function quantized({ path }, kernels) {
  const session = core.createSession({
    kernels,
    files: core.nodeFiles,
    clock: performance,
    onProgress: () => undefined,
  });
  await session.open(path);
  const { inputs } = await ours(path, kernels);
  const name = path.replace(/.*[\\/]|\.onnx$/g, '');
  const random = core.seededRandom(2);
  for (let i = 0; i < SAMPLES; i++)
    for (const [k, { dims }] of inputs.entries()) {
      const data = core.writeNpy(core.tensor('float32', dims, noise(dims, random)));
      await core.nodeFiles.write(join(folder, name, `input${k}`, `${i}.npy`), data);
    }
  const configText = [
    '[common_quant_param]',
    'quant_type=FULL_QUANT',
    '[data_preprocess_param]',
    `calibrate_path=${inputs.map((input, k) => `${input.name}:input${k}`).join(',')}`,
    `calibrate_size=${SAMPLES}`,
    'input_type=BIN',
    '[quantscope]',
    'bin_layout=NCHW',
    'evaluate_size=1',
  ].join('\n');
  await session.quantize({ configText, configPath: join(folder, name, 'bench.cfg') });
  const out = join(folder, `${name}.int8.onnx`);
  await session.exportModel(out);
  return out;
}

function noise(dims, random) {
  return Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => random.normal());
}

function threaded(threads) {
  return core.createWasmKernels(wasmBytes, {
    pool: (memory) => {
      const pool = core.createThreadPool({
        threads,
        wasmBytes,
        memory,
        entryPath: join(ROOT, 'dist/kernelThread.cjs'),
      });
      pools.push(pool);
      return pool;
    },
  });
}

/** ONNX Runtime in one of its packages with one thread; undefined where the package is not installed. */
async function onnxruntime(name) {
  const ort = await import(name).catch(() => undefined);
  if (ort === undefined) {
    console.log(`left out: ${name} (not installed)`);
    return undefined;
  }
  const { InferenceSession, Tensor } = ort.InferenceSession ? ort : ort.default;
  const isWeb = name === 'onnxruntime-web';
  if (isWeb) (ort.env ?? ort.default.env).wasm.numThreads = 1;
  const settings = isWeb
    ? { executionProviders: ['wasm'] }
    : { intraOpNumThreads: 1, interOpNumThreads: 1, executionMode: 'sequential' };
  return {
    name,
    async load(path, inputs) {
      const session = await InferenceSession.create(isWeb ? new Uint8Array(readFileSync(path)) : path, settings);
      const random = core.seededRandom(1);
      const feeds = Object.fromEntries(
        inputs.map((input) => [input.name, new Tensor('float32', noise(input.dims, random), input.dims)]),
      );
      return () => session.run(feeds);
    },
  };
}

/** Median milliseconds of each, taken in turns. */
async function medians(works) {
  const times = works.map(() => []);
  await sleep(SETTLE_MS);
  const end = performance.now() + BUDGET_MS;
  for (let round = -WARM_UP; round < LEAST_ROUNDS || performance.now() < end; round++)
    for (const [i, work] of works.entries()) {
      const start = performance.now();
      await work();
      if (round >= 0) times[i].push(performance.now() - start);
    }
  return times.map((list) => list.sort((a, b) => a - b)[list.length >> 1]);
}

function machineOf() {
  const [cpu] = cpus();
  return {
    cpu: cpu?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    os: `${process.platform} ${process.arch}`,
    /** Processes that ran at the start, over a minute: near 0 on an idle machine. */
    load: Number(loadavg()[0].toFixed(2)),
  };
}

/** A bundle in a file, unlike that of scripts/bundled.mjs, so that profiles and stacks are readable. */
async function bundled(contents) {
  const outfile = join(ROOT, 'out/bench/core.mjs');
  const stdin = { contents, resolveDir: ROOT, loader: 'ts' };
  await build({ stdin, outfile, bundle: true, format: 'esm', platform: 'node', target: 'node20' });
  return import(pathToFileURL(outfile).href);
}
