import assert from 'node:assert/strict';
import type { Locator } from 'playwright-core';
import { workbench as w } from './workbench.ts';

describe('the views beside the editor', () => {
  it('list the run with its figures, the configs and the nodes of the model in front', async () => {
    await w.command('View: Show QuantScope');
    await row('Runs', 'mnist.onnx').waitFor();
    await row('Runs', 'full_quant.cfg').waitFor();
    await row('Configs', 'full_quant.cfg').waitFor();
    await row('Model Outline', 'conv1').waitFor();
    await w.screenshot('views');
    await row('Runs', 'full_quant.cfg').hover();
    await w.page.locator('.monaco-hover', { hasText: 'FULL_QUANT, target onnxruntime' }).first().waitFor();
    await w.page.mouse.move(640, 10);
  });

  it('lead to a node, and follow the one that is selected in the graph', async () => {
    await row('Model Outline', 'fc').click();
    await w.graph.getByRole('heading', { name: 'fc', exact: true }).waitFor();
    await w.graph.locator('.graph-surface').focus();
    await w.page.keyboard.press('Control+Shift+o');
    await w.choosePick('conv1');
    await w.graph.getByRole('heading', { name: 'conv1', exact: true }).waitFor();
    await w.page.locator('.pane-body .monaco-list-row.selected[aria-label^="conv1"]').waitFor();
  });

  it('show the figures again after the window was reloaded, and the place one looked at', async () => {
    const before = await w.similarity();
    await w.page.waitForTimeout(7000); // a workbench in a browser writes what it keeps every five seconds
    await w.open();
    await w.graph.locator('.graph-surface').waitFor();
    await w.graph.getByRole('region', { name: 'Kept run' }).waitFor();
    assert.equal(await w.similarity(), before);
    await w.graph.getByRole('heading', { name: 'conv1', exact: true }).waitFor();
    await w.screenshot('views-reloaded');
    await w.graph.getByRole('button', { name: 'Run again' }).click();
    await w.toast('mnist.onnx quantized').waitFor();
    await w.graph.getByRole('region', { name: 'Kept run' }).waitFor({ state: 'hidden' });
    assert.equal(await w.similarity(), before);
    await w.clearToasts();
  });

  it('have a walkthrough with pictures', async () => {
    await w.commandAndPick('Welcome: Open Walkthrough...', 'Find out why a model lost accuracy');
    await w.page
      .locator('.getting-started-category', { hasText: 'Make a config' })
      .or(w.page.getByText('Make a config'))
      .first()
      .waitFor();
    await w.screenshot('walkthrough');
    await w.page.locator('.tabs-container .tab', { hasText: 'Welcome' }).click({ button: 'middle' });
    await w.file('mnist.onnx').waitFor(); // the reload has brought the explorer back
    await w.graph.locator('.graph-surface').waitFor();
  });
});

/** A line of one of the views. */
function row(view: string, label: string): Locator {
  const pane = w.page.locator('.pane', { has: w.page.locator('.pane-header', { hasText: view }) });
  return pane.locator(`.monaco-list-row[aria-label^="${label}"]`).first();
}
