import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import type { SliceRequest } from '../../src/protocol/tensorViews.ts';
import { mobileNet } from './fixtures.ts';
import { SAMPLES, WORST_SAMPLE } from './tensorFixtures.ts';
import { eventually, viewPages, violationsOf } from './viewPage.ts';

const pages = viewPages();
const { asked } = pages;
let page: Page;

const graph = mobileNet();
const CONV = graph.nodes.find((n) => n.handle === '/features/features.0.0/Conv');
/** [1, 32, 112, 112] */
const OUTPUT = CONV?.outputs[0] ?? -1;
/** [32, 3, 3, 3] */
const WEIGHT = CONV?.inputs[1] ?? -1;

interface Look {
  readonly query?: string;
  readonly node?: string;
  readonly tensor?: number;
  readonly look?: Readonly<Record<string, unknown>>;
  readonly width?: number;
}

/** Opens the view as it was left with the elements of a tensor below the graph, of the first convolution at first. */
async function open({
  query = '?run=1',
  node = CONV?.handle ?? '',
  tensor = OUTPUT,
  look = {},
  width = 1280,
}: Look = {}): Promise<void> {
  const state = {
    ...{
      file: graph.file,
      selected: graph.nodes.find((n) => n.handle === node)?.id,
      selectedTensor: tensor,
      bottom: 'data',
      tab: 'table',
    },
    ...{ showTable: true, showDetails: false, tableHeight: 420, tensorLook: look },
  };
  const permissions = ['clipboard-read', 'clipboard-write'];
  page = await pages.open(query, { size: { width, height: 800 }, permissions, state, ready: '.tensor-viewer' });
}

const pane = (name: string) => page.getByRole('grid', { name, exact: true });
const status = () => page.locator('.tensor-status').innerText();
/** What the chosen cell of a pane says. */
const chosen = (name: string) => pane(name).locator('.chosen').innerText();

