import { NEVER } from '../../src/base/abort.ts';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import { nodeFiles } from '../../src/node/files.ts';
import { calibrateRun } from '../../src/session/fullRun.ts';
import { openModel } from '../../src/session/model.ts';
import { type Result, resultOf } from '../../src/session/result.ts';
import { buildFor, type RunState } from '../../src/session/run.ts';
import { openSettings, type RunRequest } from '../../src/session/settings.ts';

/** A run as the session holds it, for what is built on one. */
export async function evaluated(path: string, request: RunRequest): Promise<{ run: RunState; result: Result }> {
  const open = await openModel(nodeFiles, path);
  const settings = await openSettings(request, open, nodeFiles);
  const parts = { open, settings, signal: NEVER, onProgress: () => undefined };
  const { calibration, evaluation } = settings;
  const run = await calibrateRun({ ...parts, kernels: createJsKernels(), calibration, evaluation });
  const build = await buildFor(run, settings, NEVER);
  return { run, result: await resultOf({ ...parts, run, build, count: run.sampleCount }) };
}
