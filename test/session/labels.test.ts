import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import { nodeFiles } from '../../src/node/files.ts';
import type { RunView } from '../../src/protocol/views.ts';
import { createSession } from '../../src/session/index.ts';

const SAMPLE = fileURLToPath(new URL('../../media/sample', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'quantscope-labels-'));
let text = '';

beforeAll(() => {
  cpSync(SAMPLE, folder, { recursive: true });
  text = readFileSync(join(folder, 'full_quant.cfg'), 'utf8')
    .replace('calibrate_size=100', 'calibrate_size=2')
    .replace('evaluate_size=500', 'evaluate_size=20');
  const lines = readFileSync(join(folder, 'labels.csv'), 'utf8').trim().split('\n').slice(1, 41);
  for (const [file = '', label = ''] of lines.map((line) => line.trim().split(','))) {
    mkdirSync(join(folder, 'classes', `${label}_digit`), { recursive: true });
    cpSync(join(folder, 'test', file), join(folder, 'classes', `${label}_digit`, file));
  }
  mkdirSync(join(folder, 'empty'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function run(path: string): Promise<RunView> {
  const session = createSession({
    kernels: createJsKernels(),
    files: nodeFiles,
    clock: { now: () => 0 },
    onProgress: () => undefined,
  });
  await session.open(join(folder, 'mnist.onnx'));
  const configText = text.replace('evaluate_path=test', path).replace('labels=labels.csv', 'labels=folders');
  return session.quantize({ configText, configPath: join(folder, 'full_quant.cfg') });
}

test('labels=folders measures top-1 by the folders of the evaluation samples, and says which class is which', async () => {
  const { accuracy, diagnostics } = await run('evaluate_path=classes');
  expect(accuracy?.samples).toBe(20);
  expect(accuracy?.top1.float).toBeGreaterThan(0.8);
  expect(accuracy?.top5?.float).toBeGreaterThanOrEqual(accuracy?.top1.float ?? Number.NaN);
  const note = diagnostics.find((d) => d.code === 'DAT303');
  expect(note?.message).toMatch(/^classes by folder: 0_digit = 0, 1_digit = 1, /);
});

test('a folder without folders is an error at labels', async () => {
  await expect(run('evaluate_path=test')).rejects.toThrow(/full_quant\.cfg:\d+: .*(no files|which has none)/);
  await expect(run('evaluate_size=20')).rejects.toThrow(/^CFG125 .*evaluate_path/);
});
