import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { PROTOCOL_VERSION } from '../../src/protocol/messages.ts';
import { formatCosine } from '../../src/protocol/metricNumbers.ts';
import { columnOf, mobileNet, runOf } from './fixtures.ts';
import { inQdq, ofManyTypes } from './quantizedFixtures.ts';
import { eventually, viewPages } from './viewPage.ts';

/** The table of nodes; that of tensors is there besides. */
const NODES = '.table-nodes';

const pages = viewPages();
const { asked, emit } = pages;
let page: Page;

async function open(query: string, size = { width: 1280, height: 800 }): Promise<void> {
  page = await pages.open(query, { size });
}

/** Whether the canvas shows more than its background. */
function painted(): Promise<boolean> {
  return page.locator('canvas.graph-canvas').evaluate((canvas) => {
    const { data } = (canvas as HTMLCanvasElement).getContext('2d')?.getImageData(0, 0, 800, 400) ?? { data: [] };
    return new Set(Array.from(data.slice(0))).size > 8;
  });
}

/** Shows the details of a depthwise convolution, with its parameters. */
async function selectDepthwise(): Promise<void> {
  await page.locator('.graph-surface').press('Control+f');
  await page.locator('.search').waitFor();
  await page.keyboard.type('features.3/conv/conv.1/conv.1.0/Conv');
  await page.locator('.search-hit').first().waitFor();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Escape');
  await page.locator('.details .tensor').first().waitFor();
  expect(await page.locator('.details h2:visible').innerText()).toBe('/features/features.3/conv/conv.1/conv.1.0/Conv');
}

/** Names and values of the first list of facts inside. */
function factsOf(selector: string): Promise<Record<string, string>> {
  const list = page.locator('.details').locator(selector).locator('.facts').first();
  return list.evaluate((dl) =>
    Object.fromEntries(
      [...dl.querySelectorAll('dt')].map((dt) => [dt.textContent, dt.nextElementSibling?.textContent ?? '']),
    ),
  );
}

const selectedOption = () => page.locator('.graph-surface [aria-selected="true"]');

test('a model without a run opens with its graph, what to do and a table without figures', async () => {
  await open('');
  await eventually(painted).toBe(true);
  expect(await page.locator('.summary').innerText()).toContain('Not quantized yet');
  expect(await page.locator(`${NODES} .grid`).getAttribute('aria-rowcount')).toBe(String(mobileNet().nodes.length + 1));
  expect(await page.locator('.legend').isHidden()).toBe(true);
  expect((await asked('view/ready'))[0]).toEqual({ protocol: PROTOCOL_VERSION });
});

test('“Quantize with config…” shows progress, then figures, colours and the legend with its numbers', async () => {
  await open('');
  await page.locator('vscode-button', { hasText: 'Quantize with config…' }).click();
  await page.getByText('Calibrating 3 of 8').waitFor();
  await page.locator('.legend-row').first().waitFor();
  expect(await page.locator('.legend').innerText()).toMatch(/Cosine similarity · worst sample\s+≥ 0.9999/);
  expect(await page.locator('.summary').innerText()).toContain('0.99310');
  expect(await page.locator('.summary > .progress').isHidden()).toBe(true);
  const { values } = columnOf(mobileNet(), runOf(mobileNet()), { metric: 'cosine', of: 'worst' });
  const worst = Math.min(...values.filter((v) => !Number.isNaN(v)));
  expect(await page.locator(`${NODES} .grid-row [data-column="cosine"]`).first().innerText()).toBe(formatCosine(worst));
});

