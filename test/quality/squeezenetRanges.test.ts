import { readFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { NEVER } from '../../src/base/abort.ts';
import { nodeFiles } from '../../src/node/files.ts';
import { calibrateRun } from '../../src/session/fullRun.ts';
import { openModel } from '../../src/session/model.ts';
import { buildFor } from '../../src/session/run.ts';
import { openSettings } from '../../src/session/settings.ts';
import { describeWithShared, sharedData } from '../helpers/sharedData.ts';
import { wasmKernels } from '../kernels/engines.ts';
import { configOf, SQUEEZENET } from './realModels.ts';

vi.setConfig({ testTimeout: 600_000 }); // a whole model on 100 images, perhaps beside other work

interface Recorded {
  readonly scale: number;
  readonly zero_point: number;
  readonly calib_range: readonly [number, number];
}

/** Floats are summed in other orders here and there: a scale may differ by this much of itself. */
const SCALE_ERROR = 1e-5;

describeWithShared('SqueezeNet, MAX_MIN on the 100 crops that ONNX Runtime was calibrated on', () => {
  test('has the scales and zero points that ONNX Runtime 1.30 recorded, but for ties', async () => {
    const open = await openModel(nodeFiles, SQUEEZENET.path);
    const config = {
      configText: configOf(SQUEEZENET, { biasCorrection: false }),
      configPath: `${SQUEEZENET.path}.cfg`,
    };
    const settings = await openSettings(config, open, nodeFiles);
    const run = await calibrateRun({
      open,
      settings,
      kernels: await wasmKernels(),
      calibration: settings.calibration,
      evaluation: settings.evaluation,
      signal: NEVER,
      onProgress: () => undefined,
    });
    const build = await buildFor(run, settings, NEVER);
    const file = sharedData('ort-baseline/squeezenet.minmax.pc.s8.json');
    const recorded = new Map(Object.entries<Recorded>(JSON.parse(readFileSync(file, 'utf8')).activations));
    let compared = 0;
    for (const [id, { scale, zeroPoint }] of build.assignment.activations) {
      const name = run.prepared.graph.values.get(id)?.name ?? '';
      const theirs = recorded.get(name);
      if (theirs === undefined) throw new Error(`ONNX Runtime recorded no ${name}`);
      expect(Math.abs((scale[0] as number) / theirs.scale - 1), name).toBeLessThanOrEqual(SCALE_ERROR);
      const exact = -128 - Math.min(theirs.calib_range[0], 0) / theirs.scale;
      // lo / scale is off by the errors of both
      const isTie = Math.abs(Math.abs(exact - Math.trunc(exact)) - 0.5) <= 2 * SCALE_ERROR * Math.abs(exact + 128);
      if (!isTie) expect(zeroPoint[0], name).toBe(theirs.zero_point);
      compared++;
    }
    expect(compared).toBe(recorded.size);
    build.program.release();
    run.float.release();
  });
});
