import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { launchBrowser } from './lib/browser.mjs';
import { bundleUi } from './lib/bundleUi.mjs';
import { packageExtension } from './lib/package.mjs';
import { ROOT } from './lib/root.mjs';
import { ensureDependencies } from './lib/setup.mjs';
import { startServer } from './lib/vscodeServer.mjs';

// The pictures of the README, docs/images/*.png: MobileNetV2 in a real workbench. `--vsix=FILE` uses another package.
await ensureDependencies();
const pictures = await bundleUi('pictures');
if (!pictures.HAS_MOBILE_NET) {
  console.log('skipped: the pictures need mobilenet_v2_float_from_qdq.onnx of shared/data, which is not there');
  process.exit();
}
const given = process.argv.find((arg) => arg.startsWith('--vsix='));
const vsix = given ? resolve(given.slice('--vsix='.length)) : (await packageExtension()).file;
const screenshots = join(ROOT, 'docs', 'images');
mkdirSync(screenshots, { recursive: true });
const temporary = mkdtempSync(join(tmpdir(), 'quantscope-pictures-'));
const folder = join(temporary, 'mobilenet');
mkdirSync(folder);

const [server, browser] = await Promise.all([startServer({ vsix: [vsix] }), launchBrowser()]);
try {
  const { base, state } = server;
  await pictures.takePictures({ page: browser.page, base, state, folder, screenshots });
} catch (error) {
  await browser.page.screenshot({ path: join(ROOT, 'out', 'screenshots', 'failed.png') });
  throw error;
} finally {
  await browser.close();
  server.stop();
  rmSync(temporary, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}
process.exit();
