// How long a change of one node takes from asking to new numbers: node bench/trials.mjs [--only TEXT] [--json FILE]
// 2 threads, 8 evaluation samples, 32 calibration samples (fewer where there are none), as in the editor's worker. Beside it,
// in the same run: the same change with nothing kept, and onnxruntime-web running the whole int8 model on the 8 samples.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { hasShared, loadCore, machineOf, machineText, SHARED } from './lib/core.mjs';
import { named } from './lib/models.mjs';
import { Ours } from './lib/ours.mjs';
import { peer } from './lib/peers.mjs';
import { median } from './lib/timing.mjs';

const SAMPLES = 8;
const CALIBRATION = 32;
/** Neighbours that a change is tried on, each once: what was measured before would be known. */
const NEIGHBOURS = 3;
const IMAGENET = join(SHARED, 'calib/imagenet_sample_256');
const image = (format, mean, std, crop) => [
  `image_to_format=${format}`,
  `normalize_mean=[${mean}]`,
  `normalize_std=[${std}]`,
  ...(crop === undefined ? [] : [`center_crop_width=${crop}`, `center_crop_height=${crop}`]),
];
const MODELS = [
  {
    name: 'MobileNetV2',
    path: 'models/derived/mobilenet_v2_float_from_qdq.onnx',
    input: 'image',
    folder: IMAGENET,
    side: 244,
    lines: image('RGB', [123.675, 116.28, 103.53], [58.395, 57.12, 57.375], 244),
    corrections: [true, false],
    limitsMs: { middle: 1000, end: 200 },
  },
  {
    name: 'SqueezeNet',
    path: 'ort-baseline/models/squeezenet.pre.onnx',
    input: 'data_0',
    folder: IMAGENET,
    side: 224,
    lines: image('BGR', [104, 117, 123], [1, 1, 1], 224),
    corrections: [true],
  },
  {
    name: 'YOLOX-nano',
    path: 'ort-baseline/yolox_nano/float.onnx',
    input: 'images',
    folder: join(SHARED, 'ort-baseline/yolox_nano/calibration'),
    side: 416,
    calibration: 20,
    lines: image('BGR', [0, 0, 0], [1, 1, 1]),
    corrections: [true],
  },
];
const CHANGES = {
  skip: (handle) => ({ skip: [handle] }),
  int16: (handle) => ({ overrides: { [handle]: 'int16' } }),
  KL: (handle) => ({ overrides: { [handle]: 'KL' } }),
  range: (handle) => ({ overrides: { [handle]: 'range(-1..4)' } }),
};

const { values: options } = parseArgs({ options: { json: { type: 'string' }, only: { type: 'string' } } });
const core = await loadCore();
const machine = machineOf();
console.log(machineText(machine));
const threads = Math.min(2, availableParallelism());
const folder = mkdtempSync(join(tmpdir(), 'quantscope-trials-'));
const ours = new Ours(core);
const rows = [];
try {
  for (const model of hasShared() ? MODELS.filter(named(options.only)) : [])
    for (const correction of model.corrections) await measure(model, correction);
} finally {
  await ours.dispose();
  rmSync(folder, { recursive: true, force: true });
}
if (options.json) {
  const trials = { machine, threads, samples: SAMPLES, calibration: CALIBRATION, rows };
  writeFileSync(options.json, `${JSON.stringify({ trials }, null, 2)}\n`);
}

