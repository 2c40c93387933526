import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { eventually, viewPages, violationsOf } from './viewPage.ts';

const ADD = '/features/features.3/Add';

const pages = viewPages();
let page: Page;

async function open(query: string, motion: 'reduce' | 'no-preference' = 'reduce'): Promise<void> {
  page = await pages.open(query, { motion });
}

const surface = () => page.locator('.graph-surface');
const selected = () => page.locator('.graph-surface [aria-selected="true"]');
const said = () => page.locator('.app > [role=status]').innerText();
const command = (payload: { command: string; nodeId?: number; group?: string }) => pages.emit('view/command', payload);

/** Presses a key of the graph and waits for the picture it leads to. */
async function press(key: string): Promise<void> {
  await surface().press(key);
  await eventually(() => page.locator('.graph-surface.laying-out').count()).toBe(0);
}

/** Id of the node that the host was last told to be selected. */
async function selectedId(): Promise<number> {
  const selections = await pages.asked<{ nodeId: number }>('selection/changed');
  return selections.at(-1)?.nodeId ?? -1;
}

/** Selects the Add of a block with a row of the table, which opens the groups around it. */
async function selectAdd(): Promise<number> {
  await surface().press('/');
  await page.keyboard.type(ADD);
  await page.locator('.search-hit').first().waitFor();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Escape');
  await eventually(() => selected().innerText()).toContain(ADD);
  return selectedId();
}

test('groups are announced, close and open by key, and a search opens what is around its hit', async () => {
  await open('?run=1');
  await press('{');
  await press('Home');
  const seen: string[] = [];
  for (let i = 0; i < 8 && !seen.some((text) => text.startsWith('Group ')); i++) {
    await press('ArrowDown');
    seen.push(await selected().innerText());
  }
  expect(seen.at(-1)).toMatch(/^Group features\.\S+, .+, \d+ nodes, worst [\d.]+, closed, Enter opens it$/);
  await press('Enter');
  await eventually(() => selected().innerText()).toMatch(/, open, Enter closes it$/);
  await press('[');
  await eventually(() => selected().innerText()).toMatch(/, closed, Enter opens it$/);
  await selectAdd();
});

test('the menu on the background is that of the graph, also where the window gets the focus behind the pointer', async () => {
  await open('?run=1');
  await press('Home');
  await press('ArrowDown');
  const section = () =>
    surface()
      .getAttribute('data-vscode-context')
      .then((text) => JSON.parse(text ?? '{}').webviewSection);
  await surface().evaluate((element) => {
    const { left, top } = element.getBoundingClientRect();
    const at = { clientX: left + 8, clientY: top + 8, button: 2, bubbles: true };
    (element as HTMLElement).blur();
    element.dispatchEvent(new PointerEvent('pointerdown', at));
    (element as HTMLElement).focus();
  });
  expect(await section()).not.toBe('graph');
  await surface().evaluate((element) => {
    const { left, top } = element.getBoundingClientRect();
    element.dispatchEvent(
      new MouseEvent('contextmenu', { clientX: left + 8, clientY: top + 8, button: 2, bubbles: true }),
    );
  });
  expect(await section()).toBe('graph');
});

test('a node in a closed group is shown by its group', async () => {
  await open('?run=1');
  await selectAdd();
  await press('{');
  await eventually(() => selected().innerText()).toMatch(/^Group features\.3, .*closed, Enter opens it$/);
  await press('Enter');
  await eventually(() => selected().innerText()).toContain(ADD);
  await press('{');
  await eventually(() => selected().innerText()).toMatch(/^Group features\.3, /);
  await command({ command: 'expandAll' });
  await eventually(() => selected().innerText()).toContain(ADD);
});

test('what a node needs is followed, told, and let go by Escape without losing the selection', async () => {
  await open('?run=1');
  await selectAdd();
  await press('u');
  await eventually(() => page.locator('.trace').innerText()).toMatch(/^\d+ nodes before \/features\/features\.3\/Add$/);
  await eventually(said).toBe(await page.locator('.trace-text').innerText());
  await press('d');
  await eventually(() => page.locator('.trace-text').innerText()).toMatch(/^\d+ nodes after /);
  await press('Escape');
  expect(await page.locator('.trace').isHidden()).toBe(true);
  expect(await selected().innerText()).toContain(ADD);
});

