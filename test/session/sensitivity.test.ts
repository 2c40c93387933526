import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Cancelled, NEVER } from '../../src/base/abort.ts';
import type { SensitivityEntry, SensitivityRequest, SensitivityView } from '../../src/protocol/sensitivityViews.ts';
import { type SweptModel, sweptModel } from './sensitivityModel.ts';

let model: SweptModel;
beforeAll(async () => {
  model = await sweptModel();
});
afterAll(() => model.remove());

const UNITS = ['concat', 'fc', 'join', 'last', 'left', 'right', 'stem'];
const CLAMPS: Readonly<Record<string, string>> = { stem: 'stemRelu', left: 'leftRelu' };

function request(more: Partial<SensitivityRequest> = {}): SensitivityRequest {
  return { mode: 'layerwise', part: 'both', judge: { id: 'cosine' }, samples: 4, verify: null, ...more };
}

function sweep(
  more: Partial<SensitivityRequest> = {},
  known: readonly SensitivityEntry[] = [],
  onPartial: (view: SensitivityView) => void = () => undefined,
): Promise<SensitivityView> {
  return model.session.sweeps.run(request(more), known, onPartial, NEVER);
}

/** Cosine at the output under a skip list, of a model that is built. */
async function built(skip: readonly string[]): Promise<number> {
  const { session, configText, configPath } = model;
  const { run } = await session.trial({ configText: configText(skip), configPath, samples: 4 });
  return run.outputs.reduce((sum, o) => sum + o.cosine, 0) / run.outputs.length;
}

const withClamp = (handle: string): string[] => [handle, ...(CLAMPS[handle] === undefined ? [] : [CLAMPS[handle]])];

describe('a sweep says what builds under skip lists say', () => {
  test('layerwise: of everything but the node', async () => {
    const view = await sweep();
    expect(
      view.entries
        .map((e) => e.handle)
        .filter((h) => UNITS.includes(h))
        .sort(),
    ).toEqual(UNITS);
    const all = model.run.nodes.map((n) => n.handle);
    for (const { handle, value, loss } of view.entries) {
      const members = withClamp(handle);
      expect(value, handle).toBe(await built(all.filter((h) => !members.includes(h))));
      expect(loss, handle).toBe(Math.max(0, 1 - (value ?? 0)));
    }
    await built([]);
  });

  test('leave-one-out: of the node', async () => {
    const view = await sweep({ mode: 'leaveOneOut' });
    for (const { handle, value } of view.entries) expect(value, handle).toBe(await built(withClamp(handle)));
    expect(view.quantized).toBe(await built([]));
    expect(view.float).toBe(1);
    for (const { value, loss } of view.entries) expect(loss).toBeCloseTo((value ?? 0) - view.quantized, 12);
  });

  test('from a trial: its skips stay', async () => {
    await built(['left', 'leftRelu']);
    const view = await sweep({ mode: 'leaveOneOut' });
    expect(view.entries.map((e) => e.handle)).not.toContain('left');
    const fc = view.entries.find((e) => e.handle === 'fc');
    expect(fc?.value).toBe(await built(['left', 'leftRelu', 'fc']));
    await built([]);
  });
});

test('with no memory to keep activations in it computes them again, and says the same', async () => {
  const small = await sweptModel({ whatIfBytes: 0 });
  try {
    for (const mode of ['layerwise', 'leaveOneOut'] as const) {
      const { entries } = await small.session.sweeps.run(request({ mode }), [], () => undefined, NEVER);
      const losses = new Map((await sweep({ mode })).entries.map((e) => [e.handle, e.loss]));
      expect(entries.length).toBe(losses.size);
      for (const { handle, loss } of entries) expect(loss, handle).toBe(losses.get(handle));
    }
  } finally {
    small.remove();
  }
});

describe('parts of a node', () => {
  test('weights alone and activations alone lose about what both do together', async () => {
    const mse = { judge: { id: 'mse' } } as const;
    const lossOf = async (part: SensitivityRequest['part']) =>
      new Map((await sweep({ ...mse, part })).entries.map((e) => [e.handle, e.loss]));
    const [both, weights, activations] = [await lossOf('both'), await lossOf('weights'), await lossOf('activations')];
    for (const handle of ['stem', 'last', 'fc']) {
      const sum = (weights.get(handle) ?? Number.NaN) + (activations.get(handle) ?? Number.NaN);
      expect(weights.get(handle), handle).toBeGreaterThan(0);
      expect(activations.get(handle), handle).toBeGreaterThan(0);
      expect(sum / (both.get(handle) ?? 0), handle).toBeGreaterThan(0.4);
      expect(sum / (both.get(handle) ?? 0), handle).toBeLessThan(2.5);
    }
    expect(weights.get('join')).toBeNull(); // it has none
  });

  test('left float, neither wins more than is lost', async () => {
    for (const part of ['weights', 'activations'] as const) {
      const view = await sweep({ part, mode: 'leaveOneOut', judge: { id: 'mse' } });
      const losses = view.entries.flatMap((e) => e.loss ?? []);
      expect(losses.length).toBeGreaterThanOrEqual(4);
      expect(losses.some((loss) => loss > 0)).toBe(true);
      for (const loss of losses) expect(loss).toBeLessThanOrEqual(view.quantized);
    }
  });
});

