import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FrameLocator, Locator, Page } from 'playwright-core';

export interface WorkbenchOptions {
  readonly page: Page;
  /** Address of the VS Code server. */
  readonly base: string;
  /** Its profile folder. */
  readonly state: string;
  /** The opened workspace: a copy of the sample, ours to change. */
  readonly folder: string;
  /** Where screenshots go. */
  readonly screenshots: string;
}

/** Time for one thing to appear; the first webview of a window takes the longest. */
const PATIENCE_MS = 60_000;

const THEME_CLASSES = { dark: 'vs-dark', light: 'vs', 'high contrast': 'hc-black' };
const THEME_NAMES = { dark: 'Dark 2026', light: 'Light 2026', 'high contrast': 'Dark High Contrast' };

/** The workbench that the tests drive, one after another. */
export let workbench: Workbench;

/** Sets {@link workbench}; nothing is opened yet. */
export function useWorkbench(options: WorkbenchOptions): void {
  workbench = new Workbench(options);
}

/** The workbench in the browser, in the words of the tests. */
export class Workbench {
  readonly page: Page;
  readonly folder: string;
  /** What the browser refused by a Content Security Policy. */
  readonly violations: string[] = [];
  /** Exceptions in pages and frames. */
  readonly exceptions: string[] = [];
  private readonly options: WorkbenchOptions;

  constructor(options: WorkbenchOptions) {
    this.options = options;
    this.page = options.page;
    this.folder = options.folder;
    this.page.setDefaultTimeout(PATIENCE_MS);
    this.page.on('console', (message) => {
      if (/Content Security Policy/.test(message.text())) this.violations.push(message.text());
    });
    this.page.on('pageerror', (error) => {
      if (!isOfClosedFrame(error)) this.exceptions.push(String(error));
    });
  }

  /** Opens the workspace, in whatever language, and waits until our extension has contributed what it contributes. */
  async open(): Promise<void> {
    await this.page.goto(`${this.options.base}/?folder=${encodeURIComponent(this.folder)}`);
    await this.page.waitForFunction(() => performance.getEntriesByName('code/didLoadExtensions').length > 0, null, {
      timeout: 90_000,
      polling: 100,
    });
    // The mark may come before extensions of the remote host are known: a file would open as text.
    for (let tries = 0; tries < 20; tries++) {
      await this.openPalette('QuantScope');
      const known = await isShown(this.pick(/^QuantScope/), 1500);
      await this.page.keyboard.press('Escape');
      if (known) return;
    }
    throw new Error('the extension contributes nothing');
  }

  /** A file in the explorer. */
  file(name: string): Locator {
    return this.page.locator(`.explorer-folders-view .monaco-list-row[aria-label="${name}"]`);
  }

  /**
   * Opens a file of the explorer. Its rows move while files are found, so that a click may go amiss, and a model opens as
   * text before its editor is known: then once more.
   */
  async openFile(name: string): Promise<void> {
    for (let tries = 1; tries <= 3; tries++) {
      await this.file(name).dblclick();
      if (!(await isShown(this.tab(name), PATIENCE_MS / 3))) continue;
      if (!name.endsWith('.onnx') || (await isShown(this.webviews.first(), PATIENCE_MS / 3))) return;
      await this.close(name);
    }
    assert.fail(`${name} does not open`);
  }

  /** The content of the webview in front. */
  get graph(): FrameLocator {
    return this.half(0);
  }

  /** The content of the webview of one of the editors that stand beside each other. */
  half(index: 0 | 1): FrameLocator {
    return this.webviews.nth(index).contentFrame().locator('iframe#active-frame').contentFrame();
  }

  /** Those in sight. */
  private get webviews(): Locator {
    return this.page.locator('iframe.webview.ready:visible');
  }

  /** Cosine and SQNR of the (only) output, as they stand in the view: `0.99998 62.2 dB`. */
  async similarity(): Promise<string> {
    const cells = await this.graph.locator('.outputs td.now').first().locator('span').allTextContents();
    return cells.join(' ');
  }

  menuItem(text: string): Locator {
    return this.page.locator('.context-view .monaco-menu .action-item', { hasText: text }).first();
  }

  /** Chooses from the context menu of something. What gets the focus late closes the menu: then once more. */
  async chooseOf(target: Locator, text: string): Promise<void> {
    for (let tries = 1; tries <= 6; tries++) {
      await target.click({ button: 'right' });
      if (await isShown(this.menuItem(text), PATIENCE_MS / 12)) break;
      await this.page.keyboard.press('Escape');
    }
    await this.choose(text);
  }

  /** Chooses from the open context menu, which ignores clicks in its first moment. */
  async choose(text: string): Promise<void> {
    await this.menuItem(text).waitFor();
    await this.page.waitForTimeout(300);
    await this.menuItem(text).click();
  }

