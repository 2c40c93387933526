import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import { nodeFiles } from '../../src/node/files.ts';
import { createSession } from '../../src/session/index.ts';

const SAMPLE = fileURLToPath(new URL('../../media/sample', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'quantscope-bad-samples-'));

beforeAll(() => {
  const names = readdirSync(join(SAMPLE, 'calibration')).sort().slice(0, 4);
  for (const name of ['calibration', 'bad']) mkdirSync(join(folder, name));
  for (const name of names) cpSync(join(SAMPLE, 'calibration', name), join(folder, 'calibration', name));
  const whole = readFileSync(join(folder, 'calibration', names[1] ?? ''));
  writeFileSync(join(folder, 'calibration', names[1] ?? ''), whole.subarray(0, 60));
  writeFileSync(join(folder, 'calibration', 'zz.png'), 'no image');
  writeFileSync(join(folder, 'bad', '0.png'), 'no image');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function quantized(bad: 'stop' | 'skip', calibration = 'calibration') {
  const session = createSession({
    kernels: createJsKernels(),
    files: nodeFiles,
    clock: { now: () => 0 },
    onProgress: () => undefined,
  });
  const configText = [
    '[common_quant_param]',
    'quant_type=FULL_QUANT',
    '[data_preprocess_param]',
    `calibrate_path=image:${calibration}`,
    'input_type=IMAGE',
    'image_to_format=GRAY',
    'normalize_mean=[0]',
    'normalize_std=[255]',
    '[quantscope]',
    `bad_samples=${bad}`,
  ].join('\n');
  const configPath = join(folder, 'q.cfg');
  return session
    .open(join(SAMPLE, 'mnist.onnx'))
    .then(() => session.quantize({ configText, configPath, reportFolder: join(folder, 'report') }));
}

test('a bad sample ends the run, and says which file it is', async () => {
  await expect(quantized('stop')).rejects.toThrow(/^DAT202 .*calibration.*\.png: the PNG image cannot be decoded/);
});

test('bad_samples=skip leaves bad samples out of calibration, figures and reports, each named', async () => {
  const run = await quantized('skip');
  expect(run.samples).toBe(3);
  const told = run.diagnostics.filter((d) => ['DAT401', 'DAT202', 'DAT201'].includes(d.code));
  expect(told.map((d) => [d.severity, d.code])).toEqual([
    ['warning', 'DAT401'],
    ['warning', 'DAT202'],
    ['warning', 'DAT201'],
  ]);
  expect(told[0]?.message).toMatch(/^2 of 5 samples/);
  expect(told[2]?.at.file).toMatch(/zz\.png$/);
  const rounds = readdirSync(join(folder, 'report')).filter((name) => /^round_\d/.test(name));
  expect(rounds.sort()).toEqual(['round_0.csv', 'round_1.csv', 'round_2.csv']);
});

test('none that is left is an error', async () => {
  await expect(quantized('skip', 'bad')).rejects.toThrow(/^DAT402 .*q\.cfg:10.*none of the 1 samples can be read/);
});
