import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { mobileNet } from './fixtures.ts';
import { eventually, viewPages } from './viewPage.ts';

const pages = viewPages();
const { asked, emit } = pages;
let page: Page;

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
  await emit('preferences/changed', changed);
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
  await emit('view/command', { command: 'findSimilar', nodeId: node?.id });
  await eventually(() => page.getByRole('search').locator('input').inputValue()).toBe('op:Clip');
});

async function open(query: string): Promise<void> {
  page = await pages.open(query, { size: { width: 1280, height: 800 } });
}

async function saved(): Promise<Record<string, unknown>[]> {
  const requests = await asked<{ readonly view: Record<string, unknown> }>('view/save');
  return requests.map(({ view }) => view);
}
