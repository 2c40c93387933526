import assert from 'node:assert/strict';
import { axeFaults } from '../helpers/axe.ts';
import { workbench as w } from './workbench.ts';

describe('every view of a model', () => {
  before(async () => {
    await w.closeAll();
    await w.page.setViewportSize({ width: 1440, height: 900 });
    await w.openFile('mnist.onnx');
    await w.graph.locator('.graph-surface[aria-label*=": 6 nodes"]').waitFor();
    await w.commandAndPick('QuantScope: Quantize with Config…', 'full_quant.cfg');
    await w.toast('mnist.onnx quantized').waitFor();
    await w.clearToasts();
  });
  after(async () => {
    await w.theme('dark');
    await w.page.setViewportSize({ width: 1280, height: 800 });
  });

  for (const theme of ['dark', 'light', 'high contrast'] as const) {
    it(`passes axe-core in a theme that is ${theme}`, async function () {
      this.timeout(240_000); // six looks at the whole view, perhaps beside other work
      await w.theme(theme);
      await w.graph.getByRole('tab', { name: 'Nodes' }).click();
      await w.graph.locator('.table-nodes .grid-row', { hasText: 'relu1' }).click();
      await w.graph.getByRole('heading', { name: 'relu1', exact: true }).waitFor();
      const faults: string[] = [];
      const look = async (view: string): Promise<void> => {
        const found = await axeFaults(w.graph.locator('body'), theme === 'light' ? 'all' : 'colours');
        faults.push(...found.map((fault) => `${view}: ${fault}`));
      };
      for (const tab of ['Nodes', 'Tensors', 'Charts', 'Elements']) {
        await w.graph.getByRole('tab', { name: tab, exact: true }).click();
        await w.page.waitForTimeout(600); // it is filled
        await look(tab);
        await w.screenshot(`axe-${theme}-${tab}`);
      }
      await w.graph.getByRole('button', { name: 'Colours and borders' }).click();
      await look('colours');
      await w.graph.getByRole('button', { name: 'Colours and borders' }).click();
      await w.graph.locator('.graph-surface').press('/');
      await w.page.keyboard.type('op:Conv');
      await w.graph.locator('.search-hit').first().waitFor();
      await look('search');
      await w.page.keyboard.press('Escape');
      assert.deepEqual(faults, []);
    });
  }

  it('fits into half the width and height, as a page does that is zoomed to 200 %', async () => {
    await w.page.setViewportSize({ width: 720, height: 450 });
    await w.command('View: Toggle Primary Side Bar Visibility');
    const clipped = await w.graph.locator('body').evaluate((body) => body.scrollWidth - body.clientWidth);
    assert(clipped <= 0, `${clipped} pixels stick out`);
    await w.graph.getByRole('button', { name: 'Quantize with config…' }).click({ trial: true });
    await w.screenshot('zoom-200');
    await w.command('View: Toggle Primary Side Bar Visibility');
  });
});
