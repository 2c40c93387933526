import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { applyChange } from '../../../src/config/changes.ts';
import { createJsKernels } from '../../../src/kernels/js/jsKernels.ts';
import { nodeFiles } from '../../../src/node/files.ts';
import type { SearchGoal, SearchRequest, SearchView } from '../../../src/protocol/searchViews.ts';
import type { RunView } from '../../../src/protocol/views.ts';
import { createSession, type Session } from '../../../src/session/index.ts';

const SAMPLE = fileURLToPath(new URL('../../../media/sample', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'quantscope-search-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const textOf = (name: string): string =>
  readFileSync(join(folder, name), 'utf8')
    .replace('calibrate_size=100', 'calibrate_size=6')
    .replace('evaluate_size=500', 'evaluate_size=12');

let configs: Readonly<Record<'full' | 'weight' | 'dynamic', string>>;
beforeAll(() => {
  cpSync(SAMPLE, folder, { recursive: true });
  const full = textOf('full_quant.cfg').replace('[quantscope]', '[quantscope]\nequalization=off');
  configs = { full, weight: textOf('weight_quant.cfg'), dynamic: textOf('dynamic_quant.cfg') };
});

const configPath = join(folder, 'full_quant.cfg');

async function opened(configText?: string): Promise<{ readonly session: Session; readonly run: RunView | undefined }> {
  const parts = { kernels: createJsKernels(), files: nodeFiles, clock: { now: () => 0 }, onProgress: () => undefined };
  const session = createSession(parts);
  await session.open(join(folder, 'mnist.onnx'));
  const run = configText === undefined ? undefined : await session.quantize({ configText, configPath });
  return { session, run };
}

function requestOf(goal: SearchGoal, more: Partial<SearchRequest> = {}): SearchRequest {
  return { goal, judge: { id: 'cosine' }, samples: 12, budget: 100, ...more };
}

const none = (): void => undefined;

const meanCosine = ({ outputs }: RunView): number => outputs.reduce((sum, o) => sum + o.cosine, 0) / outputs.length;

/** What a run of the config with the best change gives, in a session of its own. */
async function runOfBest({ configText, best }: SearchView): Promise<RunView> {
  const { run } = await opened(applyChange(configText, best?.change ?? {}));
  if (run === undefined) throw new Error('a config was given');
  return run;
}

test('a skip set that reaches a target does so in a run of its own, and needs all it skips', async () => {
  const { session, run } = await opened(configs.full);
  const target = 1 - (1 - meanCosine(run as RunView)) / 2;
  const partial: SearchView[] = [];
  const view = await session.searches.run(requestOf({ kind: 'skip', target: { value: target } }), (v) =>
    partial.push(v),
  );
  expect([view.ended, view.best?.reached, view.float, view.target]).toEqual(['found', true, 1, target]);
  expect(view.quantized).toBe(meanCosine(run as RunView));
  expect(view.best?.handles.length).toBeGreaterThan(0);
  const fresh = await runOfBest(view);
  expect(meanCosine(fresh)).toBe(view.best?.value);
  expect(fresh.sizes.quantized).toBe(view.best?.bytes);
  for (const handle of view.best?.handles ?? [])
    expect(fresh.nodes.find((n) => n.handle === handle)?.quantized).toBe(false);
  expect(partial.map((v) => v.tried.length)).toEqual(view.tried.map((_, i) => i + 1));
  expect(partial.at(-1)?.ended).toBe(null);
  const smaller = view.tried.filter((t) => t.reached && t.handles.length < (view.best?.handles.length ?? 0));
  expect(smaller).toEqual([]);
});

test('names a convolution and the clamp that folds into it together', async () => {
  const { session } = await opened(configs.full);
  const view = await session.searches.run(requestOf({ kind: 'skip', target: { value: 2 } }), none);
  expect([view.ended, view.best?.reached, view.best?.value]).toEqual(['impossible', false, 1]);
  expect(view.best?.handles).toEqual(expect.arrayContaining(['conv1', 'relu1', 'fc']));
  const fresh = await runOfBest(view);
  expect(fresh.nodes.some((n) => n.quantized)).toBe(false);
});

test('a drop is what is lost to the float model, on all samples', async () => {
  const { session, run } = await opened(configs.full);
  const drop = (1 - meanCosine(run as RunView)) / 3;
  const view = await session.searches.run(requestOf({ kind: 'skip', target: { drop } }), none);
  expect(view.target).toBe(1 - drop);
  expect(1 - (view.best?.value ?? 0)).toBeLessThanOrEqual(drop);
  const judge = { id: 'top1' } as const;
  const top1 = await session.searches.run(requestOf({ kind: 'skip', target: { drop: 0 } }, { judge }), none);
  expect(top1.best?.value).toBeGreaterThanOrEqual(top1.float);
  expect(top1.float).toBe(run?.accuracy?.top1.float);
  const again = await session.searches.run(requestOf({ kind: 'skip', target: { drop: 0 } }, { judge }), none);
  expect(again).toEqual(top1);
});

test('few samples guide, and only all of them say that a goal is reached', async () => {
  const { session, run } = await opened(configs.full);
  const target = 1 - (1 - meanCosine(run as RunView)) / 2;
  const { tried } = await session.searches.run(requestOf({ kind: 'skip', target: { value: target } }), none);
  expect(new Set(tried.map((t) => t.samples))).toEqual(new Set([8, 12]));
  for (const { move, samples, reached } of tried) {
    expect(samples).toBe(move === 'verify' ? 12 : 8);
    if (samples === 8) expect(reached).toBe(false);
  }
});

test.each(['full', 'weight'] as const)(
  'bits of %s keep to the bytes, as a run of its own stores them',
  async (kind) => {
    const { session, run } = await opened(configs[kind]);
    const bytes = Math.floor(0.8 * (run?.sizes.quantized ?? 0));
    const view = await session.searches.run(requestOf({ kind: 'bits', bytes }, { budget: 60 }), none);
    expect([view.best?.reached, view.target]).toEqual([true, null]);
    expect(view.best?.bytes).toBeLessThanOrEqual(bytes);
    const fresh = await runOfBest(view);
    expect([fresh.sizes.quantized, meanCosine(fresh)]).toEqual([view.best?.bytes, view.best?.value]);
    const even = view.tried.filter((t) => t.reached && t.value > (view.best?.value ?? 0));
    expect(even).toEqual([]);
  },
);

test('bits that leave room are given to what loses most', async () => {
  const { session, run } = await opened(configs.full);
  const bytes = Math.floor(0.7 * (run?.sizes.float ?? 0));
  const view = await session.searches.run(requestOf({ kind: 'bits', bytes }), none);
  expect(view.best?.value).toBeGreaterThan(view.quantized);
  expect(Object.values(view.best?.change.overrides ?? {})).toContain('float32');
});

test('words that are there stay beside other bits', async () => {
  const words = 'conv1:symmetric+w8,fc:KL';
  const configText = configs.full.replace('[quantscope]', `[quantscope]\nnode_overrides=${words}`);
  const { session, run } = await opened(configText);
  const goal = { kind: 'bits', bytes: Math.floor(0.7 * (run?.sizes.quantized ?? 0)) } as const;
  const view = await session.searches.run(requestOf(goal), none);
  expect(view.best?.change.overrides?.fc).toBe('KL+w4');
});

test('a search that is cancelled keeps the best so far', async () => {
  const { session, run } = await opened(configs.full);
  const target = 1 - (1 - meanCosine(run as RunView)) / 2;
  const signal = { aborted: false };
  const stop = (v: SearchView): void => {
    signal.aborted = v.tried.length === 4;
  };
  const view = await session.searches.run(requestOf({ kind: 'skip', target: { value: target } }), stop, signal);
  expect([view.ended, view.tried.length, view.best?.reached]).toEqual(['cancelled', 4, true]);
});

test('a budget ends a search, and the same search later takes what is known', async () => {
  const { session, run } = await opened(configs.full);
  const target = 1 - (1 - meanCosine(run as RunView)) / 2;
  const goal = { kind: 'skip', target: { value: target } } as const;
  const first = await session.searches.run(requestOf(goal, { budget: 3 }), none);
  expect([first.ended, first.tried.length]).toEqual(['budget', 3]);
  const second = await session.searches.run(requestOf(goal), none);
  expect(second.tried.slice(0, 3)).toEqual(first.tried);
});

test.each([
  ['before a run', undefined, { kind: 'bits', bytes: 1 }, {}, 'SES401'],
  ['without samples', 'full', { kind: 'bits', bytes: 1 }, { samples: 0 }, 'SES461'],
  ['without a budget', 'full', { kind: 'bits', bytes: 1 }, { budget: 1.5 }, 'SES461'],
  ['for no bytes', 'full', { kind: 'bits', bytes: 0 }, {}, 'SES461'],
  ['for what is no number', 'full', { kind: 'skip', target: { value: Number.NaN } }, {}, 'SES461'],
  ['for less than no drop', 'full', { kind: 'skip', target: { drop: -1 } }, {}, 'SES461'],
  ['for a drop of dB', 'full', { kind: 'skip', target: { drop: 1 } }, { judge: { id: 'sqnrDb' } }, 'SES462'],
  ['for bits of dynamic codes', 'dynamic', { kind: 'bits', bytes: 1000 }, {}, 'SES464'],
] as const)('a search %s is refused', async (_, config, goal, more, code) => {
  const { session } = await opened(config && configs[config]);
  await expect(session.searches.run(requestOf(goal, more), none)).rejects.toMatchObject({ diagnostic: { code } });
});

test('a search where nothing is quantized is refused', async () => {
  const everything = ['conv1', 'relu1', 'pool1', 'conv2', 'relu2', 'pool2', 'fc', 'flatten', 'softmax'];
  const { session } = await opened(applyChange(configs.full, { skip: everything }));
  const rejected = session.searches.run(requestOf({ kind: 'skip', target: { value: 1 } }), none);
  await expect(rejected).rejects.toMatchObject({ diagnostic: { code: 'SES463' } });
});
