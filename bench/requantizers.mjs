import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureBuild } from '../scripts/lib/build.mjs';
import { markdownTable } from '../scripts/lib/document.mjs';
import { quantizeSample } from './lib/sample.mjs';
import { writeSection } from './lib/section.mjs';

// node bench/requantizers.mjs [--write-doc]: the sample on fixed-point multipliers of few bits, and of small n.
const FORMS = {
  'all of 31 bits': [],
  'all of 16 bits': ['multiplier_bits=16'],
  'all of 8 bits': ['multiplier_bits=8'],
  'all of 6 bits': ['multiplier_bits=6'],
  'all of 4 bits': ['multiplier_bits=4'],
  'all of 2 bits': ['multiplier_bits=2'],
  '1 bit: a shift': ['multiplier_bits=1'],
  'smallest n within 0.0001': ['multiplier_error=0.0001'],
  'smallest n within 0.001': ['multiplier_error=0.001'],
  'smallest n within 0.01': ['multiplier_error=0.01'],
  'smallest n within 0.1': ['multiplier_error=0.1'],
};
const { values: options } = parseArgs({ options: { 'write-doc': { type: 'boolean' } } });

await ensureBuild();
const folder = mkdtempSync(join(tmpdir(), 'quantscope-requantizers-'));
try {
  const header = [
    'M0',
    'n',
    'largest error of a multiplier',
    'codes that differ from fp32',
    'by',
    'top-1 of 500',
    'output SQNR, dB',
  ];
  const text = `${markdownTable(header, Object.entries(FORMS).map(rowOf))}\n`;
  console.log(text);
  if (options['write-doc']) writeSection('requantizers', text);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function rowOf([name, lines]) {
  const sections = {
    common_quant_param: ['quant_type=FULL_QUANT'],
    full_quant_param: ['bias_correction=false'],
    quantscope: ['requantizer=fixedPoint', ...lines],
  };
  const { run } = quantizeSample(folder, { sections, options: ['--compare-requantizers'] });
  const { nodes } = run.requantizers;
  const sum = (of) => nodes.reduce((total, node) => total + of(node.differences), 0);
  const most = (of) => Math.max(...nodes.map(of));
  const share = sum((d) => d.different) / sum((d) => d.codes);
  return [
    name,
    `${Math.min(...nodes.map((n) => n.shifts[0]))}–${most((n) => n.shifts[1])}`,
    most((n) => n.worst.relativeError).toExponential(1),
    `${(100 * share).toPrecision(3)} %`,
    String(most((n) => n.differences.most)),
    `${(100 * run.accuracy.top1.quantized).toFixed(1)} %`,
    run.outputs[0].sqnrDb.toFixed(1),
  ];
}
