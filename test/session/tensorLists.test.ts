import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { Cancelled } from '../../src/base/abort.ts';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import { nodeFiles } from '../../src/node/files.ts';
import type { TensorTable } from '../../src/protocol/tensorTable.ts';
import type { Progress } from '../../src/protocol/views.ts';
import type { TensorReport, TensorStats } from '../../src/report/reportTypes.ts';
import { nodeDetails } from '../../src/session/details.ts';
import { createSession } from '../../src/session/index.ts';
import type { Result } from '../../src/session/result.ts';
import type { RunState } from '../../src/session/run.ts';
import { MeanRows, WorstRows } from '../../src/session/tensorList/rows.ts';
import { TensorLists } from '../../src/session/tensorList/tensorLists.ts';
import { evaluated } from './evaluated.ts';

const SAMPLE = fileURLToPath(new URL('../../media/sample', import.meta.url));
const configText = readFileSync(`${SAMPLE}/full_quant.cfg`, 'utf8')
  .replace('calibrate_size=100', 'calibrate_size=12')
  .replace('evaluate_size=500', 'evaluate_size=11');
const ROUNDED_SUM = 1e-12;

let run: RunState;
let result: Result;
const progress: Progress[] = [];
const lists = new TensorLists(() => ({
  open: run.open,
  after: { run, result },
  onProgress: (p) => void progress.push(p),
}));
beforeAll(async () => {
  ({ run, result } = await evaluated(`${SAMPLE}/mnist.onnx`, { configText, configPath: `${SAMPLE}/full_quant.cfg` }));
});

describe('figures of all tensors', () => {
  test('of one sample are what the details of each node say of it', async () => {
    const table = await lists.list(0);
    expect(table.samples).toBe(1);
    let row = 0;
    for (const node of run.open.model.graph.nodes) {
      const view = run.open.view.nodes.find((n) => n.id === node.id)!;
      const details = await nodeDetails({ run, result, node, view, figures: null, requantizer: null });
      for (const tensor of details.tensors) {
        const at = `${node.handle} ${tensor.name}`;
        for (const name of ['cosine', 'sqnrDb', 'mse', 'clipRate', 'saturation'] as const) {
          expect(table.pair[name][row], `${at} ${name}`).toBe(tensor[name] ?? Number.NaN);
        }
        for (const name of ['min', 'median', 'variance', 'sparsity'] as const) {
          expect(table.origin[name][row], `${at} ${name}`).toBe(tensor.origin?.[name] ?? Number.NaN);
          expect(table.dequant[name][row], `${at} ${name}`).toBe(tensor.dequant?.[name] ?? Number.NaN);
        }
        expect(table.channels[row], at).toBe(tensor.quant?.scale.length ?? Number.NaN);
        expect(table.codeTypes[table.codeType[row] as number], at).toBe(tensor.quant?.dtype ?? '');
        if (tensor.quant !== null) {
          expect(table.scaleLeast[row], at).toBe(Math.min(...tensor.quant.scale));
          expect(table.scaleGreatest[row], at).toBe(Math.max(...tensor.quant.scale));
        }
        row++;
      }
    }
    expect(table.rows).toBe(row);
    expect(row).toBeGreaterThan(10);
  });

  test('of the worst sample are those of the sample with the least cosine; the mean is the mean of all', async () => {
    const worst = await lists.list('worst');
    const mean = await lists.list('mean');
    const each: TensorTable[] = [];
    for (let i = 0; i < run.sampleCount; i++) each.push(await lists.list(i));
    expect(worst.samples).toBe(11);
    for (let row = 0; row < worst.rows; row++) {
      const cosines = each.map((t) => t.pair.cosine[row] as number);
      if (Number.isNaN(cosines[0])) {
        expect(worst.pair.cosine[row]).toBeNaN();
        continue;
      }
      expect(worst.pair.cosine[row]).toBe(Math.min(...cosines));
      const sample = worst.sample[row] as number;
      if (!Number.isNaN(sample)) expect(worst.origin.max[row]).toBe(each[sample]?.origin.max[row]);
      const average = cosines.reduce((a, b) => a + b, 0) / cosines.length;
      expect(Math.abs((mean.pair.cosine[row] as number) - average)).toBeLessThan(ROUNDED_SUM);
      expect(mean.origin.max[row]).toBe(Math.max(...each.map((t) => t.origin.max[row] as number)));
    }
  });

  test('are measured once, and say how far they are', async () => {
    const before = progress.length;
    expect(await lists.list('worst')).toBe(await lists.list('worst'));
    expect(progress).toHaveLength(before);
    expect(new Set(progress.map((p) => p.stage))).toEqual(new Set(['measure']));
    expect(progress.at(-1)).toMatchObject({ done: 1, total: 1 });
  });

  test('end when they are cancelled, and can be asked for again', async () => {
    const other = new TensorLists(() => ({ open: run.open, after: { run, result }, onProgress: () => undefined }));
    let asked = 0;
    const signal = {
      get aborted() {
        return ++asked > 40;
      },
    };
    await expect(other.list('mean', signal)).rejects.toThrow(Cancelled);
    expect((await other.list('mean')).samples).toBe(11);
  });

  test('are refused before a run, and of samples that are not there', async () => {
    const none = new TensorLists(() => ({ open: run.open, after: undefined, onProgress: () => undefined }));
    await expect(none.list('worst')).rejects.toMatchObject({ diagnostic: { code: 'SES401' } });
    for (const sample of [-1, 11, 0.5]) {
      await expect(lists.list(sample)).rejects.toMatchObject({ diagnostic: { code: 'SES426' } });
    }
  });
});

