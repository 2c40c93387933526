import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { encodeGraph } from '../../src/protocol/encodeGraph.ts';
import { mobileNet } from './fixtures.ts';
import { eventually, viewPages, violationsOf } from './viewPage.ts';

interface TestWindow {
  readonly testHost: { emit(event: string, payload: unknown): void };
  testOverlay: unknown;
}

const pages = viewPages();
const { asked, emit } = pages;
let page: Page;

/** Opens the page with the legend and what it is chosen by. */
async function open(query: string): Promise<void> {
  page = await pages.open(query);
}

const more = () => page.locator('.heat-more').click();
const pick = (label: string) => page.locator('.heat-settings').getByRole('combobox', { name: label, exact: true });
const handle = (i: number) => page.locator('.heat-handle').nth(i);
const counts = () => page.locator('button.legend-row .legend-count').allInnerTexts();
const bands = () => page.locator('button.legend-row .legend-label').allInnerTexts();

test('borders move by keys and pointer, stay in order, are kept over a reload, and go back', async () => {
  await open('?run=1');
  await more();
  const before = await bands();
  expect(before).toEqual(['≥ 0.9999', '≥ 0.9990', '≥ 0.9900', '≥ 0.9500', '< 0.9500']);
  const numbers = await counts();
  const reset = page.getByRole('button', { name: 'Reset borders' });
  expect(await reset.isDisabled()).toBe(true);

  await handle(2).focus();
  for (let i = 0; i < 3; i++) await page.keyboard.press('PageDown');
  await eventually(async () => (await bands())[2]).toBe('≥ 0.9990');
  expect(await handle(2).getAttribute('aria-valuetext')).toBe('0.9990');
  expect(await counts()).not.toEqual(numbers);
  expect((await counts()).reduce((sum, n) => sum + Number(n), 0)).toBe(numbers.reduce((sum, n) => sum + Number(n), 0));

  const box = await handle(3).boundingBox();
  await page.mouse.move((box?.x ?? 0) + 6, (box?.y ?? 0) + 20);
  await page.mouse.down();
  await page.mouse.move((box?.x ?? 0) - 30, (box?.y ?? 0) + 20, { steps: 4 });
  await page.mouse.up();
  await eventually(async () => Number((await bands())[4]?.slice(2))).toBeGreaterThan(0.955);

  const moved = await bands();
  await page.waitForTimeout(600);
  await page.reload();
  await eventually(bands).toEqual(moved);
  await reset.click();
  await eventually(bands).toEqual(before);
  expect(await reset.isDisabled()).toBe(true);
});

test('a second metric has its own rows and borders; samples change by picker and keys', async () => {
  await open('?run=1');
  await more();
  await pick('Right edge').selectOption({ label: 'MACs' });
  await page.getByRole('button', { name: 'MACs' }).click();
  await eventually(async () => (await bands())[4]).toMatch(/^> .* M$/);
  expect(await page.locator('.legend-title').innerText()).toBe('Cosine similarity · worst sample');
  await pick('Samples').selectOption({ label: 'n01533_goldfish.JPEG' });
  await eventually(() => asked('heat/get')).toContainEqual({ metric: 'cosine', of: 3 });
  await page.locator('.graph-surface').focus();
  await page.keyboard.press('.');
  await eventually(() => asked('heat/get')).toContainEqual({ metric: 'cosine', of: 4 });
  await page.keyboard.press(',');
  await page.keyboard.press(',');
  await eventually(() => pick('Samples').inputValue()).toBe('2');
  await page.waitForTimeout(600);
  await page.reload();
  await eventually(() => pick('Samples').inputValue()).toBe('2');
  expect(await asked('heat/get')).toContainEqual({ metric: 'cosine', of: 2 });
});

test('the legend makes way while colours tell of a comparison', async () => {
  await open('?run=1');
  const legend = page.locator('.legend');
  await legend.waitFor();
  const other = [...new Uint8Array(encodeGraph(mobileNet()))];
  await page.evaluate((bytes) => {
    const graph = new Uint8Array(bytes).buffer;
    const start = { side: 'left', title: 'other.onnx', graph, run: null };
    (window as unknown as TestWindow).testHost.emit('compare/started', start);
  }, other);
  await legend.waitFor({ state: 'hidden' });
  await emit('compare/ended', {});
  await legend.waitFor();
});

test('a band alone is coloured, and all again', async () => {
  await open('?run=1');
  const row = page.locator('button.legend-row').nth(2);
  await row.click();
  await eventually(() => row.getAttribute('aria-pressed')).toBe('true');
  await eventually(() => page.locator('.sr-only[role=status], [aria-live]').allInnerTexts()).toContain(
    'Only this band is coloured',
  );
  await row.click();
  await eventually(() => row.getAttribute('aria-pressed')).toBe('false');
});

