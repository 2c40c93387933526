import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import type { ConfigChange } from '../../src/protocol/changes.ts';
import { DIAGNOSIS, DIAGNOSIS_TEXT, diagnosisOf, RMSE_REFERENCE, SEARCH, SWEEP, sweepOf } from './findingFixtures.ts';
import { largeGraph, mobileNet } from './fixtures.ts';
import { eventually, longestTask, viewPages, violationsOf } from './viewPage.ts';

interface TestHost {
  emit(event: string, payload: unknown): void;
}

const pages = viewPages();
const { asked } = pages;
let page: Page;

async function open(
  query: string,
  tab: 'sensitivity' | 'causes',
  size?: { width: number; height: number },
): Promise<void> {
  page = await pages.open(query, { permissions: ['clipboard-read', 'clipboard-write'], ...(size && { size }) });
  await page.locator(`#tab-${tab}`).click();
}

function emit(event: string, payload: unknown): Promise<void> {
  return page.evaluate(([e, p]) => (Reflect.get(window, 'testHost') as TestHost).emit(e as string, p), [
    event,
    payload,
  ] as const);
}

const findings = () => page.locator('.findings:visible');
const button = (name: string | RegExp) => findings().getByRole('button', { name, exact: true });
const field = (name: string) => findings().getByLabel(name, { exact: true });
const note = () => findings().locator('.finding-note:visible').innerText();
const rows = (grid: string, column: string) =>
  page.locator(`#${grid} .grid-row [data-column="${column}"]`).allInnerTexts();

async function changes(): Promise<ConfigChange[]> {
  return (await asked<{ change: ConfigChange }>('config/change')).map(({ change }) => change);
}

