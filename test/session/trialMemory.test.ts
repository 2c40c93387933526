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
const folder = mkdtempSync(join(tmpdir(), 'quantscope-memory-'));
const configPath = join(folder, 'full_quant.cfg');
let configText = '';

beforeAll(() => {
  cpSync(SAMPLE, folder, { recursive: true });
  configText = readFileSync(configPath, 'utf8')
    .replace('calibrate_size=100', 'calibrate_size=6')
    .replace('evaluate_size=500', 'evaluate_size=12');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function open(whatIfBytes: number | undefined): Promise<Session> {
  const parts = { kernels: createJsKernels(), files: nodeFiles, clock: { now: () => 0 }, onProgress: () => undefined };
  const session = createSession({ ...parts, whatIfBytes });
  await session.open(join(folder, 'mnist.onnx'));
  return session;
}

const STEPS: readonly ConfigChange[] = [
  { skip: ['fc'] },
  { overrides: { conv1: 'int16' } },
  { overrides: { relu1: 'KL' } },
  { overrides: { relu1: 'range(0..1.5)' } },
  {},
];

/** What a run says, without the ids of runs. */
function said({ outputs, nodes, accuracy, sizes }: RunView): unknown {
  return { outputs, nodes, accuracy, sizes };
}

test('trials say the same with 1 GB, 200 kB and no memory at all, top-1 included', async () => {
  const told: unknown[][] = [];
  const effort: number[] = [];
  for (const bytes of [undefined, 200_000, 0]) {
    const session = await open(bytes);
    const views = [said(await session.quantize({ configText, configPath }))];
    let executed = 0;
    for (const change of STEPS) {
      const trial = await session.trial({ configText: applyChange(configText, change), configPath, samples: 12 });
      views.push(said(trial.run));
      executed += trial.effort.executed + trial.effort.floatSteps + trial.effort.calibrationSteps;
      expect(trial.effort.cacheBytes).toBeLessThanOrEqual(trial.effort.cacheLimit);
      expect(trial.effort.cacheLimit).toBe(bytes ?? 1 << 30);
    }
    told.push(views);
    effort.push(executed);
  }
  const [whole, ...others] = told.map((views) => views.slice(1));
  for (const other of others) expect(other).toEqual(whole);
  expect(effort[0]).toBeLessThan(effort[1] ?? 0);
  expect(effort[1]).toBeLessThan(effort[2] ?? 0);
});

test('top-1 of a trial is that of a run, also where outputs come from memory', async () => {
  const [tried, fresh] = [await open(undefined), await open(undefined)];
  const first = await tried.quantize({ configText, configPath, samples: 12 });
  const skipped = applyChange(configText, { skip: ['fc'] });
  const trial = await tried.trial({ configText: skipped, configPath });
  expect(trial.run.accuracy).toEqual((await fresh.quantize({ configText: skipped, configPath })).accuracy);
  const undone = await tried.trial({ configText, configPath });
  expect(undone.effort.executed).toBe(0);
  expect(undone.run.accuracy).toEqual(first.accuracy);
  expect(first.accuracy?.samples).toBe(12);
});
