import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { performanceDoc } from './lib/performanceDoc.mjs';
import { ROOT } from './lib/root.mjs';
import { runNode } from './lib/run.mjs';
import { ensureDependencies } from './lib/setup.mjs';

// npm run bench [-- NAME...] [-- --only TEXT] [--json FILE] [--write-doc]
//   --only       models and measures whose name contains TEXT
//   --json       {machine, rows, shares} of `models` and `shares`
//   --write-doc  docs/performance.md from them
const BENCHES = {
  calibration: 'bench/calibration.mjs',
  kernels: 'bench/kernels.mjs',
  layout: 'bench/layout.mjs',
  models: 'bench/models.mjs',
  shares: 'bench/shares.mjs',
};
/** Those that know `--only` and `--json`. */
const OVER_MODELS = ['models', 'shares'];

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'string' }, only: { type: 'string' }, 'write-doc': { type: 'boolean' } },
});
const unknown = positionals.filter((name) => !(name in BENCHES));
if (unknown.length > 0) throw new Error(`${unknown.join(', ')}: no such bench (${Object.keys(BENCHES).join(', ')})`);
const narrowed = options.only !== undefined || options['write-doc'] ? OVER_MODELS : Object.keys(BENCHES);
const chosen = positionals.length > 0 ? positionals : narrowed;
if (options.json !== undefined && !chosen.some((name) => OVER_MODELS.includes(name))) {
  throw new Error(`--json FILE holds what ${OVER_MODELS.join(' and ')} measure`);
}
if (options['write-doc'] && (options.only !== undefined || !OVER_MODELS.every((name) => chosen.includes(name)))) {
  throw new Error(`--write-doc takes all of ${OVER_MODELS.join(' and ')}`);
}

await ensureDependencies();
const folder = mkdtempSync(join(tmpdir(), 'quantscope-bench-'));
const results = {};
try {
  for (const name of chosen) {
    console.log(`\n${name} (${ROOT})`);
    const file = join(folder, `${name}.json`);
    const only = options.only === undefined ? [] : ['--only', options.only];
    const more = OVER_MODELS.includes(name) ? ['--json', file, ...only] : [];
    const { status } = await runNode([BENCHES[name], ...more]);
    if (status !== 0) process.exitCode = status;
    else if (more.length > 0) Object.assign(results, JSON.parse(readFileSync(file, 'utf8')));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(results, null, 2)}\n`);
if (options['write-doc'] && !process.exitCode) {
  writeFileSync(join(ROOT, 'docs/performance.md'), performanceDoc(results));
  await runNode([join(ROOT, 'node_modules/@biomejs/biome/bin/biome'), 'format', '--write', 'docs/performance.md']);
}