test('a path joins the selected node with another; without one it is said', async () => {
  await open('?run=1');
  const id = await selectAdd();
  await command({ command: 'pathTo', nodeId: id - 4 });
  await eventually(() => page.locator('.trace-text').innerText()).toMatch(/^\d+ nodes on paths between /);
  await page.getByRole('button', { name: 'Show all again (Escape)' }).click();
  expect(await page.locator('.trace').isHidden()).toBe(true);
});

test('the overview moves the view by pointer and keys, hides, and stays hidden after a reload', async () => {
  await open('?run=1');
  const frame = page.locator('.minimap-frame');
  const where = () => frame.evaluate((e) => e.style.transform);
  await eventually(where).not.toBe('');
  const start = await where();
  const box = await page.locator('.minimap').boundingBox();
  if (box === null) throw new Error('no overview');
  await page.mouse.click(box.x + box.width / 2, box.y + box.height - 12);
  await eventually(where).not.toBe(start);
  const low = await where();
  await page.locator('.minimap').press('ArrowUp');
  await eventually(where).not.toBe(low);
  await surface().press('m');
  await eventually(() => page.locator('.minimap').isHidden()).toBe(true);
  await page.waitForTimeout(300);
  await page.reload();
  await surface().waitFor();
  await page.locator('.graph-surface[aria-label*="nodes"]').waitFor();
  expect(await page.locator('.minimap').isHidden()).toBe(true);
});

test('the picture is saved as SVG with its names and as PNG', async () => {
  await open('?run=1');
  await command({ command: 'exportSvg' });
  await command({ command: 'exportPng' });
  const files = () =>
    page.evaluate(() => {
      const { seen } = Reflect.get(window, 'testHost') as { seen: { method: string; params: unknown }[] };
      return seen
        .filter((s) => s.method === 'picture/save')
        .map(({ params }) => {
          const { name, data } = params as { name: string; data: Uint8Array };
          return { name, text: new TextDecoder().decode(data.subarray(0, 4_000_000)), bytes: data.length };
        });
    });
  await eventually(async () => (await files()).length).toBe(2);
  const [svg, png] = (await files()).sort((a, b) => b.name.localeCompare(a.name));
  expect(svg?.name).toBe('mobilenetv2.svg');
  expect(svg?.text).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" width="\d+(\.\d+)?" height="\d{4,}/);
  for (const text of ['>input</text>', '>/features/features.3/Add</text>', '>float32 batch_size×32×112×112</text>']) {
    expect(svg?.text).toContain(text);
  }
  const broken = await page.evaluate((text) => {
    const parsed = new DOMParser().parseFromString(text, 'image/svg+xml');
    return parsed.querySelector('parsererror')?.textContent ?? '';
  }, svg?.text ?? '');
  expect(broken).toBe('');
  expect(png?.name).toBe('mobilenetv2.png');
  expect(png?.text.slice(1, 4)).toBe('PNG');
  expect(png?.bytes).toBeGreaterThan(10_000);
  await eventually(said).toBe('The picture shows the whole graph');
});

test('items glide when a group opens', async () => {
  await open('?run=1', 'no-preference');
  await press('{');
  await press('Home');
  for (let i = 0; i < 8 && !(await selected().innerText()).startsWith('Group '); i++) await press('ArrowDown');
  const frames = page.evaluate(
    () =>
      new Promise<number>((done) => {
        const canvas = document.querySelector('canvas.graph-canvas') as HTMLCanvasElement;
        const pictures = new Set<string>();
        const began = performance.now();
        const look = () => {
          pictures.add(canvas.toDataURL());
          if (performance.now() - began < 3000) requestAnimationFrame(look);
          else done(pictures.size);
        };
        look();
      }),
  );
  await surface().press('Enter');
  expect(await frames).toBeGreaterThan(2);
  await eventually(() => selected().innerText()).toMatch(/open, Enter closes it$/);
});

test.each(['dark', 'light', 'contrast'])(
  '%s: axe finds nothing in the graph with something followed',
  async (theme) => {
    await open(`?run=1&theme=${theme}`);
    await selectAdd();
    await press('u');
    expect(await violationsOf(page, '.graph')).toEqual([]);
  },
);
