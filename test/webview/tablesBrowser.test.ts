import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { eventually, viewPages, violationsOf } from './viewPage.ts';

const pages = viewPages();
let page: Page;

async function open(query: string): Promise<void> {
  const size = { width: 1280, height: 800 };
  page = await pages.open(query, { size, permissions: ['clipboard-read', 'clipboard-write'] });
}

const asked = (method: string) => pages.asked<{ name?: string; text?: string; of?: unknown }>(method);
const violations = (selector: string) => violationsOf(page, selector);
const nodes = () => page.locator('.table-nodes');
const tensors = () => page.locator('.table-tensors');
const filterOf = (table: 'Nodes' | 'Tensors') => page.getByRole('combobox', { name: `Filter ${table}` });
const cells = (table: 'nodes' | 'tensors', column: string) =>
  page.locator(`.table-${table} .grid-row [data-column="${column}"]`).allInnerTexts();

/** Numbers of a column from the top. */
async function numbers(table: 'nodes' | 'tensors', column: string): Promise<number[]> {
  return (await cells(table, column)).filter((text) => text !== '').map(Number.parseFloat);
}

describe('the table of nodes', () => {
  test('is filtered by a query, says how many rows are left, and its terms can be taken away', async () => {
    await open('?run=1');
    await filterOf('Nodes').fill('op:Conv cos:<0.99');
    await eventually(() => nodes().locator('.table-count').innerText()).toMatch(/^\d+ of 101$/);
    const found = await numbers('nodes', 'cosine');
    expect(found.length).toBeGreaterThan(1);
    expect(found).toEqual([...found].sort((a, b) => a - b));
    expect(Math.max(...found)).toBeLessThan(0.99);
    expect(new Set(await cells('nodes', 'opType'))).toEqual(new Set(['Conv']));
    await nodes().getByRole('button', { name: 'Remove cos:<0.99' }).click();
    await eventually(() => nodes().locator('.table-count').innerText()).toBe('52 of 101');
    expect(await filterOf('Nodes').inputValue()).toBe('op:Conv');
  });

  test('explains what it cannot read and offers what was meant', async () => {
    await open('?run=1');
    await filterOf('Nodes').fill('sqr:<20');
    await nodes().getByText('did you mean sqnr:?').waitFor();
    expect(await nodes().locator('.query-wrong').innerText()).toBe('sqr:');
    await nodes().getByRole('button', { name: 'Use sqnr:' }).click();
    await eventually(() => nodes().locator('.table-count').innerText()).toMatch(/ of 101$/);
    expect(await filterOf('Nodes').inputValue()).toBe('sqnr:<20');
    expect(await nodes().locator('.query-problem').count()).toBe(0);
  });

  test('completes operators of the model with their counts', async () => {
    await open('?run=1');
    await filterOf('Nodes').pressSequentially('op:c');
    const options = nodes().getByRole('listbox', { name: 'Completions' }).getByRole('option');
    await eventually(() => options.allInnerTexts()).toEqual(['Conv\n52', 'Clip\n35', 'Constant\n1']);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    expect(await filterOf('Nodes').getAttribute('aria-activedescendant')).toBe('nodes-filter-completions-1');
    await page.keyboard.press('Enter');
    expect(await filterOf('Nodes').inputValue()).toBe('op:Clip ');
    await eventually(() => nodes().locator('.table-count').innerText()).toBe('35 of 101');
  });

  test('is sorted by several columns with Shift, by pointer and by key', async () => {
    await open('?run=1');
    await nodes().locator('.sort', { hasText: 'Operator' }).click();
    await nodes()
      .locator('.sort', { hasText: 'SQNR' })
      .first()
      .click({ modifiers: ['Shift'] });
    await eventually(() => nodes().locator('[aria-sort="ascending"]').allInnerTexts()).toEqual([
      'Operator\n▲1',
      'SQNR\n▲2',
    ]);
    expect((await cells('nodes', 'opType')).slice(0, 10)).toEqual(Array<string>(10).fill('Add'));
    const db = (await numbers('nodes', 'sqnrDb')).slice(0, 10);
    expect(db).toEqual([...db].sort((a, b) => a - b));

    const grid = nodes().getByRole('grid');
    await grid.press('Home');
    await page.keyboard.press('ArrowUp');
    expect(await grid.getAttribute('aria-activedescendant')).toBe('nodes-head-handle');
    await page.keyboard.press('Enter');
    await eventually(() => nodes().locator('[aria-sort="ascending"]').allInnerTexts()).toEqual(['Node\n▲']);
  });

  test('is walked by keys, and its letters find names', async () => {
    await open('?run=1');
    await nodes().locator('.sort', { hasText: 'Node' }).click();
    const grid = nodes().getByRole('grid');
    const cursor = () => nodes().locator('.grid-row.selected [data-column="handle"]').innerText();
    await grid.press('Home');
    await eventually(cursor).toBe('/classifier/classifier.1/Gemm');
    await page.keyboard.press('PageDown');
    await eventually(cursor).not.toBe('/classifier/classifier.1/Gemm');
    await page.keyboard.press('End');
    await eventually(cursor).toMatch(/GlobalAveragePool|ReduceMean/);
    await page.keyboard.type('gemm');
    await eventually(cursor).toBe('/classifier/classifier.1/Gemm');
    await page.keyboard.press('ArrowRight');
    expect(await grid.getAttribute('aria-activedescendant')).toMatch(/-opType$/);
    expect(await page.locator(`[id="${await grid.getAttribute('aria-activedescendant')}"]`).innerText()).toBe('Gemm');
  });

  test('copies the rows that are selected, with headings, and saves what is shown', async () => {
    await open('?run=1');
    const grid = nodes().getByRole('grid');
    await grid.press('Home');
    await page.keyboard.press('Shift+ArrowDown');
    await page.keyboard.press('Shift+ArrowDown');
    await page.keyboard.press('Control+c');
    await eventually(async () => (await page.evaluate(() => navigator.clipboard.readText())).split('\r\n').length).toBe(
      5,
    );
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    expect(copied.split('\r\n')[0]).toBe(
      'Node\tOperator\tForm\tOutputs\tCosine\tSQNR\tClip rate\tLocal SQNR\tSensitivity',
    );
    await filterOf('Nodes').fill('op:Gemm');
    await eventually(() => nodes().locator('.table-count').innerText()).toBe('1 of 101');
    await nodes().getByRole('button', { name: 'Save CSV' }).click();
    await eventually(async () => (await asked('table/save')).length).toBe(1);
    const [saved] = await asked('table/save');
    expect(saved?.name).toBe('mobilenetv2.nodes.csv');
    const lines = saved?.text?.split('\r\n') ?? [];
    expect(lines[0]).toMatch(/^Node,Operator,/);
    expect(lines[1]).toMatch(/^\/classifier\/classifier.1\/Gemm,Gemm,/);
    expect(lines).toHaveLength(3);
  });

  test('shows the columns one chooses, also after a reload', async () => {
    await open('?run=1');
    await nodes().getByRole('button', { name: 'Columns' }).click();
    await page.getByRole('checkbox', { name: 'MACs' }).check();
    await page.getByRole('checkbox', { name: 'Form' }).uncheck();
    await page.keyboard.press('Escape');
    await eventually(() =>
      nodes()
        .getByRole('button', { name: 'Columns' })
        .evaluate((e) => e === document.activeElement),
    ).toBe(true);
    const headings = () => nodes().locator('.heading-text').allInnerTexts();
    await eventually(headings).toContain('MACs');
    expect(await headings()).not.toContain('Form');
    await eventually(async () => (await cells('nodes', 'macs')).some((text) => text !== '')).toBe(true);
    await page.waitForTimeout(1000); // the view is saved with a pause
    await page.reload();
    await eventually(headings).toContain('MACs');
  });

  test('has a menu in each heading that filters by what the column holds', async () => {
    await open('?run=1');
    const grid = nodes().getByRole('grid');
    await grid.press('Home');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Alt+ArrowDown');
    await page.getByRole('checkbox', { name: /^Gemm/ }).check();
    await eventually(() => nodes().locator('.table-count').innerText()).toBe('1 of 101');
    expect(await filterOf('Nodes').inputValue()).toBe('op:Gemm');
    await page.getByRole('checkbox', { name: /^Add/ }).check();
    await eventually(() => filterOf('Nodes').inputValue()).toBe('op:Add,Gemm');
    await page.keyboard.press('Escape');
    await nodes().locator('.grid-head [data-column="cosine"]').hover();
    await nodes().getByRole('button', { name: 'Menu of Cosine' }).click();
    await page.getByRole('textbox', { name: 'At most' }).fill('0.995');
    await page.keyboard.press('Tab');
    await eventually(() => filterOf('Nodes').inputValue()).toBe('op:Add,Gemm cos:<=0.995');
  });

  test('changes the width of a column by key and by pointer', async () => {
    await open('?run=1');
    const heading = nodes().locator('.grid-head [data-column="handle"]');
    const width = async () => (await heading.boundingBox())?.width;
    expect(await width()).toBe(220);
    const grid = nodes().getByRole('grid');
    await grid.press('Home');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Shift+ArrowRight');
    await eventually(width).toBe(236);
    const edge = await heading.locator('.resize').boundingBox();
    await page.mouse.move((edge?.x ?? 0) + 3, (edge?.y ?? 0) + 10);
    await page.mouse.down();
    await page.mouse.move((edge?.x ?? 0) - 57, (edge?.y ?? 0) + 10);
    await page.mouse.up();
    await eventually(width).toBe(176);
  });
});

