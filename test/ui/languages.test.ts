import assert from 'node:assert/strict';
import { workbench as w } from './workbench.ts';

const CHINESE = /\p{Script=Han}/u;
const LANGUAGE = 'quantscope-test-language';

describe('in Simplified Chinese', () => {
  before(async () => {
    // What a workbench in a browser reads its language from; asked for at every load, so that it can be taken back.
    await w.page.addInitScript((key) => {
      const language = localStorage.getItem(key);
      if (language !== null) Reflect.set(globalThis, '_VSCODE_NLS_LANGUAGE', language);
    }, LANGUAGE);
    await w.closeAll();
    await w.page.evaluate((key) => localStorage.setItem(key, 'zh-cn'), LANGUAGE);
    await w.open();
  });
  after(async () => {
    await w.page.evaluate((key) => localStorage.removeItem(key), LANGUAGE);
    await w.open();
    await w.openFile('mnist.onnx');
    await w.graph.getByRole('button', { name: 'Quantize with config…' }).waitFor();
  });

  it('the view, its names for screen readers and the commands speak Chinese', async () => {
    await w.openFile('mnist.onnx');
    await w.graph.locator('.toolbar').getByText(CHINESE).first().waitFor();
    const tabs = await w.graph.getByRole('tab').allInnerTexts();
    assert(tabs.length > 3 && tabs.every((text) => CHINESE.test(text)), tabs.join());
    const label = await w.graph.locator('.graph-surface').getAttribute('aria-label');
    assert.match(label ?? '', CHINESE);
    await w.screenshot('chinese');
    await w.page.keyboard.press('F1');
    await w.page.locator('.quick-input-widget input').first().fill('>QuantScope');
    const rows = w.page.locator('.quick-input-list .monaco-list-row', { hasText: 'QuantScope' });
    await rows.first().waitFor();
    const titles = await rows.allInnerTexts();
    assert(titles.length > 5 && titles.every((text) => CHINESE.test(text)), titles.join('\n'));
    await w.screenshot('chinese-commands');
    await w.page.keyboard.press('Escape');
  });
});
