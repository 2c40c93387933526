import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import { copyDetector, HAS_DETECTOR } from './detectorFiles.ts';
import { DETECTOR_STOPS } from './detectorPictures.ts';
import { copyMobileNet, HAS_MOBILE_NET, SHARED_DATA } from './mobileNetFiles.ts';
import {
  openModel,
  panel,
  press,
  quantize,
  raisePanel,
  select,
  side,
  take,
  takeInBothThemes,
  toggleSection,
  widenSideBar,
} from './pictureSteps.ts';
import { useWorkbench, type WorkbenchOptions, workbench as w } from './workbench.ts';

/** Whether the shared data with the models lies beside the checkout. */
export const HAS_MODELS = HAS_MOBILE_NET && HAS_DETECTOR;

const MODEL = 'mobilenet_v2.onnx';
/** With other ranges. */
const OTHER_CONFIG = 'kl.cfg';
const LANGUAGE_MODEL = 'tfbert_qa_tiny.onnx';
/** Of scripts/makeManyNodes.mjs. */
export const MANY = 'many.onnx';

/** One stop of the tour: takes its pictures in the workbench as the stop before left it, or in a new one. */
type Stop = () => Promise<void>;

const STOPS: Readonly<Record<string, Stop>> = {
  graph,
  heat,
  borders,
  channels,
  charts,
  elements,
  tables,
  search,
  contrast,
  views,
  compare,
  range,
  ...DETECTOR_STOPS,
  groups,
  many,
  chinese,
};

/**
 * Takes the pictures of the README and the tour.
 *
 * @param options the folder gets the models, and holds {@link MANY} already
 * @param only names of stops; all without. Those up to `compare`, and those of {@link DETECTOR_STOPS}, go
 *   on from where the one before ended.
 */
export async function takePictures(
  options: WorkbenchOptions,
  only: readonly string[] = Object.keys(STOPS),
): Promise<void> {
  useWorkbench(options);
  copyMobileNet(w.folder);
  copyDetector(w.folder);
  dropProducer(join(w.folder, MODEL));
  writeFileSync(join(w.folder, OTHER_CONFIG), w.read('mobilenet_v2.cfg').replace('MAX_MIN', 'KL'));
  cpSync(join(SHARED_DATA, 'models/nlp', LANGUAGE_MODEL), join(w.folder, LANGUAGE_MODEL));
  await w.settings({ 'files.autoSave': 'off', 'breadcrumbs.enabled': false });
  await w.open();
  for (const name of only) {
    console.log(name);
    const stop = STOPS[name];
    if (stop === undefined) throw new Error(`there is no stop ${name}: ${Object.keys(STOPS).join(', ')}`);
    await stop();
  }
}

async function toggleSideBar(): Promise<void> {
  await w.command('View: Toggle Primary Side Bar Visibility');
}

async function graph(): Promise<void> {
  await openModel(MODEL, '101 nodes');
  await toggleSideBar();
  await side('Panel below the graph', 'hidden');
  await select('Conv_496');
  await w.theme('light');
  await take('graph');
}

async function heat(): Promise<void> {
  await quantize(MODEL, 'mobilenet_v2.cfg');
  await select('Conv_431');
  await toggleSection('Quantization');
  await toggleSection('Figures');
  await w.graph.getByRole('radio', { name: 'Histogram' }).click();
  await takeInBothThemes('heat');
}

async function borders(): Promise<void> {
  await w.graph.getByRole('button', { name: 'Colours and borders' }).click();
  await w.graph.getByLabel('Right edge').selectOption({ label: 'Local SQNR (node alone)' });
  await toggleSection('Quantization');
  await toggleSection('Figures');
  await take('borders');
  await w.graph.getByLabel('Right edge').selectOption({ label: 'Nothing' });
  await w.graph.getByRole('button', { name: 'Colours and borders' }).click();
}

async function channels(): Promise<void> {
  await w.graph.getByRole('radio', { name: 'Channels' }).click();
  await w.graph.locator('.tensor-charts').scrollIntoViewIfNeeded();
  await take('channels');
}

async function charts(): Promise<void> {
  await panel('Charts');
  await raisePanel(8);
  await take('charts');
}

async function elements(): Promise<void> {
  await panel('Elements');
  await take('numbers');
  await w.graph.getByRole('button', { name: 'Pictures', exact: true }).click();
  await take('pictures');
}

async function tables(): Promise<void> {
  await panel('Tensors');
  await w.graph.getByRole('combobox', { name: 'Filter Tensors' }).fill('role:output cos:<0.98');
  await w.graph.getByText('Measuring all tensors').waitFor({ state: 'hidden', timeout: 120_000 });
  await take('tables');
}

async function search(): Promise<void> {
  await side('Panel below the graph', 'hidden');
  await w.graph.locator('.graph-surface').press('/');
  await w.page.keyboard.type('op:Conv cos:<0.98');
  await take('search');
  await w.page.keyboard.press('Escape');
}

