// Whole models against ONNX Runtime, in turns in one process, medians:
// node bench/models.mjs [--only TEXT] [--json FILE]
// Samples are noise: time does not depend on them. Models come from the shared data beside the checkout.
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CORE, hasShared, loadCore, machineOf, machineText, SHARED, WASM } from './lib/core.mjs';
import { COLD_START, chosenModels, isColdStartChosen, PEERS } from './lib/models.mjs';
import { Ours } from './lib/ours.mjs';
import { peer } from './lib/peers.mjs';
import { median, medians } from './lib/timing.mjs';

const COLD_STARTS = 7;

const { values: options } = parseArgs({ options: { json: { type: 'string' }, only: { type: 'string' } } });
const core = await loadCore();
const machine = machineOf();
console.log(machineText(machine));
const ours = new Ours(core);
const rows = [];
try {
  if (hasShared()) {
    for (const model of chosenModels(options.only)) await compare(model);
    if (isColdStartChosen(options.only)) coldStart();
  }
} finally {
  await ours.dispose();
}
if (options.json) writeFileSync(options.json, `${JSON.stringify({ machine, rows }, null, 2)}\n`);

async function compare(model) {
  const path = join(SHARED, model.path);
  if (!existsSync(path)) {
    console.log(`left out: ${model.name} (${model.path} is not in the shared data)`);
    return;
  }
  const contestants = new Map();
  for (const [, ...keys] of model.rows)
    for (const key of keys.slice(0, 2)) {
      if (!contestants.has(key)) contestants.set(key, await contestant(model, path, key));
    }
  const there = [...contestants].filter(([, c]) => c !== undefined);
  const times = await medians(there.map(([, c]) => c.run));
  const timeOf = new Map(there.map(([key], i) => [key, times[i]]));
  for (const [what, own, against, limit] of model.rows) {
    const [oursMs, peerMs] = [timeOf.get(own), timeOf.get(against)];
    if (oursMs === undefined || peerMs === undefined) continue;
    row({
      name: what,
      model: model.name,
      threads: own.endsWith(' x2') ? 2 : 1,
      oursMs,
      peer: title(against),
      peerMs,
      limit,
    });
  }
  for (const [, c] of there) await c.release();
}

/** A way to run the model, by its key in the table; undefined, and said, where it cannot be had here. */
async function contestant(model, path, key) {
  const [who, precision] =
    key in { statistics: 1 } ? ['ours', key] : key.match(/^(web|node) /) ? key.split(' ') : ['ours', key];
  if (precision === 'statistics') return { run: await ours.statistics(model, path), release: () => undefined };
  const file = precision.startsWith('int8') ? await ours.quantized(model, path) : path;
  if (who !== 'ours') {
    const { program, feeds } = await ours.program(model, path, ours.kernels());
    program.release();
    return (await peer(who))?.runner(file, feeds);
  }
  const threads = precision.endsWith(' x2') ? 2 : 1;
  if (threads > availableParallelism()) {
    console.log(`left out: ${model.name} on ${threads} threads (this machine has ${availableParallelism()})`);
    return undefined;
  }
  const { program, byId } = await ours.program(model, file, ours.kernels(threads));
  return { run: () => void program.start(byId).finish(), release: () => program.release() };
}

function title(key) {
  const [who, precision] = key.split(' ');
  return who in PEERS ? `${PEERS[who]} ${precision}` : `QuantScope ${key}, 1 thread`;
}

/** Each in a process of its own: V8 shares compiled wasm within one. */
function coldStart() {
  const { what, name, path, limitMs } = COLD_START;
  const file = join(SHARED, path);
  const script = fileURLToPath(new URL('coldStart.mjs', import.meta.url));
  const starts = Array.from({ length: COLD_STARTS }, () =>
    JSON.parse(execFileSync(process.execPath, [script, CORE, WASM, file], { encoding: 'utf8' })),
  );
  const stages = Object.keys(starts[0]).map((s) => `${s} ${median(starts.map((start) => start[s])).toFixed(0)}`);
  const oursMs = median(starts.map((start) => start.output));
  row({ name: what, model: name, threads: 1, oursMs, peer: '1 ms', peerMs: 1, limit: limitMs });
  console.log(`  milliseconds after the worker is up: ${stages.join(', ')}`);
}

function row({ name, model, threads, oursMs, peer, peerMs, limit }) {
  const ratio = oursMs / peerMs;
  rows.push({ name, model, threads, oursMs, peer, peerMs, ratio, limit });
  const judged = limit === null ? '' : ratio <= limit ? `at most ${limit}: met` : `at most ${limit}: MISSED`;
  console.log(
    [
      model.padEnd(20),
      name.padEnd(38),
      `${oursMs.toFixed(2).padStart(8)} ms`,
      `${peer} ${peerMs.toFixed(2)} ms`.padEnd(36),
      `ratio ${ratio.toFixed(3)}`,
      judged,
    ].join('  '),
  );
}
