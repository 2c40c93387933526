import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { performanceDoc } from './lib/performanceDoc.mjs';
import { ROOT } from './lib/root.mjs';
import { runNode } from './lib/run.mjs';
import { ensureDependencies } from './lib/setup.mjs';

// npm run bench [-- NAME...] [-- --only TEXT] [--json FILE] [--write-doc]
//   --only       models and measures whose name contains TEXT
//   --json       what `models`, `shares`, `layout`, `frames`, `sensitivity`, `trials`, `clicks` and `host` measured
//   --write-doc  docs/performance.md from them; parts that were not measured stay as they are. `search` and `bits`
//                write docs/search.md
const BENCHES = {
  bits: 'bench/bits.mjs',
  calibration: 'bench/calibration.mjs',
  clicks: 'bench/clicks.mjs',
  frames: 'bench/frames.mjs',
  host: 'bench/host.mjs',
  kernels: 'bench/kernels.mjs',
  layout: 'bench/layout.mjs',
  models: 'bench/models.mjs',
  sensitivity: 'bench/sensitivity.mjs',
  search: 'bench/search.mjs',
  shares: 'bench/shares.mjs',
  trials: 'bench/trials.mjs',
};
/** Those that know `--only`, and make one part of the document together. */
const OVER_MODELS = ['models', 'shares'];
/** Those that know `--json`. */
const WITH_JSON = [...OVER_MODELS, 'layout', 'frames', 'sensitivity', 'trials', 'clicks', 'host'];
/** Those that know `--only` and `--write-doc`, and write a document of their own. */
const OWN_DOCUMENT = ['bits', 'search'];
const DOCUMENT = join(ROOT, 'docs/performance.md');

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'string' }, only: { type: 'string' }, 'write-doc': { type: 'boolean' } },
});
const unknown = positionals.filter((name) => !(name in BENCHES));
if (unknown.length > 0) throw new Error(`${unknown.join(', ')}: no such bench (${Object.keys(BENCHES).join(', ')})`);
const narrowed = options['write-doc'] ? WITH_JSON : options.only === undefined ? Object.keys(BENCHES) : OVER_MODELS;
const chosen = positionals.length > 0 ? positionals : narrowed;
const measured = chosen.filter((name) => WITH_JSON.includes(name));
if (options.json !== undefined && measured.length === 0) {
  throw new Error(`--json FILE holds what ${WITH_JSON.join(', ')} measure`);
}
const isHalf =
  OVER_MODELS.some((name) => measured.includes(name)) && !OVER_MODELS.every((name) => measured.includes(name));
const writesItself = chosen.every((name) => OWN_DOCUMENT.includes(name));
if (options['write-doc'] && !writesItself && (options.only !== undefined || measured.length === 0 || isHalf)) {
  throw new Error(
    `--write-doc takes ${WITH_JSON.join(', ')}, ${OVER_MODELS.join(' and ')} only together, and no --only`,
  );
}

await ensureDependencies();
const folder = mkdtempSync(join(tmpdir(), 'quantscope-bench-'));
const results = {};
try {
  for (const name of chosen) {
    console.log(`\n${name} (${ROOT})`);
    const file = join(folder, `${name}.json`);
    const only = options.only === undefined ? [] : ['--only', options.only];
    const json = WITH_JSON.includes(name) ? ['--json', file] : [];
    const write = options['write-doc'] ? ['--write-doc'] : [];
    const own = OWN_DOCUMENT.includes(name) ? [...only, ...write] : [];
    const more = OVER_MODELS.includes(name) ? [...json, ...only] : [...json, ...own];
    const { status } = await runNode([BENCHES[name], ...more]);
    if (status !== 0) process.exitCode = status;
    else if (json.length > 0) Object.assign(results, JSON.parse(readFileSync(file, 'utf8')));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(results, null, 2)}\n`);
if (options['write-doc'] && !writesItself && !process.exitCode) {
  writeFileSync(DOCUMENT, performanceDoc(results, existsSync(DOCUMENT) ? readFileSync(DOCUMENT, 'utf8') : ''));
  await runNode([join(ROOT, 'node_modules/@biomejs/biome/bin/biome'), 'format', '--write', 'docs/performance.md']);
}
