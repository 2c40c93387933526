import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { eventually, longestTask, viewPages, violationsOf } from './viewPage.ts';

const pages = viewPages();
const { asked } = pages;
const violations = (selector: string): Promise<string[]> => violationsOf(page, selector);
let page: Page;

async function open(query: string, size?: { width: number; height: number }): Promise<void> {
  page = await pages.open(query, { timeoutMs: 45_000, ...(size && { size }) });
}

const tree = () => page.getByRole('treegrid', { name: 'Trials' });
const names = () => page.locator('.trials .grid-row [data-column="name"]').allInnerTexts();
const current = () => page.locator('.trials .grid-row[aria-current="true"]').getAttribute('data-row');
const tool = (name: string) => page.locator('.trials').getByRole('button', { name, exact: true });
const levels = () =>
  page.locator('.trials .grid-row').evaluateAll((rows) => rows.map((row) => Number(row.getAttribute('aria-level'))));

async function openTrials(query: string, size?: { width: number; height: number }): Promise<void> {
  await open(query, size);
  await page.getByRole('tab', { name: 'Trials' }).click();
}

describe('the history of trials', () => {
  test('shows what was made from what, with figures, and marks what is on display', async () => {
    await openTrials('?run=1&trials=7');
    await eventually(() => names()).toHaveLength(7);
    expect((await names())[0]).toMatch(/^Run at /);
    expect(await levels()).toEqual([1, 2, 2, 3, 3, 3, 3]);
    expect(await current()).toBe('6');
    const cells = await page.locator('.trials .grid-row').nth(1).locator('.cell').allInnerTexts();
    expect(cells.slice(0, 6)).toEqual(['2', '…conv.1.0/Conv: int4 weights', '0.99230', '18.1 dB', '69.8 %', '3.44 MB']);
    await page.locator('.trials .sort', { hasText: 'Cosine' }).click();
    await eventually(levels).toEqual([1, 1, 1, 1, 1, 1, 1]);
    await page.locator('.trials .sort', { hasText: '#' }).click();
    await eventually(levels).toEqual([1, 2, 2, 3, 3, 3, 3]);
  });

  test('is walked by keys: Enter restores, P pins, F2 names, Delete takes away what is not needed', async () => {
    await openTrials('?run=1&trials=5');
    await tree().focus();
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await eventually(current).toBe('1');
    expect(await asked('trials/restore')).toEqual([{ id: 't1' }]);

    await page.keyboard.press('p');
    await eventually(() => page.locator('.trials .grid-row [data-column="pinned"]').nth(1).innerText()).toBe('yes');
    await eventually(() => tool('Unpin').isVisible()).toBe(true);

    await page.keyboard.press('F2');
    await page.getByRole('textbox', { name: 'Name of the trial' }).fill('less bits');
    await page.keyboard.press('Enter');
    await eventually(async () => (await names())[1]).toBe('less bits');
    await eventually(() => page.evaluate(() => document.activeElement?.id)).toBe('trials');
    await page.keyboard.press('F2');
    await page.getByRole('textbox', { name: 'Name of the trial' }).fill('nothing');
    await page.keyboard.press('Escape');
    await eventually(async () => (await names())[1]).toBe('less bits');
    expect(await asked('trials/rename')).toHaveLength(1);

    expect(await tool('Delete').isDisabled()).toBe(true);
    await page.keyboard.press('Delete');
    expect(await page.locator('[aria-live="polite"].sr-only').innerText()).toContain('restore another one first');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Delete');
    await eventually(() => names()).toHaveLength(4);
    expect(await asked('trials/delete')).toEqual([{ ids: ['t2'] }]);
  });

  test('goes back and forth, and grows with every change', async () => {
    await openTrials('?run=1&trials=3');
    await eventually(current).toBe('2');
    await tool('Undo the last change').click();
    await eventually(current).toBe('1');
    await tool('Redo the change').click();
    await eventually(current).toBe('2');
    await page.evaluate(() =>
      Reflect.get(window, 'testHost').emit('trials/changed', { tree: { trials: [], current: null } }),
    );
    await page.getByText('Quantize with a config first: every run and every change after it is a trial.').waitFor();
    expect(await tool('Restore').isDisabled()).toBe(true);
  });

  test('keeps hundreds of trials in a document of few rows, and the page responsive', async () => {
    await openTrials('?run=1');
    const trials = Array.from({ length: 400 }, (_, i) => ({
      ...{ id: `n${i}`, parent: i === 0 ? null : `n${i - 1 - (i % 3)}`, name: '', pinned: false, timeMs: 0 },
      ...{ change: { skip: [`node${i}`] }, samples: 8, outputs: [{ name: 'y', cosine: 1 - 1 / (i + 9), sqnrDb: 9 }] },
      ...{ top1: null, bytes: 1e6 + i, integerShare: 0.9, cost: 0.3 },
    }));
    const longest = await longestTask(page, async () => {
      await pages.emit('trials/changed', { tree: { trials, current: 'n399' } });
      await eventually(() => tree().getAttribute('aria-rowcount')).toBe('401');
    });
    expect(longest).toBeLessThan(150); // 50 ms where nothing runs beside it
    expect(await page.locator('.trials .grid-row').count()).toBeLessThan(60);
  });
});

