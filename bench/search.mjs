import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { markdownTable } from '../scripts/lib/document.mjs';
import { hasShared, loadCore, machineOf, machineText, SHARED } from './lib/core.mjs';
import { LABELLED } from './lib/labelled.mjs';
import { named } from './lib/models.mjs';
import { Ours } from './lib/ours.mjs';
import { writeSection } from './lib/section.mjs';

// npm run bench -- search [--only TEXT] [--write-doc]: the smallest skip set for a cosine similarity of the outputs,
// against skipping the nodes of the lowest cosine similarity in that order until it is reached.
const { values: options } = parseArgs({ options: { only: { type: 'string' }, 'write-doc': { type: 'boolean' } } });

const THREADS = 2;
const BUDGET = 150;

const labelled = (name, cosine, samples, size) => {
  const { path, data } = LABELLED.find((m) => m.name === name);
  const { calibrate, evaluate, lines } = data('');
  return {
    name,
    path,
    cosine,
    samples,
    calibrate,
    size,
    evaluate,
    lines: lines.filter((l) => l !== 'input_type=IMAGE'),
  };
};

const detector = (name, folder, input, { cosine, samples, size, format, mean, std }) => ({
  name,
  path: `ort-baseline/${folder}/float.onnx`,
  cosine,
  samples,
  size,
  calibrate: `${input}:${join(SHARED, 'ort-baseline', folder, 'calibration')}`,
  evaluate: `${input}:${join(SHARED, 'ort-baseline', folder, 'evaluation')}`,
  lines: [`image_to_format=${format}`, `normalize_mean=[${mean}]`, `normalize_std=[${std}]`],
});

const IMAGENET = { mean: '123.675,116.28,103.53', std: '58.395,57.12,57.375' };

/** Between what the quantized models reach and 1, as every float model has. */
const MODELS = [
  labelled('MobileNetV2', 0.998, 8, 32),
  labelled('SqueezeNet', 0.9995, 8, 32),
  detector('UltraFace', 'ultraface', 'input', {
    ...{ cosine: 0.99998, samples: 8, size: 20, format: 'RGB' },
    ...{ mean: '127,127,127', std: '128,128,128' },
  }),
  detector('YOLOX-nano', 'yolox_nano', 'images', {
    ...{ cosine: 0.98, samples: 2, size: 20, format: 'BGR' },
    ...{ mean: '0,0,0', std: '1,1,1' },
  }),
  detector('PP-OCRv4 det', 'ppocrv4_det', 'x', { cosine: 0.995, samples: 1, size: 12, format: 'BGR', ...IMAGENET }),
];

const HEADER = [
  'model',
  'cosine, int8 → asked for',
  'units',
  'skipped: search',
  'by cosine',
  'cosine: search',
  'by cosine',
  'candidates: search',
  'by cosine',
  'seconds: search',
  'by cosine',
];

if (options.only !== undefined && options['write-doc']) throw new Error('--write-doc takes no --only');
if (hasShared()) {
  const core = await loadCore();
  const ours = new Ours(core);
  const rows = [];
  try {
    for (const model of MODELS.filter(named(options.only))) {
      const row = await rowOf(core, ours.kernels(THREADS), model);
      console.log(row.join(' | '));
      rows.push(row);
    }
  } finally {
    await ours.dispose();
  }
  const machine = `Measured with \`npm run bench -- search --write-doc\` on ${machineText(machineOf())}, ${THREADS} threads.`;
  const text = `${machine}\n\n${markdownTable(HEADER, rows)}`;
  if (options['write-doc']) writeSection('search', text, 'docs/search.md');
}

async function rowOf(core, kernels, model) {
  const { run, settings, result, open } = await quantized(core, kernels, model);
  const { samples, cosine } = model;
  const lab = () => new core.Lab({ run, settings, result });
  try {
    const searched = lab();
    const desk = new core.SearchDesk(() => ({
      ...{ open, lab: searched, clock: performance, files: core.nodeFiles },
      onProgress: () => undefined,
    }));
    const goal = { kind: 'skip', target: { value: cosine } };
    const request = { goal, judge: { id: 'cosine' }, samples, budget: BUDGET };
    const view = await desk.run(request, () => undefined);
    const units = core.skipUnitsOf(searched);
    const skipped = units.filter((u) => u.handles.every((h) => view.best.handles.includes(h))).length;
    const ordered = await byCosine(core, lab(), units, model);
    const sets = (count, names) => `${count} (${names})`;
    return [
      model.name,
      `${view.quantized.toFixed(5)} → ${cosine}`,
      String(units.length),
      view.best.reached ? sets(skipped, view.best.handles.length) : 'not reached',
      ordered.reached ? sets(ordered.count, ordered.handles.length) : 'not reached',
      view.best.value.toFixed(5),
      ordered.value.toFixed(5),
      `${view.tried.length} (${view.ended})`,
      String(ordered.count),
      (view.elapsedMs / 1000).toFixed(0),
      ordered.seconds.toFixed(0),
    ];
  } finally {
    result.build.program.release();
    run.float.release();
  }
}

/** The advice of the reference: the nodes whose outputs are least like the float model's are skipped first. */
async function byCosine(core, lab, units, { samples, cosine }) {
  const judge = core.FIGURE_JUDGES.cosine;
  const order = [...units].sort((a, b) => a.cosine - b.cosine);
  const started = performance.now();
  const handles = [];
  let value = Number.NaN;
  for (const [i, unit] of order.entries()) {
    handles.push(...unit.handles);
    ({ value } = await lab.measure({ skip: handles }, { judge, samples, signal: { aborted: false } }));
    const seconds = (performance.now() - started) / 1000;
    if (value >= cosine) return { reached: true, count: i + 1, handles, value, seconds };
  }
  return { reached: false, count: order.length, handles, value, seconds: (performance.now() - started) / 1000 };
}

async function quantized(core, kernels, model) {
  const path = join(SHARED, model.path);
  const configText = [
    '[common_quant_param]',
    'quant_type=FULL_QUANT',
    '[full_quant_param]',
    'activation_quant_method=MAX_MIN',
    '[data_preprocess_param]',
    `calibrate_path=${model.calibrate}`,
    `calibrate_size=${model.size}`,
    'input_type=IMAGE',
    ...model.lines,
    '[quantscope]',
    'activation_type=int8',
    `evaluate_path=${model.evaluate}`,
    `evaluate_size=${model.samples}`,
  ].join('\n');
  const open = await core.openModel(core.nodeFiles, path);
  const settings = await core.openSettings({ configText, configPath: `${path}.cfg` }, open, core.nodeFiles);
  const signal = { aborted: false };
  const onProgress = () => undefined;
  const { calibration, evaluation } = settings;
  const run = await core.calibrateRun({ open, settings, kernels, calibration, evaluation, signal, onProgress });
  const build = await core.buildFor(run, settings, signal);
  const result = await core.resultOf({ run, settings, build, count: run.sampleCount, signal, onProgress });
  return { open, settings, run, result };
}
