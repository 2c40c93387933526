// How much of a run is spent in TypeScript, outside the kernels, by operator: node bench/shares.mjs [--only TEXT] [--json FILE]
// One thread; every shared model that has stored inputs, as it is. Time of the steps minus time inside the kernels; what
// a step costs beside its kernel (finding its tensors, memory) is TypeScript too.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { hasShared, loadCore, machineOf, machineText, SHARED } from './lib/core.mjs';
import { Ours } from './lib/ours.mjs';
import { median } from './lib/timing.mjs';

const LIMIT = 0.1;
const WARM_UP = 3;
const LEAST_ROUNDS = 5;
const BUDGET_MS = 1500;
/** Operators below this share of the run are not listed. */
const LISTED = 0.005;

const { values: options } = parseArgs({ options: { json: { type: 'string' }, only: { type: 'string' } } });
const core = await loadCore();
console.log(machineText(machineOf()));
const ours = new Ours(core);
const shares = [];
try {
  if (hasShared()) for (const model of modelsWithInputs()) await measure(model);
} finally {
  await ours.dispose();
}
if (options.json) writeFileSync(options.json, `${JSON.stringify({ shares }, null, 2)}\n`);

function modelsWithInputs() {
  const models = [];
  for (const golden of readdirSync(join(SHARED, 'golden')).sort()) {
    const { model: path } = JSON.parse(readFileSync(join(SHARED, 'golden', golden, 'meta.json'), 'utf8'));
    const name = path.replace(/^(models|quant-pairs)\/|\.onnx$/g, '');
    const isWanted = options.only === undefined || name.toLowerCase().includes(options.only.toLowerCase());
    if (isWanted && existsSync(join(SHARED, path))) models.push({ name, path, golden });
  }
  return models;
}

async function measure(model) {
  const { kernels, spent } = timed(ours.kernels());
  const ready = await ours.program(model, join(SHARED, model.path), kernels).catch((error) => error);
  if (ready instanceof Error) {
    console.log(`${model.name.padEnd(52)} does not run: ${ready.message.split('\n')[0]}`);
    shares.push({ model: model.name, error: ready.message.split('\n')[0] });
    return;
  }
  const { program, byId } = ready;
  const rounds = [];
  const end = performance.now() + BUDGET_MS;
  for (let i = -WARM_UP; i < LEAST_ROUNDS || performance.now() < end; i++) {
    const round = oneRun(program, byId, spent);
    if (i >= 0) rounds.push(round);
  }
  program.release();
  const runMs = median(rounds.map((r) => r.total));
  const share = median(rounds.map((r) => r.outside / r.total));
  const names = [...new Set(rounds.flatMap((r) => [...r.byOperator.keys()]))];
  const operators = names
    .map((name) => ({ name, share: median(rounds.map((r) => (r.byOperator.get(name) ?? 0) / r.total)) }))
    .filter((o) => o.share >= LISTED)
    .sort((a, b) => b.share - a.share);
  shares.push({ model: model.name, steps: program.steps.length, runMs, share, limit: LIMIT, operators });
  const list = operators.map((o) => `${o.name} ${percent(o.share)}`).join(', ');
  const judged = share <= LIMIT ? 'met' : 'MISSED';
  console.log(
    `${model.name.padEnd(52)} ${runMs.toFixed(2).padStart(8)} ms  ${percent(share).padStart(6)} ${judged}  ${list}`,
  );
}

/** Milliseconds of one run and of what lies outside the kernels, whole and by operator. */
function oneRun(program, byId, spent) {
  const byOperator = new Map();
  let outside = 0;
  const begin = performance.now();
  const run = program.start(byId);
  for (;;) {
    const inKernels = spent.ms;
    const start = performance.now();
    const step = run.advance();
    if (step === undefined) break;
    const rest = performance.now() - start - (spent.ms - inKernels);
    outside += rest;
    const name = step.form === 'layout' ? 'change of layout' : step.node.opType;
    byOperator.set(name, (byOperator.get(name) ?? 0) + rest);
  }
  return { total: performance.now() - begin, outside, byOperator };
}

/** The kernels with a clock around each call; calls of kernels by kernels count once. */
function timed(kernels) {
  const spent = { ms: 0 };
  const wrapped = Object.fromEntries(
    Object.entries(kernels).map(([name, kernel]) => {
      if (typeof kernel !== 'function' || name.startsWith('pack')) return [name, kernel];
      const call = (...list) => {
        const start = performance.now();
        try {
          return kernel(...list);
        } finally {
          spent.ms += performance.now() - start;
        }
      };
      return [name, call];
    }),
  );
  return { kernels: wrapped, spent };
}

function percent(share) {
  return `${(100 * share).toFixed(1)} %`;
}
