import { workbench as w } from './workbench.ts';

/** What the tour does in the workbench, in its own words. */

/** Opens a file of the explorer, and waits until its graph says what `shown` tells. */
export async function openModel(file: string, shown: string): Promise<void> {
  await w.openFile(file);
  await w.graph.getByText(shown).first().waitFor({ timeout: 60_000 });
  await w.graph.locator('.graph-surface').waitFor();
}

/** Quantizes what is in front. */
export async function quantize(file: string, config: string): Promise<void> {
  await w.commandAndPick('QuantScope: Quantize with Config…', config);
  await w.toast(`${file} quantized`).waitFor({ timeout: 180_000 });
  await w.graph.locator('.legend .legend-row').first().waitFor();
  await w.clearToasts();
  await dismissBanner();
}

async function dismissBanner(): Promise<void> {
  const close = w.graph.locator('.banner').getByRole('button', { name: 'Close' });
  if (await close.isVisible()) await close.click();
}

/** Selects a node and moves it to the middle. */
export async function select(node: string): Promise<void> {
  await w.graph.locator('.graph-surface').press('/');
  await w.page.keyboard.type(node);
  await w.page.keyboard.press('Enter');
  await w.page.keyboard.press('Escape');
  await w.graph.getByRole('heading', { name: node }).waitFor();
  await w.graph.getByRole('button', { name: 'Show in graph' }).click();
}

/** Shows one of the panels below the graph. */
export async function panel(name: string): Promise<void> {
  await side('Panel below the graph', 'shown');
  await w.graph.getByRole('tab', { name, exact: true }).click();
}

/** Marks that a side of the graph is hidden. */
const HIDDEN = { 'Panel below the graph': '.main.no-table', 'Details panel': '.main.no-details' };

/** Shows or hides the panel below the graph, or the details beside it. */
export async function side(button: keyof typeof HIDDEN, wanted: 'shown' | 'hidden'): Promise<void> {
  const isShown = (await w.graph.locator(HIDDEN[button]).count()) === 0;
  if (isShown !== (wanted === 'shown')) await w.graph.getByRole('button', { name: button }).click();
}

/** Opens or closes a part of the details. */
export async function toggleSection(title: string): Promise<void> {
  await w.graph.locator('.section-toggle', { hasText: title }).click();
}

/** Makes the panel below the graph higher, in steps of its handle. */
export async function raisePanel(steps: number): Promise<void> {
  await w.graph.getByRole('separator', { name: 'Height of the panel below' }).focus();
  for (let i = 0; i < steps; i++) await w.page.keyboard.press('ArrowUp');
}

/** Takes a picture once what moves has come to rest. */
export async function take(name: string): Promise<void> {
  await w.page.mouse.move(400, 798); // nothing shows a hint there
  await w.page.waitForTimeout(1200);
  await w.screenshot(name);
}

/** Takes a picture in both themes; the dark one is left. */
export async function takeInBothThemes(name: string): Promise<void> {
  for (const theme of ['light', 'dark'] as const) {
    await w.theme(theme);
    await take(`${name}-${theme}`);
  }
}

/** Makes the side bar wider, by pixels. */
export async function widenSideBar(by: number): Promise<void> {
  const { x = 0, width = 0 } = (await w.page.locator('.part.sidebar').boundingBox()) ?? {};
  await w.page.mouse.move(x + width, 400);
  await w.page.mouse.down();
  await w.page.mouse.move(x + width + by, 400, { steps: 5 });
  await w.page.mouse.up();
}

/** Presses keys of the graph, one after the other. */
export async function press(...keys: readonly string[]): Promise<void> {
  await w.graph.locator('.graph-surface').focus();
  for (const key of keys) {
    await w.page.keyboard.press(key);
    await w.page.waitForTimeout(400); // what it shows glides into place
  }
}