  toast(text: string): Locator {
    return this.page.locator('.notifications-toasts .notification-list-item', { hasText: text }).first();
  }

  tab(name: string): Locator {
    return this.page.locator(`.tabs-container .tab[data-resource-name="${name}"]`).first();
  }

  async close(tab: string): Promise<void> {
    await this.tab(tab).click({ button: 'middle' });
    await this.tab(tab).waitFor({ state: 'detached' });
  }

  /** Closes all editors without saving. */
  async closeAll(): Promise<void> {
    const tab = this.page.locator('.tabs-container .tab').first();
    const doNotSave = this.page.locator('.monaco-dialog-box').getByRole('button', { name: "Don't Save" });
    await this.command('View: Close All Editors');
    for (let tries = 0; tries < 100 && (await tab.isVisible()); tries++) {
      if (await doNotSave.isVisible()) await doNotSave.click();
      await this.page.waitForTimeout(100);
    }
    await tab.waitFor({ state: 'detached' });
  }

  statusBar(text: string | RegExp): Locator {
    return this.page.locator('.statusbar-item', { hasText: text }).first();
  }

  /** A row of the pick that is open. */
  pick(text: string | RegExp): Locator {
    return this.page.locator('.quick-input-list .monaco-list-row', { hasText: text }).first();
  }

  async command(title: string): Promise<void> {
    await this.openPalette(title);
    await this.page.locator('.monaco-list-row.focused .label-name').getByText(title, { exact: true }).waitFor();
    await this.page.keyboard.press('Enter');
  }

  /** Runs a command that asks, and chooses. An editor that gets the focus late closes the pick: then once more. */
  async commandAndPick(title: string, text: string): Promise<void> {
    for (let tries = 1; tries <= 3; tries++) {
      await this.command(title);
      if (await isShown(this.pick(text), PATIENCE_MS / 3)) break;
      await this.page.keyboard.press('Escape');
    }
    await this.choosePick(text);
  }

  /** Chooses a row of the pick that is open, by typing. */
  async choosePick(text: string): Promise<void> {
    await this.pick(text).waitFor();
    await this.page.keyboard.type(text);
    await this.page.locator('.monaco-list-row.focused', { hasText: text }).waitFor();
    await this.page.keyboard.press('Enter');
  }

  /** Dismisses every notification, so that the next one is the newest. */
  async clearToasts(): Promise<void> {
    await this.command('Notifications: Clear All Notifications');
    await this.page.locator('.notifications-toasts .notification-list-item').first().waitFor({ state: 'hidden' });
  }

  /** Sets user settings; call before {@link open}. */
  async settings(change: Record<string, unknown>): Promise<void> {
    const file = join(this.options.state, 'user/User/settings.json');
    const settings = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    writeFileSync(file, JSON.stringify({ ...settings, ...change }));
  }

  async theme(kind: 'dark' | 'light' | 'high contrast'): Promise<void> {
    const shown = (of: typeof kind) => this.page.locator(`.monaco-workbench.${THEME_CLASSES[of]}`);
    if (await shown(kind).isVisible()) return;
    if (kind === 'high contrast' || (await shown('high contrast').isVisible())) {
      await this.page.keyboard.press('Control+k');
      await this.page.keyboard.press('Control+t');
      await this.pick(/./).waitFor();
      await this.page.keyboard.type(THEME_NAMES[kind]);
      await this.page.locator('.monaco-list-row.focused', { hasText: THEME_NAMES[kind] }).waitFor();
      await this.page.keyboard.press('Enter');
    } else await this.command('Preferences: Toggle between Light/Dark Themes');
    await shown(kind).waitFor();
  }

  async screenshot(name: string): Promise<void> {
    await this.page.screenshot({ path: join(this.options.screenshots, `${name}.png`) });
  }

  /** Writes into the workspace, as another program would. */
  write(name: string, contents: string | Uint8Array): void {
    writeFileSync(join(this.folder, name), contents);
  }

  read(name: string): string {
    return readFileSync(join(this.folder, name), 'utf8');
  }

  readBytes(name: string): Buffer {
    return readFileSync(join(this.folder, name));
  }

  private async openPalette(title: string): Promise<void> {
    const input = this.page.locator('.quick-input-widget input').first();
    // A key that comes while the focus moves between frames is lost.
    for (let tries = 0; tries < 5 && !(await input.isVisible()); tries++) {
      await this.page.keyboard.press('F1');
      await input.waitFor({ timeout: 2000 }).catch(() => {});
    }
    await input.fill(`>${title}`);
  }
}

/** VS Code's own frame around a webview throws this when the webview is closed while it loads. */
function isOfClosedFrame({ message, stack = '' }: Error): boolean {
  return message === 'Found unexpected null' && stack.includes('/webview/browser/pre/');
}

async function isShown(locator: Locator, timeout: number): Promise<boolean> {
  return locator.waitFor({ timeout }).then(
    () => true,
    () => false,
  );
}
