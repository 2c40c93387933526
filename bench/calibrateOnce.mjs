// One calibration in a process that has done nothing before: node bench/calibrateOnce.mjs CORE WASM THREADS MODEL CONFIG
// prints {seconds, cpuSeconds, peakBytes} from opening the model to the ranges of all activations, images read from their
// files. cpuSeconds are those of all threads, which say more than seconds where other work runs beside this.
// peakBytes is the largest resident set: what runs it included.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [corePath, wasmPath, threads, path, configPath] = process.argv.slice(2);
const core = await import(pathToFileURL(corePath).href);
const wasmBytes = readFileSync(wasmPath);
const pools = [];
const pool = (memory) => {
  const entryPath = join(wasmPath, '../kernelThread.cjs');
  const created = core.createThreadPool({ threads: Number(threads), wasmBytes, memory, entryPath });
  pools.push(created);
  return created;
};
const kernels = core.createWasmKernels(wasmBytes, Number(threads) > 1 ? { pool } : {});

const start = performance.now();
const cpuStart = process.cpuUsage();
const open = await core.openModel(core.nodeFiles, path);
const config = { configText: readFileSync(configPath, 'utf8'), configPath };
const settings = await core.openSettings(config, open, core.nodeFiles);
const run = await core.calibrateRun({
  open,
  settings,
  kernels,
  calibration: settings.calibration,
  evaluation: settings.evaluation,
  signal: { aborted: false },
  onProgress: () => undefined,
});
const seconds = (performance.now() - start) / 1000;
const { user, system } = process.cpuUsage(cpuStart);
run.float.release();
const peakBytes = process.resourceUsage().maxRSS * 1024;
console.log(JSON.stringify({ seconds, cpuSeconds: (user + system) / 1e6, peakBytes }));
for (const created of pools) await created.dispose();