describe('the table of tensors', () => {
  test('measures when it is first seen; outputs by cosine are one choice away; a row selects node and tensor', async () => {
    await open('?run=1');
    expect(await asked('tensors/list')).toEqual([]);
    await page.getByRole('tab', { name: 'Tensors' }).click();
    await eventually(async () => (await asked('tensors/list')).map((p) => p.of)).toEqual(['worst']);
    await tensors().getByRole('button', { name: 'Show …' }).click();
    await page.getByRole('button', { name: /^Outputs, cosine ascending/ }).click();
    await eventually(async () => new Set(await cells('tensors', 'role'))).toEqual(new Set(['Output']));
    const cosines = await numbers('tensors', 'cosine');
    expect(cosines.length).toBeGreaterThan(3);
    expect(cosines).toEqual([...cosines].sort((a, b) => a - b));
    await tensors().locator('.grid-row').nth(1).click();
    const node = await tensors().locator('.grid-row.selected [data-column="handle"]').innerText();
    await eventually(() => page.locator('.graph-surface [aria-selected="true"]').innerText()).toContain(node);
    await page.getByRole('tab', { name: 'Nodes' }).click();
    await eventually(() => nodes().locator('.grid-row.selected [data-column="handle"]').innerText()).toBe(node);
  });

  test('says that it measures, and can be stopped', async () => {
    await open('?run=1&listing=30000');
    await page.getByRole('tab', { name: 'Tensors' }).click();
    await tensors().getByText('Measuring all tensors 2 of 8').waitFor();
    expect(await tensors().locator('.table-count').innerText()).toMatch(/rows$/);
    await tensors().locator('.listing vscode-button').click();
    await eventually(() => tensors().locator('.listing-text').innerText()).toBe('Not measured');
  });

  test('lists tensors before a run, without figures', async () => {
    await open('');
    await page.getByRole('tab', { name: 'Tensors' }).click();
    await eventually(() => tensors().locator('.grid-row').count()).toBeGreaterThan(3);
    expect(await asked('tensors/list')).toEqual([]);
    expect(await tensors().locator('.listing-text').innerText()).toContain('Quantize with config');
  });
});

