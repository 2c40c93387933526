import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { mobileNet } from './fixtures.ts';
import { eventually, viewPages, violationsOf } from './viewPage.ts';

const CONV = '/features/features.15/conv/conv.1/conv.1.0/Conv';

const pages = viewPages();
const { asked } = pages;
let page: Page;

async function open(query: string): Promise<void> {
  page = await pages.open(query);
}

/** Selects a node by its name. */
async function select(handle: string): Promise<void> {
  await page.locator('.graph-surface').press('Control+f');
  await page.locator('.search').waitFor();
  await page.keyboard.type(handle);
  await page.locator('.search-hit').first().waitFor();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Escape');
  await page.locator('.details .tensor').first().waitFor();
  expect(await page.locator('.details h2:visible').innerText()).toBe(handle);
}

const faults = (within: string) => violationsOf(page, within);

/** Different colours of a chart's canvas. */
function colours(selector: string): Promise<number> {
  return page
    .locator(selector)
    .first()
    .evaluate((canvas) => {
      const c = canvas as HTMLCanvasElement;
      const { data } = c.getContext('2d')?.getImageData(0, 0, c.width, c.height) ?? { data: new Uint8ClampedArray() };
      const seen = new Set<number>();
      for (let i = 0; i < data.length; i += 4)
        seen.add((data[i] ?? 0) * 65536 + (data[i + 1] ?? 0) * 256 + (data[i + 2] ?? 0));
      return seen.size;
    });
}

const frame = () => page.locator('.tensor-charts .chart-frame');
const readout = () => page.locator('.tensor-charts .chart-readout').innerText();
const chartTitle = () => page.locator('.tensor-charts h4').innerText();
const chart = (name: string) => page.locator('.tensor-charts > .segments button', { hasText: name });

