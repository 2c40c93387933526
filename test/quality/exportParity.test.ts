import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { FULL_WIDTH } from '../../src/base/fixedPoint.ts';
import type { Tensor } from '../../src/base/tensor.ts';
import type { Node, ValueId } from '../../src/graph/model.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { nodeFiles } from '../../src/node/files.ts';
import type { RunView } from '../../src/protocol/views.ts';
import type { Session } from '../../src/session/index.ts';
import { openModel } from '../../src/session/model.ts';
import { onReference } from '../exec/integerSteps.ts';
import { differing, mostApart, stepsAlone } from '../export/stepsAlone.ts';
import { describeWithShared } from '../helpers/sharedData.ts';
import { wasmKernels } from '../kernels/engines.ts';
import { compareSteps, type StepResult } from './compareSteps.ts';
import { runOrt } from './ortTensors.ts';
import { BASELINES, configOf, MOBILENET, type RealModel, SQUEEZENET } from './realModels.ts';
import { codeTensor, nameOf, type Probe, probeOf, quantizersOf } from './stepParity.ts';
import {
  codesOf,
  cosine,
  dimsOf,
  floatsOf,
  OnnxRuntime,
  type OrtOutputs,
  openSession,
  printTable,
  samplesOf,
  temporaryFolder,
} from './workbench.ts';

vi.setConfig({ testTimeout: 600_000 }); // whole models, perhaps beside other work

const SAMPLE = fileURLToPath(new URL('../../media/sample', import.meta.url));

const MODELS: Readonly<Record<string, RealModel>> = {
  'the sample': {
    path: join(SAMPLE, 'mnist.onnx'),
    input: 'image',
    calibration: join(SAMPLE, 'calibration'),
    evaluation: join(SAMPLE, 'test'),
    calibrationSamples: 20,
    evaluationSamples: 1,
    preprocess: { image_to_format: 'GRAY', normalize_mean: '[0]', normalize_std: '[255]' },
  },
  SqueezeNet: few(SQUEEZENET),
  MobileNetV2: few(MOBILENET),
  UltraFace: few(BASELINES.ultraface),
  'YOLOX-nano': few(BASELINES.yolox_nano),
};

