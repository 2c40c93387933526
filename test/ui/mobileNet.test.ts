import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { workbench as w } from './workbench.ts';

const SHARED_DATA = process.env.QUANTSCOPE_SHARED_DATA ?? join(process.cwd(), '..', 'shared', 'data');
const MODEL = join(SHARED_DATA, 'models', 'derived', 'mobilenet_v2_float_from_qdq.onnx');
const IMAGES = join(SHARED_DATA, 'calib', 'imagenet_sample_256');

const CONFIG = `[common_quant_param]
quant_type=FULL_QUANT
bit_num=8

[full_quant_param]
activation_quant_method=MAX_MIN
per_channel=true

[data_preprocess_param]
calibrate_path=image:images
calibrate_size=8
input_type=IMAGE
image_to_format=RGB
normalize_mean=[123.675, 116.28, 103.53]
normalize_std=[58.395, 57.12, 57.375]
center_crop_width=244
center_crop_height=244
`;

const suite = existsSync(MODEL) ? describe : describe.skip;

suite(`MobileNetV2 (of shared/data${existsSync(MODEL) ? '' : ', which is not there'})`, () => {
  before(() => {
    cpSync(MODEL, join(w.folder, 'mobilenet_v2.onnx'));
    mkdirSync(join(w.folder, 'images'));
    const names = readdirSync(IMAGES).filter((name) => name.endsWith('.jpg'));
    for (const name of names.slice(0, 8)) cpSync(join(IMAGES, name), join(w.folder, 'images', name));
    w.write('mobilenet_v2.cfg', CONFIG);
  });
  after(() => w.page.setViewportSize({ width: 1280, height: 800 }));

  it('is drawn, quantized and coloured', async () => {
    await w.page.setViewportSize({ width: 1440, height: 900 });
    await w.file('mobilenet_v2.onnx').dblclick();
    await w.graph.getByText('mobilenet_v2.onnx · 101 nodes').waitFor();
    await w.command('QuantScope: Quantize with Config…');
    await w.choosePick('mobilenet_v2.cfg');
    await w.toast('mobilenet_v2.onnx quantized').waitFor({ timeout: 80_000 });
    await w.graph.locator('.legend .legend-row').first().waitFor();
    assert(Number((await w.similarity()).split(' ')[0]) > 0.9, await w.similarity());
    await w.clearToasts();
  });

  for (const theme of ['dark', 'light'] as const) {
    it(`shows the worst node beside the graph and the table, in a ${theme} theme`, async () => {
      await w.theme(theme);
      await w.graph.locator('.grid-row').first().click();
      await w.graph.locator('canvas:visible').nth(1).waitFor();
      await w.page.waitForTimeout(500); // the chart grows
      await w.screenshot(`mobilenet-${theme}`);
    });
  }

  it('answers a toggle within seconds', async () => {
    const start = Date.now();
    await w.graph.getByRole('grid').focus();
    await w.page.keyboard.press('s');
    await w.graph.locator('.outputs td.before').first().waitFor();
    assert(Date.now() - start < 15_000, `${Date.now() - start} ms`);
    await w.screenshot('mobilenet-toggled');
  });
});