describe('rows', () => {
  test('without a report have no figures', () => {
    for (const rows of [new WorstRows(2), new MeanRows(2)]) {
      rows.add(1, report(0.5, 3), 0);
      const { pair, origin } = rows.finish();
      expect([...pair.cosine]).toEqual([Number.NaN, 0.5]);
      expect([...origin.max]).toEqual([Number.NaN, 3]);
    }
  });

  test('take the mean of the decibels that are finite, the first of equally bad samples, and extremes of all', () => {
    const worst = new WorstRows(1);
    const mean = new MeanRows(1);
    const reports = [
      { ...report(1, 1), sqnrDb: Number.POSITIVE_INFINITY },
      { ...report(0.5, 7), sqnrDb: 10 },
      { ...report(0.5, 2), sqnrDb: 20 },
    ];
    reports.forEach((r, sample) => {
      worst.add(0, r, sample);
      mean.add(0, r);
    });
    expect(worst.finish().sample[0]).toBe(1);
    const { pair, origin } = mean.finish();
    expect(pair.sqnrDb[0]).toBe(15);
    expect(origin.max[0]).toBe(7);
    expect(origin.mean[0]).toBe(10 / 3);
  });

  test('that are exact on all samples are exact', () => {
    const mean = new MeanRows(1);
    for (let i = 0; i < 2; i++) mean.add(0, { ...report(1, 1), sqnrDb: Number.POSITIVE_INFINITY });
    const { pair } = mean.finish();
    expect(pair.sqnrDb[0]).toBe(Number.POSITIVE_INFINITY);
    expect(pair.cosine[0]).toBe(1);
  });

  test('that have no clip rate on any sample have none', () => {
    const mean = new MeanRows(1);
    mean.add(0, { ...report(1, 1), clipRate: null, saturation: null });
    mean.add(0, { ...report(1, 1), clipRate: null, saturation: null });
    expect(mean.finish().pair.clipRate[0]).toBeNaN();
  });
});

function report(cosine: number, level: number): TensorReport {
  const stats: TensorStats = {
    count: 1,
    min: level,
    q1: level,
    median: level,
    q3: level,
    max: level,
    mean: level,
    variance: 0,
    sparsity: 0,
    nan: 0,
    inf: 0,
  };
  return { origin: stats, dequant: stats, clipRate: 0, saturation: 0, cosine, sqnrDb: 10, mse: 1 };
}

describe('figures of all tensors by other methods', () => {
  test.each(['weight_quant.cfg', 'dynamic_quant.cfg', 'mixed_bit.cfg'])(
    '%s: are what the details say',
    async (config) => {
      const session = createSession({
        kernels: createJsKernels(),
        files: nodeFiles,
        clock: { now: () => 0 },
        onProgress: () => undefined,
      });
      await session.open(`${SAMPLE}/mnist.onnx`);
      const path = `${SAMPLE}/${config}`;
      const text = readFileSync(path, 'utf8')
        .replace('evaluate_size=500', 'evaluate_size=3')
        .replace(/^debug_info.*$/m, '');
      const view = await session.quantize({ configText: text, configPath: path });
      const table = await session.tensorLists.list(0);
      const views = [];
      for (const { nodeId } of view.nodes) views.push(...(await session.details(nodeId)).tensors);
      expect(table.rows).toBe(views.length);
      views.forEach((tensor, row) => {
        expect([table.pair.cosine[row], table.origin.max[row]], tensor.name).toEqual([
          tensor.cosine ?? Number.NaN,
          tensor.origin?.max ?? Number.NaN,
        ]);
      });
      expect(views.filter((v) => v.kind === 'Weight' && (v.cosine ?? 1) < 1).length).toBeGreaterThan(0);
    },
  );
});