describe('numbers', () => {
  test('of float, dequantized and difference stand beside each other, on the sample with the largest error', async () => {
    await open();
    for (const name of ['Float', 'Dequantized', 'Difference']) await pane(name).locator('.chosen').waitFor();
    expect(await pane('Codes').count()).toBe(0);
    expect((await asked('tensor/open'))[0]).toMatchObject({ valueId: OUTPUT, role: 'Output', sample: 'worst' });
    await page.getByRole('button', { name: 'Codes', exact: true }).click();
    await pane('Codes').locator('.chosen').waitFor();
    await page.getByRole('button', { name: 'Float', exact: true }).click();
    await eventually(() => pane('Float').count()).toBe(0);
  });

  test('follow the keyboard in all panes, and the line below tells value, code, difference and steps', async () => {
    await open();
    await pane('Float').focus();
    await page.keyboard.press('Control+End');
    await eventually(status).toMatch(
      /^\[0, 0, 111, 111\] {3}float .* dequantized .* code \d+ \(0x.*difference .* steps/,
    );
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowUp');
    await eventually(status).toMatch(/^\[0, 0, 110, 1\]/);
    await page.keyboard.press('Control+Home');
    await page.keyboard.press(']');
    await eventually(status).toMatch(/^\[0, 1, 0, 0\]/);
    const active = await pane('Difference').getAttribute('aria-activedescendant');
    expect(await page.locator(`#${active}`).getAttribute('class')).toContain('chosen');
    const [float, dequantized] = [Number(await chosen('Float')), Number(await chosen('Dequantized'))];
    expect(Number.isFinite(float) && Number.isFinite(dequantized)).toBe(true);
  });

  test('are asked for in sight and next to it, and no more than that', async () => {
    await open();
    await pane('Float').locator('.chosen').waitFor();
    const rows = (await asked<SliceRequest>('tensor/slice')).map(({ rows: [from, to] }) => [from, to]);
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.every(([from = 0, to = 0]) => to - from <= 64 && to <= 128)).toBe(true);
  });

  test('keep their rows when they are scrolled over', async () => {
    await open();
    await pane('Float').locator('.chosen').waitFor();
    await pane('Float').focus();
    await page.keyboard.press('g');
    await page.keyboard.type('0, 17, 60, 33');
    await page.keyboard.press('Enter');
    const row = pane('Float').locator('[aria-rowindex="62"] .tensor-cell');
    await eventually(async () => (await row.allInnerTexts()).join()).toMatch(/[1-9]/);
    const texts = await row.allInnerTexts();
    const scroller = page.locator('.tensor-view > .tensor-scroll').first();
    for (const by of [23, 23, -41, 5, -47]) {
      const top = await scroller.evaluate((element, step) => {
        element.scrollTop += step;
        return element.scrollTop;
      }, by);
      const first = String(Math.floor(top / 20) + 2);
      await eventually(() => pane('Float').locator('.tensor-row').first().getAttribute('aria-rowindex')).toBe(first);
      const lines = pane('Float').locator('.tensor-row');
      const indices = await lines.evaluateAll((all) => all.map((line) => Number(line.getAttribute('aria-rowindex'))));
      expect(indices).toEqual(indices.map((_, i) => Number(first) + i));
      expect(await row.allInnerTexts()).toEqual(texts);
    }
  });

  test('have any axes for rows and columns, and an index for the others', async () => {
    await open();
    await pane('Float').locator('.chosen').waitFor();
    await page.getByLabel('Rows', { exact: true }).selectOption('1');
    await eventually(() => pane('Float').getAttribute('aria-rowcount')).toBe('33');
    await page.getByRole('spinbutton', { name: 'Axis 2' }).fill('73');
    await eventually(status).toMatch(/^\[0, 0, 73, 0\]/);
    const [last] = (await asked<SliceRequest>('tensor/slice')).slice(-1);
    expect(last?.plane).toMatchObject({ rowAxis: 1, columnAxis: 3 });
    expect(last?.plane.fixed[2]).toBe(73);
  });

  test('are gone to by index; what is no element is told', async () => {
    await open();
    await pane('Float').locator('.chosen').waitFor();
    await pane('Float').focus();
    await page.keyboard.press('g');
    await page.keyboard.type('0, 17, 90, 33');
    await page.keyboard.press('Enter');
    await eventually(status).toMatch(/^\[0, 17, 90, 33\]/);
    await page.keyboard.press('g');
    await page.keyboard.type('0, 99, 0, 0');
    await page.keyboard.press('Enter');
    await eventually(status).toContain('no element 0, 99, 0, 0: write an index up to [0, 31, 111, 111]');
  });

  test('are copied as lines of tab-separated numbers in all their digits', async () => {
    await open({ tensor: WEIGHT });
    await pane('Float').locator('.chosen').waitFor();
    await pane('Float').focus();
    await page.keyboard.press('Shift+ArrowRight');
    await page.keyboard.press('Shift+ArrowDown');
    await page.keyboard.press('Control+c');
    await eventually(status).toBe('Copied 4 elements');
    const lines = (await page.evaluate(() => navigator.clipboard.readText())).split('\n').map((l) => l.split('\t'));
    expect(lines.map((l) => l.length)).toEqual([2, 2]);
    for (const text of lines.flat()) expect(String(Math.abs(Number(text))).length, text).toBeGreaterThan(6);
  });

  test('tell the element under the pointer', async () => {
    await open({ tensor: WEIGHT });
    await pane('Float').locator('[role=row]').nth(2).locator('.tensor-cell').nth(2).hover();
    await eventually(status).toMatch(/^\[0, 0, 1, 2\]/);
  });

  test('of a page or the tensor are saved by the host', async () => {
    await open();
    await pane('Float').locator('.chosen').waitFor();
    await page.getByRole('button', { name: 'Save…' }).click();
    await page.getByLabel('Side', { exact: true }).selectOption('difference');
    await page.getByRole('button', { name: 'This page as CSV' }).click();
    await eventually(() => asked('tensor/save')).toHaveLength(1);
    expect((await asked('tensor/save'))[0]).toMatchObject({
      ...{ side: 'difference', format: 'csv', sample: WORST_SAMPLE },
      plane: { rowAxis: 2, columnAxis: 3 },
    });
  });
});

describe('samples', () => {
  test('are listed worst first, and the file of the one on display can be opened', async () => {
    await open();
    const picker = page.getByLabel('Sample', { exact: true });
    await eventually(() => picker.locator('option').count()).toBe(SAMPLES);
    expect(await picker.locator('option').first().innerText()).toMatch(new RegExp(`^#${WORST_SAMPLE} .* RMSE 0.02$`));
    expect(await picker.locator('option').last().innerText()).toContain('not measured');
    await page.getByRole('button', { name: 'Sample with the next smaller error' }).click();
    await eventually(() => picker.inputValue()).toBe('3');
    await page
      .getByRole('button', { name: 'Open the file of this sample' })
      .or(page.getByText('Open sample'))
      .first()
      .click();
    await eventually(() => asked('sample/open')).toEqual([{ sample: 3 }]);
  });

  test('are not offered for weights', async () => {
    await open({ tensor: WEIGHT });
    await pane('Float').locator('.chosen').waitFor();
    expect(await page.getByLabel('Sample', { exact: true }).isVisible()).toBe(false);
  });
});

