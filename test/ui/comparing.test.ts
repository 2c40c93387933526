import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { FrameLocator } from 'playwright-core';
import { copyModelPair, HAS_MODEL_PAIR } from './networkFiles.ts';
import { workbench as w } from './workbench.ts';

const suite = HAS_MODEL_PAIR ? describe : describe.skip;
const absent = HAS_MODEL_PAIR ? '' : ' (of shared/data, which is not there)';

suite(`two models beside each other${absent}`, () => {
  let left: FrameLocator;
  let right: FrameLocator;

  before(async () => {
    await w.closeAll();
    await w.page.setViewportSize({ width: 1500, height: 900 });
    copyModelPair(w.folder);
    await w.openFile('pair_float.onnx');
    await w.graph.locator('.graph-surface[aria-label*=" nodes"]').waitFor();
  });
  after(async () => {
    await w.closeAll();
    await w.page.setViewportSize({ width: 1280, height: 800 });
  });

  it('list what differs between a network and its quantized form', async () => {
    await w.commandAndPick('QuantScope: Compare Model with…', 'pair_qdq.onnx');
    [left, right] = await halves();
    for (const half of [left, right]) {
      await half.getByRole('tab', { name: 'Differences' }).click();
      await half.locator('.changes-note', { hasText: /Compared with pair_(float|qdq)\.onnx/ }).waitFor();
    }
    const note = (await left.locator('.changes-note').textContent()) ?? '';
    const [changed, onlyLeft, onlyRight] = (note.match(/\d+(?= (changed|only))/g) ?? []).map(Number);
    assert(changed !== undefined && changed > 0 && onlyLeft === 0, note);
    assert(onlyRight !== undefined && onlyRight > 100, note);
    await w.screenshot('compare-models');
  });

  it('move together, and select the same node', async () => {
    await left.locator('.graph-surface').press('/');
    await w.page.keyboard.type('Conv_305');
    await left.locator('.search-hit').first().waitFor();
    await w.page.keyboard.press('Enter');
    await w.page.keyboard.press('Escape');
    for (const half of [left, right]) {
      await half.locator('.graph-surface [aria-selected=true]', { hasText: /^Conv Conv_305,/ }).waitFor();
    }
    await w.screenshot('compare-selected');
    const overview = (half: FrameLocator) => half.locator('.minimap-frame').getAttribute('style');
    for (const [mover, follower] of [
      [left, right],
      [right, left],
    ] as const) {
      const before = await overview(follower);
      await mover.locator('.graph-surface').focus();
      for (let i = 0; i < 6; i++) await w.page.keyboard.press('Shift+ArrowDown');
      await until('the other half follows', async () => (await overview(follower)) !== before);
    }
    await w.screenshot('compare-moved');
  });
});

describe('versions of a model in git', () => {
  before(async () => {
    await w.closeAll();
    await w.page.setViewportSize({ width: 1500, height: 900 });
    const folder = join(w.folder, 'versions');
    mkdirSync(folder);
    cpSync(join(w.folder, 'mnist.onnx'), join(folder, 'model.onnx'));
    git(folder, 'init', '-q');
    git(folder, 'add', '-A');
    git(folder, 'commit', '-q', '-m', 'The model');
    // Another operator with as many letters, so that the file stays whole.
    const bytes = Buffer.from(w.readBytes('mnist.onnx').toString('latin1').replace('Relu', 'Tanh'), 'latin1');
    w.write('versions/model.onnx', bytes);
    await w.settings({ 'git.enabled': true, 'git.autoRepositoryDetection': 'subFolders' });
    await w.open();
  });
  after(async () => {
    await w.settings({ 'git.enabled': false });
    await w.open();
    await w.closeAll();
    await w.command('View: Show Explorer');
    await w.page.setViewportSize({ width: 1280, height: 800 });
  });

  it('are compared in the diff editor of the source control view', async () => {
    await w.command('View: Show Explorer'); // whose focus gets the key
    await w.page.keyboard.press('Control+Shift+g');
    await w.page.locator('.scm-view .monaco-list-row', { hasText: 'model.onnx' }).first().click();
    const [left, right] = await halves();
    for (const half of [left, right]) {
      await half.locator('.graph-surface[aria-label*=" 6 nodes"]').waitFor();
      await half.getByRole('tab', { name: 'Differences' }).click();
      await half.locator('.changes-note', { hasText: /Compared with model\.onnx.*: 1 changed, 0 only/ }).waitFor();
      await half.locator('.changes .grid-row', { hasText: 'operator: Relu → Tanh' }).waitFor();
    }
    await w.screenshot('compare-git');
  });
});

describe('two kept runs', () => {
  after(() => w.closeAll());

  it('are compared from the list of runs', async () => {
    await w.closeAll();
    await w.openFile('mnist.onnx');
    await w.graph.locator('.graph-surface[aria-label*=": 6 nodes"]').waitFor();
    for (const config of ['full_quant.cfg', 'weight_quant.cfg']) {
      await w.commandAndPick('QuantScope: Quantize with Config…', config);
      await w.toast('mnist.onnx quantized').waitFor();
      await w.clearToasts();
    }
    await w.closeAll();
    await w.command('View: Show QuantScope');
    const runs = w.page.locator('.pane', { has: w.page.locator('.pane-header', { hasText: 'Runs' }) });
    const row = (config: string) => runs.locator('.monaco-list-row[aria-level="2"]', { hasText: config }).first();
    await row('full_quant.cfg').click(); // which also shows its figures, and what opens takes the focus
    await w.graph.locator('.graph-surface[aria-label*=": 6 nodes"]').waitFor();
    await row('weight_quant.cfg').click({ modifiers: ['ControlOrMeta'] });
    await w.chooseOf(row('weight_quant.cfg'), 'Compare with…');
    const [left] = await halves();
    await left.getByRole('tab', { name: 'Differences' }).click();
    await left.locator('.changes-note', { hasText: /Compared with mnist\.onnx \(/ }).waitFor();
    await w.screenshot('compare-runs');
    await w.command('View: Show Explorer');
  });
});

/** The two views that are shown, the left one first. */
async function halves(): Promise<[FrameLocator, FrameLocator]> {
  const frames = w.page.locator('iframe.webview.ready:visible');
  await until('two views are shown', async () => (await frames.count()) === 2);
  const places = await frames.evaluateAll((all) => all.map((frame) => frame.getBoundingClientRect().left));
  const order = [0, 1].sort((a, b) => (places[a] ?? 0) - (places[b] ?? 0));
  const [left, right] = order.map((i) => frames.nth(i).contentFrame().locator('iframe#active-frame').contentFrame());
  if (left === undefined || right === undefined) assert.fail('no two views');
  return [left, right];
}

function git(cwd: string, ...args: string[]): void {
  const { status, stderr } = spawnSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.org', ...args], {
    cwd,
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
}

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 30_000; Date.now() < end; await w.page.waitForTimeout(50))
    if (await condition()) return;
  assert.fail(`waited in vain: ${what}`);
}
