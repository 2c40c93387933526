// Times frames of a large graph in the browser: node bench/frames.mjs [--nodes N] [--json FILE]
// Pans and zooms the view for some seconds at several zooms. The time of a frame is everything the main thread does from
// one frame to the next (Chromium's own trace, processor time), input, script and drawing by the processor included.
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { launchBrowser } from '../scripts/lib/browser.mjs';
import { servePage } from '../test/webview/page.mjs';
import { frameTimes, summary } from './lib/frames.mjs';
import { towers } from './lib/towers.mjs';

const { values } = parseArgs({
  options: { nodes: { type: 'string', default: '50000' }, json: { type: 'string' } },
});
const nodes = Number(values.nodes);
const FRAMES = 150;
const LIMITS = { frameMs: 8, taskMs: 50, memoryMb: 300 };

const models = await generated(nodes);
const results = [];
for (const [shape, graph] of Object.entries(models)) results.push(await measure(shape, graph));
print(results);
if (values.json) writeFileSync(values.json, JSON.stringify({ frames: { nodes, limits: LIMITS, results } }));

/** Opens a graph in a browser of its own; all groups are opened before it is moved. */
async function measure(shape, graph) {
  const server = await servePage({ host: 'test/webview/benchHost.ts', model: graph });
  const browser = await launchBrowser();
  try {
    return { shape, ...(await measureIn(browser, server.origin)) };
  } finally {
    await browser.close();
    await server.close();
  }
}

async function measureIn(browser, origin) {
  const { page } = browser;
  const cdp = await browser.context.newCDPSession(page);
  await page.goto(`${origin}/webview.css`);
  const before = processMb(await rendererPid());
  const rows = [];
  const opening = await trace(async () => {
    await page.goto(`${origin}/`);
    await page.locator('.graph-surface[aria-label*="nodes"]').waitFor({ timeout: 60_000 });
  });
  const openMs = await page.evaluate(() => performance.now());
  rows.push({ name: 'opening', zoom: null, ...summary(opening) });
  const expanding = await trace(async () => {
    await page.locator('.graph-surface').press('}');
    await page.waitForFunction(() => document.querySelector('.laying-out') === null, undefined, { timeout: 60_000 });
    await page.waitForTimeout(500);
  });
  rows.push({ name: 'opening all groups', zoom: null, ...summary(expanding) });
  for (const zoom of ['fit', 0.05, 0.15, 0.4, 1, 2]) {
    await setZoom(page, zoom);
    await page.waitForTimeout(1500);
    const shown = await currentZoom(page);
    rows.push({ name: 'panning', zoom: shown, ...summary(await trace(() => act(page, 'pan'))) });
  }
  await setZoom(page, 'fit');
  await page.waitForTimeout(500);
  rows.push({ name: 'zooming in and out', zoom: null, ...summary(await trace(() => act(page, 'zoom'))) });

  await cdp.send('HeapProfiler.collectGarbage');
  const { usedSize, backingStorageSize = 0 } = await cdp.send('Runtime.getHeapUsage');
  const memory = {
    heapMb: (usedSize + backingStorageSize) / 1e6,
    processMb: processMb(await rendererPid()) - before,
  };
  return { rows, openMs, memory };

  async function rendererPid() {
    const root = await browser.context.browser()?.newBrowserCDPSession();
    if (!root) return undefined;
    const { processInfo } = await root.send('SystemInfo.getProcessInfo');
    return processInfo.filter((p) => p.type === 'renderer').sort((a, b) => b.cpuTime - a.cpuTime)[0]?.id;
  }

  /** Main-thread tasks, frame by frame, while `work` runs. */
  async function trace(work) {
    const events = [];
    const collect = ({ value }) => events.push(...value);
    cdp.on('Tracing.dataCollected', collect);
    const done = new Promise((resolve) => cdp.once('Tracing.tracingComplete', resolve));
    await cdp.send('Tracing.start', {
      transferMode: 'ReportEvents',
      traceConfig: { includedCategories: ['toplevel', 'devtools.timeline', 'disabled-by-default-devtools.timeline'] },
    });
    await work();
    await cdp.send('Tracing.end');
    await done;
    cdp.off('Tracing.dataCollected', collect);
    return frameTimes(events);
  }
}