describe('the search', () => {
  test('lists nodes and tensors, marks what matches, and goes through them by key', async () => {
    await open('?run=1');
    await page.keyboard.press('Control+f');
    await page.keyboard.type('conv.1 cos:<0.99');
    await eventually(() => page.locator('.search-count').innerText()).toMatch(/hits$/);
    expect(await page.locator('.search-hit mark').first().innerText()).toBe('conv.1');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    expect(await page.locator('.search-count').innerText()).toMatch(/^2 of \d+$/);
    const field = page.getByRole('combobox', { name: 'Search nodes and tensors' });
    expect(await field.getAttribute('aria-activedescendant')).toBe('search-hits-1');
    expect(await page.locator('#search-hits-1').getAttribute('aria-selected')).toBe('true');
    await page.keyboard.press('Shift+Enter');
    expect(await page.locator('.search-count').innerText()).toMatch(/^1 of \d+$/);
  });

  test('shows its query in the table, and remembers what was searched for', async () => {
    await open('?run=1');
    await page.keyboard.press('Control+f');
    await page.keyboard.type('op:Gemm ');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Show in table' }).click();
    await eventually(() => filterOf('Nodes').inputValue()).toBe('op:Gemm ');
    await eventually(() => nodes().locator('.table-count').innerText()).toBe('1 of 101');
    const field = page.getByRole('combobox', { name: 'Search nodes and tensors' });
    await field.fill('');
    await field.press('ArrowUp');
    expect(await field.inputValue()).toBe('op:Gemm ');
  });

  test('tells how to search; an example goes into the field', async () => {
    await open('?run=1');
    await page.keyboard.press('Control+f');
    const search = page.locator('.search');
    await search.getByRole('button', { name: 'How to search' }).click();
    await page.getByRole('button', { name: 'form:integer' }).click();
    const field = page.getByRole('combobox', { name: 'Search nodes and tensors' });
    await eventually(() => field.inputValue()).toBe('form:integer');
    await eventually(() => page.locator('.search-count').innerText()).toMatch(/hits$/);
  });
});

