import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import { workbench as w } from './workbench.ts';

const MODEL = 'whatif.onnx';
const CONFIG = 'whatif.cfg';
/** Digits that are evaluated: enough that a sweep lasts until it is cancelled. */
const SAMPLES = 2000;
/** For what is measured over all samples. */
const LONG_MS = 60_000;

describe('what if', function () {
  this.timeout(3 * LONG_MS);

  /** The similarity of the run, with softmax at 16 bits, and with a range of relu1's as well. */
  const similarity = { run: '', wide: '', clipped: '' };
  /** The config as it was quantized, and with both changes. */
  const text = { run: '', clipped: '' };

  before(async () => {
    await w.closeAll();
    await w.page.setViewportSize({ width: 1440, height: 900 });
    cpSync(join(w.folder, 'mnist.onnx'), join(w.folder, MODEL));
    copySamples();
    text.run = w
      .read('full_quant.cfg')
      .replace('evaluate_path=test', 'evaluate_path=digits')
      .replace('labels=labels.csv\n', '')
      .replace('evaluate_size=500', `evaluate_size=${SAMPLES}`);
    w.write(CONFIG, text.run);
    await w.settings({ 'quantscope.evaluationSamples': SAMPLES });
    await w.open();
    await w.openFile(MODEL);
    await w.graph.getByText(`${MODEL} · 6 nodes`).waitFor();
    await w.commandAndPick('QuantScope: Quantize with Config…', CONFIG);
    await w.toast(`${MODEL} quantized`).waitFor({ timeout: LONG_MS });
    await w.clearToasts();
    similarity.run = await w.similarity();
  });
  after(async () => {
    await w.closeAll();
    await w.page.setViewportSize({ width: 1280, height: 800 });
    await w.settings({ 'quantscope.evaluationSamples': 8 });
  });

  it('tries another precision of a node: figures, config and history follow', async () => {
    await select('softmax');
    await w.graph.locator('#choice-precision').selectOption('int16');
    similarity.wide = await changedFrom(similarity.run);
    assert(cosineOf(similarity.wide) > cosineOf(similarity.run), `${similarity.run} to ${similarity.wide}`);
    const outcome = w.graph.locator('.outcome');
    await outcome.locator('.outcome-change', { hasText: /softmax.*int16/ }).waitFor();
    await outcome.getByRole('row', { name: /^SQNR .* better$/ }).waitFor();
    await tab('Trials');
    await until('the trial is in the history', async () => (await trials()).length === 2);
    assert.match((await trials())[1] ?? '', /softmax.*int16/);
    assert.equal(await current(), 1);
    await w.screenshot('whatif-precision');
  });

  it('sets a range by keyboard on the histogram', async () => {
    await select('relu1');
    await w.graph.getByRole('button', { name: 'Set on the histogram' }).click();
    const end = w.graph.getByRole('slider', { name: /^Upper end of the range of relu1/ });
    await end.focus();
    const before = Number(await end.getAttribute('aria-valuenow'));
    // Together: the range is tried when no key has come for half a second.
    await Promise.all(Array.from({ length: 16 }, () => w.page.keyboard.press('PageDown')));
    const set = (await end.getAttribute('aria-valuenow')) ?? '';
    assert(Number(set) < before / 2, `${before} to ${set}`);
    assert.match((await end.getAttribute('aria-valuetext')) ?? '', /clips \d/);
    similarity.clipped = await changedFrom(similarity.wide);
    assert(cosineOf(similarity.clipped) < cosineOf(similarity.wide), `${similarity.wide} to ${similarity.clipped}`);
    await w.graph.locator('.range-now', { hasText: `by hand: 0 to ` }).waitFor();
    text.clipped = await saved();
    const [, words = ''] = /^node_overrides=(.*)$/m.exec(text.clipped) ?? [];
    assert(words.split(',').includes('softmax:int16'), words);
    assert.match(words, /(^|,)relu1:range\(/);
    assert(words.endsWith(`..${set})`), `${words}, not up to ${set}`);
    await w.screenshot('whatif-range');
  });

  it('takes both back in the graph, to the very text and the very figures', async () => {
    await w.graph.locator('.graph-surface').focus();
    await w.page.keyboard.press('Control+z');
    await until('the range is gone', async () => (await w.similarity()) === similarity.wide);
    await w.page.keyboard.press('Control+z');
    await until('the precision is back', async () => (await w.similarity()) === similarity.run);
    assert.equal(await saved(), text.run);
    await until('the history is at the run', async () => (await current()) === 0);
    assert.equal((await trials()).length, 3, 'what was tried stays');
  });

  it('compares two trials, and restores one with its config and its figures', async () => {
    await tab('Trials');
    await w.graph.locator('.trials .grid-row').nth(2).click();
    await w.graph.locator('.trials').getByRole('button', { name: 'Compare', exact: true }).click();
    const comparison = w.graph.getByRole('region', { name: 'Comparison' });
    await comparison.locator('.comparison-changes li', { hasText: /softmax/ }).waitFor();
    await comparison.locator('.comparison-changes li', { hasText: /relu1/ }).waitFor();
    await comparison.locator('.sample-gains caption', { hasText: /: \d+ better, 0 worse, of \d+/ }).waitFor();
    await w.screenshot('whatif-compare');
    await w.graph.locator('.trials').getByRole('button', { name: 'Restore', exact: true }).click();
    await until('the figures of the trial', async () => (await w.similarity()) === similarity.clipped);
    await until('it is on display', async () => (await current()) === 2);
    assert.equal(await saved(), text.clipped);
    assert.equal((await trials()).length, 3, 'nothing new was tried');
  });

  it('measures sensitivity: colours the graph by parts, is cancelled, and goes on', async () => {
    await tab('Sensitivity');
    await findings().getByLabel('Judged by', { exact: true }).selectOption({ label: 'Mean squared error' });
    const cancelled = cancelAtFirstPart();
    await button('Start').click();
    await cancelled;
    const legend = w.graph.locator('.legend-title', { hasText: /^Sensitivity.*mean squared error/ });
    await legend.waitFor();
    await note(/cancelled$/).waitFor();
    await button('Resume').waitFor();
    const part = await samplesDone();
    assert(part > 0 && part < SAMPLES, `${part} samples`);
    await w.screenshot('whatif-cancelled');
    await button('Resume').click();
    await note(/cancelled$/).waitFor({ state: 'hidden' });
    assert((await samplesDone()) >= part, 'it does not begin again');
    await button('Start').waitFor({ timeout: LONG_MS });
    assert.equal(await note(/cancelled$/).count(), 0);
    assert.equal(await button('Resume').isVisible(), false);
    const whole = await losses();
    assert.equal(whole.length, 3, whole.join());
    assert(
      whole.every((loss) => loss > 0),
      whole.join(),
    );
    assert.deepEqual(
      [...whole].sort((a, b) => b - a),
      whole,
      'worst first',
    );
    assert.equal(await samplesDone(), SAMPLES);
    assert.equal(await legend.count(), 1);
    const counts = await w.graph.locator('button.legend-row .legend-count').allInnerTexts();
    assert(counts.slice(0, 5).reduce((sum, count) => sum + Number(count), 0) >= 3, counts.join());
    await w.screenshot('whatif-sensitivity');
  });

  it('names the cause of what the range cuts off, and a cure mends it, until it is undone', async () => {
    await tab('Causes');
    await findings().getByLabel('Check the data', { exact: true }).uncheck();
    await button('Diagnose').click();
    const cause = findings().locator('article.cause', { hasText: 'The range cuts values off' });
    await cause.waitFor({ timeout: LONG_MS });
    await button('Diagnose').waitFor({ timeout: LONG_MS });
    assert.match((await cause.innerText()) ?? '', /relu1/);
    assert.equal((await cause.locator('h3').innerText()).startsWith('1. '), true, 'it is the worst');
    await w.screenshot('whatif-causes');
    await cause.getByRole('button', { name: 'Apply', exact: true }).first().click();
    const cured = await changedFrom(similarity.clipped);
    assert(cosineOf(cured) > cosineOf(similarity.clipped), `${similarity.clipped} to ${cured}`);
    await findings().locator('.finding-outdated:visible').waitFor();
    assert.doesNotMatch(await saved(), /relu1:range\(0\.\.0/);
    assert.notEqual(await saved(), text.clipped);
    await w.graph.locator('.graph-surface').focus();
    await w.page.keyboard.press('Control+z');
    await until('the figures before the cure', async () => (await w.similarity()) === similarity.clipped);
    await findings().locator('.finding-outdated').waitFor({ state: 'hidden' });
    assert.equal(await saved(), text.clipped);
  });

  it('offers the cures among the suggestions, too', async () => {
    await w.command('View: Show QuantScope');
    const pane = w.page.locator('.pane', { has: w.page.locator('.pane-header', { hasText: 'Suggestions' }) });
    const cures = pane.locator('.monaco-list-row[aria-level="2"]');
    await cures.first().waitFor();
    await cures.first().hover();
    await w.screenshot('whatif-suggestions');
    await cures.first().getByRole('button', { name: 'Apply' }).click();
    const cured = await changedFrom(similarity.clipped);
    assert(cosineOf(cured) > cosineOf(similarity.clipped), `${similarity.clipped} to ${cured}`);
    assert.notEqual(await saved(), text.clipped);
    await w.graph.locator('.graph-surface').focus();
    await w.page.keyboard.press('Control+z');
    await until('the figures before the cure', async () => (await w.similarity()) === similarity.clipped);
    assert.equal(await saved(), text.clipped);
    await w.command('View: Show Explorer');
  });

  it('keeps trials, sensitivity and causes when the window is reloaded', async () => {
    await tab('Trials');
    const before = { trials: await trials(), current: await current() };
    assert(before.trials.length >= 4, before.trials.join());
    await w.open();
    if (!(await w.tab(MODEL).isVisible())) await w.openFile(MODEL);
    await w.graph.getByRole('region', { name: 'Kept run' }).waitFor();
    await tab('Trials');
    await until('the history is back', async () => (await trials()).length === before.trials.length);
    assert.deepEqual({ trials: await trials(), current: await current() }, before);
    await tab('Sensitivity');
    await w.graph.locator('#sweep .grid-row').first().waitFor();
    assert.equal((await losses()).length, 3);
    await tab('Causes');
    await findings().locator('article.cause', { hasText: 'The range cuts values off' }).waitFor();
    await w.screenshot('whatif-reloaded');
  });
});

/** Eight copies of each digit with a label, as far as they are needed. */
function copySamples(): void {
  const [from, to] = [join(w.folder, 'test'), join(w.folder, 'digits')];
  mkdirSync(to);
  const files = readdirSync(from).flatMap((file) =>
    Array.from({ length: 8 }, (_, i) => [file, `${i}-${file}`] as const),
  );
  for (const [file, copy] of files.slice(0, SAMPLES)) cpSync(join(from, file), join(to, copy));
}

async function select(handle: string): Promise<void> {
  await tab('Nodes');
  await w.graph.locator('.table-nodes .grid-row').filter({ hasText: handle }).first().click();
  await w.graph.getByRole('heading', { name: handle, exact: true }).waitFor();
}

async function tab(name: string): Promise<void> {
  await w.graph.getByRole('tab', { name, exact: true }).click();
}

/** The text of the config, once everything is saved. */
async function saved(): Promise<string> {
  await w.command('File: Save All');
  await w.page.locator('.tabs-container .tab.dirty').first().waitFor({ state: 'detached' });
  return w.read(CONFIG);
}

/** The panel of sensitivity, or of causes. */
function findings(): Locator {
  return w.graph.locator('.findings:visible');
}

function button(name: string): Locator {
  return findings().getByRole('button', { name, exact: true });
}

/** Clicks where a person would, at the first figure; from here the way is too long: fast machines are through by then. */
function cancelAtFirstPart(): Promise<void> {
  return findings().evaluate(
    (panel) =>
      new Promise<void>((resolve) => {
        const look = () => {
          const loss = panel.querySelector('#sweep .grid-row [data-column="loss"]')?.textContent ?? '';
          const buttons = [...panel.querySelectorAll<HTMLElement>('.job-buttons > *')];
          const cancel = buttons.find((b) => b.textContent.trim() === 'Cancel' && !b.hidden);
          if (cancel === undefined || !/\d/.test(loss)) requestAnimationFrame(look);
          else {
            cancel.click();
            resolve();
          }
        };
        look();
      }),
  );
}

/** What a measurement says of its end. */
function note(words: RegExp): Locator {
  return findings().locator('.finding-note', { hasText: words });
}

/** Evaluation samples that the sweep has seen, as its panel says. */
async function samplesDone(): Promise<number> {
  const [, done] = /samples: (\d+)/.exec(await findings().locator('.finding-note').innerText()) ?? [];
  return Number(done);
}

/** Losses as the sweep's table has them. */
async function losses(): Promise<number[]> {
  const cells = await w.graph.locator('#sweep .grid-row [data-column="loss"]').allInnerTexts();
  return cells.map((cell) => Number(cell.replace('−', '-'))).filter((loss) => !Number.isNaN(loss));
}

/** Names of the trials in the history. */
function trials(): Promise<string[]> {
  return w.graph.locator('.trials .grid-row [data-column="name"]').allInnerTexts();
}

/** Row of the trial whose figures are on display. */
async function current(): Promise<number> {
  return Number(await w.graph.locator('.trials .grid-row[aria-current="true"]').getAttribute('data-row'));
}

function cosineOf(similarity: string): number {
  return Number(similarity.split(' ')[0]);
}

/** The similarity after a change that is tried, once it is another. */
async function changedFrom(similarity: string): Promise<string> {
  await until('the figures change', async () => ![similarity, ''].includes(await w.similarity()));
  return w.similarity();
}

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + LONG_MS; Date.now() < end; await w.page.waitForTimeout(50))
    if (await condition()) return;
  assert.fail(`waited in vain: ${what}`);
}
