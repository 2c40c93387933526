// What calibration costs, method by method, each in a process of its own:
// node bench/calibration.mjs [--only TEXT] [--runs N]; medians of N runs (1).
// Beside it stands what ONNX Runtime 1.30's Python calibrators took for as many inputs, as the shared data records it.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CORE, hasShared, loadCore, machineOf, machineText, SHARED, WASM } from './lib/core.mjs';
import { median } from './lib/timing.mjs';

const METHODS = ['MAX_MIN', 'REMOVAL_OUTLIER', 'KL', 'PERCENTILE', 'MSE'];
const MOST_MB = 500;
const IMAGENET = 'calib/imagenet_sample_256';

/** `theirs`: seconds and megabytes of ONNX Runtime; KL stands beside its Entropy. */
const MODELS = [
  {
    name: 'SqueezeNet',
    path: 'ort-baseline/models/squeezenet.pre.onnx',
    calibrate: ['data_0', 'ort-baseline/calibration-png', 100],
    lines: [
      'image_to_format=BGR',
      'normalize_mean=[104,117,123]',
      'normalize_std=[1,1,1]',
      'center_crop_width=224',
      'center_crop_height=224',
    ],
    theirs: { MAX_MIN: [1.0, 165], PERCENTILE: [11.9, 3600], KL: [5.8, 3600] },
  },
  {
    name: 'MobileNetV2',
    path: 'models/derived/mobilenet_v2_float_from_qdq.onnx',
    calibrate: ['image', IMAGENET, 100],
    lines: [
      'image_to_format=RGB',
      'normalize_mean=[123.675,116.28,103.53]',
      'normalize_std=[58.395,57.12,57.375]',
      'center_crop_width=244',
      'center_crop_height=244',
    ],
    theirs: { MAX_MIN: [2.0], PERCENTILE: [21.9, 7600], KL: [19.2, 7600] },
  },
  {
    name: 'PP-OCRv4 det',
    path: 'ort-baseline/ppocrv4_det/float.onnx',
    calibrate: ['x', 'ort-baseline/ppocrv4_det/calibration', 12],
    lines: ['image_to_format=BGR', 'normalize_mean=[123.675,116.28,103.53]', 'normalize_std=[58.395,57.12,57.375]'],
    theirs: { PERCENTILE: [41.6, 14200] },
  },
];

const { values: options } = parseArgs({ options: { only: { type: 'string' }, runs: { type: 'string' } } });
await loadCore();
console.log(machineText(machineOf()));
const folder = mkdtempSync(join(tmpdir(), 'quantscope-calibration-'));
try {
  if (hasShared()) for (const model of MODELS.filter(isChosen)) for (const method of METHODS) measure(model, method);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function isChosen({ name, path }) {
  if (options.only !== undefined && !name.toLowerCase().includes(options.only.toLowerCase())) return false;
  const isThere = existsSync(join(SHARED, path));
  if (!isThere) console.log(`left out: ${name} (${path} is not in the shared data)`);
  return isThere;
}

function measure({ name, path, calibrate: [input, samples, count], lines, theirs }, method) {
  const config = join(folder, `${name}.${method}.cfg`);
  const text = [
    '[common_quant_param]',
    'quant_type=FULL_QUANT',
    '[full_quant_param]',
    'bias_correction=false',
    '[data_preprocess_param]',
    `calibrate_path=${input}:${join(SHARED, samples)}`,
    `calibrate_size=${count}`,
    'input_type=IMAGE',
    ...lines,
    '[quantscope]',
    `calibration_method=${method}`,
  ];
  writeFileSync(config, text.join('\n'));
  const script = fileURLToPath(new URL('calibrateOnce.mjs', import.meta.url));
  const threads = String(availableParallelism());
  const command = [script, CORE, WASM, threads, join(SHARED, path), config];
  const runs = Array.from({ length: Number(options.runs ?? 1) }, () =>
    JSON.parse(execFileSync(process.execPath, command, { encoding: 'utf8' })),
  );
  const seconds = median(runs.map((r) => r.seconds));
  const cpu = median(runs.map((r) => r.cpuSeconds));
  const mb = median(runs.map((r) => r.peakBytes)) / 1e6;
  const [theirSeconds, theirMb] = theirs[method] ?? [];
  const judged = [
    ...(theirSeconds === undefined
      ? []
      : [`ONNX Runtime ${theirSeconds} s${theirMb === undefined ? '' : `, ${theirMb} MB`}`]),
    ...(mb <= MOST_MB ? [] : [`MISSED: more than ${MOST_MB} MB`]),
  ];
  console.log(
    [
      `${name}, ${count} images`.padEnd(26),
      method.padEnd(16),
      `${seconds.toFixed(2).padStart(7)} s (${cpu.toFixed(2).padStart(6)} s of processors)`,
      `${mb.toFixed(0).padStart(5)} MB`,
      judged.join('  '),
    ].join('  '),
  );
}