test('a row selects its node in graph and details, and the graph selects its row', async () => {
  await open('?run=1');
  await page.locator(`${NODES} .grid-row`).nth(2).click();
  const handle = await page.locator(`${NODES} .grid-row.selected [data-column="handle"]`).innerText();
  await eventually(() => selectedOption().innerText()).toContain(handle);
  await eventually(() => page.locator('.details h2:visible').innerText()).toBe(handle);
  await page.locator('.details .chart canvas').first().waitFor();
  expect(await page.locator('.details .tensor .numbers').first().innerText()).toContain('Median');
  await page.locator('.graph-surface').press('ArrowDown');
  await eventually(() => page.locator('.details h2:visible').innerText()).not.toBe(handle);
  const next = await page.locator('.details h2:visible').innerText();
  await eventually(() => page.locator(`${NODES} .grid-row.selected [data-column="handle"]`).innerText()).toBe(next);
  expect((await asked('selection/changed')).length).toBe(2);
});

test('a click on a card selects it, and a right-click carries it to the menu', async () => {
  await open('?run=1');
  await page.locator(`${NODES} .grid-row`).first().click();
  await page.getByText('Show in graph').click();
  await page.waitForTimeout(300);
  const box = await page.locator('.graph-surface').boundingBox();
  if (box === null) throw new Error('no surface');
  const middle = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  await page.mouse.click(box.x + 30, box.y + 20);
  await eventually(() => page.locator(`${NODES} .grid-row.selected`).count()).toBe(0);
  await page.mouse.move(middle.x, middle.y);
  const context = await page.locator('.graph-surface').getAttribute('data-vscode-context');
  expect(JSON.parse(context ?? '')).toMatchObject({ webviewSection: 'node', canSkip: true, skipped: false });
  await page.mouse.click(middle.x, middle.y);
  await eventually(() => selectedOption().count()).toBe(1);
  await page.mouse.move(box.x + 30, box.y + 20);
  const canvas = await page.locator('.graph-surface').getAttribute('data-vscode-context');
  expect(JSON.parse(canvas ?? '').webviewSection).toBe('graph');
});

test('S and the button toggle the node; old and new similarity stand side by side', async () => {
  await open('?run=1');
  await page.locator(`${NODES} .grid-row`).first().click();
  const selected = (await asked('selection/changed'))[0] as { nodeId: number };
  await page.locator('.graph-surface').press('s');
  expect(await asked('node/skip')).toEqual([{ nodeIds: [selected.nodeId], skip: true }]);
  await page.locator('.outputs td.before').waitFor();
  const text = await page.locator('.outputs tbody').innerText();
  expect(text.replace(/\s+/g, ' ')).toMatch(/0\.99310 18\.4 dB 0\.99520 19\.4 dB \+0\.00210 better/);
  await page.getByText('Quantize again').focus();
  await page.keyboard.press('Enter');
  await eventually(async () => (await asked('node/skip')).at(-1)).toEqual({ nodeIds: [selected.nodeId], skip: false });
  await eventually(() => page.locator('.outputs td.change').innerText()).toContain('worse');
  const focused = await page.evaluate(() => document.activeElement?.className);
  expect(focused).toContain('skip-toggle');
});

test('search opens by / and Ctrl+F, lists hits, and Enter goes through them', async () => {
  await open('?run=1');
  await page.locator('.graph-surface').press('/');
  await page.keyboard.type('features.3 add');
  await page.locator('.search-hit').first().waitFor();
  expect(await page.locator('.search-count').innerText()).toMatch(/hit/);
  await page.keyboard.press('Enter');
  await eventually(() => selectedOption().innerText()).toContain('/features/features.3/Add');
  await page.keyboard.press('Escape');
  expect(await page.locator('.search').isHidden()).toBe(true);
  await page.keyboard.press('Control+f');
  await page.locator('.search').waitFor();
  await page.keyboard.type('x');
  await page.locator('.search-hit').first().waitFor();
});

