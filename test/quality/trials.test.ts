import { beforeAll, expect, test, vi } from 'vitest';
import { applyChange } from '../../src/config/changes.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import type { NodeFigures, RunView, TrialView } from '../../src/protocol/views.ts';
import { describeWithShared } from '../helpers/sharedData.ts';
import { wasmKernels } from '../kernels/engines.ts';
import { BASELINES, configOf, type RealModel, MOBILENET as WITH_ITS_DATA } from './realModels.ts';
import { openSession, printTable } from './workbench.ts';

vi.setConfig({ testTimeout: 600_000 }); // whole models, perhaps beside other work

/** Whatever the samples, a trial and a full run on them give the same figures. */
const MOBILENET: RealModel = { ...WITH_ITS_DATA, calibrationSamples: 2 };

describeWithShared('trials on real models', () => {
  let kernels: KernelSet;

  beforeAll(async () => {
    kernels = await wasmKernels();
  });

  test.each([
    ['MobileNetV2', MOBILENET],
    ['YOLOX-nano', { ...BASELINES.yolox_nano, calibrationSamples: 2, evaluationSamples: 1 }],
  ] as const)(
    '%s: a skipped node gives what a full run gives, and taking it back the first figures',
    async (name, m) => {
      const session = await openSession(m.path, kernels);
      const configPath = `${m.path}.cfg`;
      const first = await session.quantize({ configText: configOf(m), configPath });
      const handle = middleNode(first);
      const trial = await session.trial({ configText: configOf(m, { skip: [handle] }), configPath });
      const undone = await session.trial({ configText: configOf(m), configPath });
      const fresh = await fullRun(m, handle, kernels);
      const [ran, total] = executedSteps(trial);
      printTable(`${name}: ${handle} skipped`, [
        {
          'cosine before': first.outputs[0]?.cosine ?? 0,
          skipped: trial.run.outputs[0]?.cosine ?? 0,
          'steps run': ran,
          of: total,
          'for the undo': executedSteps(undone)[0],
        },
      ]);
      expect(figures(trial.run)).toEqual(figures(fresh));
      expect(trial.added).toEqual([handle]);
      expect(trial.run.outputs).not.toEqual(first.outputs);
      expect(figures(undone.run)).toEqual(figures(first));
      expect(undone.removed).toEqual([handle]);
      expect(ran).toBeLessThan(total);
      expect(executedSteps(undone)[0]).toBeLessThan(ran);
    },
  );

  test('MobileNetV2: bits, methods and ranges of nodes here and there give what full runs give', async () => {
    const session = await openSession(MOBILENET.path, kernels);
    const configPath = `${MOBILENET.path}.cfg`;
    const base = configOf(MOBILENET);
    const first = await session.quantize({ configText: base, configPath });
    const nodes = first.nodes.filter((n) => n.canSkip && n.quantized && n.opType === 'Conv').map((n) => n.handle);
    const [early = '', middle = '', late = ''] = [nodes[2], nodes[nodes.length >> 1], nodes.at(-2)];
    const rows: Record<string, string | number>[] = [];
    for (const overrides of [{ [late]: 'int16' }, { [middle]: 'range(-1..4)' }, { [early]: 'KL' }]) {
      const configText = applyChange(base, { overrides });
      const trial = await session.trial({ configText, configPath });
      const fresh = await (await openSession(MOBILENET.path, kernels)).quantize({ configText, configPath });
      const { executed, total, stopped, calibrationSteps } = trial.effort;
      rows.push({ change: JSON.stringify(overrides), executed, total, stopped, calibrationSteps });
      expect(figures(trial.run)).toEqual(figures(fresh));
      expect(trial.run.outputs).not.toEqual(first.outputs);
      expect(executed).toBeLessThan(total);
    }
    printTable('MobileNetV2: what trials ran', rows);
  });
});

/** The node in the middle of those that the user may toggle and that make integers. */
function middleNode(run: RunView): string {
  const nodes = run.nodes.filter((n) => n.canSkip && n.quantized && n.opType === 'Conv');
  return nodes[Math.floor(nodes.length / 2)]?.handle ?? '';
}

function fullRun(m: RealModel, handle: string, kernels: KernelSet): Promise<RunView> {
  const params = { configText: configOf(m, { skip: [handle] }), configPath: `${m.path}.cfg` };
  return openSession(m.path, kernels).then((session) => session.quantize(params));
}

/** What a figure says, without the ids of runs. */
function figures(run: RunView): (NodeFigures | RunView['outputs'])[] {
  return [run.outputs, ...run.nodes];
}

function executedSteps(trial: TrialView): readonly [number, number] {
  return [trial.effort.executed, trial.effort.total];
}
