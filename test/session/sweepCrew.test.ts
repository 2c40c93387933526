import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { Cancelled, NEVER } from '../../src/base/abort.ts';
import { createSweepCrew, type NodeSweepCrew } from '../../src/node/sweepCrew.ts';
import type { SensitivityRequest, SensitivityView } from '../../src/protocol/sensitivityViews.ts';
import { wasmBytes, wasmKernels } from '../kernels/engines.ts';
import { type SweptModel, sweptModel } from './sensitivityModel.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const ENTRY = join(ROOT, 'out/test/sweepThread.cjs');
const SAMPLES = 6;

const errors: string[] = [];
const busy: boolean[] = [];
let crew: NodeSweepCrew;
let alone: SweptModel;
let together: SweptModel;

beforeAll(async () => {
  await build({
    entryPoints: [join(ROOT, 'src/node/sweepThread.ts')],
    outfile: ENTRY,
    loader: { '.wasm': 'binary' },
    target: 'node20',
    bundle: true,
    format: 'cjs',
    platform: 'node',
  });
  crew = await crewFrom(ENTRY);
  alone = await sweptModel({ kernels: await wasmKernels() });
  together = await sweptModel({ kernels: await wasmKernels(), crew });
});
afterEach(() => {
  busy.length = 0;
  errors.length = 0;
});
afterAll(async () => {
  await crew.dispose();
  for (const model of [alone, together]) model.remove();
});

async function crewFrom(entryPath: string): Promise<NodeSweepCrew> {
  return createSweepCrew({
    size: 2,
    wasmBytes: await wasmBytes(),
    entryPath,
    onBusy: (isBusy) => void busy.push(isBusy),
    onError: (reason) => void errors.push(reason),
  });
}

/** The first thread leaves all samples to the others. */
function takingAll(others: NodeSweepCrew) {
  const start = others.start.bind(others);
  return vi.spyOn(others, 'start').mockImplementation((job) => {
    const run = start(job);
    return {
      offer: (feeds) => run.offer(feeds),
      claim: () => undefined,
      results: (waits) => run.results(waits),
      end: () => run.end(),
    };
  });
}

function sweep({ session }: SweptModel, more: Partial<SensitivityRequest> = {}, signal = NEVER) {
  const request: SensitivityRequest = {
    mode: 'layerwise',
    part: 'both',
    judge: { id: 'mse' },
    samples: SAMPLES,
    verify: null,
    ...more,
  };
  const partial: SensitivityView[] = [];
  return { partial, done: session.sweeps.run(request, [], (view) => void partial.push(view), signal) };
}

describe('threads that run samples beside the first', () => {
  test.each([
    { mode: 'layerwise', part: 'both', judge: { id: 'mse' } },
    { mode: 'leaveOneOut', part: 'both', judge: { id: 'mse' } },
    { mode: 'layerwise', part: 'weights', judge: { id: 'sqnrDb' } },
    { mode: 'leaveOneOut', part: 'activations', judge: { id: 'cosine' } },
    { mode: 'layerwise', part: 'both', judge: { id: 'top1' } },
  ] as const)('find the same bits: $mode, $part, $judge.id', async (request) => {
    const run = vi.spyOn(crew, 'start');
    const [expected, found] = [await sweep(alone, request).done, await sweep(together, request).done];
    expect(run).toHaveBeenCalledTimes(1);
    expect(found.entries.length).toBeGreaterThan(4);
    expect(found.entries).toEqual(expected.entries);
    expect([found.float, found.quantized]).toEqual([expected.float, expected.quantized]);
    expect(busy).toEqual([true, false]);
    expect(errors).toEqual([]);
    run.mockRestore();
  });

  test('find the same bits where they run every sample', async () => {
    const spy = takingAll(crew);
    const [expected, found] = [await sweep(alone).done, await sweep(together).done];
    expect(found.entries).toEqual(expected.entries);
    expect(errors).toEqual([]);
    spy.mockRestore();
  });

  test('a budget finds the same', async () => {
    const [expected, found] = [await sweep(alone, { verify: 5 }).done, await sweep(together, { verify: 5 }).done];
    expect(found.entries).toEqual(expected.entries);
  });

  test('results come sample after sample', async () => {
    const { partial, done } = sweep(together);
    await done;
    const counts = partial.map((view) => view.entries[0]?.samples ?? SAMPLES);
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
    expect(new Set(counts).size).toBe(SAMPLES);
  });

  test('a sweep that is broken off goes on where it was, and ends as if it had not been', async () => {
    const expected = await sweep(alone, { judge: { id: 'cosine' } }).done;
    const signal = { aborted: false };
    const { session } = together;
    const request = {
      mode: 'layerwise',
      part: 'both',
      judge: { id: 'cosine' },
      samples: SAMPLES,
      verify: null,
    } as const;
    const stopped = session.sweeps.run(
      request,
      [],
      ({ entries }) => {
        signal.aborted ||= entries[0]?.samples === 2;
      },
      signal,
    );
    await expect(stopped).rejects.toThrow(Cancelled);
    expect(busy).toEqual([true, false]);
    const { partial, done } = sweep(together, { judge: { id: 'cosine' } });
    expect((await done).entries).toEqual(expected.entries);
    expect(Math.min(...partial.map((view) => view.entries[0]?.samples ?? SAMPLES))).toBeGreaterThan(2);
  });

  test('a thread that cannot start leaves its part to the first, and says so', async () => {
    const broken = join(alone.folder, 'broken.cjs');
    writeFileSync(broken, 'throw new Error("no thread today");');
    const dead = await crewFrom(broken);
    takingAll(dead);
    const model = await sweptModel({ kernels: await wasmKernels(), crew: dead });
    const expected = await sweep(alone).done;
    expect((await sweep(model).done).entries).toEqual(expected.entries);
    expect(errors).toEqual(['no thread today']);
    await dead.dispose();
    model.remove();
  });
});