describeWithShared('exported QDQ models in onnxruntime', () => {
  const folder = temporaryFolder();
  let kernels: KernelSet;
  const quantized = new Map<string, { session: Session; run: RunView }>();

  beforeAll(async () => {
    kernels = await wasmKernels();
  });
  afterAll(() => folder.remove());

  async function quantizedOnce(name: string, m: RealModel): Promise<{ session: Session; run: RunView }> {
    let known = quantized.get(name);
    if (known === undefined) {
      const session = await openSession(m.path, kernels);
      const configText = configOf(m, { activationType: 'uint8' });
      const run = await session.quantize({ configText, configPath: `${m.path}.cfg` });
      known = { session, run };
      quantized.set(name, known);
    }
    return known;
  }

  test.each(Object.entries(MODELS))('%s: every integer step makes its codes, ties apart', async (name, m) => {
    const path = join(folder.path, `${name.replace(/\W/g, '')}.onnx`);
    const config = configOf(m);
    const { session, run } = await quantizedOnce(name, m);
    await session.exportModel(path);
    const { evaluation } = await samplesOf(m.path, config);
    const probe = await probeOf(path, kernels);
    const ort = await OnnxRuntime.open(probe.path, 'disabled');
    const theirs = await ort.run(evaluation, 0);
    await ort.release();

    const steps = await stepsOf(probe, theirs);
    const free = await freely(
      path,
      kernels,
      evaluation,
      run.outputs.map((o) => o.name),
    );
    const compared = steps.reduce((n, s) => n + s.elements, 0);
    const different = steps.reduce((n, s) => n + s.different, 0);
    const nearest = steps.reduce((a, b) => (b.fromTie / b.bound > a.fromTie / a.bound ? b : a));
    printTable(`${name}: ${steps.length} integer steps on onnxruntime's own codes`, [
      {
        codes: compared,
        different,
        'furthest from a tie': nearest.fromTie,
        'bound there': nearest.bound,
        'largest bound': Math.max(...steps.map((s) => s.bound)),
        at: nearest.handle,
      },
    ]);
    printTable(`${name}: run freely`, free);
    for (const row of free) {
      const nearest = Math.max(Number(row['cosine to onnxruntime disabled']), Number(row['to all']));
      const spread = 1 - Number(row['its levels to each other']);
      expect(1 - nearest, `${row.output}: no further than its levels are from each other`).toBeLessThanOrEqual(
        Math.max(spread, COSINE_ROUNDING),
      );
    }
    expect(steps.length).toBe(probe.program.steps.filter((s) => s.form === 'integer').length);
    expect(steps.length).toBeGreaterThan(0);
    for (const s of steps) {
      expect([s.handle, s.most], 'codes differ by one at most').toEqual([s.handle, Math.min(s.most, 1)]);
      expect(s.fromTie, `${s.handle} (${s.opType}): ${s.different} of ${s.elements} differ`).toBeLessThanOrEqual(
        s.bound,
      );
    }
    probe.program.release();
  });

  test.each(Object.entries(MODELS))('%s as operators on codes: every one makes its codes', async (name, m) => {
    const path = join(folder.path, `${name.replace(/\W/g, '')}.qoperator.onnx`);
    const config = configOf(m);
    const { session } = await quantizedOnce(name, m);
    const told = await session.exportModel(path, 'QOPERATOR');
    const { model: exported } = await openModel(nodeFiles, path);
    const { evaluation } = await samplesOf(m.path, config);
    const sample = await evaluation.read(0);
    const feeds = new Map(
      exported.graph.inputs.flatMap((id) => {
        const t = sample.get(nameOf(exported.graph, id));
        return t === undefined ? [] : [[id, t] as const];
      }),
    );
    const onCodes = (n: Node): boolean => n.opType.startsWith('QLinear') || n.opType === 'QGemm';
    const steps = await stepsAlone(exported, feeds, { kernels, folder: folder.path, wants: onCodes });
    const elements = steps.reduce((n, s) => n + (s.ours[0]?.data.length ?? 0), 0);
    const different = steps.reduce((n, s) => n + differing(s), 0);
    const most = Math.max(...steps.map(mostApart));
    printTable(`${name}, QOperator: ${steps.length} operators on onnxruntime's own codes`, [
      { codes: elements, different, most, told: told.map((d) => d.message).join(' ') },
    ]);
    expect(steps.length).toBeGreaterThan(0);
    expect(different).toBe(0);

    const ours = await (await openSession(path, kernels)).run(sample);
    const { values } = await runOrt(exported, feeds, { folder: folder.path, level: 'disabled', wanted: [] });
    for (const id of exported.graph.outputs)
      expect(
        cosine(ours.get(nameOf(exported.graph, id))?.data as Float32Array, values.get(id)?.data as Float32Array),
        nameOf(exported.graph, id),
      ).toBeGreaterThan(0.99999);
  });

  test('requantizer=fixedPoint differs from fp32 by one code at most, and only at ties', async () => {
    const m = few(SQUEEZENET);
    const path = join(folder.path, 'fixedPoint.onnx');
    const session = await openSession(m.path, kernels);
    const configText = configOf(m, { requantizer: 'fixedPoint' });
    const run = await session.quantize({ configText, configPath: `${m.path}.cfg` });
    const fp32 = await (await openSession(m.path, kernels)).quantize({
      configText: configOf(m),
      configPath: `${m.path}.cfg`,
    });
    await session.exportModel(path);
    const { evaluation } = await samplesOf(m.path, configText);
    const exact = await probeOf(path, kernels, 'fp32');
    const fixed = await probeOf(path, kernels, FULL_WIDTH);
    const ort = await OnnxRuntime.open(exact.path, 'disabled');
    const codes = codesById(exact, await ort.run(evaluation, 0));
    await ort.release();
    let [compared, different, most] = [0, 0, 0];
    for (const step of exact.program.steps.filter((s) => s.form === 'integer')) {
      const other = fixed.program.steps[step.index];
      if (other === undefined) throw new Error('both flavours have the same steps');
      expect(other.outputs).toEqual(step.outputs);
      const [a, b] = [onReference(exact.program, step, codes).data, onReference(fixed.program, other, codes).data];
      for (let i = 0; i < a.length; i++) {
        const apart = Math.abs(Number(a[i]) - Number(b[i]));
        if (apart > 0) different++;
        most = Math.max(most, apart);
      }
      compared += a.length;
    }
    printTable('SqueezeNet, fixedPoint beside fp32, node by node', [
      {
        codes: compared,
        different,
        share: different / compared,
        most,
        'cosine fp32': fp32.outputs[0]?.cosine ?? 0,
        'cosine fixedPoint': run.outputs[0]?.cosine ?? 0,
      },
    ]);
    expect(most).toBeLessThanOrEqual(1);
    expect(different / compared).toBeLessThanOrEqual(FIXED_POINT_SHARE);
    exact.program.release();
    fixed.program.release();
  });
});

