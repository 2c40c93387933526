import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { ensureBuild } from '../../scripts/lib/build.mjs';
import { ROOT } from '../../scripts/lib/root.mjs';

/** Models and data beside the checkout. */
export const SHARED = process.env.QUANTSCOPE_SHARED_DATA ?? join(ROOT, '..', 'shared', 'data');
export const WASM = join(ROOT, 'dist/kernels.wasm');
/** What {@link loadCore} loads, for those who want it in a thread of their own. */
export const CORE = join(ROOT, 'out/bench/core.mjs');

const CONTENTS = `
export { applyChange } from './src/config/changes.ts';
export { seededRandom } from './src/base/random.ts';
export { tensor } from './src/base/tensor.ts';
export { viewArray } from './src/base/dtype.ts';
export { readNpy, writeNpy } from './src/data/npy.ts';
export { nodeFiles } from './src/node/files.ts';
export { createSweepCrew } from './src/node/sweepCrew.ts';
export { createThreadPool } from './src/node/threads.ts';
export { valuesOfCodes } from './src/base/floatBits.ts';
export { feedsById } from './src/quant/calibrate.ts';
export { compareTensors } from './src/report/compare.ts';
export { commonTop, spearman } from './src/sensitivity/ranks.ts';
export { createSession } from './src/session/index.ts';
export { openModel } from './src/session/model.ts';
export { calibrateRun } from './src/session/fullRun.ts';
export { Lab } from './src/session/lab.ts';
export { resultOf } from './src/session/result.ts';
export { buildFor } from './src/session/run.ts';
export { SearchDesk } from './src/session/search/searchDesk.ts';
export { skipUnitsOf } from './src/session/search/skipTask.ts';
export { FIGURE_JUDGES } from './src/whatif/judge.ts';
export { openSettings } from './src/session/settings.ts';
export { compileGraph, prepare } from './src/session/prepared.ts';
export { createWasmKernels } from './src/wasm/load.ts';
`;

/** Builds what is missing and imports the core: a bundle in a file, so that profiles and stacks are readable. */
export async function loadCore() {
  await ensureBuild();
  mkdirSync(dirname(CORE), { recursive: true });
  const stdin = { contents: CONTENTS, resolveDir: ROOT, loader: 'ts' };
  const loader = { '.wasm': 'binary' };
  await build({ stdin, outfile: CORE, bundle: true, loader, format: 'esm', platform: 'node', target: 'node20' });
  return { ...(await import(pathToFileURL(CORE).href)), wasmBytes: readFileSync(WASM) };
}

/** Whether the shared data lies beside the checkout; says so where it does not. */
export function hasShared() {
  const there = existsSync(join(SHARED, 'INVENTORY.tsv'));
  if (!there) console.log(`left out: models of the shared data (none at ${SHARED})`);
  return there;
}

export function machineOf() {
  const [cpu] = cpus();
  return {
    cpu: cpu?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    os: `${process.platform} ${process.arch}`,
    /** Processes that ran at the start, over a minute: near 0 on an idle machine. */
    load: Number(loadavg()[0].toFixed(2)),
  };
}

/** `AMD EPYC, 2 cores, ...`, as figures are quoted with. */
export function machineText(m) {
  return `${m.cpu}, ${m.cores} cores, ${m.memoryGiB} GiB, Node ${m.node}, ${m.os}, load ${m.load}`;
}
