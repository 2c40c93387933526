import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { workbench as w } from './workbench.ts';

describe('quantize with config', () => {
  it('is in the menu of the explorer, of the tab, of the graph and of its title', async () => {
    await w.tab('mnist.onnx').click({ button: 'right' });
    await w.menuItem('Quantize with Config…').waitFor();
    await w.page.keyboard.press('Escape');
    await w.graph.locator('.graph-surface').click({ button: 'right', position: { x: 8, y: 8 } });
    await w.menuItem('Quantize with Config…').waitFor();
    await w.page.keyboard.press('Escape');
    await w.page.locator('.editor-actions').getByRole('button', { name: 'Quantize with Config…' }).waitFor();
    await w.file('mnist.onnx').click({ button: 'right' });
    await w.menuItem('Quantize with Config…').waitFor();
    await w.screenshot('2-menu');
    await w.choose('Quantize with Config…');
  });

  it('offers the configs of the workspace and a new one', async () => {
    for (const name of ['full_quant.cfg', 'weight_quant.cfg', 'dynamic_quant.cfg', 'mixed_bit.cfg']) {
      await w.pick(name).waitFor();
    }
    await w.pick('New config from template').waitFor();
    assert.equal(await w.pick('labels.csv').count(), 0);
    await w.screenshot('3-pick');
  });

  it('ends with the heat map, the table, the similarity and a report', async () => {
    await w.choosePick('full_quant.cfg');
    await w.toast('mnist.onnx quantized').waitFor();
    await w.graph.locator('.legend .legend-row').first().waitFor();
    const [cosine, db] = (await w.similarity()).split(' ');
    assert(Number(cosine) > 0.95 && Number(db) > 20, await w.similarity());
    const rows = w.graph.getByRole('row').filter({ hasText: 'conv1' });
    await rows.first().waitFor();
    await w.statusBar(/0\.9\d+ \([\d.]+ dB\)/).waitFor();
    await w.screenshot('4-heatmap');
    await w.clearToasts();
  });

  it('shows the figures of the node that is chosen in the table', async () => {
    await w.graph.locator('.grid-row').filter({ hasText: 'conv1' }).first().click();
    await w.graph.getByRole('option', { selected: true, name: /^Conv conv1/ }).waitFor();
    await w.graph.getByText('conv1_output').first().waitFor();
  });

  it('writes a config from a template beside the model and opens it', async () => {
    await w.commandAndPick('QuantScope: New Quantization Config from Template…', 'Weight quantization');
    await w.tab('mnist_weight_quant.cfg').waitFor();
    assert.match(w.read('mnist_weight_quant.cfg'), /^\[common_quant_param\]$/m);
    await w.close('mnist_weight_quant.cfg');
  });

  it('stops when cancelled, and keeps the figures of the last run', async () => {
    const before = await w.similarity();
    const config = makeSlowConfig('slow.cfg');
    await w.commandAndPick('QuantScope: Quantize with Config…', config);
    const toast = w.toast('Quantizing mnist.onnx with slow.cfg');
    await toast.hover();
    await w.screenshot('5-progress');
    await toast.getByRole('button', { name: 'Cancel' }).click();
    await toast.waitFor({ state: 'hidden' });
    await w.graph.locator('.summary > .progress').waitFor({ state: 'hidden' });
    assert.equal(await w.similarity(), before);
  });
});

/** A config over 4,000 images, so that there is time to cancel. */
function makeSlowConfig(name: string): string {
  const from = join(w.folder, 'test');
  const to = join(w.folder, 'many');
  mkdirSync(to);
  for (const file of readdirSync(from)) {
    for (let i = 0; i < 8; i++) cpSync(join(from, file), join(to, `${i}-${file}`));
  }
  const text = w
    .read('full_quant.cfg')
    .replace('calibrate_path=image:calibration', 'calibrate_path=image:many')
    .replace(/calibrate_size=\d+/, 'calibrate_size=4000');
  w.write(name, text);
  return name;
}