test('keys walk along edges, zoom and fit, and what they mean is announced', async () => {
  await open('?run=1');
  const surface = page.locator('.graph-surface');
  await surface.press('Home');
  await eventually(() => selectedOption().innerText()).toContain('Graph input input');
  await surface.press('ArrowUp');
  await eventually(() => page.locator('.sr-only[role=status]').innerText()).toBe('Nothing up');
  await surface.press('ArrowDown');
  await eventually(() => selectedOption().innerText()).toContain('/features/features.0.0/Conv');
  const active = await surface.getAttribute('aria-activedescendant');
  expect(await page.locator(`#${active}`).getAttribute('role')).toBe('option');
  for (const key of ['+', '-', '0', 'Shift+ArrowLeft']) await surface.press(key);
  await surface.press('Enter');
  expect(await page.locator('.details h2:visible').innerText()).toBe('/features/features.0.0/Conv');
});

test('the legend folds by keyboard and stays as it was left; in a small pane it is one line with both ends', async () => {
  await open('?run=1');
  const head = page.getByRole('button', { name: /^Cosine similarity/ });
  expect(await head.getAttribute('aria-expanded')).toBe('true');
  await head.press('Enter');
  await eventually(() => page.locator('.legend-row').first().isHidden()).toBe(true);
  expect(await page.locator('.legend-strip').innerText()).toMatch(/≥ 0.9999\s*< 0.95/);
  await page.reload();
  await head.waitFor();
  expect(await head.getAttribute('aria-expanded')).toBe('false');
  await head.press(' ');
  await eventually(() => head.getAttribute('aria-expanded')).toBe('true');
  await page.setViewportSize({ width: 400, height: 700 });
  await eventually(() => head.getAttribute('aria-expanded')).toBe('false');
  await head.click();
  await eventually(() => page.locator('.legend-row').first().isVisible()).toBe(true);
});

test('typing keys stay in the search field, and a key bound twice acts once', async () => {
  await open('?run=1&trial=1');
  await page.evaluate(() => {
    const passed: string[] = [];
    Object.assign(window, { passed });
    window.addEventListener('keydown', (event) => passed.push(event.key));
  });
  await page.locator('.graph-surface').press('Control+f');
  const field = page.getByRole('combobox', { name: 'Search nodes and tensors' });
  await field.waitFor();
  await page.keyboard.type('a');
  for (const key of ['Control+z', 'Control+Shift+z', 'Control+y']) await page.keyboard.press(key);
  const passed = await page.evaluate(() => Reflect.get(window, 'passed') as string[]);
  expect(passed.filter((key) => /^[fzy]$/i.test(key))).toEqual([]);
  expect(await asked('edit/undo')).toEqual([]);
});

test.each([
  [922, 443],
  [348, 705],
  [348, 443],
])('a view of %i by %i leaves two fifths of its height to the graph', async (width, height) => {
  await open('?run=1&trial=1&busy=1', { width, height });
  await page.locator('.outputs td.change').waitFor();
  await page.locator('.progress vscode-button').waitFor();
  const graph = await page.locator('.graph').boundingBox();
  expect(graph?.height).toBeGreaterThanOrEqual(Math.floor(height * 0.4));
  const below = await page.locator('.main').boundingBox();
  expect((below?.y ?? 0) + (below?.height ?? 0)).toBeLessThanOrEqual(height + 1);
});

test('headings sort, keys move in the table, and the metric brings its own order', async () => {
  await open('?run=1');
  const first = () => page.locator(`${NODES} .grid-row [data-column="handle"]`).first().innerText();
  await page.locator(`${NODES} .sort`, { hasText: 'Node' }).click();
  await eventually(first).toBe('/classifier/classifier.1/Gemm');
  await page.locator(`${NODES} .sort`, { hasText: 'Node' }).click();
  expect(await page.locator(`${NODES} [aria-sort="descending"] .heading-text`).innerText()).toBe('Node');
  await page.locator(`${NODES} .grid`).press('End');
  await eventually(() => page.locator(`${NODES} .grid-row.selected [data-column="handle"]`).innerText()).toBe(
    '/classifier/classifier.1/Gemm',
  );
  await page.getByRole('combobox', { name: 'Colour nodes by' }).selectOption({ label: 'Clip rate' });
  await eventually(() => page.locator('.legend-title').innerText()).toBe('Clip rate · worst sample');
  await eventually(() => page.locator(`${NODES} [aria-sort="descending"] .heading-text`).innerText()).toBe('Clip rate');
});