describe('sensitivity', () => {
  test('is measured as the form says, worst first, and colours the graph while it comes', async () => {
    await open('?run=1&pace=150', 'sensitivity');
    expect(await findings().locator('.finding-empty:visible').innerText()).toMatch(/^Nothing measured yet/);
    await field('Measure').selectOption({ label: 'Only this node float' });
    await field('Judged by').selectOption({ label: 'Mean squared error' });
    await field('Samples').fill('3');
    await field('Nodes').selectOption({ label: 'The likely worst' });
    await field('How many').fill('20');
    await button('Start').click();
    await eventually(() => asked('sensitivity/start')).toEqual([
      {
        request: { ...SWEEP, mode: 'leaveOneOut', judge: { id: 'mse' }, samples: 3, verify: 20 },
        resume: false,
      },
    ]);
    await eventually(() => page.locator('.legend-title').innerText()).toBe(
      'Sensitivity, left float: mean squared error',
    );
    await eventually(() => page.locator('.legend-rows').innerText()).toContain('not measured yet');
    await eventually(() => findings().locator('.job-text:visible').innerText()).toMatch(/ % · /);
    await eventually(note).toMatch(/nodes: 20 of 64/);
    const losses = (await rows('sweep', 'loss'))
      .filter((text) => text !== 'not measured')
      .map((text) => Number(text.replace('−', '-')));
    expect(losses.length).toBeGreaterThan(3);
    expect(losses).toEqual([...losses].sort((a, b) => b - a));
    await button('Start').waitFor();
    const counts = await page.locator('button.legend-row .legend-count').allInnerTexts();
    expect(counts.slice(0, 5).reduce((sum, n) => sum + Number(n), 0)).toBe(20);
    await page.locator('#sweep .grid-row').nth(2).click();
    const [name] = await rows('sweep', 'handle').then((all) => all.slice(2));
    await eventually(() => page.locator('.details h2:visible').innerText()).toBe(name);
    expect(await page.locator('.node-figures').innerText()).toContain('(mean squared error)');
  });

  test('is cancelled and goes on where it stopped', async () => {
    await open('?run=1&pace=60', 'sensitivity');
    await button('Start').click();
    await eventually(() => rows('sweep', 'loss')).toContainEqual(expect.stringMatching(/e-/));
    await button('Cancel').click();
    await eventually(note).toMatch(/cancelled$/);
    const before = Number(/nodes: (\d+) of/.exec(await note())?.[1]);
    expect(before).toBeGreaterThan(0);
    await button('Resume').click();
    await eventually(() => asked('sensitivity/start')).toContainEqual({ request: SWEEP, resume: true });
    await eventually(async () => Number(/nodes: (\d+) of/.exec(await note())?.[1])).toBeGreaterThan(before);
    await page
      .getByRole('toolbar')
      .getByRole('button', { name: /^Cancel \(\d+ %\)$/ })
      .click();
    await eventually(note).toMatch(/cancelled$/);
  });

  test('leaves nodes float from its rows and by keys; what was measured before is told apart until undo', async () => {
    await open('?run=1&found=1', 'sensitivity');
    const names = await rows('sweep', 'handle');
    const [first] = names;
    await page.locator('#sweep .grid-row').first().getByRole('button', { name: 'Skip', exact: true }).click();
    await eventually(changes).toEqual([{ skip: [first] }]);
    const outdated = findings().locator('.finding-outdated:visible');
    await eventually(() => outdated.allInnerTexts()).toEqual([
      'Measured under another config than that of the figures on display.',
    ]);
    await page.locator('#sweep .grid-row').first().getByRole('button', { name: 'Quantize', exact: true }).waitFor();
    await page.getByRole('button', { name: /^Undo/ }).click();
    await eventually(() => outdated.count()).toBe(0);

    await page.locator('#sweep .grid-row').nth(3).getByRole('button', { name: 'Skip first 4' }).click();
    await eventually(async () => (await changes()).at(-1)).toEqual({ skip: names.slice(0, 4) });
    await page.getByRole('button', { name: /^Undo/ }).click();
    await eventually(() => outdated.count()).toBe(0);

    await page.locator('#sweep .grid-row').first().click();
    await page.locator('#sweep').press('ArrowDown');
    await page.locator('#sweep').press('Shift+S');
    await eventually(async () => (await changes()).at(-1)).toEqual({ skip: names.slice(0, 2) });
  });

  test('is sorted, copied and saved', async () => {
    await open('?run=1&found=1', 'sensitivity');
    await page.locator('#sweep .sort', { hasText: 'Local SQNR' }).click();
    await eventually(async () => (await rows('sweep', 'localSqnrDb')).map(Number.parseFloat)).toSatisfy(
      (values: number[]) => values.length > 4 && values.every((v, i) => i === 0 || v >= (values[i - 1] as number)),
    );
    await button('Copy').click();
    await eventually(() => page.evaluate(() => navigator.clipboard.readText())).toMatch(
      /^#\tNode\t1 − cosine\tCosine similarity\tLocal SQNR\tOperator\r\n/,
    );
    await button('Save CSV').click();
    const [file] = await asked<{ name: string; text: string }>('table/save');
    expect(file?.name).toBe('mobilenetv2.sensitivity.csv');
    expect(file?.text.split('\r\n')).toHaveLength(66);
  });

  test('of a kept run is shown, and measured again after the run', async () => {
    await open('?run=1&found=1&restored=1', 'sensitivity');
    await page.locator('#sweep .grid-row').first().waitFor();
    expect(await findings().locator('.job .hint').first().innerText()).toContain('kept run');
    await expect.poll(() => page.locator('#sweep .grid-row .tool').first().isDisabled()).toBe(true);
    await findings().locator('.job').getByRole('button', { name: 'Run again' }).click();
    await eventually(() => asked('run/again')).toHaveLength(1);
    await eventually(() => findings().locator('.job .hint').first().isHidden()).toBe(true);
  });

  test('judges by accuracy and by a command only where these are there', async () => {
    await open('?run=1', 'sensitivity');
    const judges = () =>
      field('Judged by')
        .locator('option')
        .evaluateAll((all) => all.map((o) => [o.textContent, (o as HTMLOptionElement).disabled]));
    expect(await judges()).toEqual([
      ['Cosine similarity', false],
      ['SQNR', false],
      ['Mean squared error', false],
      ['Top-1', false],
      ['Top-5', false],
      ['Your command (none is set)', true],
    ]);
    await emit('preferences/changed', {
      metric: 'cosine',
      palette: 'theme',
      scale: 'bands',
      minimap: true,
      judgeCommand: { command: 'node map.mjs', better: 'lower' },
    });
    await field('Judged by').selectOption({ label: 'Your command' });
    await button('Start').click();
    const judge = { id: 'command', command: 'node map.mjs', better: 'lower' };
    await eventually(() => asked('sensitivity/start')).toEqual([{ request: { ...SWEEP, judge }, resume: false }]);
  });
});