describe('the trade-off', () => {
  const chart = () => page.getByRole('application', { name: /^Trade-off of trials/ });
  const readout = () => page.locator('.trials .chart-readout').innerText();

  test('is walked by keys, chooses a trial, and restores it with the next Enter', async () => {
    await openTrials('?run=1&trials=9');
    await chart().focus();
    await eventually(readout).toMatch(/size of the constants in MB: [\d.]+ MB; error: 1 − cosine: [\d.e-]+/);
    await page.keyboard.press('Home');
    await eventually(readout).toMatch(/^Run at .*no other one beats it$/);
    await page.keyboard.press('Enter');
    await eventually(() => page.locator('.trials .grid-row.selected').getAttribute('data-row')).toBe('0');
    expect(await asked('trials/restore')).toEqual([]);
    await page.keyboard.press('Enter');
    await eventually(current).toBe('0');
    expect(await asked('trials/restore')).toEqual([{ id: 't0' }]);
  });

  test('has other axes, and its numbers as a table', async () => {
    await openTrials('?run=1&trials=9');
    await page.getByRole('combobox', { name: 'Along the x axis' }).selectOption('integerShare');
    await page.locator('.trials').getByRole('radio', { name: 'top-1' }).click();
    await chart().focus();
    await eventually(readout).toMatch(/share of MACs on integers in %: [\d.]+ %; top-1 in %: [\d.]+ %/);
    await page.locator('.trials .chart').getByRole('button', { name: 'Table' }).click();
    const table = page.getByRole('table', { name: 'Trade-off of trials' });
    expect(await table.getByRole('columnheader').allInnerTexts()).toEqual([
      ...['Trial', 'Size', 'Integer share', 'Cost', 'Error', 'Top-1', 'Best'],
    ]);
    expect(await table.getByRole('row').count()).toBe(10);
  });
});

describe('two trials beside each other', () => {
  test('say what was changed, and what every sample gained or lost', async () => {
    await openTrials('?run=1&trials=5');
    await tree().focus();
    await page.keyboard.press('Home');
    await page.keyboard.press('c');
    const comparison = page.getByRole('region', { name: 'Comparison' });
    await comparison.getByText('From A to B').waitFor();
    expect((await asked('trials/compare')).at(-1)).toEqual({ a: 't0', b: 't4' });
    expect(await comparison.locator('.comparison-changes li').count()).toBeGreaterThan(1);
    expect(await comparison.locator('.sample-gains caption').innerText()).toBe(
      'Cosine of each sample: 9 better, 3 worse, of 12',
    );
    expect(await comparison.locator('.sample-gains tbody tr').first().innerText()).toContain('+0.00220');
    await comparison.getByRole('button', { name: 'Swap' }).click();
    await eventually(async () => (await asked('trials/compare')).at(-1)).toEqual({ a: 't4', b: 't0' });
    await comparison.getByRole('combobox', { name: 'Trial B' }).selectOption('t2');
    await eventually(async () => (await asked('trials/compare')).at(-1)).toEqual({ a: 't4', b: 't2' });
  });
});

describe.each(['light', 'dark', 'contrast'])('in the %s theme', (theme) => {
  test('axe finds nothing in the trials, wide and narrow', async () => {
    await openTrials(`?run=1&trials=9&theme=${theme}`);
    await eventually(() => names()).not.toEqual([]);
    expect(await violations('.trials')).toEqual([]);
    await page.locator('.trials').getByRole('radio', { name: 'Compare' }).click();
    await page.getByText('From A to B').waitFor();
    expect(await violations('.trials')).toEqual([]);
    await openTrials(`?run=1&trials=9&theme=${theme}`, { width: 400, height: 900 });
    expect(await tree().isVisible()).toBe(true);
    expect(await violations('.trials')).toEqual([]);
    await page.locator('.trials').getByRole('radio', { name: 'Trade-off' }).click();
    await page.getByRole('application', { name: /^Trade-off/ }).waitFor();
    expect(await tree().isVisible()).toBe(false);
    expect(await violations('.trials')).toEqual([]);
  });
});