describe('the charts of a tensor', () => {
  test('show five numbers first, then histogram, channels and samples of the same tensor', async () => {
    await open('?run=1');
    await select(CONV);
    await eventually(chartTitle).toBe('Five numbers');
    await eventually(() => colours('.tensor-charts canvas')).toBeGreaterThan(5);
    await chart('Histogram').click();
    await eventually(chartTitle).toBe('Histogram');
    await eventually(readout).toMatch(/elements from .* to .*; codes reach from 0 to 6; \d+ of 256 codes are taken/);
    await chart('Channels').click();
    await eventually(readout).toMatch(/960 channels along axis 1; \d+ stand apart/);
    await chart('Samples').click();
    await eventually(readout).toMatch(/6 of 6 samples; the largest RMSE is 0\.02, on sample 4/);
    expect(await asked('tensor/charts')).toMatchObject([{ role: 'Output', sample: 'worst', axis: null }]);
  });

  test('can be gone through by keys, and say each point', async () => {
    await open('?run=1');
    await select(CONV);
    await chart('Samples').click();
    await eventually(readout).toContain('6 of 6 samples');
    await frame().focus();
    await eventually(readout).toContain('Sample 4');
    await page.keyboard.press('Home');
    await eventually(readout).toMatch(/^Sample 0, ILSVRC2012_val_00001230.JPEG: RMSE 0.005; original from/);
    await page.keyboard.press('ArrowRight');
    await eventually(readout).toContain('Sample 1');
    await page.keyboard.press('End');
    await eventually(readout).toContain('Sample 5');
    await page.keyboard.press('Escape');
    await eventually(readout).toContain('6 of 6 samples');
    await page.keyboard.press('Home');
    await page.keyboard.press('Enter');
    await chart('Histogram').click();
    await eventually(async () => (await asked('tensor/charts')).at(-1)).toMatchObject({ sample: 0 });
  });

  test('have the same numbers as a table and as files', async () => {
    await open('?run=1');
    await select(CONV);
    await chart('Channels').click();
    await eventually(readout).toContain('960 channels');
    const tools = page.locator('.tensor-charts .chart-tools');
    await tools.getByText('Table').click();
    const table = page.locator('.tensor-charts [role="table"]');
    await table.waitFor();
    expect(await table.getAttribute('aria-rowcount')).toBe('961');
    const drawn = await table.locator('.chart-row').count();
    expect(drawn).toBeLessThan(60);
    await tools.getByText('CSV').click();
    await eventually(() => asked('table/save')).toHaveLength(1);
    const [{ name, text }] = (await asked('table/save')) as [{ name: string; text: string }];
    expect(name).toMatch(/^Range_of_the_channels_of_.*\.csv$/);
    const lines = text.trimEnd().split('\r\n');
    expect(lines).toHaveLength(961);
    expect(lines[0]).toBe('Channel,Min,Max,dequantized Min,dequantized Max,RMSE,SQNR,Clip rate,stands apart');
    await tools.getByText('Table').click();
    await tools.getByText('PNG').click();
    await eventually(() => asked('picture/save')).toHaveLength(1);
    const saved = await page.evaluate(() => {
      const { seen } = Reflect.get(window, 'testHost') as { seen: { method: string; params: unknown }[] };
      const params = seen.find((s) => s.method === 'picture/save')?.params;
      const data = Reflect.get(params ?? {}, 'data') as Uint8Array;
      return [data instanceof Uint8Array, data.length > 1000, String.fromCharCode(...data.subarray(1, 4))];
    });
    expect(saved).toEqual([true, true, 'PNG']);
  });

  test('show channels by error, in the order of the tensor, and along another axis', async () => {
    await open('?run=1');
    await select(CONV);
    await chart('Channels').click();
    await eventually(readout).toContain('960 channels');
    await page.locator('.chart-select[aria-label="Shown"]').selectOption('sqnrDb');
    await eventually(chartTitle).toBe('SQNR of the channels');
    await page.getByText('by channel').click();
    await eventually(readout).toContain('the first is channel 0');
    await page.locator('.chart-select[aria-label="Channels along axis"]').selectOption('2');
    await eventually(readout).toContain('along axis 2');
    expect((await asked('tensor/charts')).at(-1)).toMatchObject({ axis: 2 });
  });

  test('of a weight need no run for histogram and channels', async () => {
    await open('');
    await select(CONV);
    await page.locator('.tensor', { hasText: 'Weight' }).first().getByText('Charts').click();
    const hints = page.locator('.tensor-charts .hint:visible');
    await eventually(async () => (await hints.allInnerTexts()).join('\n')).toContain('quantize with a config first');
    await chart('Histogram').click();
    await eventually(readout).toMatch(/8,640 elements from/);
  });
});

describe('the charts of the network', () => {
  const depthReadout = () => page.locator('.charts-panel .chart-readout').first().innerText();

  test('show the error along the depth, and select the node of a point', async () => {
    await open('?run=1');
    await page.locator('#tab-charts').click();
    await eventually(depthReadout).toMatch(/\d+ nodes, worst sample of each; the worst is .*; at the end/);
    await eventually(() => colours('.charts-panel canvas')).toBeGreaterThan(5);
    await page.locator('.charts-panel .chart-frame').first().focus();
    await page.keyboard.press('Home');
    await eventually(depthReadout).toContain('/features/features.0.0/Conv (Conv)');
    await page.keyboard.press('Enter');
    await eventually(() => page.locator('.details h2:visible').innerText()).toBe('/features/features.0.0/Conv');
    await page.getByText('Relative error').click();
    await eventually(() => page.locator('.charts-panel h4').first().innerText()).toBe(
      'Relative error along the network',
    );
    expect(((await asked('heat/get')) as { metric: string }[]).map((p) => p.metric)).toEqual(
      expect.arrayContaining(['sqnrDb', 'localSqnrDb', 'cumulativeError', 'localError']),
    );
  });

  test('say what to do before a run', async () => {
    await open('');
    await page.locator('#tab-charts').click();
    await eventually(() => page.locator('.charts-panel').innerText()).toContain('Quantize with a config first');
  });
});