describe('50,000 nodes', () => {
  test('are filtered, sorted and searched; only rows in sight exist', async () => {
    await open('?model=large&nodes=50000');
    const all = await nodes().locator('.table-count').innerText();
    expect(all).toMatch(/^(49|50),\d{3} rows$/);
    await filterOf('Nodes').fill('op:Conv');
    await eventually(() => nodes().locator('.table-count').innerText()).toMatch(/^2\d,\d{3} of /);
    await filterOf('Nodes').fill('');
    await nodes().locator('.sort', { hasText: 'Node' }).click(); // does not take back what was typed just before
    await eventually(() => nodes().locator('.table-count').innerText()).toBe(all);
    await nodes().getByRole('grid').press('End');
    expect(await nodes().locator('.grid-row').count()).toBeLessThan(60);
    await page.keyboard.press('Control+f');
    await page.keyboard.type('conv');
    await eventually(() => page.locator('.search-count').innerText()).toMatch(/^\d\d,\d{3} hits$/);
    expect(await page.locator('.search-hit').count()).toBeLessThan(40);
  }, 120_000);
});

describe.each(['light', 'dark', 'contrast'])('in the %s theme axe finds nothing', (theme) => {
  test('in tables, menus, search and help', async () => {
    await open(`?run=1&theme=${theme}`);
    await filterOf('Nodes').fill('conv sqr:<2 op:Conv');
    await nodes().locator('.query-problem').waitFor();
    expect(await violations('.table-nodes')).toEqual([]);
    await nodes().getByRole('button', { name: 'Columns' }).click();
    expect(await violations('.table-nodes')).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByRole('tab', { name: 'Tensors' }).click();
    await tensors().locator('.grid-row').first().waitFor();
    expect(await violations('.table-tensors')).toEqual([]);
    await page.keyboard.press('Control+f');
    await page.keyboard.type('conv op:C');
    await page.locator('.search-count', { hasText: 'nothing' }).waitFor();
    expect(await violations('.search')).toEqual([]);
    await page.keyboard.type('onv');
    await page.locator('.search-hit').first().waitFor();
    expect(await violations('.search')).toEqual([]);
    await page.locator('.search').getByRole('button', { name: 'How to search' }).click();
    expect(await violations('.search')).toEqual([]);
  });
});
