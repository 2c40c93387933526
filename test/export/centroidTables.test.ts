import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { tensor } from '../../src/base/tensor.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { nodeFiles } from '../../src/node/files.ts';
import { createSession, type Session } from '../../src/session/index.ts';
import { openModel } from '../../src/session/model.ts';
import { wasmKernels } from '../kernels/engines.ts';
import { model } from '../models/model.ts';
import { runOrt } from '../quality/ortTensors.ts';

const folder = mkdtempSync(join(tmpdir(), 'quantscope-tables-'));
let kernels: KernelSet;

beforeAll(async () => {
  kernels = await wasmKernels();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function opened(path: string): Promise<Session> {
  const session = createSession({ kernels, files: nodeFiles, clock: { now: () => 0 }, onProgress: () => undefined });
  await session.open(path);
  return session;
}

/** A convolution and a matrix product, quantized as `clusters` says and exported. */
async function exported(clusters: number, opset = 13) {
  const built = model({ opset })
    .input('x', [1, 3, 8, 8])
    .conv({ name: 'conv', channels: 20, kernel: 3 })
    .relu()
    .globalAveragePool()
    .flatten()
    .gemm({ name: 'fc', units: 50 })
    .output()
    .build();
  const source = join(folder, `float_${clusters}_${opset}.onnx`);
  writeFileSync(source, await built.bytes());
  const session = await opened(source);
  const configText = `[common_quant_param]\nquant_type=WEIGHT_QUANT\n[quantscope]\nclusters=${clusters}\n`;
  const run = await session.quantize({ configText, configPath: join(folder, 'weights.cfg') });
  const path = join(folder, `clusters_${clusters}_${opset}.onnx`);
  await session.exportModel(path);
  return { run, path, source, model: (await openModel(nodeFiles, path)).model };
}

describe('an exported clustered model', () => {
  test.each([
    [16, 'uint4', 21],
    [17, 'uint8', 13],
    [200, 'uint8', 13],
    [300, 'uint16', 13],
  ] as const)(
    'stores indices of %i centroids as %s at opset %i, and computes in onnxruntime what it does here',
    async (clusters, dtype, opset) => {
      const { run, path, source, model: found } = await exported(clusters);
      expect(found.opsets.get('')).toBe(opset);
      const stored = [...found.graph.values.values()].filter((v) => v.name.endsWith('_indices'));
      expect(stored.map((v) => v.dtype)).toEqual(run.clusters?.tensors.map(() => dtype));
      expect(stored.length).toBeGreaterThan(0);
      const tables = [...found.graph.values.values()].filter((v) => v.name.endsWith('_centroids'));
      expect(tables.map((v) => v.dims)).toEqual(stored.map(() => [clusters]));
      if (clusters <= 16) expect(statSync(path).size).toBeLessThan(0.6 * statSync(source).size);

      const random = seededRandom(9);
      const x = tensor(
        'float32',
        [1, 3, 8, 8],
        Float32Array.from({ length: 192 }, () => random.normal()),
      );
      const session = await opened(source);
      const feeds = new Map([['x', x]]);
      const float = [...(await session.run(feeds)).values()][0]?.data as Float32Array;
      const ours = [...(await (await opened(path)).run(feeds)).values()][0]?.data as Float32Array;
      const [input] = found.graph.inputs.filter((id) => found.graph.values.get(id)?.constant === undefined);
      if (input === undefined) throw new Error('the model has an input');
      const { values } = await runOrt(found, new Map([[input, x]]), { folder, level: 'all', wanted: [] });
      const theirs = values.get(found.graph.outputs[0] as never)?.data as Float32Array;
      const largest = Math.max(...ours.map(Math.abs));
      // sums of up to 27 and 20 products in other orders, each rounded to float32
      for (const [i, y] of ours.entries())
        expect(Math.abs(y - (theirs[i] ?? NaN))).toBeLessThanOrEqual(48 * 2 ** -23 * largest);
      expect(ours.some((y, i) => y !== float[i])).toBe(true);
    },
  );

  test('keeps to indices of 8 bits where a node has no form at opset 21', async () => {
    const built = model({ opset: 18 })
      .input('x', [1, 4, 8, 8])
      .conv({ name: 'conv', channels: 20, kernel: 3 })
      .floats('scale', [2])
      .floats('bias', [2])
      .elementwise('GroupNormalization', ['scale', 'bias'], { attributes: { num_groups: 2 } })
      .output()
      .build();
    const source = join(folder, 'groups.onnx');
    writeFileSync(source, await built.bytes());
    const session = await opened(source);
    const configText = '[common_quant_param]\nquant_type=WEIGHT_QUANT\n[quantscope]\nclusters=16\n';
    await session.quantize({ configText, configPath: join(folder, 'weights.cfg') });
    const path = join(folder, 'groups_16.onnx');
    await session.exportModel(path);
    const { opsets, graph } = (await openModel(nodeFiles, path)).model;
    expect(opsets.get('')).toBe(18);
    expect([...graph.values.values()].find((v) => v.name.endsWith('_indices'))?.dtype).toBe('uint8');
  });
});
