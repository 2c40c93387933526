import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { workbench as w } from './workbench.ts';

describe('a mistake', () => {
  it('of the config lands in Problems and in one notification; the figures stay', async () => {
    const before = await w.similarity();
    w.write('wrong.cfg', w.read('full_quant.cfg').replace('bit_num=8', 'bit_num=eight'));
    await w.commandAndPick('QuantScope: Quantize with Config…', 'wrong.cfg');
    const toast = w.toast('wrong.cfg');
    await toast.getByRole('button', { name: 'Show Problems' }).click();
    const problem = w.page.locator('.markers-panel .monaco-list-row', { hasText: 'bit_num' }).last();
    await problem.waitFor();
    await w.screenshot('9-problems');
    await w.page.keyboard.press('Control+j');
    await w.clearToasts();
    assert.equal(await w.similarity(), before);
    await w.graph.locator('.banner').getByRole('button', { name: 'Close' }).click();
  });

  it('of the model file is a page with the reason; the graph appears once the file is mended', async () => {
    w.write('broken.onnx', 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12\n');
    await w.openFile('broken.onnx');
    const error = w.graph.locator('#error');
    await error.waitFor();
    assert.match((await error.textContent()) ?? '', /^ONX\d+ broken\.onnx.*LFS/s);
    await w.screenshot('10-broken');
    await w.graph.locator('#retry').click();
    await error.waitFor();
    w.write('broken.onnx', readFileSync(join(w.folder, 'mnist.onnx')));
    await w.graph.getByText('broken.onnx · 6 nodes').waitFor();
    await w.close('broken.onnx');
  });
});
