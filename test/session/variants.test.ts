import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { applyChange } from '../../src/config/changes.ts';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import { nodeFiles } from '../../src/node/files.ts';
import type { ConfigChange } from '../../src/protocol/changes.ts';
import type { RunView } from '../../src/protocol/views.ts';
import { createSession, type Session } from '../../src/session/index.ts';

const SAMPLE = fileURLToPath(new URL('../../media/sample', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'quantscope-variants-'));
const configPath = join(folder, 'full_quant.cfg');
let configText = '';
let tried: Session;
let fresh: Session;
let base: RunView;

beforeAll(async () => {
  cpSync(SAMPLE, folder, { recursive: true });
  configText = readFileSync(configPath, 'utf8')
    .replace('calibrate_size=100', 'calibrate_size=6')
    .replace('evaluate_size=500', 'evaluate_size=8');
  [tried, fresh] = [await open(), await open()];
  base = await tried.quantize({ configText, configPath });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function open(): Promise<Session> {
  const parts = { kernels: createJsKernels(), files: nodeFiles, clock: { now: () => 0 }, onProgress: () => undefined };
  const session = createSession(parts);
  await session.open(join(folder, 'mnist.onnx'));
  return session;
}

const full = (key: string, value: string): ConfigChange => ({
  settings: [{ section: 'full_quant_param', key, value }],
});
const ours = (key: string, value: string): ConfigChange => ({ settings: [{ section: 'quantscope', key, value }] });

const CHANGES: Readonly<Record<string, ConfigChange>> = {
  'a node skipped': { skip: ['fc'] },
  '16 bits': { overrides: { conv1: 'int16' } },
  '4-bit weights': { overrides: { fc: 'int4' } },
  '5-bit weights': { overrides: { fc: 'w5' } },
  'another mapping of codes': { overrides: { relu1: 'symmetric' } },
  'another method': { overrides: { relu1: 'KL', fc: 'MSE' } },
  'one scale for a weight': { overrides: { conv1: 'per_layer' } },
  'a range by hand': { overrides: { relu1: 'range(0..1.5)', fc: 'range(-4..6.5)' } },
  'half precision': { overrides: { fc: 'float16' } },
  'per layer for all': full('per_channel', 'false'),
  'another method for all': ours('calibration_method', 'KL'),
  'a percentile': {
    settings: [
      ...(ours('calibration_method', 'PERCENTILE').settings ?? []),
      ...(ours('percentile', '99').settings ?? []),
    ],
  },
  'signed codes': ours('activation_type', 'int8'),
  'symmetric codes': ours('activation_symmetry', 'symmetric'),
  'biases as they are': full('bias_correction', 'false'),
};

test.each(Object.entries(CHANGES))('%s: a trial says what a run says', async (_, change) => {
  const withEqualization = applyChange(configText, ours('equalization', 'off')); // `auto` follows per_channel
  await tried.quantize({ configText: withEqualization, configPath });
  const text = applyChange(withEqualization, change);
  expect(text).not.toBe(withEqualization);
  const trial = await tried.trial({ configText: text, configPath });
  const run = await fresh.quantize({ configText: text, configPath });
  expect(trial.run.outputs).toEqual(run.outputs);
  expect(trial.run.nodes).toEqual(run.nodes);
  expect(trial.run.method).toEqual(run.method);
  expect(trial.run.sizes).toEqual(run.sizes);
  expect([trial.run.outputs, trial.run.method]).not.toEqual([base.outputs, base.method]); // signed codes shift by 128 alone
});
