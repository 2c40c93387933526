import type { Browser, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { mobileNet } from './fixtures.ts';
import { servePage } from './page.mjs';

const BROWSER_MODULE: string = '../../scripts/lib/browser.mjs';
const ARGS = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'];

interface TestWindow {
  readonly testHost: {
    readonly seen: readonly { readonly method: string; readonly params: { readonly view?: Record<string, unknown> } }[];
    emit(event: string, payload: unknown): void;
  };
}

let server: Awaited<ReturnType<typeof servePage>>;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  const { findBrowser } = (await import(BROWSER_MODULE)) as { findBrowser(): string };
  server = await servePage();
  browser = await chromium.launch({ executablePath: findBrowser(), args: ARGS });
});
afterEach(() => page?.close());
afterAll(async () => {
  await browser?.close();
  await server?.close();
});

test('figures of a kept run say so, until it has run again', async () => {
  await open('?run=1&restored=1');
  const notice = page.getByRole('region', { name: 'Kept run' });
  await notice.getByText(/full_quant\.cfg, .*2026.*run again/).waitFor();
  await notice.getByRole('button', { name: 'Run again' }).click();
  await eventually(() => asked('run/again')).toHaveLength(1);
  await notice.waitFor({ state: 'hidden' });
});

test('figures that were measured since the model was opened need no such notice', async () => {
  await open('?run=1');
  expect(await page.getByRole('region', { name: 'Kept run' }).count()).toBe(0);
});

test('a model that is opened again looks as it looked last', async () => {
  const { file, nodes } = mobileNet();
  const node = nodes[7];
  const view = { file, selected: node?.id, showTable: false, camera: { x: 10, y: 900, zoom: 0.5 } };
  await open(`?run=1&view=${encodeURIComponent(JSON.stringify(view))}`);
  await page.getByRole('heading', { name: node?.handle ?? '', exact: true }).waitFor();
  await eventually(async () => (await saved()).at(-1)).toMatchObject(view);
});

test('what is kept of another file, or is no view, changes nothing', async () => {
  const view = { file: 'other.onnx', selected: 3, showTable: 'maybe', camera: 7, unknown: true };
  await open(`?run=1&view=${encodeURIComponent(JSON.stringify(view))}`);
  await eventually(async () => (await saved()).at(-1)).toMatchObject({ selected: null, showTable: true });
  expect((await saved()).at(-1)).not.toHaveProperty('unknown');
});

test('the settings say how a model looks that is opened for the first time, and change what is open', async () => {
  await open('?run=1&metric=sqnrDb&palette=cividis&nominimap=1');
  const wanted = { metric: 'sqnrDb', heatPalette: 'cividis', minimap: false };
  await eventually(async () => (await saved()).at(-1)).toMatchObject(wanted);
  const changed = { metric: 'none', palette: 'no such palette', scale: 'gradient', minimap: true };
  await page.evaluate((p) => (window as unknown as TestWindow).testHost.emit('preferences/changed', p), changed);
  const then = { metric: null, heatPalette: 'cividis', heatScale: 'gradient', minimap: true };
  await eventually(async () => (await saved()).at(-1)).toMatchObject(then);
});

test('what was kept of a model counts more than the settings', async () => {
  const view = { file: mobileNet().file, metric: 'clipRate', minimap: true };
  await open(`?run=1&metric=sqnrDb&nominimap=1&view=${encodeURIComponent(JSON.stringify(view))}`);
  await eventually(async () => (await saved()).at(-1)).toMatchObject(view);
});

test('the nodes of the same operator are found from a node’s menu', async () => {
  await open('?run=1');
  const node = mobileNet().nodes.find(({ opType }) => opType === 'Clip');
  await page.evaluate(
    (nodeId) => (window as unknown as TestWindow).testHost.emit('view/command', { command: 'findSimilar', nodeId }),
    node?.id,
  );
  await eventually(() => page.getByRole('search').locator('input').inputValue()).toBe('op:Clip');
});

/** Polls as long as a busy machine may need. */
function eventually<T>(read: () => T | Promise<T>) {
  return expect.poll(read, { timeout: 20_000 });
}

async function open(query: string): Promise<void> {
  page = await browser.newPage({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' });
  await page.goto(`${server.origin}/${query}`);
  await page.locator('.graph-surface[aria-label*="nodes"]').waitFor();
}

function asked(method: string): Promise<unknown[]> {
  return page.evaluate(
    (wanted) => (window as unknown as TestWindow).testHost.seen.filter((s) => s.method === wanted),
    method,
  );
}

async function saved(): Promise<Record<string, unknown>[]> {
  const requests = (await asked('view/save')) as { readonly params: { readonly view: Record<string, unknown> } }[];
  return requests.map(({ params }) => params.view);
}
