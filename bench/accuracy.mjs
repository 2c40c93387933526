import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureBuild } from '../scripts/lib/build.mjs';
import { markdownTable } from '../scripts/lib/document.mjs';
import { ROOT } from '../scripts/lib/root.mjs';
import { hasShared, SHARED } from './lib/core.mjs';
import { LABELLED } from './lib/labelled.mjs';
import { writeSection } from './lib/section.mjs';

// npm run accuracy [-- --only TEXT] [-- --method TEXT] [-- --write-doc]: every method on labelled data.
const full = (method, ...more) => ({
  common: ['quant_type=FULL_QUANT'],
  sections: ['[full_quant_param]', ...more],
  ours: [`calibration_method=${method}`],
});
const weight = (bits, ...mixed) => ({
  common: ['quant_type=WEIGHT_QUANT', `bit_num=${bits}`],
  sections: mixed,
  ours: [],
});

/** What is compared; the first figures of a row are the float model's. */
const METHODS = {
  'weights, 8 bit': weight(8),
  'weights, 6 bit': weight(6),
  'weights, 4 bit': weight(4),
  'weights, mixed bit, init_scale 0.02': weight(0, '[mixed_bit_weight_quant_param]', 'init_scale=0.02'),
  'full, MAX_MIN': full('MAX_MIN'),
  'full, KL': full('KL'),
  'full, REMOVAL_OUTLIER': full('REMOVAL_OUTLIER'),
  'full, PERCENTILE': full('PERCENTILE'),
  'full, MSE': full('MSE'),
  'full, MAX_MIN, no bias correction': full('MAX_MIN', 'bias_correction=false'),
  'full, KL, no bias correction': full('KL', 'bias_correction=false'),
  'full, REMOVAL_OUTLIER, no bias correction': full('REMOVAL_OUTLIER', 'bias_correction=false'),
  'full, PERCENTILE, no bias correction': full('PERCENTILE', 'bias_correction=false'),
  'full, MSE, no bias correction': full('MSE', 'bias_correction=false'),
  'full, MSE, weights by least squares': {
    ...full('MSE', 'bias_correction=false'),
    ours: ['calibration_method=MSE', 'weight_rounding=least_squares'],
  },
  'full, OUTPUT_MSE, balanced': {
    ...full('OUTPUT_MSE', 'bias_correction=false'),
    ours: ['calibration_method=OUTPUT_MSE', 'channel_balance=insert'],
  },
  dynamic: { common: ['quant_type=DYNAMIC_QUANT'], sections: [], ours: [] },
  'weights, 16 clusters': { ...weight(8), ours: ['clusters=16'] },
};

const HEADER = [
  'method',
  'top-1 %, float → quantized',
  'top-5 %',
  'only float : only quantized right',
  'p',
  'images',
  'cosine',
  'SQNR dB',
  'weights / float',
];

const { values: options } = parseArgs({
  options: { only: { type: 'string' }, method: { type: 'string' }, 'write-doc': { type: 'boolean' } },
});
const chosen = (name, text) => text === undefined || name.toLowerCase().includes(text.toLowerCase());

if (hasShared()) {
  await ensureBuild();
  const folder = mkdtempSync(join(tmpdir(), 'quantscope-accuracy-'));
  const tables = [];
  try {
    for (const model of LABELLED.filter(({ name }) => chosen(name, options.only))) {
      const rows = [];
      const data = model.data(join(folder, model.path.replaceAll('/', '_')));
      for (const [name, method] of Object.entries(METHODS).filter(([n]) => chosen(n, options.method))) {
        const row = rowOf(name, measure(folder, model, data, method));
        console.log(`${model.name}: ${row.join(' | ')}`);
        rows.push(row);
      }
      tables.push(`### ${model.name}\n\n${markdownTable(HEADER, rows)}\n`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  if (options['write-doc']) writeSection('accuracy', tables.join('\n'));
}

/** Quantizes and evaluates on the command line, in a process of its own. */
function measure(folder, model, data, { common, sections, ours }) {
  mkdirSync(folder, { recursive: true });
  const config = join(folder, 'method.cfg');
  const json = join(folder, 'run.json');
  const lines = [
    '[common_quant_param]',
    ...common,
    ...sections,
    '[data_preprocess_param]',
    `calibrate_path=${data.calibrate}`,
    `calibrate_size=${data.size}`,
    ...data.lines,
    '[quantscope]',
    `evaluate_path=${data.evaluate}`,
    `labels=${data.labels}`,
    ...ours,
  ];
  writeFileSync(config, `${lines.join('\n')}\n`);
  const args = [join(ROOT, 'dist/cli.js'), 'quantize', join(SHARED, model.path), '--config', config, '--json', json];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${model.name} with ${lines.join(' ')}:\n${stderr}`);
  return JSON.parse(readFileSync(json, 'utf8'));
}

function rowOf(name, { accuracy, outputs, sizes }) {
  const { samples, top1, top5, discordant } = accuracy;
  const per = (x) => (100 * x).toFixed(1);
  const [output] = outputs;
  return [
    name,
    `${per(top1.float)} → ${per(top1.quantized)}`,
    top5 === undefined || top5 === null ? '' : `${per(top5.float)} → ${per(top5.quantized)}`,
    `${discordant.float} : ${discordant.quantized}`,
    signTest(discordant.float, discordant.quantized).toPrecision(2),
    String(samples),
    output.cosine.toFixed(5),
    output.sqnrDb === null ? '∞' : output.sqnrDb.toFixed(1),
    (sizes.quantized / sizes.float).toFixed(3),
  ];
}

/** Two-sided exact sign test (McNemar) on the samples that only one of the models gets right. */
function signTest(a, b) {
  const n = a + b;
  let tail = 0;
  let binomial = 1;
  for (let k = 0; k <= Math.min(a, b); k++) {
    tail += binomial;
    binomial = (binomial * (n - k)) / (k + 1);
  }
  return Math.min(1, (2 * tail) / 2 ** n);
}