test('palettes and gradients change the colours of graph and legend alike', async () => {
  await open('?run=1');
  await more();
  const swatch = () =>
    page
      .locator('button.legend-row .swatch')
      .nth(4)
      .evaluate((element) => getComputedStyle(element).backgroundColor);
  const theme = await swatch();
  await pick('Palette').selectOption({ label: 'Viridis' });
  await eventually(swatch).toBe('rgb(68, 1, 84)');
  await pick('Colour scale').selectOption({ label: 'Gradient' });
  await eventually(swatch).toMatch(/^oklab/);
  const painted = () =>
    page.locator('canvas.graph-canvas').evaluate((canvas) => {
      const { width, height } = canvas as HTMLCanvasElement;
      const data = (canvas as HTMLCanvasElement).getContext('2d')?.getImageData(0, 0, width, height).data ?? [];
      const colours = new Map<string, number>();
      for (let i = 0; i < data.length; i += 4) {
        const colour = `${data[i]},${data[i + 1]},${data[i + 2]}`;
        colours.set(colour, (colours.get(colour) ?? 0) + 1);
      }
      return [...colours].filter(([, n]) => n > 500).map(([colour]) => colour);
    });
  const gradient = await painted();
  await pick('Palette').selectOption({ label: 'The theme’s colours' });
  await pick('Colour scale').selectOption({ label: 'Five bands' });
  await eventually(swatch).toBe(theme);
  await eventually(painted).not.toEqual(gradient);
});

test('values are saved in both forms and loaded as a metric; names without a node are told', async () => {
  await open('?run=1');
  await more();
  await page.getByRole('button', { name: 'Save…' }).click();
  await page.getByRole('button', { name: 'For Model Explorer…' }).click();
  await eventually(async () => (await asked('overlay/save')).length).toBe(2);
  const [own, nodeData] = (await asked('overlay/save')) as { name: string; text: string }[];
  expect([own?.name, nodeData?.name]).toEqual(['mobilenetv2.cosine.overlay.json', 'mobilenetv2.cosine.nodedata.json']);
  const graph = Object.values(JSON.parse(nodeData?.text ?? ''))[0] as { thresholds: { bgColor: string }[] };
  expect(graph.thresholds.every((bound) => /^#[0-9a-f]{6}$/.test(bound.bgColor))).toBe(true);

  const file = JSON.parse(own?.text ?? '');
  file.columns[0].values['no such node'] = 0.5;
  await page.evaluate(
    (overlay) => {
      (window as unknown as TestWindow).testOverlay = overlay;
    },
    { name: 'kept.json', text: JSON.stringify(file) },
  );
  await page.getByRole('button', { name: 'Load…' }).click();
  await eventually(() => page.locator('.legend-title').innerText()).toBe('Overlay: kept · worst');
  await eventually(() => page.locator('.banner').innerText()).toContain(
    '1 names are of no node of mobilenetv2.onnx: no such node',
  );
  expect(await pick('Colour').inputValue()).toBe('overlay:kept');

  await page.evaluate(() => {
    (window as unknown as TestWindow).testOverlay = { name: 'wrong.json', text: '{"a": 1}' };
  });
  await page.getByRole('button', { name: 'Load…' }).click();
  await eventually(() => page.locator('.banner').innerText()).toContain('IPC012');
  expect(await page.locator('.legend-title').innerText()).toBe('Overlay: kept · worst');
});

test('before a run sizes and MACs can be shown, and nothing else can be chosen', async () => {
  await open('');
  const choice = page.getByRole('combobox', { name: 'Colour nodes by' });
  const enabled = await choice.evaluate((select) =>
    [...(select as HTMLSelectElement).options].filter((o) => !o.disabled).map((o) => o.text),
  );
  expect(enabled).toEqual(['Size', 'MACs', 'No colours']);
  await choice.selectOption({ label: 'Size' });
  await eventually(() => page.locator('.legend-title').innerText()).toBe('Size');
  expect((await asked('heat/get')).at(-1)).toMatchObject({ metric: 'bytes' });
});

test('a measurement shows how far it is and can be stopped', async () => {
  await open('?run=1');
  await emit('run/progress', { stage: 'time', done: 3, total: 12, text: '' });
  await eventually(() => page.locator('.heat-measuring').innerText()).toContain('Measuring times: 3 of 12');
  expect(await page.locator('.summary > .progress').isHidden(), 'it is no run').toBe(true);
  await page.locator('.heat-measuring').getByRole('button', { name: 'Cancel' }).click();
  expect(await page.locator('.heat-measuring button:visible').allInnerTexts()).toEqual(['Cancel']);
  await page.getByRole('combobox', { name: 'Colour nodes by' }).selectOption({ label: 'SQNR' });
  await eventually(() => page.locator('.heat-measuring').isHidden()).toBe(true);
});

test.each(['light', 'dark', 'contrast'])(
  'the legend has no fault that a checker finds, in the %s theme',
  async (theme) => {
    await open(`?run=1&theme=${theme}`);
    await more();
    await pick('Right edge').selectOption({ label: 'MACs' });
    expect(await violationsOf(page, '.legend')).toEqual([]);
  },
);
