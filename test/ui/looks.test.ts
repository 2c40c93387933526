import assert from 'node:assert/strict';
import { workbench as w } from './workbench.ts';

describe('the view', () => {
  before(() => w.clearToasts());
  after(() => w.page.setViewportSize({ width: 1280, height: 800 }));

  for (const theme of ['dark', 'light'] as const) {
    for (const width of [1280, 700]) {
      it(`looks right in a ${theme} theme at ${width} pixels`, async () => {
        await w.theme(theme);
        await w.page.setViewportSize({ width, height: 800 });
        await w.graph.locator('.legend .legend-head').waitFor();
        assert.equal(await w.graph.locator('.legend .legend-row').first().isVisible(), width > 700);
        const overflow = await w.graph.locator('body').evaluate((body) => body.scrollWidth - body.clientWidth);
        assert(overflow <= 0, `${overflow} pixels stick out`);
        await w.page.waitForTimeout(300); // fades
        const share = await w.graph.locator('.graph').evaluate((graph) => graph.clientHeight / innerHeight);
        assert(share > 0.39, `the graph has ${share} of the height`);
        await w.screenshot(`look-${theme}-${width}`);
      });
    }
  }
});
