import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import type { ConfigChange } from '../../src/protocol/changes.ts';
import { mobileNet } from './fixtures.ts';
import { eventually, longestTask, viewPages, violationsOf } from './viewPage.ts';

const pages = viewPages();
const violations = (selector: string): Promise<string[]> => violationsOf(page, selector);
let page: Page;

async function open(query: string, size?: { width: number; height: number }): Promise<void> {
  page = await pages.open(query, { timeoutMs: 45_000, ...(size && { size }) });
}

interface Asked {
  readonly change: ConfigChange;
  readonly label: string;
}

const asked = (method: string): Promise<Asked[]> => pages.asked(method);

const NODES = mobileNet().nodes;

/** Selects a node and shows its details. */
async function select(handle: string): Promise<void> {
  const nodeId = NODES.find((node) => node.handle === handle)?.id;
  await page.evaluate(
    (id) => Reflect.get(window, 'testHost').emit('view/command', { command: 'inspect', nodeId: id }),
    nodeId,
  );
  await page.locator('.details-head h2', { hasText: handle }).waitFor();
  await page.locator('.node-view > .loading').waitFor({ state: 'hidden' });
}

const CONV = '/features/features.9/conv/conv.0/conv.0.0/Conv';
const ADD = '/features/features.15/Add';
const choice = (name: string) => page.locator('.details').getByRole('combobox', { name, exact: true });

describe('the choices of a node', () => {
  test('say what holds, try what is chosen, tell what it brought, and go back', async () => {
    await open('?run=1&delay=1500');
    await select(CONV);
    await eventually(() => choice('Precision').locator('option').first().innerText()).toBe('as config: uint8');
    const trying = page.locator('.outcome', { hasText: `Trying ${CONV}: int16` }).waitFor();
    await choice('Precision').selectOption('int16');
    await trying;
    await page.locator('.outcome', { hasText: 'Last change' }).waitFor();
    expect(await asked('config/change')).toEqual([
      { change: { overrides: { [CONV]: 'int16' } }, label: `${CONV}: int16` },
    ]);
    expect(await page.locator('.outcome tbody tr').allInnerTexts()).toEqual([
      'Cosine\t0.99310\t0.99330\t+0.00020 better',
      'SQNR\t18.4 dB\t18.5 dB\t+0.1 dB better',
      'Top-1\t69.9 %\t69.9 %\t+0.02 % better',
    ]);
    expect(await page.locator('.outcome .facts').innerText()).toContain(
      'ran 31 of 120 steps, 8 of 8 samples from the cache',
    );
    expect(await choice('Precision').inputValue()).toBe('int16');
    await choice('Calibration').selectOption('KL');
    await eventually(async () => (await asked('config/change')).at(-1)?.change.overrides).toEqual({
      [CONV]: 'int16+KL',
    });
    await page.getByRole('button', { name: 'Precision: back to the config’s choice' }).click();
    await eventually(async () => (await asked('config/change')).at(-1)?.change.overrides).toEqual({ [CONV]: 'KL' });
    await eventually(() => page.evaluate(() => document.activeElement?.id)).toBe('choice-precision');
  });

  test('that do not apply are off, with the reason beside them', async () => {
    await open('?run=1');
    await select(ADD);
    await eventually(() => choice('Weight bits').isDisabled()).toBe(true);
    const why = await choice('Weight bits').getAttribute('aria-describedby');
    expect(await page.locator(`#${why}`).innerText()).toBe('Weight bits, Weight scales – It has no constant weight.');
    expect(await choice('Precision').isDisabled()).toBe(false);
    await choice('Quantized').selectOption('skip');
    await eventually(() => choice('Precision').isDisabled()).toBe(true);
    expect(await page.locator('.choice-notes').innerText()).toContain('It is left float by skip_quant_node.');
    expect((await asked('config/change')).at(-1)?.change).toEqual({ skip: [ADD] });
  });

  test('are of no use before a run', async () => {
    await open('');
    await select(CONV);
    await page.getByText('Quantize with a config first; then you can decide for single nodes.').waitFor();
    expect(await choice('Precision').isVisible()).toBe(false);
  });
});

