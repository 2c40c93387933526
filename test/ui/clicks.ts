import type { Locator } from 'playwright-core';
import { copyMobileNet } from './mobileNetFiles.ts';
import { useWorkbench, type WorkbenchOptions, workbench as w } from './workbench.ts';

export { HAS_MOBILE_NET } from './mobileNetFiles.ts';

/** Where in MobileNetV2 nodes are switched: three neighbours each, as `bench/trials.mjs` has them. */
const PLACES = {
  middle: ['Conv_489', 'Conv_496', 'Conv_503'],
  end: ['Conv_692', 'Conv_699', 'Conv_705'],
};
/** Switched before anything is timed, so that code is compiled. */
const WARM_UP = ['Conv_470', 'Conv_477'];

export interface Click {
  readonly place: keyof typeof PLACES;
  readonly node: string;
  /** From the key that keeps the node in float to the new figures on the screen, milliseconds. */
  readonly skipMs: number;
  /** The same for the key that takes it back. */
  readonly backMs: number;
}

/** Times the switching of nodes in the graph of MobileNetV2: 8 evaluation samples, biases as given. */
export async function timeClicks(options: WorkbenchOptions): Promise<Click[]> {
  useWorkbench(options);
  copyMobileNet(w.folder);
  await w.open();
  await w.page.setViewportSize({ width: 1440, height: 900 });
  await w.openFile('mobilenet_v2.onnx');
  await w.graph.getByText('mobilenet_v2.onnx · 101 nodes').waitFor();
  await w.commandAndPick('QuantScope: Quantize with Config…', 'mobilenet_v2.cfg');
  await w.toast('mobilenet_v2.onnx quantized').waitFor({ timeout: 120_000 });
  await w.clearToasts();
  const body = w.graph.locator('body');
  await watchKeys(body);
  for (const node of WARM_UP) await timeNode(body, node);
  const clicks: Click[] = [];
  for (const place of ['middle', 'end'] as const)
    for (const node of PLACES[place]) clicks.push({ place, node, ...(await timeNode(body, node)) });
  return clicks;
}

async function timeNode(body: Locator, node: string): Promise<{ skipMs: number; backMs: number }> {
  const surface = w.graph.locator('.graph-surface');
  await surface.press('/');
  await w.page.keyboard.type(node);
  await w.page.keyboard.press('Enter');
  await w.page.keyboard.press('Escape');
  await w.page.waitForTimeout(1500);
  const press = async () => {
    await body.evaluate(() => Reflect.deleteProperty(window, 'clickMs'));
    await surface.press('s');
    await w.page.waitForTimeout(2500); // what follows the figures is not to fall into the next click
    return body.evaluate(() => Reflect.get(window, 'clickMs') as number);
  };
  return { skipMs: await press(), backMs: await press() };
}

/** Leaves in `clickMs` how long after the last `s` other figures of the output were painted. */
async function watchKeys(body: Locator): Promise<void> {
  await body.evaluate(() => {
    const figures = () => document.querySelector('.outputs tbody')?.textContent ?? '';
    // When the frame with the figure was presented, not when script was done with it.
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & { identifier: string; renderTime: number })[])
        Reflect.set(window, 'clickMs', entry.renderTime - Number(entry.identifier));
    }).observe({ type: 'element' });
    let pressedMs = 0;
    let before = '';
    document.addEventListener(
      'keydown',
      ({ key, timeStamp }) => {
        if (key === 's') [pressedMs, before] = [timeStamp, figures()];
      },
      { capture: true },
    );
    new MutationObserver(() => {
      if (pressedMs === 0 || figures() === before) return;
      const startedMs = pressedMs;
      pressedMs = 0;
      document.querySelector('.outputs td.now')?.setAttribute('elementtiming', String(startedMs));
    }).observe(document.querySelector('.summary') as Element, { childList: true, subtree: true, characterData: true });
  });
}