describe('the search', () => {
  test('asks for a target or a size, lists what it tries, and applies the best', async () => {
    await open('?run=1&pace=10', 'sensitivity');
    await findings().getByRole('radio', { name: 'Search for a target' }).click();
    const target = field('Cosine at least');
    await target.fill('good');
    await target.press('Tab');
    expect(await target.getAttribute('aria-invalid')).toBe('true');
    await target.fill('0.995');
    await target.press('Tab');
    expect(await target.getAttribute('aria-invalid')).toBeNull();
    await field('Budget').fill('60');
    await button('Search').click();
    await eventually(() => asked('search/start')).toEqual([SEARCH]);
    await eventually(() => findings().locator('.job-text:visible').innerText()).toMatch(/of at most 60 candidates/);
    await eventually(note).toContain('ended: nothing smaller among what was tried');
    expect(await page.locator('#tried').getAttribute('aria-rowcount')).toBe('61');
    await page.locator('#tried .sort', { hasText: 'Nodes' }).click();
    await page.locator('#tried .grid-row').first().click();
    await eventually(() => findings().locator('.chart-ring.selected:visible').count()).toBe(1);
    expect(await findings().locator('.best').innerText()).toMatch(/Best\s*nodes in float: 6/);
    await button('Apply to config').click();
    const [change] = await changes();
    expect(change?.skip).toHaveLength(6);

    await field('Find').selectOption({ label: 'Bits for a size' });
    await field('Weights take at most').fill('2.5 MB');
    await field('Weights take at most').press('Tab');
    await eventually(() => button('Search').isEnabled()).toBe(true);
    await button('Search').click();
    await eventually(async () => (await asked<typeof SEARCH>('search/start')).at(-1)?.goal).toEqual({
      kind: 'bits',
      bytes: 2_621_440,
    });
  });

  test('is cancelled and keeps the best so far', async () => {
    await open('?run=1&pace=50', 'sensitivity');
    await findings().getByRole('radio', { name: 'Search for a target' }).click();
    await button('Search').click();
    await eventually(() => page.locator('#tried .grid-row').count()).toBeGreaterThan(2);
    await button('Cancel').click();
    await eventually(note).toMatch(/cancelled$/);
    expect(await findings().locator('.best').innerText()).toContain('Nearest; the target is missed');
  });
});