describe('a range by hand', () => {
  const handle = (name: 'Lower' | 'Upper') => page.getByRole('slider', { name: `${name} end of the range of` });
  const value = async (name: 'Lower' | 'Upper') => Number(await handle(name).getAttribute('aria-valuenow'));
  const last = async () => (await asked('config/change')).at(-1)?.change.overrides?.[CONV];
  /** The values after each of the keys, between which no time passes. */
  const pressedAtOnce = (...keys: readonly string[]): Promise<readonly number[]> =>
    handle('Upper').evaluate(
      (slider, all) =>
        all.map((key) => {
          slider.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
          return Number(slider.getAttribute('aria-valuenow'));
        }),
      keys,
    );
  const openHistogram = async () => {
    await open('?run=1', { width: 1280, height: 1000 });
    await select(CONV);
    await page.getByRole('button', { name: 'Set on the histogram' }).click();
    await handle('Upper').waitFor();
  };

  test('is dragged, with what it clips while it moves, and tried when it is let go', async () => {
    await openHistogram();
    const box = await handle('Upper').boundingBox();
    if (box === null) throw new Error('the handle has no place');
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    const before = await value('Upper');
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x - 160, y, { steps: 4 });
    const moved = await value('Upper');
    expect(moved).toBeLessThan(before * 0.7);
    expect(await page.locator('.range-says').innerText()).toMatch(
      /^clips [\d.]+ % of the elements \(now [\d.]+ %\); step [\d.]+ \(now [\d.]+\)$/,
    );
    expect(await handle('Upper').getAttribute('aria-valuetext')).toMatch(/clips [\d.]+ %, step [\d.]+$/);
    expect(await asked('config/change')).toEqual([]);
    await page.mouse.up();
    await eventually(last).toBe(`range(${await value('Lower')}..${moved})`);
    await page.locator('.outcome', { hasText: 'Last change' }).waitFor();
    await eventually(() => value('Upper')).toBe(moved);
    await page.locator('.range').getByRole('button', { name: 'Range: back to the config’s choice' }).click();
    await eventually(async () => (await asked('config/change')).at(-1)?.change.overrides).toEqual({ [CONV]: '' });
  });

  test('goes by keys, of which the last counts, and by numbers; Escape leaves it', async () => {
    await openHistogram();
    const before = await value('Upper');
    await handle('Upper').focus();
    const [once, twice, escaped] = await pressedAtOnce('PageDown', 'PageDown', 'Escape');
    expect(once).toBeLessThan(before);
    expect(twice).toBeLessThan(once as number);
    expect(escaped).toBe(before);
    await pressedAtOnce('PageDown', 'ArrowRight');
    await eventually(last).toBe(`range(${await value('Lower')}..${await value('Upper')})`);
    expect(await asked('config/change')).toHaveLength(1);
    await eventually(() => page.evaluate(() => document.activeElement?.className)).toContain('range-hi');
    await page.keyboard.press('ArrowLeft');
    await eventually(async () => (await asked('config/change')).length).toBe(2);
    expect(await last()).toBe(`range(${await value('Lower')}..${await value('Upper')})`);
    await page.getByRole('textbox', { name: 'To' }).fill('2.5');
    await page.keyboard.press('Enter');
    await eventually(last).toMatch(/\.\.2\.5\)$/);
    await page.getByRole('textbox', { name: 'To' }).fill('no number');
    await page.keyboard.press('Tab');
    await eventually(() => page.getByRole('textbox', { name: 'To' }).inputValue()).toBe('2.5');
  });
});