describe('the inspector', () => {
  test('tells what the operator does, and which attributes are left at their defaults', async () => {
    await open('?run=1');
    await select(CONV);
    const details = page.locator('.details');
    await eventually(() => details.innerText()).toContain('Slides filters over the input');
    expect(await details.locator('.formula').innerText()).toContain('W[m, c, k]');
    expect(await details.locator('.specification').getAttribute('href')).toBe(
      'https://onnx.ai/onnx/operators/onnx__Conv.html',
    );
    expect(await details.locator('.attributes dt.default').allInnerTexts()).toEqual(['auto_pad']);
    expect(await details.locator('.attributes dd.default').innerText()).toBe('NOTSET (default)');
  });

  test('shows figures over all samples, and who makes and reads a tensor', async () => {
    await open('?run=1');
    await select(CONV);
    const table = page.locator('.over-samples table');
    await table.waitFor();
    expect(await table.locator('caption').innerText()).toContain('over 6 samples');
    expect(await table.locator('tbody tr').first().innerText()).toMatch(/Cosine similarity\s+0\.99/);
    const made = page.locator('.tensor', { hasText: 'Input · Activation' }).locator('button.link').first();
    const producer = await made.innerText();
    await made.click();
    await eventually(() => page.locator('.details h2:visible').innerText()).toBe(producer);
  });

  test('closes a section and remembers it', async () => {
    await open('?run=1');
    await select(CONV);
    const toggle = page.locator('.section-toggle', { hasText: 'Attributes' });
    await toggle.click();
    await eventually(() => toggle.getAttribute('aria-expanded')).toBe('false');
    await page.reload();
    await page.locator('.details .tensor').first().waitFor();
    expect(await toggle.getAttribute('aria-expanded')).toBe('false');
  });

  test('shows the model while no node is selected', async () => {
    await open('');
    const summary = page.locator('.model-summary');
    await eventually(() => summary.innerText()).toContain('3,487,887');
    const text = await summary.innerText();
    expect(text).toContain('mobilenetv2.onnx');
    expect(text).toMatch(/Nodes\s+101/);
    const convolutions = mobileNet().nodes.filter((n) => n.opType === 'Conv').length;
    expect(text).toMatch(new RegExp(`Conv\\s+${convolutions}`));
    await page.locator('.model-tensors button').first().click();
    await eventually(() => page.locator('.details h2:visible').innerText()).toBe('/features/features.0.0/Conv');
  });

  test('copies names and statistics', async () => {
    await open('?run=1');
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await select(CONV);
    await page.locator('.tensor').first().getByText('Copy statistics').click();
    await eventually(() => page.evaluate(() => navigator.clipboard.readText())).toMatch(
      /^Figure\toriginal\tdequantized\n/,
    );
    await page.locator('.node-head').getByText('Copy name').click();
    await eventually(() => page.evaluate(() => navigator.clipboard.readText())).toBe(CONV);
  });
});

describe('accessibility', () => {
  for (const theme of ['light', 'dark', 'contrast']) {
    test(`axe finds nothing in the inspector and its charts, ${theme}`, async () => {
      await open(`?run=1&theme=${theme}`);
      expect(await faults('.details')).toEqual([]);
      await select(CONV);
      await page.locator('.over-samples table').waitFor();
      for (const name of ['Box plot', 'Histogram', 'Channels', 'Samples']) {
        await chart(name).click();
        await eventually(() => frame().isVisible()).toBe(true);
        expect(await faults('.details'), name).toEqual([]);
      }
      await page.locator('.tensor-charts .chart-tools').getByText('Table').click();
      expect(await faults('.details'), 'table').toEqual([]);
      await page.locator('#tab-charts').click();
      await eventually(() => page.locator('.charts-panel .chart-readout').first().innerText()).toContain(
        'the worst is',
      );
      expect(await faults('.charts-panel')).toEqual([]);
    });
  }
});