describe('the diagnosis', () => {
  const cause = (at: number) => findings().locator('article.cause:not(.together):not(.whole):not(.data)').nth(at);

  test('names causes one by one, worst first, with what speaks for them and what helps', async () => {
    await open('?run=1&pace=150', 'causes');
    await field('Nodes').fill('6');
    await button('Diagnose').click();
    await eventually(() => asked('diagnosis/start')).toEqual([DIAGNOSIS]);
    await cause(0).waitFor();
    await cause(0).locator('summary').click();
    await cause(5).waitFor();
    await eventually(note).toMatch(/causes: 6 · cures tried: 19/);
    expect(await page.locator('.summary > .progress').isHidden(), 'what cures calibrate is no run').toBe(true);
    expect(await cause(0).getByRole('button', { name: 'Apply' }).first().isEnabled()).toBe(true);
    expect(await cause(0).locator('details').getAttribute('open'), 'it stays open while others come').not.toBeNull();
    expect(await cause(0).locator('h3').innerText()).toBe('1. The range cuts values off');
    expect(await cause(0).locator('table').first().innerText()).toMatch(/Values beyond the range\s+3.1 %\s+0.01 %/);
    expect(await cause(4).innerText()).toContain('Nothing that was tried helps.');
    const node = cause(1).locator('.cause-node');
    const name = await node.innerText();
    await node.click();
    await eventually(() => page.locator('.details h2:visible').innerText()).toBe(name);
    await cause(0).locator('.place-name').first().click();
    await eventually(() => page.locator('#tab-data').getAttribute('aria-selected')).toBe('true');
  });

  test('applies a cure or all that help; its findings are told apart then', async () => {
    await open('?run=1&found=1', 'causes');
    const name = await cause(0).locator('.cause-node').innerText();
    await cause(0).getByRole('button', { name: 'Apply' }).first().click();
    await eventually(changes).toEqual([{ overrides: { [name]: 'MSE' } }]);
    expect(await asked('config/change')).toMatchObject([{ runs: true, madeFor: DIAGNOSIS_TEXT }]);
    await findings().locator('.finding-outdated:visible').waitFor();
    await page.getByRole('button', { name: /^Undo/ }).click();
    await findings().locator('.finding-outdated').waitFor({ state: 'hidden' });
    await button('Apply all that help').click();
    await eventually(async () => Object.keys((await changes()).at(-1) ?? {})).toEqual(['skip', 'overrides']);
  });

  test('doubts the data: another preprocessing, odd samples, the curve of ranges, and what is good enough', async () => {
    await open('?run=1&found=1', 'causes');
    const data = (title: string) => findings().locator('article.data', { hasText: title });
    const first = findings().locator('article').first();
    expect(await first.innerText(), 'what explains most stands first').toContain('image_to_format=BGR');
    await data('Preprocessing: image_to_format=BGR').getByRole('button', { name: 'Put into the config' }).click();
    await eventually(async () => (await changes()).at(-1)?.settings?.[0]?.key).toBe('image_to_format');
    const declined = data('the evidence calls for none of these');
    await declined.locator('summary').click();
    expect(await declined.locator('h4').allInnerTexts()).toEqual(['image_to_format=GRAY']);
    await data('Odd sample').getByRole('button', { name: 'n01536_goldfish.JPEG' }).click();
    await eventually(() => asked('sample/open')).toEqual([{ sample: '/data/calibration/n01536_goldfish.JPEG' }]);
    await data('Number of calibration samples').getByRole('button', { name: 'Table' }).click();
    expect(await data('Number of calibration samples').locator('.chart-row').count()).toBe(7);
    expect(await data('What number is good enough').innerText()).toContain('From a cosine of 0.98500 on');
    const { diagnosisOf } = await import('./findingFixtures.ts');
    const { mobileNet } = await import('./fixtures.ts');
    const view = { ...diagnosisOf(mobileNet(), DIAGNOSIS, 2, true), reference: RMSE_REFERENCE };
    await emit('diagnosis/changed', { view, running: false });
    await eventually(() => data('What number is good enough').innerText()).toContain(
      'The worst node here has 4.31; 14 of 53 nodes',
    );
    await data('What number is good enough').getByRole('button').click();
    await eventually(() => page.getByRole('combobox', { name: 'Colour nodes by' }).inputValue()).toBe('rmseScale');
  });

  test('says what went wrong, and that nothing was found', async () => {
    await open('?run=1&pace=100000', 'causes');
    await button('Diagnose').click();
    await button('Cancel').waitFor();
    await emit('run/stopped', {
      diagnostics: [{ severity: 'error', code: 'SES402', message: 'the labels were not found', at: { file: 'a.cfg' } }],
    });
    await emit('diagnosis/changed', { view: null, running: false });
    await button('Diagnose').waitFor();
    expect(await page.locator('.banner').innerText()).toContain('the labels were not found');
    const { diagnosisOf } = await import('./findingFixtures.ts');
    const { mobileNet } = await import('./fixtures.ts');
    const none = {
      ...diagnosisOf(mobileNet(), { ...DIAGNOSIS, data: false }, 0, true),
      reference: null,
      together: null,
    };
    await emit('diagnosis/changed', { view: none, running: false });
    await eventually(() => findings().locator('.finding-empty').innerText()).toMatch(/^No cause was found/);
  });
});

