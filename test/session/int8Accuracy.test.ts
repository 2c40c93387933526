import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import { nodeFiles } from '../../src/node/files.ts';
import { readModel } from '../../src/onnx/read.ts';
import type { RunView } from '../../src/protocol/views.ts';
import { createSession } from '../../src/session/index.ts';
import { model } from '../models/model.ts';

const DIMS = [1, 3, 12, 12];
const folder = mkdtempSync(join(tmpdir(), 'quantscope-int8-'));
const modelPath = join(folder, 'silu.onnx');

beforeAll(async () => {
  const random = seededRandom(5);
  const size = (channel: number): number => 2 ** -channel; // channels far apart
  const weight = Array.from({ length: 8 * 27 }, (_, i) => 4 * size(Math.floor(i / 27)) * random.normal());
  const built = model({ seed: 6 })
    .input('x', DIMS)
    .conv({ name: 'stem', channels: 8, weight })
    .node('Sigmoid', { name: 'gate', inputs: ['stem_out'], outputs: ['g'] })
    .node('Mul', { name: 'silu', inputs: ['stem_out', 'g'], outputs: ['s'] })
    .follow([1, 8, 12, 12])
    .conv({ name: 'depthwise', channels: 8, group: 8 })
    .relu('rectified')
    .conv({ name: 'wide', channels: 16, kernel: 1 })
    .relu('rectified2')
    .conv({ name: 'last', channels: 4, kernel: 1 })
    .build();
  writeFileSync(modelPath, await built.bytes());
  for (const use of ['calibration', 'evaluation']) {
    mkdirSync(join(folder, use));
    for (let i = 0; i < 4; i++) {
      const x = Float32Array.from({ length: 3 * 144 }, () => random.normal());
      writeFileSync(join(folder, use, `${i}.bin`), new Uint8Array(x.buffer));
    }
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Found {
  readonly run: RunView;
  readonly sqnrDb: number;
  readonly stages: readonly string[];
  readonly exported: Uint8Array;
  message(code: string): string | undefined;
}

async function quantize(lines: readonly string[], full: readonly string[] = []): Promise<Found> {
  const stages = new Set<string>();
  const session = createSession({
    kernels: createJsKernels(),
    files: nodeFiles,
    clock: { now: () => 0 },
    onProgress: ({ stage, text }) => {
      if (stage === 'calibrate' && text !== '') stages.add(text.split(' · ')[0] ?? '');
    },
  });
  await session.open(modelPath);
  const configText = [
    '[common_quant_param]',
    'quant_type=FULL_QUANT',
    '[full_quant_param]',
    'bias_correction=false',
    ...full,
    '[data_preprocess_param]',
    'calibrate_path=x:calibration',
    'calibrate_size=4',
    'input_type=BIN',
    '[quantscope]',
    'evaluate_path=x:evaluation',
    ...lines,
    '',
  ].join('\n');
  const run = await session.quantize({ configText, configPath: join(folder, 'a.cfg') });
  const path = join(folder, 'out.onnx');
  await session.exportModel(path);
  return {
    run,
    sqnrDb: run.outputs[0]?.sqnrDb ?? Number.NaN,
    stages: [...stages],
    exported: new Uint8Array(readFileSync(path)),
    message: (code) => run.diagnostics.find((d) => d.code === code)?.message,
  };
}

async function graphIn(bytes: Uint8Array) {
  const source = { byteLength: bytes.length, slice: async (from: number, to: number) => bytes.slice(from, to) };
  return (await readModel(source, { file: 'out.onnx' })).model.graph;
}

async function handlesIn(bytes: Uint8Array): Promise<readonly string[]> {
  return (await graphIn(bytes)).nodes.map((n) => n.handle);
}

async function constantsIn(bytes: Uint8Array): Promise<ReadonlyMap<string, readonly number[]>> {
  const constants = new Map<string, readonly number[]>();
  for (const { name, constant } of (await graphIn(bytes)).values.values())
    if (constant !== undefined) constants.set(name, Array.from((await constant.load()).data as ArrayLike<number>));
  return constants;
}

describe('what makes full int8 more exact, from a config', () => {
  test('channel_balance=insert says what it did, exports its Mul, and is nearer to float', async () => {
    const plain = await quantize([]);
    const balanced = await quantize(['channel_balance=insert']);
    expect(balanced.message('QNT241')).toContain('for which it added 1 Mul');
    expect(balanced.stages).toEqual(['channels', 'ranges']);
    expect(await handlesIn(balanced.exported)).toContain('stem_out_restore');
    expect(balanced.sqnrDb).toBeGreaterThan(plain.sqnrDb);
    expect(plain.message('QNT241')).toBeUndefined();
  });

  test('channel_balance=free adds no node', async () => {
    const free = await quantize(['channel_balance=free']);
    expect(free.message('QNT241')).not.toContain('added');
    expect(await handlesIn(free.exported)).not.toContain('stem_out_restore');
  });

  test('equalization is on with per_channel=false and says how many layers it balanced; off it says nothing', async () => {
    const per = ['per_channel=false'];
    expect((await quantize([], per)).message('QNT242')).toContain('1 pair of convolutions and 0 with a depthwise');
    expect((await quantize(['equalization=off'], per)).message('QNT242')).toBeUndefined();
    expect((await quantize([])).message('QNT242')).toBeUndefined();
    expect((await quantize(['equalization=on'])).message('QNT242')).toContain('1 pair');
  });

  test('weight_rounding=least_squares looks at the inputs of weights, and changes codes alone', async () => {
    const [nearest, least] = [await quantize([]), await quantize(['weight_rounding=least_squares'])];
    expect([nearest.stages, least.stages]).toEqual([['ranges'], ['ranges', 'weights']]);
    const [a, b] = [await constantsIn(nearest.exported), await constantsIn(least.exported)];
    const differ = [...a].filter(([name, data]) => data.join() !== b.get(name)?.join()).map(([name]) => name);
    expect(differ.length).toBeGreaterThan(0);
    expect(differ.every((name) => name.endsWith('_w_quantized'))).toBe(true);
  });

  test('all of them together give the same bytes again', async () => {
    const lines = ['calibration_method=OUTPUT_MSE', 'channel_balance=insert', 'weight_rounding=least_squares'];
    const [once, again] = [await quantize(lines), await quantize(lines)];
    expect(again.exported).toEqual(once.exported);
  });
});
