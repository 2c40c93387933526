import assert from 'node:assert/strict';
import type { Locator } from 'playwright-core';
import { workbench as w } from './workbench.ts';

const CONFIG = 'edited.cfg';

describe('the editor of a config', () => {
  before(async () => {
    w.write(CONFIG, w.read('full_quant.cfg').replace('calibrate_size=100', 'calibrate_size=20'));
    await w.openFile(CONFIG);
    await w.tab(CONFIG).waitFor();
  });
  after(async () => {
    await w.command('File: Revert File');
    await w.close(CONFIG);
  });

  it('takes the file for a quantization config, and colours it', async () => {
    await w.statusBar('Quantization Config').waitFor();
    const texts = [/^common_quant_param$/, /^#.Weights/, /^bit_num$/, /^FULL_QUANT$/];
    const tokens = texts.map((text) => lines().locator('span > span', { hasText: text }).first());
    const colours = () => Promise.all(tokens.map((t) => t.evaluate((span) => getComputedStyle(span).color)));
    let found = await colours();
    for (let tries = 0; tries < 50 && new Set(found).size < texts.length; tries++) {
      await w.page.waitForTimeout(100);
      found = await colours();
    }
    assert.equal(new Set(found).size, texts.length, found.join(' | '));
  });

  it('lists keys as they are typed, with their documentation', async () => {
    await typeBelow('bit_num=8', 'min_q');
    await suggestion('min_quant_weight_size').waitFor();
    assert.equal(await suggestion('quant_type').count(), 0);
    const details = w.page.locator('.suggest-details:visible', { hasText: 'is quantized when it has more' });
    await until(details, () => w.page.keyboard.press('Control+Space'));
    await w.screenshot('c1-keys');
    await w.page.keyboard.press('Escape');
    await w.page.keyboard.press('Escape');
    await replaceTyped('min_q', '');
  });

  it('goes on to the names of nodes behind skip_quant_node, and takes one', async () => {
    await w.page.keyboard.type('skip_q');
    await suggestion('skip_quant_node').waitFor();
    await w.page.keyboard.press('Tab');
    await suggestion('conv1').waitFor();
    await suggestion('fc').waitFor();
    await w.screenshot('c2-nodes');
    await w.page.keyboard.type('con');
    await focusedSuggestion('conv1').waitFor();
    await w.page.keyboard.press('Tab');
    await line('skip_quant_node=conv1').waitFor();
  });

  it('lists words, inputs and folders', async () => {
    await typeBelow('per_channel=true', 'bias_corr');
    await w.page.keyboard.press('Escape');
    await replaceTyped('bias_corr', '');
    await edit('activation_quant_method=MAX_MIN', 'activation_quant_method=');
    await w.page.keyboard.type('K');
    await focusedSuggestion('KL').waitFor();
    await w.page.keyboard.press('Escape');
    await w.page.keyboard.press('Backspace');
    await w.page.keyboard.type('MAX_MIN');
    await w.page.keyboard.press('Escape');
    await edit('calibrate_path=image:calibration', 'calibrate_path=');
    await w.page.keyboard.type('im');
    await focusedSuggestion('image').waitFor();
    await w.page.keyboard.press('Tab');
    await suggestion('calibration').waitFor();
    await suggestion('test').waitFor();
    await w.screenshot('c3-folders');
    await w.page.keyboard.type('cal');
    await focusedSuggestion('calibration').waitFor();
    await w.page.keyboard.press('Tab');
    await line('calibrate_path=image:calibration').waitFor();
  });

  it('marks what is wrong as it is typed, and puts it right from the light bulb', async () => {
    await edit('skip_quant_node=conv1', 'skip_quant_node=conv_1,fc');
    await w.page.keyboard.press('Escape');
    await w.page.locator('.squiggly-warning').first().waitFor();
    await moveTo('skip_quant_node=conv_1,fc', 'skip_quant_node=co'.length);
    await w.page.keyboard.press('Control+.');
    await action('Replace with conv1').waitFor();
    await w.screenshot('c4-fixes');
    await action('Replace with conv1').click();
    await line('skip_quant_node=conv1,fc').waitFor();
    await w.page.locator('.squiggly-warning').first().waitFor({ state: 'detached' });
  });

  it('explains a key under the pointer', async () => {
    await until(hover('How an activation gets its range'), async () => {
      await w.page.mouse.move(640, 5);
      await line('activation_quant_method')
        .locator('span > span')
        .first()
        .hover({ position: { x: 60, y: 8 } });
    });
    await w.screenshot('c5-hover');
    await w.page.mouse.move(640, 5);
  });

  for (const theme of ['light', 'high contrast', 'dark'] as const) {
    it(`looks right in a ${theme} theme`, async () => {
      await w.theme(theme);
      await edit('calibrate_size=20', 'calibrate_size=60000');
      await w.page.keyboard.press('Escape');
      await w.page.locator('.squiggly-error').first().waitFor();
      await moveTo('bit_num=8', 'bit_num=8'.length);
      await w.page.keyboard.press('Enter');
      await w.page.keyboard.type('min_q');
      await suggestion('min_quant_weight_size').waitFor();
      await w.screenshot(`c6-${theme.replace(' ', '-')}-suggest`);
      await w.page.keyboard.press('Escape');
      await replaceTyped('min_q', '');
      await w.page.keyboard.press('Backspace');
      await moveTo('calibrate_size=60000', 'calibrate_size=6'.length);
      await showHover('fewer than the 60000 samples');
      await w.screenshot(`c6-${theme.replace(' ', '-')}-hover`);
      await w.page.keyboard.press('Escape');
      await hover('fewer than the 60000 samples').waitFor({ state: 'hidden' });
      await w.page.keyboard.press('Control+.');
      await action('Replace with 100').waitFor();
      await w.screenshot(`c6-${theme.replace(' ', '-')}-fix`);
      await action('Replace with 100').click();
      await line('calibrate_size=100').waitFor();
      await edit('calibrate_size=100', 'calibrate_size=20');
    });
  }

  it('lists sections and keys in the outline, and formats', async () => {
    await edit('input_type=IMAGE', ' input_type = IMAGE');
    await w.page.keyboard.press('Escape');
    await w.command('Format Document');
    await line('input_type=IMAGE').waitFor();
    await w.page.keyboard.press('Control+Shift+o');
    await w.pick('data_preprocess_param').waitFor();
    await w.pick('activation_quant_method').waitFor();
    await w.screenshot('c7-outline');
    await w.page.keyboard.press('Escape');
  });
});

function lines(): Locator {
  return w.page.locator('.editor-group-container.active .view-lines');
}

/** A line of the editor by the text it holds; blanks are drawn as non-breaking ones. */
function line(text: string): Locator {
  return lines()
    .locator('.view-line', { hasText: text.replaceAll(' ', '\u00a0') })
    .first();
}

function suggestion(label: string): Locator {
  return w.page.locator('.suggest-widget.visible .monaco-list-row .label-name', {
    hasText: new RegExp(`^${escaped(label)}$`),
  });
}

function focusedSuggestion(label: string): Locator {
  return w.page.locator('.suggest-widget.visible .monaco-list-row.focused', { hasText: label });
}

function action(title: string): Locator {
  return w.page.locator('.action-widget .monaco-list-row', { hasText: title }).first();
}

function hover(text: string): Locator {
  return w.page.locator('.monaco-hover:visible', { hasText: text }).first();
}

/** Does what makes something appear until it has: a key that comes while the editor is at work may be lost. */
async function until(wanted: Locator, act: () => Promise<void>): Promise<void> {
  for (let tries = 0; tries < 6 && !(await wanted.isVisible()); tries++) {
    await act();
    await wanted.waitFor({ timeout: 5000 }).catch(() => {}); // once more
  }
  await wanted.waitFor();
}

/** Shows what there is to say about the cursor's place; a check that ends meanwhile closes it again. */
function showHover(text: string): Promise<void> {
  return until(hover(text), async () => {
    await w.page.keyboard.press('Escape');
    await w.page.keyboard.press('Control+k');
    await w.page.keyboard.press('Control+i');
  });
}

/** Puts the cursor behind the first `column` characters of the line with this text. */
async function moveTo(text: string, column: number): Promise<void> {
  await line(text).click();
  await w.page.keyboard.press('Home');
  for (let i = 0; i < column; i++) await w.page.keyboard.press('ArrowRight');
}

/** Types into a new line below the one with this text. */
async function typeBelow(text: string, typed: string): Promise<void> {
  await line(text).click();
  await w.page.keyboard.press('End');
  await w.page.keyboard.press('Enter');
  await w.page.keyboard.type(typed);
}

/** Replaces a whole line; the cursor stands at its end. */
async function edit(from: string, to: string): Promise<void> {
  await line(from).click();
  await w.page.keyboard.press('End');
  await w.page.keyboard.press('Shift+Home');
  await w.page.keyboard.press('Backspace');
  await w.page.keyboard.insertText(to);
  await line(to).waitFor();
}

/** Takes back what was typed last. */
async function replaceTyped(typed: string, by: string): Promise<void> {
  for (let i = 0; i < typed.length; i++) await w.page.keyboard.press('Backspace');
  if (by !== '') await w.page.keyboard.type(by);
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
