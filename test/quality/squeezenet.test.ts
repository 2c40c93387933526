import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import type { RunView } from '../../src/protocol/views.ts';
import type { Session } from '../../src/session/index.ts';
import { describeWithShared } from '../helpers/sharedData.ts';
import { wasmKernels } from '../kernels/engines.ts';
import { configOf, IMAGENET_LABELS, type RealModel, SQUEEZENET } from './realModels.ts';
import { floatsOf, namedLinks, OnnxRuntime, openSession, printTable, samplesOf, temporaryFolder } from './workbench.ts';

vi.setConfig({ testTimeout: 600_000 }); // whole models, perhaps beside other work

describeWithShared('SqueezeNet, calibrated on 100 crops', () => {
  const folder = temporaryFolder();
  afterAll(() => folder.remove());

  let kernels: KernelSet;
  let m: RealModel;

  beforeAll(async () => {
    kernels = await wasmKernels();
    m = {
      ...SQUEEZENET,
      evaluation: namedLinks(join(folder.path, 'evaluation'), uncalibrated()),
      evaluationSamples: 400,
    };
  });

  test('on the 400 other images float is onnxruntime, and int8 stays close to float', async () => {
    const text = configOf(m, { labels: IMAGENET_LABELS });
    const run = await quantized(m, text, kernels);
    const theirs = await ortTopOne(m, text);
    const [output] = run.outputs;
    const { float, quantized: int8 } = run.accuracy?.top1 ?? { float: Number.NaN, quantized: Number.NaN };
    printTable('SqueezeNet on 400 uncalibrated images', [
      { model: 'onnxruntime float', 'top-1 %': 100 * theirs },
      { model: 'float', 'top-1 %': 100 * float },
      { model: 'int8', 'top-1 %': 100 * int8, cosine: output?.cosine ?? 0, 'SQNR dB': output?.sqnrDb ?? 0 },
    ]);
    expect(run.accuracy?.samples).toBe(400);
    expect(Math.abs(float - theirs)).toBeLessThanOrEqual(0.002);
    expect(output?.cosine).toBeGreaterThanOrEqual(0.994);
    expect(float - int8).toBeLessThanOrEqual(0.015);
  });

  test('one scale for a whole weight is not better than one per channel, least of all for conv1', async () => {
    const few = { ...m, calibrationSamples: 10, evaluationSamples: 8 };
    const found: Record<string, { weight: number; output: number; scales: number }> = {};
    for (const perChannel of [true, false]) {
      const session = await openSession(few.path, kernels);
      const configPath = join(folder.path, 'a.cfg');
      const run = await session.quantize({
        configText: configOf(few, { perChannel, biasCorrection: false }),
        configPath,
      });
      const weight = await firstWeight(session, run);
      found[String(perChannel)] = { ...weight, output: run.outputs[0]?.sqnrDb ?? Number.NaN };
    }
    printTable(
      'SqueezeNet conv1 weight, SQNR in dB',
      Object.entries(found).map(([perChannel, f]) => ({ per_channel: perChannel, ...f })),
    );
    expect([found.true?.scales, found.false?.scales]).toEqual([64, 1]);
    expect(found.false?.weight).toBeLessThanOrEqual(found.true?.weight ?? Number.NaN);
  });
});

/** Images of the sample whose class has no calibration crop; both name files by class. */
function uncalibrated(): string[] {
  const crops = new Set(readdirSync(SQUEEZENET.calibration).map((f) => f.slice(4, -4)));
  const images = readdirSync(SQUEEZENET.evaluation).filter((f) => f.endsWith('.jpg') && !crops.has(f.slice(0, -4)));
  return images.sort().map((f) => join(SQUEEZENET.evaluation, f));
}

async function quantized(m: RealModel, configText: string, kernels: KernelSet): Promise<RunView> {
  return (await openSession(m.path, kernels)).quantize({ configText, configPath: `${m.path}.cfg` });
}

/** Share of the evaluation samples that onnxruntime's float model labels rightly, on the very inputs we run on. */
async function ortTopOne(m: RealModel, configText: string): Promise<number> {
  const { evaluation, labels } = await samplesOf(m.path, configText);
  const ort = await OnnxRuntime.open(m.path, 'all');
  let right = 0;
  for (let i = 0; i < evaluation.count; i++) {
    const scores = floatsOf(await ort.run(evaluation, i), 'softmaxout_1');
    const best = scores.indexOf(Math.max(...scores));
    if (best === labels?.labelOf(evaluation.nameOf(i))) right++;
  }
  await ort.release();
  return right / evaluation.count;
}

/** How well the weight of the first convolution survives, and how many scales it has. */
async function firstWeight(session: Session, run: RunView): Promise<{ weight: number; scales: number }> {
  const { tensors } = await session.details(run.nodes.find((n) => n.opType === 'Conv')?.nodeId ?? -1);
  const weight = tensors.find((t) => t.kind === 'Weight' && t.dims?.length === 4);
  return { weight: weight?.sqnrDb ?? Number.NaN, scales: weight?.quant?.scale.length ?? 0 };
}
