import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { nodeFiles } from '../../src/node/files.ts';
import type { OutputFigures } from '../../src/protocol/views.ts';
import { openModel } from '../../src/session/model.ts';
import { compileGraph, prepare } from '../../src/session/prepared.ts';
import { toleranceOf } from '../exec/tolerance.ts';
import { describeWithShared, sharedData } from '../helpers/sharedData.ts';
import { wasmKernels } from '../kernels/engines.ts';
import { differences, quantizationOf } from './quantizationOf.ts';
import { BASELINES, configOf, type RealModel } from './realModels.ts';
import { cosine, floatsOf, OnnxRuntime, openSession, printTable, samplesOf, temporaryFolder } from './workbench.ts';

vi.setConfig({ testTimeout: 600_000 }); // whole models, perhaps beside other work

type Name = keyof typeof BASELINES;

describeWithShared('detectors beside ONNX Runtime, MinMax, per channel, int8', () => {
  const folder = temporaryFolder();
  let kernels: KernelSet;
  let recorded: Record<string, Record<string, { readonly cosine_mean: number; readonly sqnr_db_mean: number }>>;

  beforeAll(async () => {
    kernels = await wasmKernels();
    recorded = JSON.parse(readFileSync(sharedData('ort-baseline/detectors.json'), 'utf8'));
  });
  afterAll(() => folder.remove());

  test.each(['ultraface', 'ppocrv4_det', 'yolox_nano'] as const)('%s', async (name) => {
    const m = BASELINES[name];
    const theirModel = sharedData(`ort-baseline/${name}/minmax.pc.s8.onnx`);
    const exported = join(folder.path, `${name}.onnx`);
    const session = await openSession(m.path, kernels);
    const plain = await quantize(session, m, false);
    await session.exportModel(exported);
    const corrected = CORRECTED.includes(name) ? await quantize(session, m, true) : [];

    const theirs = await ortFigures(m, theirModel, exported);
    const record = recorded[`${name} minmax.pc.s8 all`] ?? {};
    const rows = plain.map((o, i) => {
      const { mean, uncertainty } = figureOf(theirs, o.name);
      return {
        output: o.name,
        cosine: o.cosine,
        'onnxruntime disabled': mean.disabled,
        'onnxruntime all': mean.all,
        'onnxruntime on ours': mean.ours,
        recorded: record[o.name]?.cosine_mean ?? Number.NaN,
        allowed: uncertainty,
        corrected: corrected[i]?.cosine ?? Number.NaN,
        'SQNR dB': o.sqnrDb,
        'SQNR recorded': record[o.name]?.sqnr_db_mean ?? Number.NaN,
        'SQNR corrected': corrected[i]?.sqnrDb ?? Number.NaN,
      };
    });
    printTable(`${name}, output against float`, rows);
    for (const row of rows) {
      const least = Math.min(row['onnxruntime disabled'], row['onnxruntime all']);
      expect(row.cosine).toBeGreaterThanOrEqual(least - row.allowed);
      if (row.recorded > NO_CHAOS) expect(row.cosine).toBeGreaterThanOrEqual(row.recorded - ROUNDED);
    }

    const compared = differences(await quantizationOf(exported), await quantizationOf(theirModel));
    const { activations, constants, scalesApart, raised } = compared;
    const allowed = await scaleTolerance(m, kernels);
    console.log(
      `${name}: ${activations} activations, ${constants} constants; scales apart at most ${scalesApart} (${allowed} allowed), ${raised} channels raised for their bias`,
    );
    expect(compared.found).toEqual([]);
    expect(activations).toBeGreaterThan(50);
    expect(scalesApart).toBeLessThanOrEqual(allowed);
    expect(raised).toBeLessThanOrEqual(RAISED[name]);
  });
});

/** Where it is also measured with bias correction; a second run of YOLOX-nano would only cost time. */
const CORRECTED: readonly Name[] = ['ultraface', 'ppocrv4_det'];

