import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBuild } from './lib/build.mjs';
import { packageExtension } from './lib/package.mjs';
import { ROOT } from './lib/root.mjs';
import { runNode } from './lib/run.mjs';
import { ensureDependencies } from './lib/setup.mjs';

// Everything there is to test; with --fast what fits in a minute: build, Biome, tsc, vitest. The suites of the editor wait
// more than they compute, so all but the package runs beside vitest, which gives way to them: people do not click late.
const FAST = process.argv.includes('--fast');
const SHARED_DATA = join(ROOT, '..', 'shared', 'data');
const VITEST_RESULTS = join(ROOT, 'out', 'vitest.json');

const CHECKS = [
  ['biome', ['node_modules/@biomejs/biome/bin/biome', 'check', '.']],
  ['types', ['scripts/typecheck.mjs']],
];
/** Test files that --fast leaves out: whole models and their data, and a browser. */
const SLOW = [
  'test/ops/models.test.ts',
  'test/quant/onnxruntimeBaseline.test.ts',
  'test/webview/browser.test.ts',
  'test/webview/browserGraph.test.ts',
  'test/webview/charts.test.ts',
  'test/webview/findingsBrowser.test.ts',
  'test/webview/heatBrowser.test.ts',
  'test/webview/hierarchyModels.test.ts',
  'test/webview/keptView.test.ts',
  'test/webview/layoutFrames.test.ts',
  'test/webview/layoutQuality.test.ts',
  'test/webview/tablesBrowser.test.ts',
  'test/webview/tensorViewer.test.ts',
  'test/webview/translated.test.ts',
  'test/webview/trialsBrowser.test.ts',
  'test/webview/whatifBrowser.test.ts',
  'test/quality/bestInt8.test.ts',
  'test/quality/squeezenet.test.ts',
  'test/quality/detectors.test.ts',
  'test/quality/doctor.test.ts',
  'test/quality/exportParity.test.ts',
  'test/exec/goldens.test.ts',
  'test/quality/quantPairs.test.ts',
  'test/quality/imported.test.ts',
  'test/quality/quantNodes.test.ts',
  'test/quality/quantFused.test.ts',
  'test/quality/quantEngines.test.ts',
  'test/quality/light.test.ts',
  'test/quality/plantedFaults.test.ts',
  'test/quality/trials.test.ts',
  'test/quality/cancel.test.ts',
  'test/quality/memory.test.ts',
];
/** Runners that end with a line `N passed, N failed[, N skipped]`. */
const EDITOR_SUITES = [
  ['extension host', (_vsix) => ['scripts/testExtension.mjs']],
  ['user interface', (vsix) => ['scripts/testUi.mjs', `--vsix=${vsix}`]],
];

const total = { passed: 0, failed: 0, skipped: 0 };
const problems = [];
/** What failed, in the words of who ran it: said again at the end, where a long log is read first. */
const failures = [];

await ensureDependencies();
let vsix;
if (FAST) await step('build', ensureBuild);
else
  await step('package', async () => {
    vsix = (await packageExtension()).file;
  });
await Promise.all([step('vitest', runVitest), runChecks()]);

for (const problem of problems) console.error(`FAILED: ${problem}`);
for (const text of failures) console.error(text);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = problems.length > 0 || total.failed > 0 || total.passed === 0 ? 1 : 0;

async function runChecks() {
  for (const [name, args] of CHECKS) {
    await step(name, async () => {
      if ((await runNode(args, { whole: 'whole' })).status !== 0) problems.push(`${name} found errors`);
    });
  }
  if (vsix === undefined) return;
  for (const [name, argsFor] of EDITOR_SUITES) await step(name, () => runSuite(name, argsFor(vsix)));
}

async function step(name, work) {
  const start = performance.now();
  try {
    await work();
  } catch (error) {
    problems.push(`${name}: ${error.message}`);
  }
  console.log(`[${name}: ${((performance.now() - start) / 1000).toFixed(1)} s]`);
}

async function runVitest() {
  mkdirSync(join(ROOT, 'out'), { recursive: true });
  rmSync(VITEST_RESULTS, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${VITEST_RESULTS}`];
  const missing = SLOW.filter((file) => !existsSync(join(ROOT, file)));
  if (missing.length > 0) problems.push(`scripts/test.mjs leaves out ${missing.join(', ')}, which does not exist`);
  const env = FAST ? { QUANTSCOPE_TESTS_WITHOUT: SLOW.join() } : {};
  const { status } = await runNode(['node_modules/vitest/vitest.mjs', 'run', ...reporters], { env, lower: !FAST });
  if (!existsSync(VITEST_RESULTS)) {
    problems.push('vitest ended without results');
    return;
  }
  const results = JSON.parse(readFileSync(VITEST_RESULTS, 'utf8'));
  const skipped = results.testResults.flatMap((file) =>
    file.assertionResults.filter((test) => ['pending', 'skipped', 'todo'].includes(test.status)),
  );
  add({ passed: results.numPassedTests, failed: results.numFailedTests, skipped: skipped.length });
  for (const { fullName } of skipped) console.log(`skipped: ${fullName}`);
  for (const { name, assertionResults } of results.testResults)
    for (const test of assertionResults.filter((t) => t.status === 'failed'))
      failures.push(`${name}: ${test.fullName}\n${test.failureMessages.join('\n').slice(0, 1000)}`);
  if (status !== 0 && results.numFailedTests === 0) problems.push('vitest reports an error outside the tests');
  judgeSkipped(skipped);
}

/** Where the shared data lies, a test that wanted it and skipped has looked in the wrong place. */
function judgeSkipped(skipped) {
  const wanting = skipped.filter(({ fullName }) => /shared[ /]data/.test(fullName));
  if (wanting.length === 0) return;
  if (!existsSync(SHARED_DATA)) console.log(`${wanting.length} tests skipped: ${SHARED_DATA} does not exist`);
  else if (process.env.CI) problems.push(`${wanting.length} tests skipped although ${SHARED_DATA} exists`);
}

async function runSuite(name, args) {
  const { status, output } = await runNode(args, { whole: 'whole' });
  const counts = [...output.matchAll(/(\d+) passed, (\d+) failed(?:, (\d+) skipped)?/g)].at(-1);
  if (!counts) {
    problems.push(`${name}: no counts, exit code ${status}`);
    return;
  }
  const [passed = 0, failed = 0, skipped = 0] = counts.slice(1).map((count) => Number(count ?? 0));
  add({ passed, failed, skipped });
  if (skipped > 0 && existsSync(SHARED_DATA) && process.env.CI)
    problems.push(`${name}: ${skipped} tests skipped although ${SHARED_DATA} exists`);
  const told = output.search(/^ +\d+ failing$/m);
  if (told >= 0) failures.push(`${name}:${output.slice(told, told + 2000)}`);
  if (status !== 0 || failed > 0) problems.push(`${name}: ${failed} failed, exit code ${status}`);
  else if (passed === 0) problems.push(`${name}: nothing ran`);
}

function add(counts) {
  for (const key of Object.keys(total)) total[key] += counts[key];
}