async function measure(model, correction) {
  const configText = configOf(model, correction);
  const [kept, bare] = [await openSession(model, undefined), await openSession(model, 0)];
  const run = await kept.run(configText);
  await bare.run(configText);
  const exported = join(folder, `${model.name}.onnx`);
  await kept.session.exportModel(exported);
  const web = await (await peer('web'))?.runner(exported, feedsOf(model));
  const nodes = run.nodes.filter((n) => n.canSkip && n.quantized && n.opType === 'Conv').map((n) => n.handle);
  await kept.trial(configText, CHANGES.skip(nodes[5])); // the code is compiled by then
  await kept.trial(configText, {});
  for (const [place, from] of [
    ['start', 1],
    ['middle', (nodes.length >> 1) - 1],
    ['end', nodes.length - NEIGHBOURS],
  ])
    for (const [what, changeOf] of Object.entries(CHANGES)) {
      const tried = [];
      for (const handle of nodes.slice(from, from + NEIGHBOURS)) {
        tried.push(await kept.trial(configText, changeOf(handle)));
        await kept.trial(configText, {});
      }
      const whole = await bare.trial(configText, changeOf(nodes[from]));
      await bare.trial(configText, {});
      const started = performance.now();
      for (let i = 0; web !== undefined && i < SAMPLES; i++) await web.run();
      const webMs = web === undefined ? null : performance.now() - started;
      const [one] = tried;
      const { executed, total, stopped, floatSteps, calibrationSteps, cacheBytes, isWhole } = one.effort;
      row({
        ...{ model: model.name, correction, place, what, ms: median(tried.map((t) => t.ms)), wholeMs: whole.ms, webMs },
        ...{ executed, total, stopped, floatSteps, calibrationSteps, cacheBytes, isWhole },
        limitMs: model.limitsMs?.[place] ?? null,
      });
    }
  await web?.release();
  kept.session.forgetRun();
  bare.session.forgetRun();
}

async function openSession(model, whatIfBytes) {
  const parts = {
    kernels: ours.kernels(threads),
    files: core.nodeFiles,
    clock: performance,
    onProgress: () => undefined,
  };
  const session = core.createSession({ ...parts, whatIfBytes });
  const path = join(SHARED, model.path);
  const configPath = join(folder, 'bench.cfg');
  await session.open(path);
  return {
    session,
    run: (configText) => session.quantize({ configText, configPath }),
    async trial(configText, change) {
      const text = core.applyChange(configText, change);
      const started = performance.now();
      const { effort } = await session.trial({ configText: text, configPath, samples: SAMPLES });
      return { ms: performance.now() - started, effort };
    },
  };
}

function configOf({ input, folder: images, lines, calibration = CALIBRATION }, correction) {
  return [
    '[common_quant_param]',
    'quant_type=FULL_QUANT',
    '[full_quant_param]',
    'activation_quant_method=MAX_MIN',
    'per_channel=true',
    `bias_correction=${correction}`,
    '[data_preprocess_param]',
    `calibrate_path=${input}:${images}`,
    `calibrate_size=${calibration}`,
    'input_type=IMAGE',
    ...lines,
    '[quantscope]',
    `evaluate_path=${input}:${images}`,
    `evaluate_size=${SAMPLES}`,
    '',
  ].join('\n');
}

/** Time does not depend on what is in the images. */
function feedsOf({ input, side }) {
  const random = core.seededRandom(1);
  const data = Float32Array.from({ length: 3 * side * side }, () => random.normal());
  return new Map([[input, core.tensor('float32', [1, 3, side, side], data)]]);
}

function row(r) {
  rows.push(r);
  const judged =
    r.limitMs === null ? '' : r.ms <= r.limitMs ? `at most ${r.limitMs}: met` : `at most ${r.limitMs}: MISSED`;
  console.log(
    [
      r.model.padEnd(12),
      r.correction ? 'biases corrected' : 'biases as given ',
      r.place.padEnd(7),
      r.what.padEnd(6),
      `${r.ms.toFixed(0).padStart(6)} ms`,
      `steps ${r.executed} of ${r.total}, ${r.stopped} stopped, float ${r.floatSteps}, calibration ${r.calibrationSteps}`.padEnd(
        68,
      ),
      `nothing kept ${r.wholeMs.toFixed(0)} ms`.padEnd(22),
      r.webMs === null ? '' : `onnxruntime-web ${r.webMs.toFixed(0)} ms`.padEnd(24),
      judged,
    ].join('  '),
  );
}
