import type { Page } from 'playwright-core';
import { afterEach, describe, expect, test } from 'vitest';
import { encodeGraph } from '../../src/protocol/encodeGraph.ts';
import type { GraphView } from '../../src/protocol/views.ts';
import { mobileNet, runOf, withUnsupported } from './fixtures.ts';
import { inQdq, inQOperator } from './quantizedFixtures.ts';
import { overflowing, untranslated } from './shownTexts.ts';
import { viewPages } from './viewPage.ts';

/** What the mocked host and the browser say in words of their own, fields of queries, attributes of QuantizeLinear. */
const SAID = [
  'its elements cannot be shown: it is computed; run "Quantize with config…" first',
  'Unterminated group',
  'Nov 20, 2026, 2:03 PM',
  ...['cos', 'sqnr', 'axis', 'precision', 'saturate'],
];
const BOTTOM = ['nodes', 'tensors', 'charts', 'data', 'trials', 'sensitivity', 'causes'] as const;

interface TestWindow {
  readonly testHost: { emit(event: string, payload: unknown): void };
}

const pages = viewPages();
const { emit } = pages;
let page: Page;

async function open(query: string, size = { width: 1400, height: 900 }): Promise<void> {
  const { nodes } = query.includes('qdq') ? inQdq(mobileNet()) : mobileNet();
  const ready = `.graph-surface[aria-label*="${nodes.length}"]`;
  page = await pages.open(query, { size, timeoutMs: 45_000, ready });
}

async function selectWorst(): Promise<void> {
  await page.locator('.table-nodes .grid-row').first().click();
  await page.locator('.details .tensor').first().waitFor();
  await page.locator('.details .operator-text').waitFor();
}

async function openTab(tab: string): Promise<void> {
  await page.locator(`#tab-${tab}`).click();
  await page.locator('.bottom > :visible').first().waitFor();
}

/** Opens one after the other what opens a box, three menus of columns among them, and calls back for each. */
async function eachPopover(within: string, look: () => Promise<void>): Promise<void> {
  const menu = '.heading-menu:not([data-column] ~ [data-column] ~ [data-column] ~ [data-column] *)';
  const openers = page.locator(`${within} :is([aria-haspopup="dialog"]:not(.heading-menu), ${menu}):visible`);
  for (let i = 0; i < (await openers.count()); i++) {
    await openers.nth(i).click();
    await page.locator(':popover-open').first().waitFor();
    await look();
    await page.keyboard.press('Escape');
  }
}