test('sensitivity fills in live and can be cancelled', async () => {
  await open('?run=1');
  await page.locator('vscode-button', { hasText: 'Sensitivity' }).click();
  await page.locator('vscode-button', { hasText: /Cancel \(\d+ %\)/ }).waitFor();
  await eventually(() => page.locator('.legend-title').innerText()).toBe('Sensitivity: 1 − cosine');
  await page.locator('vscode-button', { hasText: /Cancel \(\d+ %\)/ }).click();
  await page.locator('vscode-button', { hasText: 'Sensitivity' }).waitFor();
  await page.locator('#tab-nodes').click();
  expect((await asked('sensitivity/cancel')).length).toBe(1);
  expect(await page.locator(`${NODES} .grid-row [data-column="sensitivity"]`).first().innerText()).not.toBe('');
});

test('unsupported operators and a stopped run are told in the banner; the graph stays', async () => {
  await open('?model=unsupported');
  expect(await page.locator('.banner').innerText()).toContain('2 errors');
  await page.getByText('Show all').click();
  await page.locator('.banner-list button').first().click();
  await eventually(() => page.locator('.details .problem').innerText()).toContain('FancyNorm is not supported');
  const stopped = { severity: 'error', code: 'CFG104', message: 'calibrate_path is missing', at: { file: 'a.cfg' } };
  await emit('run/stopped', { diagnostics: [stopped] });
  await eventually(() => page.locator('.banner').innerText()).toContain('calibrate_path is missing');
  await page.locator('.banner vscode-button').click();
  expect(await page.locator('.banner').isHidden()).toBe(true);
  expect(await painted()).toBe(true);
});

test('selection, metric, order and zoom survive a reload', async () => {
  await open('?run=1');
  await page.locator(`${NODES} .sort`, { hasText: 'Local SQNR' }).click();
  await page.locator(`${NODES} .grid-row`).nth(3).click();
  const handle = await page.locator(`${NODES} .grid-row.selected [data-column="handle"]`).innerText();
  await page.waitForTimeout(1000);
  const saved = await page.evaluate(() => sessionStorage.getItem('quantscope-test-state'));
  await page.reload();
  await eventually(() => page.locator('.details h2:visible').innerText()).toBe(handle);
  expect(await page.locator(`${NODES} [aria-sort="ascending"] .heading-text`).innerText()).toBe('Local SQNR');
  await page.waitForTimeout(1000);
  const again = await page.evaluate(() => sessionStorage.getItem('quantscope-test-state'));
  expect(JSON.parse(again ?? '').camera).toEqual(JSON.parse(saved ?? '').camera);
});

test('a narrow view shows one panel at a time and nothing sticks out', async () => {
  await open('?run=1&theme=light', { width: 600, height: 800 });
  expect(await page.locator(NODES).isHidden()).toBe(true);
  await page.locator('#tab-nodes').click();
  await page.locator(`${NODES} .grid-row`).first().click();
  await page.locator('#tab-details').click();
  await page.locator('.details h2:visible').waitFor();
  expect(await page.locator(NODES).isHidden()).toBe(true);
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect(overflow).toBeLessThanOrEqual(0);
});

test('1,000 nodes open, and a node outside is found and shown', async () => {
  const start = performance.now();
  await open('?model=large&run=1&theme=contrast');
  await eventually(painted).toBe(true);
  console.log(`1,000 nodes on screen after ${Math.round(performance.now() - start)} ms, page load included`);
  await page.locator(`${NODES} .grid-row`).first().click();
  await eventually(() => selectedOption().count()).toBe(1);
  expect(await page.locator(`${NODES} .grid-row`).count()).toBeLessThan(60);
});

