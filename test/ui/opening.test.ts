import assert from 'node:assert/strict';
import { workbench as w } from './workbench.ts';

describe('opening a model', () => {
  it('shows the graph in an editor of its own', async () => {
    // The browser's workbench saves by itself; the desktop's, whose default we test, does not.
    await w.settings({ 'files.autoSave': 'off' });
    await w.open();
    await w.file('mnist.onnx').waitFor();
    await w.theme('dark');
    await w.openFile('mnist.onnx');
    await w.graph.getByText('mnist.onnx · 6 nodes').waitFor();
    const canvas = await w.graph.locator('canvas.graph-canvas').boundingBox();
    assert(canvas && canvas.width > 200 && canvas.height > 150, JSON.stringify(canvas));
    await w.screenshot('1-opened');
  });

  it('walks the graph by keyboard and finds nodes by name', async () => {
    const surface = w.graph.locator('.graph-surface');
    await surface.focus();
    await w.page.keyboard.press('Home');
    await w.page.keyboard.press('ArrowDown');
    await w.graph.getByRole('option', { selected: true, name: /^Conv conv1/ }).waitFor();
    await w.page.keyboard.press('/');
    await w.graph.locator('.search .query-input').waitFor();
    await w.page.keyboard.type('gemm');
    await w.graph.getByRole('option', { name: /fc/ }).first().waitFor();
    await w.page.keyboard.press('Enter');
    await w.page.keyboard.press('Escape');
    await w.graph.locator('.search').waitFor({ state: 'hidden' });
    await w.graph.getByRole('option', { selected: true, name: /^Gemm fc/ }).waitFor();
  });

  it('offers to quantize models only', async () => {
    await w.file('labels.csv').click({ button: 'right' });
    await w.menuItem('Delete').waitFor();
    assert.equal(await w.menuItem('Quantize with Config').count(), 0);
    await w.page.keyboard.press('Escape');
  });

  it('comes back when the window is reloaded', async () => {
    await w.open();
    await w.graph.getByText('mnist.onnx · 6 nodes').waitFor();
  });
});
