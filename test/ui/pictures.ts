import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { copyMobileNet } from './mobileNetFiles.ts';
import { useWorkbench, type WorkbenchOptions, workbench as w } from './workbench.ts';

export { HAS_MOBILE_NET } from './mobileNetFiles.ts';

/** Takes the pictures of the README, each in both themes, of a workspace that holds nothing but MobileNetV2. */
export async function takePictures(options: WorkbenchOptions): Promise<void> {
  useWorkbench(options);
  copyMobileNet(w.folder);
  dropProducer(join(w.folder, 'mobilenet_v2.onnx'));
  await w.settings({ 'files.autoSave': 'off', 'workbench.activityBar.location': 'hidden' });
  await w.open();
  await w.file('mobilenet_v2.onnx').dblclick();
  await w.graph.getByText('mobilenet_v2.onnx · 101 nodes').waitFor();
  await w.command('View: Toggle Primary Side Bar Visibility');
  await w.graph.getByRole('button', { name: 'Panel below the graph' }).click();
  await show('Conv_496');
  await inBothThemes('graph');

  await w.command('QuantScope: Quantize with Config…');
  await w.choosePick('mobilenet_v2.cfg');
  await w.toast('mobilenet_v2.onnx quantized').waitFor({ timeout: 120_000 });
  await w.graph.locator('.legend .legend-row').first().waitFor();
  await w.clearToasts();
  await w.graph.locator('.banner').getByRole('button', { name: 'Close' }).click();
  await show('Conv_431');
  await w.graph.locator('canvas:visible').nth(1).waitFor();
  await inBothThemes('heatmap');

  await w.graph.getByRole('button', { name: 'Panel below the graph' }).click();
  await show('Conv_339');
  await w.graph.getByRole('grid').focus();
  await w.page.keyboard.press('s');
  await w.graph.locator('.outputs td.before').first().waitFor();
  // Falling by form: what is skipped comes first.
  for (let i = 0; i < 2; i++) await w.graph.getByRole('button', { name: 'Form' }).click();
  await w.graph.getByRole('separator', { name: 'Height of the panel below' }).focus();
  for (let i = 0; i < 6; i++) await w.page.keyboard.press('ArrowUp');
  await w.graph.getByRole('button', { name: 'Show in graph' }).click();
  await inBothThemes('table');
}

/** Takes the producer out, a remark about the test data: field 2 of the model, shorter than 128 bytes. */
function dropProducer(file: string): void {
  const bytes = readFileSync(file);
  const at = bytes.indexOf('derived: Q/DQ removed') - 2;
  if (bytes[at] !== 0x12) throw new Error(`${file} has another producer`);
  writeFileSync(file, Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 2 + (bytes[at + 1] ?? 0))]));
}

/** Selects a node and moves it to the middle. */
async function show(node: string): Promise<void> {
  await w.graph.locator('.graph-surface').press('/');
  await w.page.keyboard.type(node);
  await w.page.keyboard.press('Enter');
  await w.page.keyboard.press('Escape');
  await w.graph.getByRole('heading', { name: node }).waitFor();
  await w.graph.getByRole('button', { name: 'Show in graph' }).click();
}

async function inBothThemes(name: string): Promise<void> {
  for (const theme of ['light', 'dark'] as const) {
    await w.theme(theme);
    await w.page.mouse.move(640, 5);
    await w.page.waitForTimeout(800); // the graph glides, charts and fades end
    await w.screenshot(`${name}-${theme}`);
  }
}