test('the worst elements come first, and Enter shows one among the numbers', async () => {
  await open({ look: { mode: 'worst' } });
  const list = page.getByRole('grid', { name: 'Worst elements' });
  await list.getByRole('row').nth(3).waitFor();
  const texts = await list.locator('.tensor-worst-row .difference').allInnerTexts();
  const sizes = texts.map((x) => Math.abs(Number(x.replace('−', '-'))));
  expect(sizes.length).toBeGreaterThan(3);
  expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
  const place = await list.locator('.tensor-worst-row .place').nth(1).innerText();
  await list.focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await pane('Float').locator('.chosen').waitFor();
  await eventually(async () => (await status()).startsWith(place)).toBe(true);
  expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Float');
});

describe('pictures', () => {
  test('show every map with its sides; a click shows the element among the numbers', async () => {
    await open({ look: { mode: 'pictures' } });
    const list = page.getByRole('listbox', { name: 'Maps' });
    await eventually(() => list.getAttribute('aria-busy')).toBe('false');
    const colors = await page.locator('.tensor-canvas').evaluate((canvas) => {
      const { data } = (canvas as HTMLCanvasElement).getContext('2d')?.getImageData(0, 0, 300, 100) ?? { data: [] };
      return new Set(Array.from(data)).size;
    });
    expect(colors).toBeGreaterThan(20);
    expect(await page.locator('.tensor-legend').innerText()).toMatch(/Float and dequantized\s+0\s+3\.\d+/);
    await list.hover({ position: { x: 58, y: 70 } });
    await eventually(status).toMatch(/^\[0, 0, 5\d, 5\d\] {3}float/);
    await list.click({ position: { x: 58, y: 70 } });
    await pane('Float').locator('.chosen').waitFor();
    await eventually(status).toMatch(/^\[0, 0, 5\d, 5\d\] {3}float/);
  });

  test('are walked through by keyboard, each with its limits', async () => {
    await open({ tensor: WEIGHT, look: { mode: 'pictures', tile: 32 } });
    const list = page.getByRole('listbox', { name: 'Maps' });
    await eventually(() => list.getAttribute('aria-busy')).toBe('false');
    await list.focus();
    await page.keyboard.press('End');
    await eventually(() => page.locator('#tensor-map').textContent()).toMatch(
      /^Map 96 of 96, \[31, 2\], Float −?0.*to/,
    );
    await page.keyboard.press('Enter');
    await pane('Float').locator('.chosen').waitFor();
    await eventually(status).toMatch(/^\[31, 2, /);
  });
});

test('before a run weights can be looked at, and an activation says what it needs', async () => {
  await open({ query: '', tensor: WEIGHT });
  await pane('Values').locator('.chosen').waitFor();
  expect(await pane('Difference').count()).toBe(0);
  await page.locator('.tensor-viewer').getByLabel('Tensor', { exact: true }).selectOption(String(OUTPUT));
  await eventually(() => page.locator('.tensor-hint').first().innerText()).toContain(
    'run "Quantize with config…" first',
  );
});

test('a scalar is one value, in every way of looking at it', async () => {
  const clip = graph.nodes.find((n) => n.opType === 'Clip');
  await open({ node: clip?.handle ?? '', tensor: clip?.inputs[1] ?? -1 });
  await eventually(() => pane('Values').getByRole('gridcell').count()).toBe(1);
  await eventually(status).toMatch(/^\[\] {3}value −?0\.\d+$/);
  await page.getByRole('button', { name: 'Pictures', exact: true }).click();
  await eventually(() => page.locator('#tensor-map').textContent()).toMatch(/^Map 1 of 1, all, Float/);
  await page.getByRole('button', { name: 'Worst', exact: true }).click();
  await page.getByText('Nothing stands for this tensor in a quantized model').waitFor();
});

describe('axe finds nothing', () => {
  for (const [theme, width] of [
    ['dark', 1280],
    ['light', 420],
    ['contrast', 1280],
  ] as const) {
    test(`in any way of looking at a tensor, ${theme}, ${width} pixels wide`, async () => {
      await open({ query: `?run=1&theme=${theme}`, width });
      for (const mode of ['Numbers', 'Pictures', 'Worst']) {
        await page.getByRole('button', { name: mode, exact: true }).click();
        await page.locator('.tensor-view [aria-busy="false"]:visible').waitFor();
        expect(await violationsOf(page, '.tensor-viewer'), mode).toEqual([]);
      }
    });
  }
});