test('a model that is quantized in its file says so: form, types, what a run would tell, and its parameters', async () => {
  await open('?model=qdq');
  const { quantization } = inQdq(mobileNet());
  const tile = page.locator('.tile.in-file');
  expect((await tile.innerText()).split('\n').filter((line) => line !== '')).toEqual([
    'Quantized in the file',
    'QDQ',
    `Activations: ${quantization?.activations}, uint8`,
    `Constants: ${quantization?.weights}, int8, int32`,
  ]);
  expect(await page.locator('.tiles .hint code').allInnerTexts()).toEqual(['float_model', 'imported_model=requantize']);
  await selectDepthwise();
  const facts = await factsOf('.tensor >> nth=1');
  expect(facts.Quantized).toMatch(/^int8, 144 channels on axis 0, scale 0\.00131\s…\s0\.002025, zero point 0$/);
  expect(Object.keys(facts)).toEqual(['Type', 'Quantized', 'Made by']);
});

test('a model that computes on codes is measured like another; one that chooses its scales as it runs is not', async () => {
  await open('?model=qoperator');
  expect(await page.locator('.tile.in-file').innerText()).toMatch(
    /QOperator\s+Activations: 1, uint8\s+Integer operators: \d+$/,
  );
  expect(await page.locator('.tiles .hint').innerText()).toContain('measures it on your data');
  await open('?model=dynamic');
  expect(await page.locator('.tiles .hint').innerText()).toContain('choose their scales as they run');
});

test("after a run the file's own parameters stand alone", async () => {
  await open('?model=qdq&run=1');
  await selectDepthwise();
  expect((await factsOf('.tensor >> nth=0')).Quantized).toMatch(/^uint8, scale 0\.02353, zero point 0/);
  expect(await page.locator('.details dt', { hasText: 'In the file' }).count()).toBe(0);
});

test("quantized anew, a tensor has the chosen parameters, and beside them the file's", async () => {
  await open('?model=qdq&run=1&requantize=1');
  await selectDepthwise();
  const facts = await factsOf('.tensor >> nth=0');
  expect(facts.Quantized).toMatch(/zero point 114/);
  expect(facts['In the file']).toMatch(/^uint8, scale 0\.02353, zero point 0, range 0\s…\s6$/);
});

test.each([
  ['light', 420, 800],
  ['dark', 1280, 800],
  ['contrast', 348, 443],
] as const)(
  '%s, %i by %i: every type of a mixed file is on screen or in the tooltip, and nothing sticks out',
  async (theme, width, height) => {
    await open(`?model=manytypes&theme=${theme}`, { width, height });
    const { activationTypes = [], weightTypes = [] } = ofManyTypes(mobileNet()).quantization ?? {};
    const lines = [activationTypes.join(', '), weightTypes.join(', ')];
    const tile = page.locator('.tile.in-file');
    const tooltip = await tile.locator('.tile-value').getAttribute('title');
    for (const line of lines) expect(tooltip).toContain(line);
    if (height > 560) for (const line of lines) expect(await tile.innerText()).toContain(line);
    const cut = await tile.evaluate((e) =>
      [...e.children].filter((c) => c.scrollWidth > c.clientWidth).map((c) => c.className),
    );
    expect(cut).toEqual([]);
    const [least, graph] = [Math.floor(height * 0.4), await page.locator('.graph').boundingBox()];
    expect(graph?.height).toBeGreaterThanOrEqual(least);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
  },
);

test('what had the focus has it again when the window gets it back', async () => {
  await open('?run=1');
  const leaveAndReturn = () =>
    page.evaluate(() => {
      if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
      window.dispatchEvent(new Event('focus'));
      return document.activeElement?.className;
    });
  expect(await leaveAndReturn()).toContain('graph-surface');
  await page.getByLabel('Colour nodes by').focus();
  expect(await leaveAndReturn()).toContain('heat-select');
});
