import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import type { FileSystem } from '../../src/base/bytes.ts';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import { nodeFiles } from '../../src/node/files.ts';
import { createSession } from '../../src/session/index.ts';

const SAMPLE = fileURLToPath(new URL('../../media/sample', import.meta.url));
const root = mkdtempSync(join(tmpdir(), 'quantscope-reports-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const ROUNDS = 3;
let runs = 0;

/** Quantizes the sample model over three digits and reads the folder of its reports: cells by line and file. */
async function reportsOf(
  common: readonly string[],
  more: readonly string[] = [],
  files: FileSystem = nodeFiles,
): Promise<(name: string) => Record<string, string>[]> {
  const folder = join(root, String(runs++));
  await quantizeInto(folder, [...common, ...PREPROCESS, ...more], files);
  expect(readdirSync(folder).sort()).toEqual([
    'output_summary.csv',
    'quant_param.csv',
    'report.json',
    'round_0.csv',
    'round_1.csv',
    'round_2.csv',
    'rounds_summary.csv',
  ]);
  return (name) => table(readFileSync(join(folder, name), 'utf8'));
}

const PREPROCESS = [
  '[data_preprocess_param]',
  'calibrate_path=image:calibration',
  `calibrate_size=${ROUNDS}`,
  'input_type=IMAGE',
  'image_to_format=GRAY',
  'normalize_mean=[0]',
  'normalize_std=[255]',
];

/** @param lines of the config, from those of [common_quant_param] on. */
async function quantizeInto(folder: string, lines: readonly string[], files: FileSystem) {
  const session = createSession({
    kernels: createJsKernels(),
    files,
    clock: { now: () => 0 },
    onProgress: () => undefined,
  });
  await session.open(join(SAMPLE, 'mnist.onnx'));
  const configText = ['[common_quant_param]', ...lines].join('\n');
  return session.quantize({ configText, configPath: join(SAMPLE, 'full_quant.cfg'), reportFolder: folder });
}

/** Lines by header; the sample's names need no quotes but Dims has blanks. */
function table(text: string): Record<string, string>[] {
  const [header = [], ...lines] = text
    .trim()
    .split('\n')
    .map((line) => line.split(',').map((cell) => cell.replaceAll('"', '')));
  return lines.map((cells) =>
    Object.fromEntries(header.map((name, i) => [i === 0 ? name || 'Line' : name, cells[i] ?? ''])),
  );
}

const NODES = ['conv1', 'relu1', 'pool1', 'flatten', 'fc', 'softmax'];
const IN_RELU = ['conv1_output']; // the ReLU behind it is carried out by the convolution
const TYPES = [
  ['FULL_QUANT', ['quant_type=FULL_QUANT'], IN_RELU],
  ['WEIGHT_QUANT of 8 bits', ['quant_type=WEIGHT_QUANT', 'min_quant_weight_channel=0'], IN_RELU],
  ['WEIGHT_QUANT of 4 bits', ['quant_type=WEIGHT_QUANT', 'bit_num=4', 'min_quant_weight_channel=0'], IN_RELU],
  ['WEIGHT_QUANT of 16 bits', ['quant_type=WEIGHT_QUANT', 'bit_num=16', 'min_quant_weight_channel=0'], IN_RELU],
  ['WEIGHT_QUANT of mixed bits', ['quant_type=WEIGHT_QUANT', 'bit_num=0', 'min_quant_weight_channel=0'], IN_RELU],
  ['DYNAMIC_QUANT', ['quant_type=DYNAMIC_QUANT'], []],
] as const;

describe.each(TYPES)('%s', (_name, common, folded: readonly string[]) => {
  test('has a line for each tensor of each node in every round, and figures for all that exists', async () => {
    const read = await reportsOf(common);
    for (let round = 0; round < ROUNDS; round++) {
      const lines = read(`round_${round}.csv`);
      expect([...new Set(lines.map((l) => l.NodeName))]).toEqual(NODES);
      expect(lines.map((l) => l.DataTypeFlag)).toEqual(lines.map((_, i) => (i % 2 === 0 ? 'Origin' : 'Dequant')));
      for (const line of lines) {
        const cells = ['Min', 'Q1', 'Median', 'Q3', 'Max', 'Mean', 'Var', 'Sparsity', 'Clip', 'CosineSimilarity'];
        const isEmpty = folded.includes(line.TensorName ?? '');
        for (const name of cells) expect(line[name] === '', `${line.TensorName} ${name}`).toBe(isEmpty);
      }
    }
    expect(read('output_summary.csv').map((l) => [l.Round, l.TensorName])).toEqual(
      Array.from({ length: ROUNDS }, (_, round) => [String(round), 'probabilities']),
    );
  });

  test('sums its rounds up: mean, worst round and deviation of what the rounds say', async () => {
    const read = await reportsOf(common);
    const rounds = Array.from({ length: ROUNDS }, (_, r) =>
      read(`round_${r}.csv`).filter((l) => l.DataTypeFlag === 'Dequant'),
    );
    const sums = read('rounds_summary.csv');
    expect(sums.length).toBe(rounds[0]?.length);
    for (const [i, sum] of sums.entries()) {
      expect([sum.NodeName, sum.TensorName]).toEqual([rounds[0]?.[i]?.NodeName, rounds[0]?.[i]?.TensorName]);
      const cells = rounds.map((lines) => lines[i]?.CosineSimilarity ?? '');
      if (cells[0] === '') {
        expect([sum.Rounds, sum.CosineMean, sum.CosineWorst, sum.ClipMean]).toEqual(['0', '', '', '']);
        continue;
      }
      const cosines = cells.map(Number);
      const mean = cosines.reduce((a, b) => a + b, 0) / ROUNDS;
      const std = Math.sqrt(cosines.reduce((s, c) => s + (c - mean) ** 2, 0) / ROUNDS);
      const printed = 1e-6; // six digits in the rounds' files, and in this one
      expect(sum.Rounds).toBe(String(ROUNDS));
      expect(Math.abs(Number(sum.CosineMean) - mean)).toBeLessThan(printed);
      expect(Math.abs(Number(sum.CosineWorst) - Math.min(...cosines))).toBeLessThan(printed);
      expect(Math.abs(Number(sum.CosineStd) - std)).toBeLessThan(printed);
      expect(Math.abs((cosines[Number(sum.CosineWorstRound)] ?? 2) - Math.min(...cosines))).toBeLessThan(printed);
    }
  });
});

describe('quant_param.csv', () => {
  const weights = (lines: Record<string, string>[], name: string) => lines.filter((l) => l.TensorName === name);

  test('of WEIGHT_QUANT has bits and corrections per channel', async () => {
    const lines = (await reportsOf(TYPES[2][1]))('quant_param.csv');
    expect(weights(lines, 'conv1_weight').length).toBe(12);
    expect(weights(lines, 'fc_weight').length).toBe(10);
    expect(lines.length).toBe(22);
    for (const { Bits, CorrectionVar, CorrectionMean } of lines) {
      expect(Bits).toBe('4');
      expect(Number(CorrectionVar)).not.toBe(1);
      expect(Number(CorrectionMean)).not.toBe(0);
    }
  });

  test('of mixed bits has 0 bits and one line; a weight too small to gain by it has 8 bits per channel', async () => {
    const lines = (await reportsOf(TYPES[4][1]))('quant_param.csv');
    expect(lines.map((l) => [l.TensorName, l.Bits])).toEqual([
      ...Array.from({ length: 12 }, () => ['conv1_weight', '8']),
      ['fc_weight', '0'],
    ]);
  });

  test('of FULL_QUANT has 8 bits for activations and weights, 32 for biases, and no correction', async () => {
    const lines = (await reportsOf(TYPES[0][1]))('quant_param.csv');
    expect([...new Set(weights(lines, 'image').map((l) => l.Bits))]).toEqual(['8']);
    expect([...new Set(weights(lines, 'fc_weight').map((l) => l.Bits))]).toEqual(['8']);
    expect([...new Set(weights(lines, 'fc_bias').map((l) => l.Bits))]).toEqual(['32']);
    expect(lines.every((l) => l.CorrectionVar === '1' && l.CorrectionMean === '0')).toBe(true);
  });

  test('of DYNAMIC_QUANT has the weights alone', async () => {
    const lines = (await reportsOf(TYPES[5][1]))('quant_param.csv');
    expect(weights(lines, 'conv1_weight').length).toBe(12);
    expect(weights(lines, 'fc_weight').length).toBe(10);
    expect(lines.length).toBe(22);
  });

  test('of DYNAMIC_QUANT by ACWL leaves convolutions out, which stay float', async () => {
    const lines = (await reportsOf([...TYPES[5][1], '[dynamic_quant_param]', 'quant_strategy=ACWL']))(
      'quant_param.csv',
    );
    expect([...new Set(lines.map((l) => l.TensorName))]).toEqual(['fc_weight']);
  });
});

test('DYNAMIC_QUANT measures a convolution before its ReLU, which runs apart from it', async () => {
  const read = await reportsOf(TYPES[5][1]);
  for (const flag of ['Origin', 'Dequant']) {
    const of = (name: string) => read('round_0.csv').find((l) => l.TensorName === name && l.DataTypeFlag === flag);
    expect(Number(of('conv1_output')?.Min)).toBeLessThan(0);
    expect(Number(of('relu1_output')?.Min)).toBe(0);
    expect(of('relu1_output')?.Max).toBe(of('conv1_output')?.Max);
  }
});

test('each round is written before the next sample is read: no round stays in memory', async () => {
  const events: string[] = [];
  const files: FileSystem = {
    ...nodeFiles,
    open: (path) => {
      if (path.includes('calibration')) events.push('read');
      return nodeFiles.open(path);
    },
    write: (path, data) => {
      const name = path.slice(path.lastIndexOf('/') + 1);
      if (name.startsWith('round_')) events.push(name);
      return nodeFiles.write(path, data);
    },
  };
  await reportsOf(TYPES[1][1], [], files);
  expect(events).toEqual(['read', 'round_0.csv', 'read', 'round_1.csv', 'read', 'round_2.csv']);
});

test('in the dialect of converter_lite the lines of what was not measured are not there', async () => {
  const read = await reportsOf(TYPES[0][1], ['[quantscope]', 'report_dialect=converter_lite']);
  const lines = read('round_0.csv');
  expect(lines.length).toBe(28);
  expect(lines.map((l) => l.Line)).toEqual(lines.map((_, i) => String(i)));
  expect(lines.some((l) => l.TensorName === 'conv1_output')).toBe(false);
  expect(lines.every((l) => l.CosineSimilarity !== '')).toBe(true);
});

test('rounds of an earlier, longer run in the same folder are named, and stay', async () => {
  const folder = join(root, 'used before');
  mkdirSync(folder);
  const names = ['round_2.csv', 'round_3.csv', 'round_10.csv', 'round_x.csv'];
  for (const name of names) writeFileSync(join(folder, name), 'of the earlier run');
  const { diagnostics } = await quantizeInto(folder, ['quant_type=FULL_QUANT', ...PREPROCESS], nodeFiles);
  const said = diagnostics.filter((d) => d.code === 'SES424');
  expect(said.map((d) => d.message)).toEqual([
    'this run has 3 rounds; round_3.csv … round_10.csv in the report folder are of an earlier one: remove them, or name another folder',
  ]);
  expect(readFileSync(join(folder, 'round_10.csv'), 'utf8')).toBe('of the earlier run');
  expect(readFileSync(join(folder, 'round_2.csv'), 'utf8')).toContain('CosineSimilarity');
});
