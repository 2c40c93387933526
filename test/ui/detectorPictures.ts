import { openModel, panel, quantize, raisePanel, side, takeInBothThemes } from './pictureSteps.ts';
import { workbench as w } from './workbench.ts';

/** Stops of the tour at YOLOX-nano: from broken int8 to what helps. All need `detector`; `trials` needs `causes`. */
export const DETECTOR_STOPS = { detector, sensitivity, causes, trials };

const MODEL = 'yolox_nano.onnx';
/** What measures dozens of models. */
const LONG_MS = 600_000;

async function detector(): Promise<void> {
  await w.command('View: Close All Editors');
  await w.command('View: Show Explorer');
  await openModel(MODEL, '367 nodes');
  await w.command('View: Toggle Primary Side Bar Visibility');
  await quantize(MODEL, 'yolox_nano.cfg');
  await side('Details panel', 'hidden');
  await panel('Sensitivity');
  await raisePanel(6);
}

async function causes(): Promise<void> {
  await panel('Causes');
  const findings = w.graph.locator('.findings:visible');
  await findings.getByLabel('Nodes').fill('4');
  await findings.getByRole('button', { name: 'Diagnose' }).click();
  await finished();
  await takeInBothThemes('causes');
}

/** While it runs: the graph is coloured from the first sample on. */
async function sensitivity(): Promise<void> {
  await panel('Sensitivity');
  const findings = w.graph.locator('.findings:visible');
  await findings.getByLabel('Samples').fill('16');
  await findings.getByRole('button', { name: 'Start', exact: true }).click();
  await findings.locator('.grid-row').nth(8).waitFor({ timeout: LONG_MS });
  await takeInBothThemes('sensitivity');
  await findings.getByRole('button', { name: 'Cancel' }).click();
  await findings.getByRole('button', { name: 'Cancel' }).waitFor({ state: 'hidden' });
}

/** One cure after the other, each on top of the one before. */
async function trials(): Promise<void> {
  for (const cure of ['16 bits', 'Range of least relative entropy', 'Leave float']) {
    await panel('Causes');
    const row = w.graph.locator('.cures tr', { hasText: cure }).first();
    await row.getByRole('button', { name: 'Apply' }).click();
    await tried();
  }
  await panel('Trials');
  await w.graph.getByLabel('Along the x axis').selectOption({ label: 'Integer share' });
  await takeInBothThemes('trials');
}

/** Waits until nothing is measured any more. */
async function finished(): Promise<void> {
  const cancel = w.graph.locator('.findings:visible').getByRole('button', { name: 'Cancel' });
  await cancel.first().waitFor();
  await cancel.first().waitFor({ state: 'hidden', timeout: LONG_MS });
}

/** Waits until a change has been tried. */
async function tried(): Promise<void> {
  await w.page.waitForTimeout(500); // the trial begins
  await w.graph.locator('.summary > .progress').waitFor({ state: 'hidden', timeout: LONG_MS });
}