async function contrast(): Promise<void> {
  await w.theme('high contrast');
  await take('contrast');
  await w.theme('dark');
}

async function views(): Promise<void> {
  await quantize(MODEL, OTHER_CONFIG);
  await side('Details panel', 'hidden');
  await w.graph.locator('.graph-surface').focus();
  await w.page.keyboard.press('s');
  await w.graph.locator('.outputs td.before').first().waitFor();
  await w.command('View: Show QuantScope');
  await widenSideBar(150);
  await run('kl.cfg').locator('.monaco-tl-twistie').click();
  await take('views');
  await w.command('File: Save All Files');
}

async function compare(): Promise<void> {
  await w.chooseOf(run('mobilenet_v2.cfg'), 'Compare with…');
  await w.choosePick('kl.cfg');
  for (const half of [w.half(0), w.half(1)]) {
    await half.getByRole('tab', { name: 'Differences' }).waitFor();
    await half.locator('.banner').getByRole('button', { name: 'Close' }).click();
  }
  await toggleSideBar();
  await take('compare');
}

/** A range by hand that cuts off a long tail, tried. */
async function range(): Promise<void> {
  await w.command('View: Close All Editors');
  await w.command('View: Show Explorer');
  await openModel(MODEL, '101 nodes');
  await toggleSideBar();
  await side('Panel below the graph', 'hidden');
  await side('Details panel', 'shown');
  await quantize(MODEL, 'mobilenet_v2.cfg');
  await w.theme('light');
  await select('Relu_326');
  await w.graph.getByRole('button', { name: 'Set on the histogram' }).click();
  await w.graph.locator('.tensor-charts').getByRole('radio', { name: 'log' }).click();
  const handle = w.graph.getByRole('slider', { name: 'Upper end of the range of' });
  await handle.scrollIntoViewIfNeeded();
  const { x = 0, y = 0, height = 0 } = (await handle.boundingBox()) ?? {};
  await w.page.mouse.move(x + 3, y + height / 2);
  await w.page.mouse.down();
  await w.page.mouse.move(x - 122, y + height / 2, { steps: 5 });
  await w.page.mouse.up();
  await w.graph.locator('.outputs td.before').first().waitFor({ timeout: 120_000 });
  await w.graph.locator('.range').scrollIntoViewIfNeeded();
  await take('range');
  await w.command('File: Save All Files');
}

/** A line of the Runs view. */
function run(name: string): Locator {
  const pane = w.page.locator('.pane', { has: w.page.locator('.pane-header', { hasText: 'Runs' }) });
  return pane.locator(`.monaco-list-row[aria-label^="${name}"]`).first();
}

async function groups(): Promise<void> {
  await w.command('View: Close All Editors');
  await w.command('View: Show Explorer');
  await openModel(LANGUAGE_MODEL, '3,836 nodes');
  await toggleSideBar();
  await side('Panel below the graph', 'hidden');
  await press('Home', ...Array.from({ length: 7 }, () => 'ArrowDown'), ']');
  await take('groups');
}

async function many(): Promise<void> {
  await w.command('View: Show Explorer');
  await openModel(MANY, '50,003 nodes');
  await toggleSideBar();
  await side('Panel below the graph', 'hidden');
  await w.page.waitForTimeout(5000); // until it is laid out
  await take('many');
}

async function chinese(): Promise<void> {
  await w.command('View: Close All Editors');
  await w.page.waitForTimeout(7000); // a workbench in a browser writes what it keeps every five seconds
  await w.page.addInitScript(() => Object.assign(globalThis, { _VSCODE_NLS_LANGUAGE: 'zh-cn' }));
  await w.page.reload();
  await w.page.locator('.monaco-workbench .activitybar').waitFor({ timeout: 90_000 });
  await w.command('View: Show Explorer');
  await w.file(MODEL).dblclick({ timeout: 90_000 });
  await w.graph.locator('.restored vscode-button').click({ timeout: 60_000 });
  await w.graph.locator('.restored').waitFor({ state: 'hidden', timeout: 120_000 });
  await w.graph.locator('.summary > .progress').waitFor({ state: 'hidden', timeout: 120_000 });
  await toggleSideBar();
  await w.clearToasts();
  const details = w.graph.locator('.toolbar-icons > *').nth(-2); // its name is a Chinese one
  if ((await w.graph.locator('.main.no-details').count()) > 0) await details.click();
  await w.theme('light');
  await take('chinese');
}

/** Takes the producer out, a remark about the test data: field 2 of the model, shorter than 128 bytes. */
function dropProducer(file: string): void {
  const bytes = readFileSync(file);
  const at = bytes.indexOf('derived: Q/DQ removed') - 2;
  if (bytes[at] !== 0x12) throw new Error(`${file} has another producer`);
  writeFileSync(file, Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 2 + (bytes[at + 1] ?? 0))]));
}
