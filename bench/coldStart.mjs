// From a worker that is up to the first output of a model, in a process that has run nothing before:
// node bench/coldStart.mjs CORE WASM MODEL; prints the milliseconds at which each stage was done. Inputs are zeros.
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

if (isMainThread) {
  const worker = new Worker(new URL(import.meta.url), { workerData: process.argv.slice(2) });
  worker.on('message', (stages) => console.log(JSON.stringify(stages)));
} else {
  const [corePath, wasmPath, path] = workerData;
  const core = await import(pathToFileURL(corePath).href);
  const up = performance.now();
  const stages = {};
  const stage = (name) => {
    stages[name] = performance.now() - up;
  };
  const kernels = core.createWasmKernels(readFileSync(wasmPath));
  stage('kernels');
  const open = await core.openModel(core.nodeFiles, path);
  stage('open');
  const prepared = await core.prepare(open, kernels, new Map());
  stage('prepare');
  const program = await core.compileGraph({ open, prepared, kernels, requantizer: 'fp32' }, prepared.graph);
  stage('compile');
  const feeds = new Map(
    [...prepared.inputDims].map(([id, dims]) => [
      id,
      core.tensor('float32', dims, new Float32Array(dims.reduce((a, b) => a * b, 1))),
    ]),
  );
  program.start(feeds).finish();
  stage('output');
  parentPort.postMessage(stages);
}
