import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Cancelled } from '../../src/base/abort.ts';
import { applyChange, inverseOf } from '../../src/config/changes.ts';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import { nodeFiles } from '../../src/node/files.ts';
import type { ConfigChange } from '../../src/protocol/changes.ts';
import type { Cure, DiagnosisRequest, DiagnosisView } from '../../src/protocol/diagnosisViews.ts';
import type { Progress } from '../../src/protocol/views.ts';
import { diagnosisJson } from '../../src/report/diagnosisJson.ts';
import { createSession, type Session } from '../../src/session/index.ts';
import { sweptModel } from './sensitivityModel.ts';

const SAMPLE = fileURLToPath(new URL('../../media/sample', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'quantscope-diagnosis-'));
const configPath = join(folder, 'full_quant.cfg');
const REQUEST: DiagnosisRequest = { judge: { id: 'cosine' }, samples: 4, nodes: 3, cures: true, data: false };
let configText = '';
const progress: Progress[] = [];

beforeAll(() => {
  cpSync(SAMPLE, folder, { recursive: true });
  configText = readFileSync(configPath, 'utf8')
    .replace('calibrate_size=100', 'calibrate_size=6')
    .replace('evaluate_size=500', 'evaluate_size=4');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function quantized(change: ConfigChange = {}): Promise<{ readonly session: Session; readonly text: string }> {
  const parts = {
    kernels: createJsKernels(),
    files: nodeFiles,
    clock: { now: () => 0 },
    onProgress: (p: Progress) => void progress.push(p),
  };
  const session = createSession(parts);
  await session.open(join(folder, 'mnist.onnx'));
  const text = applyChange(configText, change);
  await session.quantize({ configText: text, configPath });
  return { session, text };
}

const clipped: ConfigChange = { overrides: { relu1: 'range(0..0.2)' } };

test('A range that cuts values off is named first, with a cure that wins what it says', async () => {
  const { session, text } = await quantized(clipped);
  const seen: DiagnosisView[] = [];
  const view = await session.diagnoses.run(REQUEST, (partial) => seen.push(partial));
  const [first] = view.causes;
  expect([first?.id, first?.handle]).toEqual(['clipping', 'conv1']);
  const [cure] = (first?.cures ?? []) as readonly [Cure, ...Cure[]]; // expected below
  expect(cure.gain).toBeGreaterThan(0);
  expect(cure.after - cure.before).toBeCloseTo(cure.gain, 12);
  const cured = await session.trial({ configText: applyChange(text, cure.change), configPath });
  expect(cured.run.outputs[0]?.cosine).toBeCloseTo(cure.after, 12);
  expect(view.together?.gain).toBeGreaterThanOrEqual(cure.gain * 0.99);
  expect(seen.map((v) => v.done).lastIndexOf(false)).toBe(seen.length - 2);
  expect(seen.at(-1)).toEqual(view);
  expect(seen.some((v) => !v.done && v.causes.length > 0 && v.causes.every((c) => c.cures.length === 0))).toBe(true);
  expect(progress.some((p) => p.stage === 'diagnose')).toBe(true);
});

test('Where single cures do, the model as a whole is left alone', async () => {
  const { session } = await quantized(clipped);
  const view = await session.diagnoses.run(REQUEST, () => undefined);
  expect(view.together?.gain).toBeGreaterThan(0.75 * (1 - view.quantized));
  expect(view.whole).toBeNull();
});

test('Where they do not, 16 bits for the worst nodes are measured; what wins less than single cures is not offered', async () => {
  const swept = await sweptModel();
  const { session, configPath: path } = swept;
  try {
    const correction = { section: 'full_quant_param', key: 'bias_correction', value: 'false' };
    const text = applyChange(swept.configText(), { settings: [correction] });
    await session.quantize({ configText: text, configPath: path });
    const view = await session.diagnoses.run({ ...REQUEST, nodes: 1 }, () => undefined);
    const singles = [view.together, ...view.causes.flatMap((c) => c.cures)].flatMap((c) => c?.gain ?? []);
    const gain = Math.max(0, ...singles);
    expect(gain).toBeLessThan(0.75 * (1 - view.quantized));
    const { cures = [], tried = [] } = view.whole ?? {};
    expect(cures.length + tried.length).toBeGreaterThanOrEqual(2);
    expect(cures.filter((c) => c.gain <= gain)).toEqual([]);
    for (const cure of [...cures, ...tried]) {
      expect([cure.nodes, cure.integerShare, cure.wideShare]).toEqual([8, 0, 1]);
      expect(cure.change.overrides).toMatchObject({ right: 'int16', fc: 'int16', maxpool2: 'int16' });
      const trial = await session.trial({ configText: applyChange(text, cure.change), configPath: path, samples: 4 });
      expect(trial.run.outputs[0]?.cosine).toBeCloseTo(cure.after, 12);
      expect(trial.run.diagnostics.filter((d) => d.code === 'QNT231')).toEqual([]);
      expect(applyChange(applyChange(text, cure.change), inverseOf(text, cure.change))).toBe(text);
    }
    const json = diagnosisJson(view).whole;
    expect(json?.tried.map((c) => [c.kind, c.nodes])).toEqual(tried.map((c) => [c.kind, c.nodes]));
  } finally {
    swept.remove();
  }
});

test('Nothing is widened that cannot be: no activations in codes', async () => {
  const { session } = await quantized({
    settings: [{ section: 'common_quant_param', key: 'quant_type', value: 'WEIGHT_QUANT' }],
  });
  const view = await session.diagnoses.run({ ...REQUEST, nodes: 1 }, () => undefined);
  expect(view.whole).toBeNull();
});

test('The same run says the same', async () => {
  const views = [];
  for (let i = 0; i < 2; i++) {
    const { session } = await quantized(clipped);
    views.push(JSON.stringify(diagnosisJson(await session.diagnoses.run(REQUEST, () => undefined))));
  }
  expect(views[0]).toBe(views[1]);
});

test('No cure is offered that does not win, and none of those that lose is hidden', async () => {
  const { session } = await quantized();
  const view = await session.diagnoses.run({ ...REQUEST, nodes: 8 }, () => undefined);
  expect(view.causes.length).toBeGreaterThan(0);
  const costs = view.causes.filter((c) => c.id !== 'floatIsland');
  for (const { cures, tried } of costs) {
    expect(cures.filter((c) => c.gain <= 0.01 * (1 - view.quantized))).toEqual([]);
    expect(tried.filter((c) => c.gain > 0.01 * (1 - view.quantized))).toEqual([]);
  }
  const blames = costs.filter((c) => c.id !== 'carried').map((c) => c.blame);
  expect(blames).toEqual([...blames].sort((a, b) => b - a));
});

test('Without cures nothing is tried', async () => {
  const { session } = await quantized(clipped);
  const view = await session.diagnoses.run({ ...REQUEST, cures: false }, () => undefined);
  expect(view.causes[0]?.id).toBe('clipping');
  expect(view.causes.flatMap((c) => [...c.cures, ...c.tried])).toEqual([]);
  expect(view.together).toBeNull();
});

test('A node that is left float between integers is an island, and quantizing it is measured', async () => {
  const { session } = await quantized({ skip: ['relu1'] });
  const view = await session.diagnoses.run({ ...REQUEST, nodes: 1 }, () => undefined);
  const island = view.causes.find((c) => c.id === 'floatIsland');
  expect(island?.handle).toBe('relu1');
  expect(island?.evidence.filter((e) => e.unit === 'count').map((e) => e.value)).toEqual([2, 3]);
  expect([...(island?.cures ?? []), ...(island?.tried ?? [])].map((c) => c.change.unskip)).toEqual([['relu1']]);
});

test('It can be cancelled, and the session goes on', async () => {
  const { session } = await quantized();
  let count = 0;
  const signal = {
    get aborted() {
      return ++count > 40;
    },
  };
  await expect(session.diagnoses.run(REQUEST, () => undefined, signal)).rejects.toBeInstanceOf(Cancelled);
  const view = await session.diagnoses.run({ ...REQUEST, cures: false }, () => undefined);
  expect(view.done).toBe(true);
});

test('Before a run there is nothing to diagnose', async () => {
  const parts = { kernels: createJsKernels(), files: nodeFiles, clock: { now: () => 0 }, onProgress: () => undefined };
  const session = createSession(parts);
  await session.open(join(folder, 'mnist.onnx'));
  await expect(session.diagnoses.run(REQUEST, () => undefined)).rejects.toMatchObject({
    diagnostic: { code: 'SES401' },
  });
});