describe('with very much to show, the page stays responsive', () => {
  test('while a sweep of thousands of nodes colours the graph', async () => {
    await open('?model=large&nodes=6000&run=1&metric=sensitivity', 'sensitivity');
    const views = [500, 1000, 1500].map((done) => sweepOf(largeGraph(6000), SWEEP, done));
    expect(views[0]?.total).toBeGreaterThan(1500);
    await page.evaluate((all) => Object.assign(window, { sweeps: all }), views); // which takes the page a while itself
    const longest = await longestTask(page, async () => {
      for (const [i, view] of views.entries()) {
        await page.evaluate((k) => {
          const sweeps = Reflect.get(window, 'sweeps') as unknown[];
          Reflect.get(window, 'testHost').emit('sensitivity/changed', { view: sweeps[k], running: true });
        }, i);
        await eventually(note).toContain(`nodes: ${view.done.toLocaleString('en')} of`);
      }
    });
    expect(longest).toBeLessThan(150); // 50 ms where nothing runs beside it
  });

  test('with a hundred causes, of which the first are shown', async () => {
    await open('?run=1', 'causes');
    const few = diagnosisOf(mobileNet(), DIAGNOSIS, 6, true);
    const causes = Array.from({ length: 100 }, (_, i) => {
      const cause = few.causes[i % few.causes.length];
      return { ...cause, nodeId: i, handle: `node${i}` };
    });
    const longest = await longestTask(page, async () => {
      await emit('diagnosis/changed', { view: { ...few, causes }, running: false });
      await findings()
        .getByRole('button', { name: /^Show \d+ more$/ })
        .waitFor();
    });
    expect(longest).toBeLessThan(150); // 50 ms where nothing runs beside it
    expect(await findings().locator('article.cause').count()).toBeLessThan(60);
  });
});

describe('in every theme and width', () => {
  const violations = () => violationsOf(page, '.findings:not([hidden])');

  test.each(['light', 'dark', 'contrast'])('a checker finds no fault, %s', async (theme) => {
    await open(`?run=1&found=1&theme=${theme}`, 'sensitivity');
    await page.locator('#sweep .grid-row').first().click();
    expect(await violations()).toEqual([]);
    await findings().getByRole('radio', { name: 'Search for a target' }).click();
    await page.locator('#tried .grid-row').first().waitFor();
    expect(await violations()).toEqual([]);
    await page.locator('#tab-causes').click();
    await findings().locator('article.cause').first().waitFor();
    for (const summary of await findings().locator('summary').all()) await summary.click();
    expect(await violations()).toEqual([]);
  });

  test('a narrow panel folds what is asked and stays in the window', async () => {
    await open('?run=1&found=1', 'sensitivity', { width: 400, height: 900 });
    await page.locator('#sweep .grid-row').first().waitFor();
    expect(await field('Measure').isVisible()).toBe(false);
    await button('Options').click();
    expect(await field('Measure').isVisible()).toBe(true);
    for (const tab of ['sensitivity', 'causes']) {
      await page.locator(`#tab-${tab}`).click();
      const [wide, seen] = await findings().evaluate((e) => [e.scrollWidth, e.clientWidth]);
      expect(wide).toBeLessThanOrEqual(seen as number);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(400);
    }
  });
});
