import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Cancelled } from '../../../src/base/abort.ts';
import { nodeFiles } from '../../../src/node/files.ts';
import { isWorse, METRICS, type MetricId, type SampleChoice } from '../../../src/protocol/metrics.ts';
import type { Progress, RunView } from '../../../src/protocol/views.ts';
import { createSession, type Session } from '../../../src/session/index.ts';
import { wasmKernels } from '../../kernels/engines.ts';

const SAMPLE = fileURLToPath(new URL('../../../media/sample', import.meta.url));
const SAMPLES = 6;
const CONFIG = readFileSync(join(SAMPLE, 'full_quant.cfg'), 'utf8')
  .replace('calibrate_size=100', 'calibrate_size=8')
  .replace('evaluate_size=500', `evaluate_size=${SAMPLES}`);
const configPath = join(SAMPLE, 'full_quant.cfg');
const folder = mkdtempSync(join(tmpdir(), 'quantscope-metrics-'));
let session: Session;
let run: RunView;
const seen: Progress[] = [];

beforeAll(async () => {
  let now = 0;
  session = createSession({
    kernels: await wasmKernels(),
    files: nodeFiles,
    clock: { now: () => now++ }, // whatever is measured takes one
    onProgress: (progress) => seen.push(progress),
  });
  await session.open(join(SAMPLE, 'mnist.onnx'));
  run = await session.quantize({ configText: CONFIG, configPath, reportFolder: folder });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const valuesOf = async (metric: MetricId, of: SampleChoice = 'mean'): Promise<number[]> =>
  Array.from((await session.metrics.column({ metric, of })).values);

const each = Array.from({ length: SAMPLES }, (_, i) => i);

describe('a column of figures', () => {
  test('has a number for each node of the file, in its order', async () => {
    for (const { id } of METRICS) {
      const column = await session.metrics.column({ metric: id, of: 'worst' });
      expect(column).toMatchObject({ metric: id, of: 'worst' });
      expect(column.values).toHaveLength(run.nodes.length);
      const measured = column.values.filter((v) => !Number.isNaN(v)).length;
      if (id === 'sensitivity') expect(measured).toBe(0);
      else expect(measured, id).toBeGreaterThan(0);
    }
  });

  test('of the mean is what the run says of its nodes', async () => {
    for (const metric of ['cosine', 'sqnrDb', 'clipRate', 'localSqnrDb'] as const) {
      const expected = run.nodes.map((n) => n[metric] ?? Number.NaN);
      expect(await valuesOf(metric)).toEqual(expected);
    }
  });

  test('of one sample is what the node’s details measure on that sample', async () => {
    let compared = 0;
    for (const [i, { nodeId }] of run.nodes.entries()) {
      const { tensors } = await session.details(nodeId);
      const output = tensors.find((t) => t.role === 'Output');
      if (output === undefined || output.mse === null) continue;
      for (const metric of ['cosine', 'sqnrDb', 'mse'] as const) {
        const value = (await valuesOf(metric, 0))[i];
        if (Number.isNaN(value)) continue;
        expect(value, `${metric} of node ${i}`).toBe(output[metric]);
        compared++;
      }
      const [scale] = output.quant?.scale ?? [];
      const steps = (await valuesOf('rmseScale', 0))[i] as number;
      if (scale === undefined) expect(steps).toBeNaN();
      else if (!Number.isNaN(steps)) expect(steps).toBe(Math.sqrt(output.mse) / scale);
    }
    expect(compared).toBeGreaterThan(9);
  });

  test('of the worst is the worst of the samples, and the mean of relative errors that of the samples', async () => {
    for (const { id, perSample, ...info } of METRICS) {
      if (!perSample) continue;
      const samples = await Promise.all(each.map((i) => valuesOf(id, i)));
      const worst = await valuesOf(id, 'worst');
      for (const [node, value] of worst.entries()) {
        const all = samples.map((s) => s[node] as number).filter((v) => !Number.isNaN(v));
        const expected = all.reduce((a, b) => (isWorse(info, b, a) ? b : a), all[0] ?? Number.NaN);
        expect(value, `${id} of node ${node}`).toBe(expected);
      }
    }
    const errors = await Promise.all(each.map((i) => valuesOf('cumulativeError', i)));
    const mean = await valuesOf('cumulativeError', 'mean');
    expect(new Set(errors.map((e) => e[1])).size, 'samples differ').toBe(SAMPLES);
    mean.forEach((value, node) => {
      if (Number.isNaN(value)) return;
      expect(value).toBeCloseTo(errors.reduce((sum, e) => sum + (e[node] as number), 0) / SAMPLES, 12);
    });
  });

  test('of relative errors is 10^(-dB/20) of the same sample', async () => {
    for (const [error, decibels] of [
      ['cumulativeError', 'sqnrDb'],
      ['localError', 'localSqnrDb'],
    ] as const) {
      const db = await valuesOf(decibels, 2);
      expect(await valuesOf(error, 2)).toEqual(db.map((v) => 10 ** (-v / 20)));
      expect(db.filter((v) => Number.isFinite(v)).length).toBeGreaterThan(1);
    }
  });

  test('names the samples that can be asked for, and refuses others', async () => {
    const { samples } = await session.metrics.column({ metric: 'cosine', of: 'worst' });
    expect(samples).toHaveLength(SAMPLES);
    expect(new Set(samples).size).toBe(SAMPLES);
    expect((await session.metrics.column({ metric: 'macs', of: 'worst' })).samples).toEqual([]);
    for (const of of [SAMPLES, -1, 0.5, Number.NaN]) {
      await expect(session.metrics.column({ metric: 'mse', of })).rejects.toMatchObject({
        diagnostic: { code: 'SES426' },
      });
    }
  });

  test('needs a run, but for sizes and multiply-accumulates', async () => {
    const fresh = createSession({
      kernels: await wasmKernels(),
      files: nodeFiles,
      clock: { now: () => 0 },
      onProgress: () => undefined,
    });
    await expect(fresh.metrics.column({ metric: 'macs', of: 'mean' })).rejects.toMatchObject({
      diagnostic: { code: 'SES401' },
    });
    await fresh.open(join(SAMPLE, 'mnist.onnx'));
    for (const { id, needs } of METRICS) {
      const asked = fresh.metrics.column({ metric: id, of: 'worst' });
      if (needs === 'model') expect((await asked).values).toHaveLength(run.nodes.length);
      else await expect(asked).rejects.toMatchObject({ diagnostic: { code: 'SES401' } });
    }
  });
});

test('a column can be given away without being lost: the next answer is whole', async () => {
  for (const { id } of METRICS) {
    const first = await session.metrics.column({ metric: id, of: 'worst' });
    const { values } = structuredClone(first, { transfer: [first.values.buffer] });
    expect(first.values).toHaveLength(0);
    expect((await session.metrics.column({ metric: id, of: 'worst' })).values, id).toEqual(values);
  }
});

describe('weights and sizes of the sample', () => {
  test('the weight error is that of the worst weight', async () => {
    const errors = await valuesOf('weightError');
    for (const [i, { nodeId, handle }] of run.nodes.entries()) {
      const { tensors } = await session.details(nodeId);
      const weights = tensors.filter((t) => t.kind === 'Weight' && t.quant !== null && t.quant.dtype !== 'int32');
      if (weights.length === 0) expect(errors[i], handle).toBeNaN();
      else {
        const relative = weights.map((w) => 10 ** (-(w.sqnrDb ?? Number.NaN) / 20));
        expect(errors[i], handle).toBeCloseTo(Math.max(...relative), 12);
      }
    }
    expect(errors.filter((e) => e > 0.001 && e < 0.02)).toHaveLength(2); // int8 per channel: conv1 and fc
  });

  test('bytes of all nodes are those of the quantized model', async () => {
    const sum = (await valuesOf('bytes')).reduce((a, b) => a + (Number.isNaN(b) ? 0 : b), 0);
    expect(sum).toBe(run.sizes.quantized);
    expect(sum).toBeLessThan(run.sizes.float / 3);
  });

  test('a node that a trial leaves float has no error of its own any more', async () => {
    const index = run.nodes.findIndex((n) => n.handle === 'fc');
    const before = await valuesOf('weightError');
    const trial = await session.trial({
      configText: `${CONFIG}\n[common_quant_param]\nskip_quant_node=fc\n`,
      configPath,
    });
    expect(trial.run.nodes[index]?.skipped).toBe(true);
    const after = await valuesOf('weightError');
    expect(before[index]).toBeGreaterThan(0);
    expect(after[index]).toBeNaN();
    const { samples, values } = await session.metrics.column({ metric: 'cosine', of: 'mean' });
    expect(samples).toHaveLength(trial.run.samples);
    expect(Array.from(values)).toEqual(trial.run.nodes.map((n) => n.cosine ?? Number.NaN));
    await session.trial({ configText: CONFIG, configPath });
  });
});

describe('times', () => {
  test('count every step of both models once, at the node that makes the result', async () => {
    const [quantized, float] = [await valuesOf('timeMs'), await valuesOf('floatTimeMs')];
    const at = (handle: string): number => run.nodes.findIndex((n) => n.handle === handle);
    const sum = (list: readonly number[]): number => list.reduce((a, b) => a + (Number.isNaN(b) ? 0 : b), 0);
    expect(sum(float)).toBeGreaterThanOrEqual(3); // Conv with its Relu, MaxPool, Gemm at least
    expect(sum(quantized)).toBeGreaterThanOrEqual(3);
    expect(quantized[at('fc')]).toBeGreaterThan(0);
    expect(seen.filter((p) => p.stage === 'time').at(-1)).toMatchObject({ done: 12, total: 12 });
  });

  test('are measured once', async () => {
    const first = await valuesOf('timeMs');
    const reports = seen.length;
    expect(await valuesOf('timeMs')).toEqual(first);
    expect(seen.length).toBe(reports);
  });

  test('stop when they are told to, and are measured when asked again', async () => {
    await session.trial({ configText: `${CONFIG}\n[common_quant_param]\nskip_quant_node=fc\n`, configPath });
    const asked = session.metrics.column({ metric: 'timeMs', of: 'mean' }, { aborted: true });
    await expect(asked).rejects.toBeInstanceOf(Cancelled);
    expect((await valuesOf('timeMs')).some((v) => v > 0)).toBe(true);
  });
});
