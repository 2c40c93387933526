import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleUi } from './lib/bundleUi.mjs';
import { inWorkbench } from './lib/inWorkbench.mjs';
import { ROOT } from './lib/root.mjs';
import { ensureDependencies } from './lib/setup.mjs';
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
const screenshots = 'out/pictures';
const taken = join(ROOT, screenshots);
rmSync(taken, { recursive: true, force: true });
await inWorkbench(
  {
    ...{ vsix: option('vsix'), folder: 'models', screenshots },
    fill: (folder) => makeManyNodes(join(folder, pictures.MANY)),
  },
  (workbench) => pictures.takePictures(workbench, option('only')?.split(',')),
);
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
