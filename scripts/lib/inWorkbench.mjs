import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { launchBrowser } from './browser.mjs';
import { packageExtension } from './package.mjs';
import { ROOT } from './root.mjs';
import { startServer } from './vscodeServer.mjs';

/**
 * Runs something in a real workbench with the packaged extension: a fresh server, a fresh browser, a folder of its own.
 *
 * @template T
 * @param {object} options
 * @param {string} [options.vsix] another package than that of the checkout
 * @param {string} [options.folder] name of the opened folder
 * @param {object} [options.settings] of the machine
 * @param {readonly string[]} [options.beside] packages of other extensions
 * @param {NodeJS.ProcessEnv} [options.env] added for the server and its extension host
 * @param {string} [options.screenshots] folder of pictures, in the checkout
 * @param {(folder: string, temporary: string) => Promise<void>} [options.fill] puts files into the folder to open, or beside it
 * @param {(workbench: {page: import('playwright-core').Page, base: string, state: string, folder: string, screenshots: string}) => Promise<T>} drive
 * @returns {Promise<T>} what `drive` gives; a failure of it leaves `out/screenshots/failed.png`
 */
export async function inWorkbench(options, drive) {
  const {
    vsix,
    folder: name = 'sample',
    settings = {},
    beside = [],
    env = {},
    screenshots = 'out/screenshots',
    fill,
  } = options;
  const file = vsix ? resolve(vsix) : (await packageExtension()).file;
  for (const pictures of ['out/screenshots', screenshots]) mkdirSync(join(ROOT, pictures), { recursive: true });
  const temporary = mkdtempSync(join(tmpdir(), 'quantscope-workbench-'));
  const folder = join(temporary, name);
  mkdirSync(folder);
  let server;
  let browser;
  try {
    await fill?.(folder, temporary);
    [server, browser] = await Promise.all([startServer({ vsix: [file, ...beside], settings, env }), launchBrowser()]);
    const { base, state } = server;
    return await drive({ page: browser.page, base, state, folder, screenshots: join(ROOT, screenshots) });
  } catch (error) {
    await browser?.page.screenshot({ path: join(ROOT, 'out/screenshots/failed.png') }).catch(() => {});
    throw error;
  } finally {
    await browser?.close();
    server?.stop();
    rmSync(temporary, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}
