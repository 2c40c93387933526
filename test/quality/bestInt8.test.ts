import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { describeWithShared, sharedData } from '../helpers/sharedData.ts';
import { wasmKernels } from '../kernels/engines.ts';
import { BASELINES, configOf, type RealModel, SQUEEZENET } from './realModels.ts';
import { cosine, floatsOf, OnnxRuntime, openSession, printTable, samplesOf, temporaryFolder } from './workbench.ts';

vi.setConfig({ testTimeout: 600_000 }); // whole models, perhaps beside other work

type Name = keyof typeof BASELINES;

/** Keys of [quantscope] that make full int8 most exact, by what stands out in the model; exponents are the best here. */
const BALANCED = ['calibration_method=OUTPUT_MSE', 'channel_balance=insert'];
const ROUNDED = ['weight_rounding=least_squares'];
const BEST: Readonly<Record<Name, readonly string[]>> = {
  yolox_nano: [...BALANCED, 'channel_balance_exponent=0.9'],
  ppocrv4_det: [...BALANCED, 'channel_balance_exponent=0.5'],
  ultraface: ROUNDED,
};

/** What int8 must reach beyond ONNX Runtime's best recorded SQNR, in dB. */
const AHEAD: Readonly<Record<Name, number>> = { yolox_nano: 3, ppocrv4_det: 3, ultraface: 0 };

/** How far Percentile is ahead of MinMax on SqueezeNet in ONNX Runtime's record, 28.4 to 27.9 dB. */
const PERCENTILE_AHEAD = 0.5;

describeWithShared('best int8 beside the best of ONNX Runtime, no node left float', () => {
  const folder = temporaryFolder();
  let kernels: KernelSet;
  let recorded: Record<string, Record<string, { readonly cosine_mean: number; readonly sqnr_db_mean: number }>>;

  beforeAll(async () => {
    kernels = await wasmKernels();
    recorded = JSON.parse(readFileSync(sharedData('ort-baseline/detectors.json'), 'utf8'));
  });
  afterAll(() => folder.remove());

  test.each(['ultraface', 'yolox_nano', 'ppocrv4_det'] as const)('%s', async (name) => {
    const m = BASELINES[name];
    const session = await openSession(m.path, kernels);
    const configText = `${configOf(m, { biasCorrection: false })}${BEST[name].join('\n')}\n`;
    const run = await session.quantize({ configText, configPath: `${m.path}.cfg` });
    const floats = run.nodes.filter((n) => n.form === 'skipped');
    expect(floats).toEqual([]);

    const exported = join(folder.path, `${name}.onnx`);
    await session.exportModel(exported);
    const inOrt = await againstFloat(m, exported);
    const rows = run.outputs.map((o) => ({
      output: o.name,
      ...bestOf(name, o.name),
      cosine: o.cosine,
      'SQNR dB': o.sqnrDb,
      'exported, in onnxruntime, cosine': inOrt.get(o.name)?.cosine ?? Number.NaN,
      'exported, in onnxruntime, SQNR dB': inOrt.get(o.name)?.sqnrDb ?? Number.NaN,
    }));
    printTable(`${name}, int8 output against float`, rows);
    for (const row of rows) {
      expect(row['SQNR dB']).toBeGreaterThanOrEqual(row['onnxruntime, best SQNR dB'] + AHEAD[name]);
      expect(row['exported, in onnxruntime, SQNR dB']).toBeGreaterThan(row['onnxruntime, best SQNR dB']);
    }
  });

  test('squeezenet, beside ONNX Runtime on the same images', async () => {
    const m = { ...SQUEEZENET, evaluationSamples: 60 };
    const session = await openSession(m.path, kernels);
    const configText = `${configOf(m, { biasCorrection: false })}${ROUNDED.join('\n')}\n`;
    const run = await session.quantize({ configText, configPath: `${m.path}.cfg` });
    const theirs = await againstFloat(m, sharedData('ort-baseline/models/squeezenet.minmax.pc.s8.onnx'));
    const [output] = run.outputs;
    const minMax = theirs.get(output?.name ?? '')?.sqnrDb ?? Number.NaN;
    printTable('squeezenet, int8 output against float', [
      {
        output: output?.name ?? '',
        'onnxruntime MinMax, SQNR dB': minMax,
        'onnxruntime Percentile, SQNR dB': minMax + PERCENTILE_AHEAD,
        cosine: output?.cosine ?? Number.NaN,
        'SQNR dB': output?.sqnrDb ?? Number.NaN,
      },
    ]);
    expect(output?.sqnrDb).toBeGreaterThanOrEqual(minMax + PERCENTILE_AHEAD);
  });

  /** The best of ONNX Runtime's methods and types, as recorded with its integer kernels. */
  function bestOf(name: Name, output: string) {
    const all = Object.entries(recorded)
      .filter(([key]) => key.startsWith(`${name} `) && key.endsWith(' all'))
      .flatMap(([, outputs]) => outputs[output] ?? []);
    return {
      'onnxruntime, best cosine': Math.max(...all.map((o) => o.cosine_mean)),
      'onnxruntime, best SQNR dB': Math.max(...all.map((o) => o.sqnr_db_mean)),
    };
  }
});

/** Means over the evaluation samples of the exported model beside the float model of the file, both in ONNX Runtime. */
async function againstFloat(
  m: RealModel,
  exported: string,
): Promise<ReadonlyMap<string, { readonly cosine: number; readonly sqnrDb: number }>> {
  const { evaluation } = await samplesOf(m.path, configOf(m));
  const float = await OnnxRuntime.open(m.path, 'all');
  const ours = await OnnxRuntime.open(exported, 'disabled');
  const sums = new Map<string, { cosine: number; sqnrDb: number }>();
  for (let i = 0; i < evaluation.count; i++) {
    const expected = await float.run(evaluation, i);
    const found = await ours.run(evaluation, i);
    for (const name of Object.keys(expected)) {
      const [x, y] = [floatsOf(expected, name), floatsOf(found, name)];
      const sum = sums.get(name) ?? { cosine: 0, sqnrDb: 0 };
      sums.set(name, sum);
      sum.cosine += cosine(x, y) / evaluation.count;
      sum.sqnrDb += sqnrOf(x, y) / evaluation.count;
    }
  }
  await float.release();
  await ours.release();
  return sums;
}

function sqnrOf(x: Float32Array, y: Float32Array): number {
  let [signal, noise] = [0, 0];
  x.forEach((v, i) => {
    signal += v * v;
    noise += (v - (y[i] as number)) ** 2;
  });
  return 10 * Math.log10(signal / noise);
}
