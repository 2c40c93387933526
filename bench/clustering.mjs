import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { ensureBuild } from '../scripts/lib/build.mjs';
import { markdownTable } from '../scripts/lib/document.mjs';
import { FLOAT_MODEL, quantizeSample } from './lib/sample.mjs';
import { writeSection } from './lib/section.mjs';

// node bench/clustering.mjs [--write-doc]: clusters of the sample's weights, then int8, and what gzip makes of the files.
const STARTS = ['linear', 'density', 'kmeans++'];
const COUNTS = [2, 4, 8, 16, 32, 64, 256];
const { values: options } = parseArgs({ options: { 'write-doc': { type: 'boolean' } } });

const weights = (clusters, start = 'linear') => ({
  sections: {
    common_quant_param: ['quant_type=WEIGHT_QUANT', 'min_quant_weight_channel=0'],
    quantscope: [`clusters=${clusters}`, `cluster_centroids=${start}`],
  },
});
const int8 = (perChannel, clusters) => ({
  sections: {
    common_quant_param: ['quant_type=FULL_QUANT'],
    full_quant_param: [`per_channel=${perChannel}`],
    quantscope: clusters === undefined ? [] : [`clusters=${clusters}`],
  },
});

const count = (n) => n.toLocaleString('en-US');
const percent = (x) => `${(100 * x).toFixed(1)} %`;
const bytesOf = (file) => [count(file.length), count(gzipSync(file).length)];

await ensureBuild();
const folder = mkdtempSync(join(tmpdir(), 'quantscope-clustering-'));
try {
  const text = `${experiment()}\n\n${starts()}\n`;
  console.log(text);
  if (options['write-doc']) writeSection('clustering', text);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function experiment() {
  const methods = {
    '16 clusters': weights(16),
    '16 clusters, then int8 per layer': int8(false, 16),
    '16 clusters, then int8 per channel': int8(true, 16),
    'int8 per layer': int8(false),
    'int8 per channel': int8(true),
  };
  const runs = Object.entries(methods).map(([name, method]) => ({ name, ...quantizeSample(folder, method) }));
  const [first] = runs;
  const rows = runs.map(({ name, run, model }) => {
    const { discordant } = run.accuracy;
    const only = `${discordant.float} : ${discordant.quantized}`;
    return [name, ...bytesOf(model), percent(run.accuracy.top1.quantized), only, run.outputs[0].sqnrDb.toFixed(1)];
  });
  const float = ['float', ...bytesOf(readFileSync(FLOAT_MODEL)), percent(first.run.accuracy.top1.float), '', ''];
  const header = [
    'model',
    'file, bytes',
    'after gzip',
    'top-1 of 500',
    'only float : only this right',
    'output SQNR, dB',
  ];
  return markdownTable(header, [float, ...rows]);
}

function starts() {
  const rows = COUNTS.flatMap((clusters) =>
    STARTS.map((start) => {
      const { run } = quantizeSample(folder, weights(clusters, start));
      const [weight] = run.clusters.tensors.filter((t) => t.tensor === 'fc_weight');
      const stored = [weight.bytes, weight.gzipBytes].map(count);
      const figures = [weight.sqnrDb.toFixed(2), percent(run.accuracy.top1.quantized)];
      return [String(clusters), start, String(weight.rounds), String(weight.bits), ...stored, ...figures];
    }),
  );
  const header = ['clusters', 'start', 'rounds', 'bits', 'bytes', 'after gzip', 'weight SQNR, dB', 'top-1 of 500'];
  return markdownTable(header, rows);
}