/** Networks this good do not amplify rounding: there the record itself is the measure, up to its last decimal. */
const NO_CHAOS = 0.999;
const ROUNDED = 0.5e-5;

/** Dead channels, whose bias would leave int32 unless their scale is raised; weight and bias count. */
const RAISED: Readonly<Record<Name, number>> = { ultraface: 0, ppocrv4_det: 2, yolox_nano: 0 };

async function quantize(
  session: Awaited<ReturnType<typeof openSession>>,
  m: RealModel,
  biasCorrection: boolean,
): Promise<readonly OutputFigures[]> {
  const run = await session.quantize({ configText: configOf(m, { biasCorrection }), configPath: `${m.path}.cfg` });
  return run.outputs;
}

const LEVELS = ['disabled', 'all', 'ours'] as const;
/** Their model at two levels, and the model we exported, at level disabled. */
type Level = (typeof LEVELS)[number];
type OrtFigures = ReadonlyMap<string, Readonly<Record<Level, readonly number[]>>>;

/** Cosine of ONNX Runtime's quantized model, by output, level and sample. */
async function ortFigures(m: RealModel, theirs: string, ours: string): Promise<OrtFigures> {
  const { evaluation } = await samplesOf(m.path, configOf(m));
  const float = await OnnxRuntime.open(m.path, 'all');
  const levels = {
    disabled: await OnnxRuntime.open(theirs, 'disabled'),
    all: await OnnxRuntime.open(theirs, 'all'),
    ours: await OnnxRuntime.open(ours, 'disabled'),
  };
  const figures = new Map<string, Record<Level, number[]>>();
  for (let i = 0; i < evaluation.count; i++) {
    const expected = await float.run(evaluation, i);
    for (const level of LEVELS) {
      const found = await levels[level].run(evaluation, i);
      for (const name of Object.keys(expected)) {
        const byLevel = figures.get(name) ?? { disabled: [], all: [], ours: [] };
        byLevel[level].push(cosine(floatsOf(expected, name), floatsOf(found, name)));
        figures.set(name, byLevel);
      }
    }
  }
  for (const session of [float, ...Object.values(levels)]) await session.release();
  return figures;
}

/**
 * Means over the samples, and how far the mean of another execution of the same integers may lie from them. ONNX
 * Runtime's levels, and our parameters that are a few float32 roundings away from its own, only change how some values
 * round; yet in a deep network that is new noise, and the figure of one sample differs by as much as this says. With n
 * samples the mean of such differences, of root mean square d, has a standard error of d / sqrt(n); three are allowed.
 * The last term is the float32 rounding of the outputs themselves.
 */
function figureOf(theirs: OrtFigures, name: string): { mean: Record<Level, number>; uncertainty: number } {
  const { disabled, all, ours } = theirs.get(name) ?? { disabled: [], all: [], ours: [] };
  const n = disabled.length;
  const apart = (x: readonly number[], i: number): number => Math.abs((x[i] ?? Number.NaN) - (disabled[i] ?? 0));
  const squares = disabled.map((_, i) => Math.max(apart(all, i), apart(ours, i)) ** 2);
  const mean = (x: readonly number[]): number => x.reduce((a, b) => a + b, 0) / n;
  return {
    mean: { disabled: mean(disabled), all: mean(all), ours: mean(ours) },
    uncertainty: 3 * Math.sqrt(mean(squares) / n) + 2 ** -22,
  };
}

/** Ranges are extremes of float activations, which two correct float runs make this far apart; 1e-5 at least. */
async function scaleTolerance(m: RealModel, kernels: KernelSet): Promise<number> {
  const open = await openModel(nodeFiles, m.path);
  const prepared = await prepare(open, kernels, new Map());
  const program = await compileGraph({ open, prepared, kernels, requantizer: 'fp32' }, prepared.graph);
  const tolerance = toleranceOf(program, open.model.opsets);
  program.release();
  return Math.max(1e-5, tolerance);
}