/** Wheel events at every frame, as a trackpad sends them. */
function act(page, kind) {
  return page.evaluate(
    ([kind, frames]) =>
      new Promise((resolve) => {
        const surface = document.querySelector('.graph-surface');
        const box = surface.getBoundingClientRect();
        const at = { clientX: box.left + box.width / 2, clientY: box.top + box.height / 2 };
        let n = 0;
        const step = () => {
          if (n++ >= frames) return resolve();
          const wave = Math.sin((2 * Math.PI * n) / 75);
          const pan = { deltaX: 14 * wave, deltaY: n < frames / 2 ? 22 : -22 };
          const zoom = { deltaY: -80 * Math.sin((2 * Math.PI * n) / frames), ctrlKey: true };
          const wheel = { bubbles: true, cancelable: true, ...at, ...(kind === 'pan' ? pan : zoom) };
          surface.dispatchEvent(new WheelEvent('wheel', wheel));
          requestAnimationFrame(step);
        };
        requestAnimationFrame(step);
      }),
    [kind, FRAMES],
  );
}

/** Zooms by the keyboard to the whole graph, then with the wheel around the middle. */
async function setZoom(page, zoom) {
  await page.locator('.graph-surface').press('0');
  await page.waitForTimeout(600);
  if (zoom === 'fit') return;
  const factor = zoom / (await currentZoom(page));
  await page.evaluate((factor) => {
    const surface = document.querySelector('.graph-surface');
    const box = surface.getBoundingClientRect();
    const at = { clientX: box.left + box.width / 2, clientY: box.top + box.height / 2 };
    const deltaY = -Math.log(factor) / 0.0035;
    surface.dispatchEvent(new WheelEvent('wheel', { bubbles: true, cancelable: true, ctrlKey: true, ...at, deltaY }));
  }, factor);
}

function currentZoom(page) {
  return page.locator('.graph-surface').evaluate((surface) => Number(surface.dataset.zoom));
}

function processMb(pid) {
  const status = pid === undefined ? '' : readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN) / 1000;
}

function print(results) {
  const cell = (value) => value.toFixed(1).padStart(7);
  for (const { shape, rows, openMs, memory } of results) {
    console.log(`\n${shape}, ${nodes} nodes: open after ${openMs.toFixed(0)} ms`);
    console.log(`${'main thread, ms'.padEnd(30)} median     p95     max   longest task (by the clock)  frames`);
    for (const { name, zoom, median, p95, max, longestTask, longestByClock, frames } of rows) {
      const label = zoom === null ? name : `${name} at zoom ${zoom.toPrecision(2)}`;
      console.log(
        `${label.padEnd(29)}${cell(median)} ${cell(p95)} ${cell(max)}   ${cell(longestTask)}      (${longestByClock.toFixed(0)})   ${frames}`,
      );
    }
    console.log(
      `JavaScript heap and arrays ${memory.heapMb.toFixed(0)} MB; process above an empty page ${memory.processMb.toFixed(0)} MB`,
    );
  }
}

/** @returns {Promise<Record<string, Uint8Array>>} one column, and towers side by side */
async function generated(count) {
  const { outputFiles } = await build({
    stdin: {
      contents: `export { largeGraph } from './test/webview/fixtures.ts'; export { encodeGraph } from './src/protocol/encodeGraph.ts';`,
      resolveDir: new URL('..', import.meta.url).pathname,
      loader: 'ts',
    },
    bundle: true,
    format: 'esm',
    write: false,
  });
  const code = Buffer.from(outputFiles[0].contents).toString('base64');
  const { largeGraph, encodeGraph } = await import(`data:text/javascript;base64,${code}`);
  return {
    'side by side': new Uint8Array(encodeGraph(towers(count))),
    'one column': new Uint8Array(encodeGraph(largeGraph(count))),
  };
}
