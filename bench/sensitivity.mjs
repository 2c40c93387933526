// Sweeps over nodes against ONNX Runtime running the whole model for each node, in one process:
// node bench/sensitivity.mjs [--json FILE] [--samples N] [--threads N] [--repeat N]
// --repeat: how far the order over so many images is that over the samples.
// Peers run before and after each sweep, so that what else the machine does meets both.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../scripts/lib/root.mjs';
import { hasShared, loadCore, machineOf, machineText, SHARED } from './lib/core.mjs';
import { PEERS } from './lib/models.mjs';
import { peer } from './lib/peers.mjs';
import { median } from './lib/timing.mjs';

const IMAGES = 'calib/imagenet_sample_256';
const CALIBRATION = 16;
/** Runs of each peer before and after a sweep. */
const PEER_RUNS = 12;
/** What the time of a sweep is at most of a peer's for as many runs of the whole model. */
const LIMITS = { layerwise: 0.3, leaveOneOut: 0.2 };
/** Milliseconds for a full layerwise sweep of MobileNetV2 with 32 images. */
const LIMIT_MS = 15_000;
const TOP = 10;
const COMPUTE = new Set(['Conv', 'Gemm', 'MatMul', 'ConvTranspose']);
/** Of these the budgeted mode finds at least so many. */
const LEAST_FOUND = 8;
/** Nodes that the budgeted mode measures on all images, as a share of all. */
const BUDGET = 0.55;
/** Images by which it chooses them. */
const PILOT = 2;

const MODELS = [
  {
    name: 'MobileNetV2',
    path: 'models/derived/mobilenet_v2_float_from_qdq.onnx',
    input: 'image',
    dims: [1, 3, 244, 244],
    limitMs: LIMIT_MS,
    preprocess: [
      'image_to_format=RGB',
      'normalize_mean=[123.675,116.28,103.53]',
      'normalize_std=[58.395,57.12,57.375]',
      'center_crop_width=244',
      'center_crop_height=244',
    ],
  },
  {
    name: 'SqueezeNet',
    path: 'ort-baseline/models/squeezenet.pre.onnx',
    input: 'data_0',
    dims: [1, 3, 224, 224],
    preprocess: [
      'image_to_format=BGR',
      'normalize_mean=[104,117,123]',
      'normalize_std=[1,1,1]',
      'center_crop_width=224',
      'center_crop_height=224',
    ],
  },
];

