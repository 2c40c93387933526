import assert from 'node:assert/strict';
import { workbench as w } from './workbench.ts';

describe('toggling a node', () => {
  let original = '';
  let skipped = '';

  it('by key changes the similarity and the config, and shows old and new side by side', async () => {
    original = w.read('full_quant.cfg');
    await w.graph.getByRole('row').filter({ hasText: 'fc' }).first().click();
    await w.graph.getByRole('grid').focus();
    await w.page.keyboard.press('s');
    await w.graph.locator('.outputs td.before .figure').first().waitFor();
    skipped = await w.similarity();
    const [before, change] = await Promise.all(
      ['before', 'change'].map((kind) => w.graph.locator(`.outputs td.${kind}`).first().textContent()),
    );
    assert(change && !change.startsWith('±'), `${before} to ${skipped}`);
    await w.statusBar('→').waitFor();
    await w.graph
      .getByText(/fc: skipped/)
      .first()
      .waitFor();
    await w.tab('full_quant.cfg').waitFor();
    assert.equal(w.read('full_quant.cfg'), original, 'nothing is saved without being asked');
    await w.screenshot('6-toggled');
  });

  it('is not undone by Ctrl+Z in the search field, which takes back what was typed', async () => {
    await w.graph.locator('.graph-surface').focus();
    await w.page.keyboard.press('Control+f');
    const field = w.graph.getByRole('combobox', { name: 'Search nodes and tensors' });
    await field.waitFor();
    await w.page.keyboard.type('conv');
    await w.page.keyboard.press('Control+z');
    await until('the typing is undone', async () => (await field.inputValue()) !== 'conv');
    await w.page.waitForTimeout(500); // the key would have come by now
    assert.equal(await w.similarity(), skipped);
    await w.page.keyboard.press('Escape');
    await w.graph.locator('.search').waitFor({ state: 'hidden' });
  });

  it('is undone by Ctrl+Z in the graph, back to the very numbers, and redone', async () => {
    await w.graph.locator('.graph-surface').focus();
    await w.page.keyboard.press('Control+z');
    await until('the figures are back', async () => (await w.similarity()) !== skipped);
    const undone = await w.similarity();
    await w.page.keyboard.press('Control+Shift+z');
    await until('the skip is back', async () => (await w.similarity()) === skipped);
    await w.page.keyboard.press('Control+z');
    await until('the figures are back again', async () => (await w.similarity()) === undone);
    await w.screenshot('7-undone');
  });

  it('works from the context menu of a node, too', async () => {
    await w.graph.getByRole('row').filter({ hasText: 'conv1' }).first().click({ button: 'right' });
    await w.choose('Keep Node in Float');
    await w.graph
      .getByText(/conv1: skipped/)
      .first()
      .waitFor();
    await w.graph.locator('.graph-surface').focus();
    await w.page.keyboard.press('Control+z');
    await w.graph
      .getByText(/conv1: skipped/)
      .first()
      .waitFor({ state: 'hidden' });
  });

  it('measures the sensitivity of every node', async () => {
    await w.graph.getByRole('toolbar').getByRole('button', { name: 'Sensitivity' }).click();
    await w.graph.getByRole('toolbar').getByRole('button', { name: 'Sensitivity' }).waitFor();
    await w.graph.locator('.legend-title', { hasText: /sensitivity/i }).waitFor();
    await w.screenshot('8-sensitivity');
  });
});

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 15_000; Date.now() < end; await w.page.waitForTimeout(50))
    if (await condition()) return;
  assert.fail(`waited in vain: ${what}`);
}