describe('every text is translated', () => {
  const graph = mobileNet();
  const inChanges = graph.nodes.map(({ handle }) => `${handle}:`);
  const inFindings = [
    'bias_correction=true',
    'image_to_format=BGR',
    'image_to_format=GRAY',
    '/data/calibration/n01536_goldfish.JPEG',
  ];
  /** As far as their ends are shown. */
  const inTrials = graph.nodes.flatMap(({ handle }) =>
    [...handle.matchAll(/\//g)].flatMap(({ index }) => [handle.slice(index + 1), `${handle.slice(index + 1)}:`]),
  );
  const inGroups = graph.nodes.flatMap(({ handle }) => handle.split('/'));
  const ours = [...inTrials, ...inGroups, ...inChanges, ...inFindings];
  const data = [
    ours,
    graph,
    runOf(graph),
    changed(graph),
    withUnsupported(graph),
    inQdq(graph),
    inQOperator(graph),
    SAID,
  ];
  const found = new Set<string>();
  const check = async (): Promise<void> => {
    for (const text of await untranslated(page, data)) found.add(text);
  };

  afterEach(() => {
    const all = [...found];
    found.clear();
    expect(all).toEqual([]);
  });

  test('before a run', async () => {
    await open('?language=pseudo');
    await check();
    await page.locator('.table-nodes .grid-row').first().click();
    await page.locator('.details h2:visible').waitFor();
    await check();
    for (const tab of BOTTOM) {
      await openTab(tab);
      await check();
    }
  });

  test('of a run: its summary, the tables and their boxes, the charts, the elements', async () => {
    await open('?run=1&language=pseudo');
    await check();
    await selectWorst();
    await check();
    for (const tab of BOTTOM) {
      await openTab(tab);
      await check();
      await eachPopover('.bottom', check);
    }
  });

  test('of the choices of a node, a range by hand, a change of several, and trials', async () => {
    await open('?run=1&trials=9&language=pseudo');
    const nodeId = graph.nodes.find((node) => node.opType === 'Add')?.id;
    await emit('view/command', { command: 'inspect', nodeId });
    await page.locator('.details .tensor').first().waitFor();
    await check();
    await page.locator('#choice-precision').selectOption('float16');
    await page.locator('.outcome table').waitFor();
    await check();
    await page.locator('#choice-precision').selectOption('int16');
    await page.locator('.choices .link').click();
    await page.locator('.range-hi').waitFor();
    await check();
    await emit('view/command', { command: 'changeNodes', nodeId });
    await page.locator('#change-weightBits').selectOption('w4');
    await page.locator('.change-says p').nth(1).waitFor();
    await check();
    await page.keyboard.press('Escape');
    await openTab('trials');
    await check();
    await page.locator('.trials .chart-tools button').first().click();
    await check();
    await page.locator('.trials .grid').press('Home');
    await page.keyboard.press('c');
    await page.locator('.sample-gains').waitFor();
    await check();
    await page.keyboard.press('F2');
    await page.locator('.rename-input').waitFor();
    await check();
  });

  test('of the search: its help, what it proposes, finds, and cannot read', async () => {
    await open('?run=1&language=pseudo');
    await page.locator('.graph-surface').press('Control+f');
    await page.locator('.search').waitFor();
    await eachPopover('.search', check);
    for (const query of [
      'o',
      'op:Co',
      'Conv',
      'op:Conv cos:<0.99',
      'nothing-of-the-kind',
      'cos:x',
      'op:',
      'sqnr:',
      '/(/',
      '(a or',
    ]) {
      await page.locator('.search input').fill(query);
      await page.waitForTimeout(400);
      await check();
    }
  });

  test('of the colours: each metric and what is chosen for it', async () => {
    await open('?run=1&language=pseudo');
    await page.locator('.heat-more').click();
    await page.locator('.heat-settings').waitFor();
    await check();
    const metric = page.locator('.heat-settings select').first();
    for (const value of await metric
      .locator('option')
      .evaluateAll((all) => all.map((o) => (o as HTMLOptionElement).value))) {
      await metric.selectOption(value);
      await check();
    }
  });

  test.each(['trial=1', 'restored=1', 'busy=1', 'model=unsupported', 'model=qoperator', 'model=qdq&requantize=1'])(
    'of a view with %s',
    async (query) => {
      await open(`?run=1&${query}&language=pseudo`);
      await check();
      await page.locator('.table-nodes .grid-row').first().click();
      await page.locator('.details h2:visible').waitFor();
      await check();
    },
  );

  test('of sensitivity, a search and causes: empty, found, and told apart after a change', async () => {
    for (const query of ['', '?run=1', '?run=1&found=1', '?run=1&found=1&restored=1']) {
      await open(`${query}${query === '' ? '?' : '&'}language=pseudo`);
      await openTab('sensitivity');
      await check();
      await page.locator('.findings [role="radio"]').nth(1).click();
      await check();
      await openTab('causes');
      for (const summary of await page.locator('.findings summary').all()) await summary.click();
      await check();
      if (query === '?run=1&found=1') {
        await page.locator('.together .apply').click();
        await page.locator('.findings .finding-outdated:visible').waitFor();
        await check();
      }
    }
  });

  test('of a run as it goes on, and of one that failed', async () => {
    await open('?language=pseudo');
    for (const stage of ['read', 'calibrate', 'quantize', 'correct', 'evaluate', 'report'] as const) {
      await emit('run/progress', { stage, done: 1, total: 3, text: '' });
      await check();
    }
    await emit('run/stopped', { diagnostics: [] });
    await check();
  });

  test('of differences from another network', async () => {
    await open('?run=1&language=pseudo');
    const bytes = Buffer.from(encodeGraph(changed(graph))).toString('base64');
    await page.evaluate((text) => {
      const { buffer } = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
      const start = { side: 'left', title: 'mobilenetv2.onnx', graph: buffer, run: null };
      (window as unknown as TestWindow).testHost.emit('compare/started', start);
    }, bytes);
    await openTab('changes');
    await page.locator('.table.changes .change, .changes [role="row"], .changes tr').first().waitFor();
    await check();
  });
});

/** Another operator, another attribute, a node less. */
function changed(graph: GraphView): GraphView {
  const [first, second, ...rest] = graph.nodes;
  if (first === undefined || second === undefined) throw new Error('the network has two nodes');
  const other = { ...first, attributes: [{ name: 'group', value: '7' }] };
  return { ...graph, nodes: [other, { ...second, opType: 'Relu' }, ...rest.slice(0, -1)] };
}

describe('the Chinese view', () => {
  test.each([
    [420, 800],
    [1400, 900],
  ])('stays in its window at %i pixels, nothing cut off', async (width, height) => {
    await open('?run=1&language=zh-cn', { width, height });
    const check = async (): Promise<void> => {
      expect(await page.locator('body').innerText()).not.toMatch(/[⟦⟧]/);
      expect(await overflowing(page)).toEqual([]);
    };
    await check();
    for (const tab of BOTTOM) {
      await openTab(tab);
      await check();
    }
  });
});
