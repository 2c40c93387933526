import { copyMobileNet } from './mobileNetFiles.ts';
import { useWorkbench, type WorkbenchOptions, workbench as w } from './workbench.ts';

export { HAS_MOBILE_NET } from './mobileNetFiles.ts';

const LONG_MS = 300_000;

export interface Step {
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly startMs: number;
  readonly endMs: number;
}

/**
 * What a user does with MobileNetV2 from opening it to a kept session, and with a graph of fifty thousand nodes, while
 * `bench/hostProbe` watches.
 */
export async function timeSteps(options: WorkbenchOptions): Promise<Step[]> {
  useWorkbench(options);
  copyMobileNet(w.folder);
  await w.open();
  await w.page.setViewportSize({ width: 1440, height: 900 });
  const steps: Step[] = [];
  const step = async (name: string, work: () => Promise<unknown>) => {
    const startMs = Date.now();
    await work();
    await w.page.waitForTimeout(2000); // what is done afterwards belongs to it
    steps.push({ name, startMs, endMs: Date.now() });
  };
  const saveProfile = async () => {
    await w.command('Host Probe: Save Profile');
    await w.toast('Profile saved').waitFor();
  };
  const surface = w.graph.locator('.graph-surface');
  const findings = w.graph.locator('.findings:visible');
  const button = (name: string) => findings.getByRole('button', { name, exact: true });
  const tab = (name: string) => w.graph.getByRole('tab', { name, exact: true }).click();

  await step('start the extension, open the model', async () => {
    await w.openFile('mobilenet_v2.onnx');
    await w.graph.getByText('mobilenet_v2.onnx · 101 nodes').waitFor();
  });
  await step('quantize, calibrate and compare', async () => {
    await w.commandAndPick('QuantScope: Quantize with Config…', 'mobilenet_v2.cfg');
    await w.toast('mobilenet_v2.onnx quantized').waitFor({ timeout: LONG_MS });
  });
  await w.clearToasts();
  await step('look at a node and its tensors', async () => {
    await tab('Nodes');
    await w.graph.locator('.table-nodes .grid-row').nth(3).click();
    await w.page.waitForTimeout(1000);
  });
  await step('keep a node in float, and take it back', async () => {
    const before = await w.similarity();
    for (const isBack of [false, true]) {
      await surface.focus();
      await w.page.keyboard.press('s');
      while (((await w.similarity()) === before) !== isBack) await w.page.waitForTimeout(50);
    }
  });
  await step('measure the sensitivity of every node', async () => {
    await tab('Sensitivity');
    await button('Start').click();
    await button('Cancel').waitFor();
    await button('Start').waitFor({ timeout: LONG_MS });
  });
  await step('find causes and try cures', async () => {
    await tab('Causes');
    await button('Diagnose').click();
    await button('Cancel').waitFor();
    await button('Diagnose').waitFor({ timeout: LONG_MS });
  });
  await saveProfile();
  await step('reload the window with all that is kept', async () => {
    await w.open();
    if (!(await w.tab('mobilenet_v2.onnx').isVisible())) await w.openFile('mobilenet_v2.onnx');
    await w.graph.getByRole('region', { name: 'Kept run' }).waitFor();
  });
  await step('open a graph of 50,000 nodes', async () => {
    await w.openFile('many_nodes.onnx');
    await w.graph.getByText(/many_nodes\.onnx · [\d,]+ nodes/).waitFor({ timeout: LONG_MS });
  });
  await saveProfile();
  return steps;
}
