import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { launchBrowser } from './lib/browser.mjs';
import { bundleUi } from './lib/bundleUi.mjs';
import { packageExtension } from './lib/package.mjs';
import { ROOT } from './lib/root.mjs';
import { ensureDependencies } from './lib/setup.mjs';
import { startServer } from './lib/vscodeServer.mjs';
import { makeManyNodes } from './makeManyNodes.mjs';

// The pictures of README and docs/tour.md, docs/images/*.webp, taken in a real workbench. `--vsix=FILE` uses another
// package, `--only=graph,heat` takes some. Look at them in out/pictures, where they lie as PNG. Chinese needs a font that
// has its characters.
await ensureDependencies();
const pictures = await bundleUi('pictures');
if (!pictures.HAS_MODELS) {
  console.log(
    'skipped: the pictures need mobilenet_v2_float_from_qdq.onnx and yolox_nano of shared/data, which are not there',
  );
  process.exit();
}
const option = (name) => process.argv.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3);
const given = option('vsix');
const vsix = given ? resolve(given) : (await packageExtension()).file;
const taken = join(ROOT, 'out', 'pictures');
rmSync(taken, { recursive: true, force: true });
mkdirSync(taken, { recursive: true });
const temporary = mkdtempSync(join(tmpdir(), 'quantscope-pictures-'));
const folder = join(temporary, 'models');
await makeManyNodes(join(folder, pictures.MANY));

const [server, browser] = await Promise.all([startServer({ vsix: [vsix] }), launchBrowser()]);
try {
  const { base, state } = server;
  const workbench = { page: browser.page, base, state, folder, screenshots: taken };
  await pictures.takePictures(workbench, option('only')?.split(','));
} catch (error) {
  await browser.page.screenshot({ path: join(ROOT, 'out', 'screenshots', 'failed.png') });
  throw error;
} finally {
  await browser.close();
  server.stop();
  rmSync(temporary, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}
await compress();
process.exit();

/** WebP without loss: a third of the PNG, and every colour of a legend stays what it is. */
async function compress() {
  const { png, webp } = await import('icodec/node');
  await Promise.all([png.loadDecoder(), webp.loadEncoder()]);
  for (const name of readdirSync(taken)) {
    const image = png.decode(readFileSync(join(taken, name)));
    const file = join(ROOT, 'docs', 'images', name.replace(/\.png$/, '.webp'));
    writeFileSync(file, webp.encode(image, { lossless: true, quality: 100, method: 6 }));
  }
}