const { values: options } = parseArgs({
  options: {
    json: { type: 'string' },
    samples: { type: 'string' },
    threads: { type: 'string' },
    repeat: { type: 'string' },
  },
});
const samples = Number(options.samples ?? 32);
const repeat = options.repeat === undefined ? undefined : Number(options.repeat);
const threads = Number(options.threads ?? Math.min(2, availableParallelism()));
const core = await loadCore();
const machine = machineOf();
console.log(machineText(machine));
const folder = mkdtempSync(join(tmpdir(), 'quantscope-bench-'));
const rows = [];
const ranks = [];
try {
  if (hasShared()) for (const model of MODELS) await measure(model);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (options.json) {
  const sensitivity = { machine, samples, threads, rows, ranks };
  writeFileSync(options.json, `${JSON.stringify({ sensitivity }, null, 2)}\n`);
}

async function measure(model) {
  const path = join(SHARED, model.path);
  if (!existsSync(path) || !existsSync(join(SHARED, IMAGES))) {
    console.log(`left out: ${model.name} (${model.path} or ${IMAGES} is not in the shared data)`);
    return;
  }
  const { session, close } = start();
  await session.open(path);
  await session.quantize({ configText: configOf(model), configPath: join(folder, 'bench.cfg') });
  const quantized = join(folder, `${model.name}.int8.onnx`);
  await session.exportModel(quantized);
  const peers = await contestants(model, { fp32: path, int8: quantized });
  const found = {};
  const { view: local } = await sweep(session, 'local');
  const others = local.entries.filter((e) => !COMPUTE.has(e.opType)).map((e) => ({ ...e, value: 1, loss: 0 }));
  for (const mode of ['layerwise', 'leaveOneOut']) {
    const times = new Map(peers.map((p) => [p, []]));
    await runPeers(times);
    const { view, ms } = await sweep(session, mode);
    await runPeers(times);
    found[mode] = view;
    const isLimited = mode === 'layerwise' && model.limitMs !== undefined;
    const computeMs = isLimited ? (await sweep(session, mode, {}, others)).ms : null;
    report(model, mode, { view, ms, computeMs }, times);
  }
  for (const p of peers) await p.release();
  const exhaustive = found.layerwise;
  const verify = Math.ceil(exhaustive.entries.length * BUDGET);
  const { view: pilot } = await sweep(session, 'layerwise', { samples: PILOT });
  const { view: budgeted, ms } = await sweep(session, 'layerwise', { verify });
  console.log(`${model.name}, layerwise with a budget of ${verify}: ${(ms / 1000).toFixed(2)} s`);
  rank(model, { exhaustive, pilot, local, budgeted });
  if (repeat !== undefined) {
    const { view: again } = await sweep(session, 'layerwise', { samples: repeat });
    const lossOf = new Map(again.entries.map((e) => [e.nodeId, e.loss]));
    const [few, many] = [exhaustive.entries.map((e) => e.loss), exhaustive.entries.map((e) => lossOf.get(e.nodeId))];
    console.log(
      `${model.name}: Spearman between ${samples} and ${repeat} images ${core.spearman(few, many).toFixed(3)}, ${core.commonTop(few, many, TOP)} of the ${TOP} worst the same`,
    );
  }
  await close();
}

function start() {
  const { wasmBytes } = core;
  let pool;
  const options = {
    pool: (memory) => {
      const entryPath = join(ROOT, 'dist/kernelThread.cjs');
      pool = core.createThreadPool({ threads, wasmBytes, memory, entryPath });
      return pool;
    },
  };
  const kernels = core.createWasmKernels(wasmBytes, threads > 1 ? options : {});
  const crew =
    threads > 1
      ? core.createSweepCrew({
          ...{ size: threads - 1, wasmBytes, entryPath: join(ROOT, 'dist/sweepThread.cjs') },
          onBusy: (isBusy) => pool.rest(isBusy),
          onError: (reason) => {
            throw new Error(reason);
          },
        })
      : undefined;
  const parts = { kernels, crew, files: core.nodeFiles, clock: performance, onProgress: () => undefined };
  const close = async () => {
    await crew?.dispose();
    await pool?.dispose();
  };
  return { session: core.createSession(parts), close };
}

function configOf({ input, preprocess }) {
  const images = join(SHARED, IMAGES);
  return [
    '[common_quant_param]',
    'quant_type=FULL_QUANT',
    '[data_preprocess_param]',
    `calibrate_path=${input}:${images}`,
    `calibrate_size=${CALIBRATION}`,
    'input_type=IMAGE',
    ...preprocess,
    '[quantscope]',
    `evaluate_path=${input}:${images}`,
    `evaluate_size=${Math.max(samples, repeat ?? 0)}`,
  ].join('\n');
}

/** @param known nodes that are left out. */
async function sweep(session, mode, more = {}, known = []) {
  const request = { mode, part: 'both', judge: { id: 'cosine' }, samples, verify: null, ...more };
  const start = performance.now();
  const view = await session.sweeps.run(request, known, () => undefined, { aborted: false });
  return { view, ms: performance.now() - start };
}

/** Ways to run the whole model once. */
async function contestants({ input, dims }, files) {
  const feeds = new Map([[input, core.tensor('float32', dims, noise(dims))]]);
  const list = [];
  for (const who of Object.keys(PEERS))
    for (const [precision, file] of Object.entries(files)) {
      const runner = await (await peer(who, threads))?.runner(file, feeds);
      if (runner !== undefined) list.push({ who: PEERS[who], precision, ...runner });
    }
  return list;
}

async function runPeers(times) {
  for (const [contestant, list] of times)
    for (let i = -2; i < PEER_RUNS; i++) {
      const start = performance.now();
      await contestant.run();
      if (i >= 0) list.push(performance.now() - start);
    }
}

function report({ name, limitMs = null }, mode, { view, ms, computeMs }, times) {
  const nodes = view.entries.length;
  const compute = view.entries.filter((e) => COMPUTE.has(e.opType)).length;
  const row = { model: name, mode, nodes, compute, ms, computeMs, limitMs, peers: [] };
  console.log(`${name}, ${mode}: ${nodes} nodes, ${samples} images, ${threads} threads: ${(ms / 1000).toFixed(2)} s`);
  if (computeMs !== null)
    console.log(
      `  its ${compute} Conv and Gemm alone: ${(computeMs / 1000).toFixed(2)} s, at most ${limitMs / 1000} s: ${computeMs <= limitMs ? 'met' : 'MISSED'}`,
    );
  for (const [{ who, precision }, list] of times) {
    const runMs = median(list);
    const ratio = ms / (runMs * nodes * samples);
    const isOwn = precision === (mode === 'layerwise' ? 'fp32' : 'int8');
    const limit = who === PEERS.web && isOwn ? LIMITS[mode] : null;
    row.peers.push({ who, precision, runMs, totalMs: runMs * nodes * samples, ratio, limit });
    const judged = limit === null ? '' : `at most ${limit}: ${ratio <= limit ? 'met' : 'MISSED'}`;
    console.log(
      `  ${`${who} ${precision}`.padEnd(24)} ${runMs.toFixed(2).padStart(7)} ms a run, ${((runMs * nodes * samples) / 1000).toFixed(1).padStart(7)} s for all: ratio ${ratio.toFixed(3)}  ${judged}`,
    );
  }
  rows.push(row);
}

/** What the budgeted mode finds, and how far local errors and the pilot's samples tell the order. */
function rank({ name }, { exhaustive, pilot, local, budgeted }) {
  const ids = exhaustive.entries.map((e) => e.nodeId);
  const lossesOf = ({ entries }) => {
    const byId = new Map(entries.map((e) => [e.nodeId, e.samples === undefined ? e.loss : -1]));
    return ids.map((id) => byId.get(id) ?? -1);
  };
  const placeOf = new Map(budgeted.entries.map((e, i) => [e.nodeId, -i])); // the pilot orders those it left out
  const places = ids.map((id) => placeOf.get(id));
  const losses = lossesOf(exhaustive);
  const row = {
    model: name,
    nodes: losses.length,
    verify: budgeted.request.verify,
    top: TOP,
    found: core.commonTop(losses, places, TOP),
    pilotFound: core.commonTop(losses, lossesOf(pilot), TOP),
    localFound: core.commonTop(losses, lossesOf(local), TOP),
    budgetedSpearman: core.spearman(losses, places),
    pilotSpearman: core.spearman(losses, lossesOf(pilot)),
    localSpearman: core.spearman(losses, lossesOf(local)),
    effort: budgeted.total / exhaustive.total,
  };
  ranks.push(row);
  console.log(
    `${name}, top ${TOP} of ${row.nodes} nodes by layerwise loss over ${samples} images: budget of ${row.verify} (${(100 * row.effort).toFixed(0)} % of the runs) finds ${row.found}, at least ${LEAST_FOUND}: ${row.found >= LEAST_FOUND ? 'met' : 'MISSED'}`,
  );
  console.log(
    `  Spearman with the exhaustive order: budgeted ${row.budgetedSpearman.toFixed(3)}; first two images alone ${row.pilotSpearman.toFixed(3)} (${row.pilotFound} of ${TOP}); local SQNR ${row.localSpearman.toFixed(3)} (${row.localFound} of ${TOP})`,
  );
}

function noise(dims) {
  const random = core.seededRandom(1);
  return Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => random.normal());
}
