import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { markdownTable } from '../scripts/lib/document.mjs';
import { hasShared, loadCore, machineOf, machineText, SHARED } from './lib/core.mjs';
import { LABELLED } from './lib/labelled.mjs';
import { named } from './lib/models.mjs';
import { Ours } from './lib/ours.mjs';
import { writeSection } from './lib/section.mjs';

// npm run bench -- bits [--only TEXT] [--write-doc]: bits of each weight for the bytes that all weights in k bits take,
// against all weights in k bits. Weights alone are quantized; noise at the output over the same samples.
const { values: options } = parseArgs({ options: { only: { type: 'string' }, 'write-doc': { type: 'boolean' } } });

const THREADS = 2;
const SAMPLES = 8;
const BUDGET = 120;
const UNIFORM_BITS = [3, 4, 5];

const labelled = (name) => {
  const { path, data } = LABELLED.find((m) => m.name === name);
  const { evaluate, lines } = data('');
  return { name, path, evaluate, lines };
};
const detector = (name, folder, input, format, mean, std) => ({
  name,
  path: `ort-baseline/${folder}/float.onnx`,
  evaluate: `${input}:${join(SHARED, 'ort-baseline', folder, 'evaluation')}`,
  lines: ['input_type=IMAGE', `image_to_format=${format}`, `normalize_mean=[${mean}]`, `normalize_std=[${std}]`],
});
const MODELS = [
  labelled('MobileNetV2'),
  labelled('SqueezeNet'),
  detector('UltraFace', 'ultraface', 'input', 'RGB', '127,127,127', '128,128,128'),
];
const HEADER = [
  'model',
  'bits',
  'bytes, all alike',
  'by search',
  'SQNR (dB), all alike',
  'by search',
  'cosine, all alike',
  'by search',
  'candidates',
];

if (options.only !== undefined && options['write-doc']) throw new Error('--write-doc takes no --only');
if (hasShared()) {
  const core = await loadCore();
  const ours = new Ours(core);
  const rows = [];
  try {
    for (const model of MODELS.filter(named(options.only)))
      for (const bits of UNIFORM_BITS) {
        const row = await rowOf(core, ours.kernels(THREADS), model, bits);
        console.log(row.join(' | '));
        rows.push(row);
      }
  } finally {
    await ours.dispose();
  }
  const machine = `Measured with \`npm run bench -- bits --write-doc\` on ${machineText(machineOf())}: weights alone, ${SAMPLES} samples, ${BUDGET} candidates at most.`;
  if (options['write-doc']) writeSection('bits', `${machine}\n\n${markdownTable(HEADER, rows)}`, 'docs/search.md');
}

async function rowOf(core, kernels, model, bits) {
  const path = join(SHARED, model.path);
  const configPath = `${path}.cfg`;
  const configText = [
    '[common_quant_param]',
    'quant_type=WEIGHT_QUANT',
    `bit_num=${bits}`,
    '[data_preprocess_param]',
    ...model.lines,
    '[quantscope]',
    `evaluate_path=${model.evaluate}`,
    `evaluate_size=${SAMPLES}`,
  ].join('\n');
  const parts = { kernels, files: core.nodeFiles, clock: performance, onProgress: () => undefined };
  const session = core.createSession(parts);
  await session.open(path);
  const uniform = await session.quantize({ configText, configPath });
  const bytes = uniform.sizes.quantized;
  const request = { goal: { kind: 'bits', bytes }, judge: { id: 'sqnrDb' }, samples: SAMPLES, budget: BUDGET };
  const view = await session.searches.run(request, () => undefined, { aborted: false });
  const text = core.applyChange(configText, view.best.change);
  const { run } = await session.trial({ configText: text, configPath, samples: SAMPLES });
  session.forgetRun();
  const cosine = ({ outputs }) => outputs.reduce((sum, o) => sum + o.cosine, 0) / outputs.length;
  return [
    model.name,
    String(bits),
    String(bytes),
    String(run.sizes.quantized),
    view.quantized.toFixed(2),
    view.best.value.toFixed(2),
    cosine(uniform).toFixed(5),
    cosine(run).toFixed(5),
    `${view.tried.length} (${view.ended})`,
  ];
}
