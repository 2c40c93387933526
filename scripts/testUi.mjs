import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { launchBrowser } from './lib/browser.mjs';
import { bundleUi } from './lib/bundleUi.mjs';
import { packageExtension } from './lib/package.mjs';
import { ROOT } from './lib/root.mjs';
import { ensureDependencies } from './lib/setup.mjs';
import { startServer } from './lib/vscodeServer.mjs';
import { makeManyNodes } from './makeManyNodes.mjs';

// The packaged extension in a real workbench, driven like a user; `--vsix=FILE` tests another package.
await ensureDependencies();
const given = process.argv.find((arg) => arg.startsWith('--vsix='));
const vsix = given ? resolve(given.slice('--vsix='.length)) : (await packageExtension()).file;
const screenshots = join(ROOT, 'out', 'screenshots');
mkdirSync(screenshots, { recursive: true });
const temporary = mkdtempSync(join(tmpdir(), 'quantscope-ui-'));
const folder = join(temporary, 'sample');
cpSync(join(ROOT, 'media', 'sample'), folder, { recursive: true });
await makeManyNodes(join(temporary, 'many_nodes.onnx'));

const [suite, server, browser] = await Promise.all([
  bundleUi('index'),
  startServer({ vsix: [vsix], settings: { 'remote.autoForwardPorts': false } }), // its notes cover ours
  launchBrowser(),
]);
try {
  const { base, state } = server;
  const { passes, failures, pending } = await suite.run({ page: browser.page, base, state, folder, screenshots });
  console.log(`${passes} passed, ${failures} failed, ${pending} skipped`);
  process.exitCode = failures > 0 || passes === 0 ? 1 : 0;
} finally {
  await browser.close();
  server.stop();
  rmSync(temporary, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}
process.exit();
