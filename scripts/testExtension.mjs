import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { format } from 'node:util';
import { launchBrowser } from './lib/browser.mjs';
import { ensureBuild } from './lib/build.mjs';
import { buildExtensionSuite } from './lib/extensionSuite.mjs';
import { ROOT } from './lib/root.mjs';
import { ensureDependencies } from './lib/setup.mjs';
import { startServer } from './lib/vscodeServer.mjs';

// The mocha suite inside a real extension host, on a copy of the sample. `--extension=DIR` tests another build.
const TIMEOUT_MS = 360_000;
const given = process.argv.find((arg) => arg.startsWith('--extension='));
const extension = given ? resolve(given.slice('--extension='.length)) : ROOT;
await ensureDependencies();
if (extension === ROOT) await ensureBuild();
const suite = await buildExtensionSuite();
const folder = mkdtempSync(join(tmpdir(), 'quantscope-suite-'));
const workspace = join(folder, 'sample');
const resultFile = join(folder, 'result.json');
const outputFile = join(folder, 'output.txt');
const workbenchLog = [];
cpSync(join(extension, 'media', 'sample'), workspace, { recursive: true });

let server;
let browser;
try {
  [server, browser] = await Promise.all([
    startServer({ testDriver: true, env: { TEST_RESULT_FILE: resultFile, TEST_OUTPUT_FILE: outputFile } }),
    launchBrowser(),
  ]);
  await runSuite();
  report();
} catch (error) {
  console.error(error);
  process.exitCode = 1;
  mkdirSync(join(ROOT, 'out'), { recursive: true });
  await browser?.page.screenshot({ path: join(ROOT, 'out', 'extension-suite-failed.png') }).catch(() => {});
  console.error(workbenchLog.slice(-20).join('\n'));
  console.error(server?.logText().slice(-3000));
} finally {
  await browser?.close();
  server?.stop();
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}
process.exit();

/** Opens the workbench with the suite in its URL and waits until the suite has ended. */
async function runSuite() {
  const { page } = browser;
  const ended = new Promise((done, fail) => {
    page.exposeFunction('codeAutomationExit', done);
    page.on('crash', () => fail(new Error('the page crashed')));
  });
  await page.exposeFunction('codeAutomationLog', (_type, args) => workbenchLog.push(format(...args)));
  const remote = (path) => `vscode-remote://${server.auth}${path}`;
  const payload = JSON.stringify([
    ['extensionDevelopmentPath', remote(extension)],
    ['extensionTestsPath', remote(suite)],
  ]);
  const query = new URLSearchParams({ folder: workspace, payload });
  await page.goto(`${server.base}/?${query}`);
  const timeout = sleep(TIMEOUT_MS, 'timeout', { ref: false });
  if ((await Promise.race([ended, timeout])) === 'timeout') throw new Error(`no end after ${TIMEOUT_MS} ms`);
}

/** Believes the suite's own file alone: a host that was killed also reports success. */
function report() {
  if (existsSync(outputFile)) console.log(readFileSync(outputFile, 'utf8'));
  if (!existsSync(resultFile)) throw new Error('no result file: the extension host died or the suite never ended');
  const { passes, failures, pending } = JSON.parse(readFileSync(resultFile, 'utf8'));
  console.log(`${passes} passed, ${failures} failed, ${pending} skipped`);
  process.exitCode = failures > 0 || passes === 0 ? 1 : 0;
}
