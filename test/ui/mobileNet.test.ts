import assert from 'node:assert/strict';
import { copyMobileNet, HAS_MOBILE_NET } from './mobileNetFiles.ts';
import { workbench as w } from './workbench.ts';

const suite = HAS_MOBILE_NET ? describe : describe.skip;

suite(`MobileNetV2 (of shared/data${HAS_MOBILE_NET ? '' : ', which is not there'})`, () => {
  before(() => copyMobileNet(w.folder));
  after(() => w.page.setViewportSize({ width: 1280, height: 800 }));

  it('is drawn, quantized and coloured', async () => {
    await w.page.setViewportSize({ width: 1440, height: 900 });
    await w.openFile('mobilenet_v2.onnx');
    await w.graph.getByText('mobilenet_v2.onnx · 101 nodes').waitFor();
    await w.commandAndPick('QuantScope: Quantize with Config…', 'mobilenet_v2.cfg');
    await w.toast('mobilenet_v2.onnx quantized').waitFor({ timeout: 80_000 });
    await w.graph.locator('.legend .legend-row').first().waitFor();
    assert(Number((await w.similarity()).split(' ')[0]) > 0.9, await w.similarity());
    await w.clearToasts();
  });

  for (const theme of ['dark', 'light'] as const) {
    it(`shows the worst node beside the graph and the table, in a ${theme} theme`, async () => {
      await w.theme(theme);
      await w.graph.locator('.table-nodes .grid-row').first().click();
      await w.graph.locator('canvas:visible').nth(1).waitFor();
      await w.page.waitForTimeout(500); // the chart grows
      await w.screenshot(`mobilenet-${theme}`);
    });
  }

  it('says of a fused node where its figures stand', async () => {
    await w.graph.locator('.graph-surface').press('/');
    await w.page.keyboard.type('Conv_705');
    await w.page.keyboard.press('Enter');
    await w.page.keyboard.press('Escape');
    await w.graph.getByText('fused into Relu_706').waitFor();
    await w.page.waitForTimeout(300); // the graph glides
    await w.screenshot('mobilenet-fused');
    await w.graph.locator('.table-nodes .grid-row').first().click();
  });

  it('answers a toggle', async () => {
    await w.graph.getByRole('grid').focus();
    await w.page.keyboard.press('s');
    await w.graph.locator('.outputs td.before').first().waitFor();
    await w.screenshot('mobilenet-toggled');
  });
});