describe('live', () => {
  test('every sample brings values of all nodes, marked until the last', async () => {
    const views: SensitivityView[] = [];
    const end = await sweep({}, [], (view) => views.push(view));
    expect(views[0]?.entries.map((e) => e.samples)).toEqual(end.entries.map(() => 1));
    expect(views[0]?.entries.every((e) => e.value !== null)).toBe(true);
    expect(views.map((v) => v.done)).toEqual([...views.map((v) => v.done)].sort((a, b) => a - b));
    expect(end.entries.every((e) => e.samples === undefined)).toBe(true);
    expect(end.done).toBe(end.total);
  });

  test('cancelled after two samples it goes on at the third, and says the same as one that was not', async () => {
    const whole = await sweep({ judge: { id: 'sqnrDb' } });
    let partials = 0;
    const signal = {
      get aborted() {
        return partials >= 2;
      },
    };
    const wanted = request({ judge: { id: 'sqnrDb' } });
    await expect(model.session.sweeps.run(wanted, [], () => partials++, signal)).rejects.toThrow(Cancelled);
    const views: SensitivityView[] = [];
    const resumed = await model.session.sweeps.run(wanted, [], (view) => views.push(view), NEVER);
    expect(views[0]?.entries[0]?.samples).toBe(3);
    expect(resumed).toEqual(whole);
  });

  test('what is known is not measured again', async () => {
    const whole = await sweep();
    const known = whole.entries.slice(0, 4).map((e) => ({ ...e, value: 0.5, loss: 0.5 }));
    const marked = whole.entries.slice(4).map((e) => ({ ...e, samples: 1, value: 0.5 }));
    const view = await sweep({}, [...known, ...marked]);
    expect(view.total).toBe(4 * (1 + whole.entries.length - 4));
    const values = new Map(view.entries.map((e) => [e.handle, e.value]));
    for (const { handle } of known) expect(values.get(handle)).toBe(0.5);
    for (const { handle, value } of whole.entries.slice(4)) expect(values.get(handle)).toBe(value);
  });

  test('a budget measures so many on all samples, and no others', async () => {
    const whole = await sweep();
    const view = await sweep({ verify: 3 });
    const verified = view.entries.filter((e) => e.samples === undefined);
    expect(verified).toHaveLength(3);
    expect(view.entries.slice(0, 3)).toEqual(verified);
    for (const { handle, value } of verified)
      expect(value).toBeCloseTo(whole.entries.find((e) => e.handle === handle)?.value ?? Number.NaN, 12);
    expect(view.entries.slice(3).every((e) => e.samples === 2)).toBe(true);
  });

  test('local errors take no model but the two', async () => {
    const view = await sweep({ mode: 'local' });
    for (const { localSqnrDb, loss, value } of view.entries) {
      expect(value).toBeNull();
      expect(loss).toBeGreaterThan(0);
      expect(localSqnrDb).toBeGreaterThan(10);
    }
    const losses = view.entries.map((e) => e.loss ?? 0);
    expect(losses).toEqual([...losses].sort((a, b) => b - a));
  });
});

describe('judges', () => {
  test('top-1 is the share of labelled samples, and its loss what the float model has more', async () => {
    const view = await sweep({ judge: { id: 'top1' } });
    expect([0, 0.25, 0.5, 0.75, 1]).toContain(view.float);
    for (const { value, loss } of view.entries) expect(loss).toBe(Math.max(0, view.float - (value ?? 0)));
  });

  test('a command gets the outputs of both models and prints a number', async () => {
    const script = join(model.folder, 'judge.mjs');
    writeFileSync(script, JUDGE);
    chmodSync(script, 0o755);
    const command = `"${process.execPath}" judge.mjs`;
    const view = await sweep({ judge: { id: 'command', command, better: 'lower' }, samples: 2 });
    const mse = await sweep({ judge: { id: 'mse' }, samples: 2 });
    expect(view.float).toBe(0);
    expect(view.quantized).toBeCloseTo(mse.quantized, 9);
    for (const { handle, value } of view.entries)
      expect(value, handle).toBeCloseTo(mse.entries.find((e) => e.handle === handle)?.value ?? Number.NaN, 9);
  });

  test.each([
    ['exit 3', /SES452.*exit status 3/],
    ['echo nothing #', /SES453.*"nothing"/],
  ])('%s is answered by name', async (command, message) => {
    await expect(sweep({ judge: { id: 'command', command, better: 'higher' }, samples: 1 })).rejects.toThrow(message);
  });
});

/** Mean of the squared differences, from the .npy files alone. */
const JUDGE = `
import { readFileSync } from 'node:fs';
const folder = process.argv[2];
if (folder !== process.env.QUANTSCOPE_OUTPUTS) throw new Error('two folders');
const { samples } = JSON.parse(readFileSync(folder + '/index.json', 'utf8'));
const read = (file) => {
  const bytes = readFileSync(folder + '/' + file);
  const start = 10 + bytes.readUInt16LE(8);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset + start, bytes.byteOffset + bytes.length));
};
let sum = 0;
for (const { outputs } of samples)
  for (const { float, quantized } of outputs) {
    const [a, b] = [read(float), read(quantized)];
    sum += a.reduce((s, x, i) => s + (x - b[i]) ** 2, 0) / a.length / outputs.length;
  }
console.log('mean squared error:');
console.log(sum / samples.length);
`;