describe('a change of several nodes', () => {
  const dialog = () => page.getByRole('dialog', { name: /^Change [\d,]+ nodes?$/ });

  test('is of all nodes of an operator, says what it does not change, and is one change', async () => {
    await open('?run=1');
    await select(ADD);
    await page.getByRole('button', { name: 'Change other nodes too…' }).click();
    await dialog().waitFor();
    await dialog().getByLabel('Nodes').selectOption({ label: 'All Add (10)' });
    await dialog().getByLabel('Precision').selectOption('int16');
    await dialog().getByLabel('Weight bits').selectOption('w4');
    await dialog().getByText('Changes 10 nodes.').waitFor();
    await dialog().getByText('10 not changed, or only in part: It has no constant weight.').waitFor();
    await dialog().getByRole('button', { name: 'Apply' }).click();
    await eventually(async () => (await asked('config/change')).length).toBe(1);
    const [{ change, label } = { change: {}, label: '' }] = await asked('config/change');
    expect(Object.values(change.overrides ?? {})).toEqual(Array<string>(10).fill('int16'));
    expect(label).toBe('10 nodes: int16');
    await page.locator('.summary', { hasText: '10 nodes: int16' }).waitFor();
  });

  test('is of a group of the graph, of the rows that are chosen, and of what a search has found', async () => {
    await open('?run=1');
    const command = (params: object) =>
      page.evaluate(
        (p) => Reflect.get(window, 'testHost').emit('view/command', { command: 'changeNodes', ...p }),
        params,
      );
    await command({ group: '/features.9' });
    await eventually(() => dialog().getByLabel('Nodes').locator('option').allInnerTexts()).toEqual([
      expect.stringMatching(/^Group features\.9 \(\d+\)$/),
    ]);
    await page.keyboard.press('Escape');
    await eventually(() => dialog().isVisible()).toBe(false);

    const rows = page.locator('.table-nodes .grid-row');
    await rows.nth(0).click();
    await rows.nth(2).click({ modifiers: ['Shift'] });
    await page.locator('.table-nodes').getByRole('button', { name: 'Change…' }).click();
    expect(await dialog().getByLabel('Nodes').locator('option').allInnerTexts()).toEqual([
      'Chosen rows (3)',
      'Rows that are shown (101)',
    ]);
    await dialog().getByRole('button', { name: 'Cancel' }).click();

    await page.keyboard.press('Control+f');
    await page.getByRole('combobox', { name: 'Search nodes and tensors' }).fill('op:GlobalAveragePool,Gemm');
    await page.getByText('2 hits').waitFor();
    await page.getByRole('button', { name: 'Change the nodes found…' }).click();
    expect(await dialog().getByLabel('Nodes').locator('option').allInnerTexts()).toEqual([
      'Found by “op:GlobalAveragePool,Gemm” (2)',
    ]);
    await dialog().getByLabel('Quantized').selectOption('skip');
    await dialog().getByRole('button', { name: 'Apply' }).click();
    await eventually(async () => (await asked('config/change')).at(-1)?.change.skip?.length).toBe(2);
  });

  test('keeps the page responsive with twenty thousand nodes', async () => {
    await open('?model=large&nodes=20000&run=1');
    await page.locator('.table-nodes').getByRole('button', { name: 'Change…' }).click();
    const longest = await longestTask(page, async () => {
      await dialog().getByLabel('Precision').selectOption('int16');
      await dialog()
        .getByText(/^Changes \d[\d,]+ nodes\.$/)
        .waitFor();
    });
    expect(longest).toBeLessThan(150); // 50 ms where nothing runs beside it
    await dialog().getByRole('button', { name: 'Cancel' }).click();
  });
});

describe.each([400, 700])('in a view %i wide', (width) => {
  test('the change is whole, and taken back and made again by keyboard in the toolbar', async () => {
    await open('?run=1&trials=5&trial=1', { width, height: 900 });
    const change = page.locator('.outputs td.change').first();
    await change.waitFor();
    expect(await page.locator('.outputs').evaluate((tile) => tile.scrollWidth - tile.clientWidth)).toBe(0);
    const shown = await change.innerText();
    const toolbar = page.getByRole('toolbar', { name: 'Model' });
    for (const [name, method] of [
      ['Undo the last change', 'edit/undo'],
      ['Redo the change', 'edit/redo'],
    ] as const) {
      await toolbar.getByRole('button', { name }).focus();
      await page.keyboard.press('Enter');
      await eventually(async () => (await pages.asked(method)).length).toBe(1);
    }
    await eventually(() => change.innerText()).toBe(shown);
    const tops = await page
      .locator('.toolbar-icons > *')
      .evaluateAll((icons) => new Set(icons.map((icon) => icon.getBoundingClientRect().top)).size);
    expect(tops).toBe(1);
  });
});

describe.each(['light', 'dark', 'contrast'])('in the %s theme', (theme) => {
  test('axe finds nothing in the choices, the range and the dialog, wide and narrow', async () => {
    for (const size of [
      { width: 1280, height: 900 },
      { width: 400, height: 900 },
    ]) {
      await open(`?run=1&theme=${theme}&trials=3`, size);
      await select(CONV);
      await choice('Precision').selectOption('float16');
      await page.locator('.outcome', { hasText: 'Last change' }).waitFor();
      expect(await violations('.details')).toEqual([]);
      await choice('Precision').selectOption('int8');
      await page.getByRole('button', { name: 'Set on the histogram' }).click();
      await page.locator('.range-hi').waitFor();
      expect(await violations('.tensor-charts')).toEqual([]);
      await page.getByRole('button', { name: 'Change other nodes too…' }).click();
      expect(await violations('.change-dialog')).toEqual([]);
      const wide = await page.evaluate(() => document.querySelector('.details')?.scrollWidth ?? 0);
      const room = await page.evaluate(() => document.querySelector('.details')?.clientWidth ?? 0);
      expect(wide).toBeLessThanOrEqual(room);
    }
  });
});
