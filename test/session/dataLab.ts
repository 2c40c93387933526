import { NEVER } from '../../src/base/abort.ts';
import { throwErrors } from '../../src/base/diagnostics.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { nodeFiles } from '../../src/node/files.ts';
import type { DataParts } from '../../src/session/diagnose/data.ts';
import { calibrateRun } from '../../src/session/fullRun.ts';
import { Lab } from '../../src/session/lab.ts';
import { openModel } from '../../src/session/model.ts';
import { resultOf } from '../../src/session/result.ts';
import { buildFor } from '../../src/session/run.ts';
import { openSettings } from '../../src/session/settings.ts';

/** What a session hands to the doctor after a run of `configText`, and the memory of the run to give back. */
export async function dataPartsOf(
  path: string,
  configText: string,
  kernels: KernelSet,
): Promise<DataParts & { release(): void }> {
  const open = await openModel(nodeFiles, path);
  const settings = await openSettings({ configText, configPath: `${path}.cfg` }, open, nodeFiles);
  throwErrors(settings.diagnostics);
  const { calibration, evaluation } = settings;
  const onProgress = () => undefined;
  const common = { settings, signal: NEVER, onProgress };
  const run = await calibrateRun({ open, kernels, calibration, evaluation, ...common });
  const build = await buildFor(run, settings, NEVER);
  const result = await resultOf({ run, build, count: run.sampleCount, ...common });
  const release = () => {
    build.program.release();
    run.float.release();
  };
  return {
    kernels,
    files: nodeFiles,
    clock: { now: () => 0 },
    onProgress,
    lab: new Lab({ run, settings, result }),
    release,
  };
}
