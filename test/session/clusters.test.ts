import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { applyChange } from '../../src/config/changes.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { nodeFiles } from '../../src/node/files.ts';
import type { RunView } from '../../src/protocol/views.ts';
import { createSession, type Session } from '../../src/session/index.ts';
import { openModel } from '../../src/session/model.ts';
import { wasmKernels } from '../kernels/engines.ts';

const SAMPLE = fileURLToPath(new URL('../../media/sample', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'quantscope-clusters-'));
let kernels: KernelSet;

beforeAll(async () => {
  kernels = await wasmKernels();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function quantize(config: string, lines: string): Promise<{ session: Session; run: RunView }> {
  const session = createSession({ kernels, files: nodeFiles, clock: { now: () => 0 }, onProgress: () => undefined });
  await session.open(join(SAMPLE, 'mnist.onnx'));
  const text = readFileSync(join(SAMPLE, config), 'utf8')
    .replace('calibrate_size=100', 'calibrate_size=8')
    .replace('evaluate_size=500', 'evaluate_size=12');
  const configText = `${text}\n${lines}\n`;
  const run = await session.quantize({ configText, configPath: join(SAMPLE, config), reportFolder: folder });
  return { session, run };
}

/** Distinct values of the int8 initializers of an exported model. */
async function distinctCodes(session: Session): Promise<number[]> {
  const path = join(folder, 'exported.onnx');
  await session.exportModel(path);
  const { graph } = (await openModel(nodeFiles, path)).model;
  const counts: number[] = [];
  for (const { constant } of graph.values.values()) {
    if (constant?.dtype !== 'int8' || constant.dims.length < 2) continue;
    counts.push(new Set((await constant.load()).data as Int8Array).size);
  }
  return counts;
}

describe('clusters of the sample, then int8', () => {
  test('leave as many distinct codes as there are centroids, at the sizes the run tells', async () => {
    const { run } = await quantize('full_quant.cfg', 'clusters=16');
    expect(run.clusters).toMatchObject({ clusters: 16, start: 'linear' });
    expect(run.clusters?.tensors.map((t) => [t.tensor, t.node, t.elements, t.centroids, t.bits, t.bytes])).toEqual([
      ['conv1_weight', 'conv1', 108, 16, 4, 54 + 64],
      ['fc_weight', 'fc', 20280, 16, 4, 10140 + 64],
    ]);
    for (const { sqnrDb, rounds } of run.clusters?.tensors ?? []) {
      expect(sqnrDb).toBeGreaterThan(12);
      expect(rounds).toBeGreaterThan(1);
    }
    expect(run.outputs[0]?.cosine).toBeGreaterThan(0.98);
    const json = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8'));
    expect(json.clusters).toEqual(run.clusters);
    const layer = await quantize('full_quant.cfg', 'clusters=16\n[full_quant_param]\nper_channel=false');
    for (const count of await distinctCodes(layer.session)) expect(count).toBeLessThanOrEqual(16);
    expect(await distinctCodes(layer.session)).toHaveLength(2);
  });

  test('are none without the key, and what is skipped keeps its weights', async () => {
    const plain = await quantize('full_quant.cfg', '');
    expect(plain.run.clusters).toBeNull();
    expect(Math.max(...(await distinctCodes(plain.session)))).toBeGreaterThan(100);
    const skipped = await quantize('full_quant.cfg', 'clusters=16\n[common_quant_param]\nskip_quant_node=fc');
    expect(skipped.run.clusters?.tensors.map((t) => t.node)).toEqual(['conv1']);
  });

  test.each(['linear', 'density', 'kmeans++'])('start from %s centroids by the config', async (start) => {
    const { run } = await quantize('full_quant.cfg', `clusters=5\ncluster_centroids=${start}`);
    expect(run.clusters?.start).toBe(start);
    expect(run.clusters?.tensors.map((t) => [t.centroids, t.bits])).toEqual([
      [5, 3],
      [5, 3],
    ]);
  });

  test('a trial re-uses the centroids', async () => {
    const { session, run } = await quantize('full_quant.cfg', 'clusters=16');
    const configPath = join(SAMPLE, 'full_quant.cfg');
    const text = readFileSync(configPath, 'utf8')
      .replace('calibrate_size=100', 'calibrate_size=8')
      .replace('evaluate_size=500', 'evaluate_size=12');
    const configText = applyChange(`${text}\nclusters=16\n`, { skip: ['fc'] });
    const trial = await session.trial({ configText, configPath });
    expect(trial.run.clusters?.tensors).toEqual(run.clusters?.tensors.slice(0, 1));
  });
});

test('weights of dynamic models are clustered, too', async () => {
  const { run } = await quantize('dynamic_quant.cfg', 'clusters=16');
  expect(run.clusters?.tensors.map((t) => [t.node, t.centroids])).toContainEqual(['fc', 16]);
});

describe('clusters of weights alone', () => {
  test('are what the model computes with and what is stored: packed indices and centroids', async () => {
    const { session, run } = await quantize('weight_quant.cfg', 'clusters=16');
    expect(run.nodes.filter((n) => n.quantized).map((n) => [n.handle, n.why])).toEqual([
      ['conv1', expect.stringContaining('conv1_weight in indices of 16 centroids')],
      ['fc', expect.stringContaining('fc_weight in indices of 16 centroids')],
    ]);
    const stored = run.sizes.weights.map((w) => [w.name, w.encoding, w.bits, w.codeBytes, w.parameterBytes]);
    expect(stored).toContainEqual(['fc_weight', 'clusters', 4, 10140, 64]);
    expect(run.clusters?.tensors.map((t) => [t.tensor, t.bytes])).toContainEqual(['fc_weight', 10204]);
    const path = join(folder, 'exported.onnx');
    await session.exportModel(path);
    const { graph } = (await openModel(nodeFiles, path)).model;
    const constants = [...graph.values.values()].flatMap((v) => (v.constant === undefined ? [] : [v]));
    expect(constants.map((v) => [v.name, v.dtype, v.dims])).toEqual(
      expect.arrayContaining([
        ['fc_weight_indices', 'uint4', [10, 2028]],
        ['fc_weight_centroids', 'float32', [16]],
      ]),
    );
    expect(constants.map((v) => v.name)).not.toContain('fc_weight');
  });

  test('leave a weight float where indices and centroids take no less room', async () => {
    const { run } = await quantize('weight_quant.cfg', 'clusters=300');
    expect(run.clusters?.tensors.map((t) => [t.tensor, t.centroids, t.bits])).toEqual([['fc_weight', 300, 9]]);
    expect(run.nodes.find((n) => n.handle === 'conv1')?.why).toMatch(/300 centroids would take no less room/);
  });

  test('a node with bits of its own has codes', async () => {
    const { run } = await quantize('weight_quant.cfg', 'clusters=16\nnode_overrides=fc:int4');
    expect(run.clusters?.tensors.map((t) => t.tensor)).toEqual(['conv1_weight']);
    expect(run.sizes.weights.find((w) => w.name === 'fc_weight')).toMatchObject({ bits: 4 });
    expect(run.sizes.weights.find((w) => w.name === 'fc_weight')?.encoding).not.toBe('clusters');
  });
});
