import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { cosine } from '../../src/base/metrics.ts';
import { sizeOf } from '../../src/base/shape.ts';
import type { Result } from '../../src/session/result.ts';
import type { RunState } from '../../src/session/run.ts';
import { readPair, type TensorPair } from '../../src/session/tensorPair.ts';
import { type TensorEntry, TensorIndex } from '../../src/session/tensors.ts';
import { evaluated } from './evaluated.ts';

const SAMPLE = fileURLToPath(new URL('../../media/sample', import.meta.url));
const configText = readFileSync(`${SAMPLE}/full_quant.cfg`, 'utf8')
  .replace('calibrate_size=100', 'calibrate_size=12')
  .replace('evaluate_size=500', 'evaluate_size=20');

let run: RunState;
let result: Result;
beforeAll(async () => {
  ({ run, result } = await evaluated(`${SAMPLE}/mnist.onnx`, { configText, configPath: `${SAMPLE}/full_quant.cfg` }));
});

function entries(handle: string): TensorEntry[] {
  const node = run.open.model.graph.nodes.find((n) => n.handle === handle);
  if (node === undefined) throw new Error(`no node ${handle}`);
  return new TensorIndex(run, result.build).entriesOf(node);
}

async function read(entry: TensorEntry | undefined, sample: number): Promise<TensorPair> {
  if (entry === undefined) throw new Error('no such tensor');
  const pair = await readPair({ run, result, sample }, entry);
  if (pair === undefined) throw new Error(`${entry.name} is not in both models`);
  return pair;
}

const output = (handle: string): TensorEntry | undefined => entries(handle).find((e) => e.role === 'Output');

/** (D) on the channel axis. */
function fromCodes({ codes, params, dims }: TensorPair): number[] {
  if (codes === undefined || params === undefined) throw new Error('no codes');
  const { granularity } = params.scheme;
  const axis = granularity.kind === 'perChannel' ? granularity.axis : -1;
  const inner = axis < 0 ? 1 : sizeOf(dims.slice(axis + 1));
  return Array.from(codes, (q, i) => {
    const c = axis < 0 ? 0 : Math.floor(i / inner) % (dims[axis] as number);
    return Math.fround((params.scale[c] as number) * (q - (params.zeroPoint[c] as number)));
  });
}

describe('a tensor of both models', () => {
  test('every element is there in C order of its dims, and is what its code stands for', async () => {
    for (const handle of ['relu1', 'pool1', 'flatten', 'fc']) {
      const pair = await read(output(handle), 0);
      expect(pair.origin.length, handle).toBe(sizeOf(pair.dims));
      expect(Array.from(pair.dequant), handle).toEqual(fromCodes(pair));
    }
  });

  test('a sample in the cache and one outside have the figures of the evaluation', async () => {
    const entry = output('softmax');
    const value = entry?.pair?.value;
    if (value === undefined) throw new Error('softmax is in both models');
    for (const sample of [0, 7, 8, 19]) {
      const { origin, dequant } = await read(entry, sample);
      const sums = { ...run.float.kernels.pairSumsF32(origin, dequant), count: origin.length };
      expect(cosine(sums), String(sample)).toBe(result.evaluation.outputs[sample]?.get(value)?.cosine);
    }
  });

  test('other samples have other values; the same one has the same', async () => {
    const entry = output('relu1');
    const [a, again, b] = [await read(entry, 9), await read(entry, 9), await read(entry, 10)];
    expect(again).toEqual(a);
    expect(b.origin).not.toEqual(a.origin);
  });

  test('a weight per channel is what its codes stand for, whatever the sample', async () => {
    const weight = entries('conv1').find((e) => e.kind === 'Weight');
    const pair = await read(weight, 0);
    expect(pair.params?.scheme.granularity).toEqual({ kind: 'perChannel', axis: 0 });
    expect(Array.from(pair.dequant)).toEqual(fromCodes(pair));
    expect(await read(weight, 3)).toEqual(pair);
  });

  test('what was fused away is not read', async () => {
    const entry = output('conv1');
    expect(entry).toBeDefined();
    expect(entry && (await readPair({ run, result, sample: 0 }, entry))).toBeUndefined();
  });

  test('a sample that the run has not says which ones it has', async () => {
    const entry = output('relu1');
    for (const sample of [-1, 20, 0.5])
      await expect(read(entry, sample)).rejects.toThrow(/SES426.*evaluation samples 0 to 19/);
  });
});