/** A cosine of equal vectors is 1 but for the roundings of its sums: 2^-53 for each of 10^4 terms, at random. */
const COSINE_ROUNDING = 2 ** -53 * 1e4;

/**
 * fp32 rounds three times, u = 2^-24 each, of at most 255 steps: a code may differ within 255 * 3 u of a tie, on both
 * sides. Where fractions are spread evenly, that is this share of the codes.
 */
const FIXED_POINT_SHARE = 2 * 255 * 3 * 2 ** -24;

/** Runs every integer step alone on the codes that ONNX Runtime made. */
function stepsOf(probe: Probe, theirs: OrtOutputs): Promise<StepResult[]> {
  const { graph } = probe.model;
  const quantizers = new Map(quantizersOf(graph).map((q) => [q.outputs[0], q]));
  return compareSteps({
    ...probe,
    codes: codesById(probe, theirs),
    floatsOf: async (_, id) => floatsOf(theirs, nameOf(graph, quantizers.get(id)?.inputs[0])),
  });
}

function codesById({ model }: Probe, theirs: OrtOutputs): Map<ValueId, Tensor> {
  const codes = new Map<ValueId, Tensor>();
  for (const { outputs } of quantizersOf(model.graph)) {
    const [id] = outputs;
    const name = nameOf(model.graph, id);
    if (id !== undefined) codes.set(id, codeTensor(dimsOf(theirs, name), codesOf(theirs, name)));
  }
  return codes;
}

/** Whole models on one sample: ours, and ONNX Runtime at both levels. */
async function freely(
  path: string,
  kernels: KernelSet,
  evaluation: Awaited<ReturnType<typeof samplesOf>>['evaluation'],
  names: readonly string[],
): Promise<Record<string, string | number>[]> {
  const ours = await (await openSession(path, kernels)).run(await evaluation.read(0));
  const outputs: Record<string, OrtOutputs> = {};
  for (const level of ['disabled', 'all'] as const) {
    const ort = await OnnxRuntime.open(path, level);
    outputs[level] = await ort.run(evaluation, 0);
    await ort.release();
  }
  return names.map((name) => {
    const at = (level: 'disabled' | 'all'): Float32Array => floatsOf(outputs[level] ?? {}, name);
    const own = ours.get(name)?.data as Float32Array;
    return {
      output: name,
      'cosine to onnxruntime disabled': cosine(own, at('disabled')),
      'to all': cosine(own, at('all')),
      'its levels to each other': cosine(at('all'), at('disabled')),
    };
  });
}

/** Enough samples for parameters that make sense: parity does not depend on how good they are. */
function few(m: RealModel): RealModel {
  return { ...m, calibrationSamples: 4, evaluationSamples: 1 };
}
