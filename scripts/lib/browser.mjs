import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { ROOT } from './root.mjs';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome', 'microsoft-edge'];
const MAC_APPS = ['Google Chrome', 'Chromium', 'Microsoft Edge'];
const PLAYWRIGHT_FILES = [
  'chrome-linux/chrome',
  'chrome-linux64/chrome',
  'chrome-win/chrome.exe',
  'chrome-win64/chrome.exe',
];

/**
 * Finds a Chromium for the tests: `CHROMIUM`, then the PATH, then Playwright's cache; failing these installs one, by
 * Playwright's own download or, as root on Debian, by apt.
 *
 * @returns {string} its executable
 * @throws with the line to type when none can be had
 */
export function findBrowser() {
  if (process.env.CHROMIUM) {
    if (runs(process.env.CHROMIUM)) return process.env.CHROMIUM;
    throw new Error(`CHROMIUM is ${process.env.CHROMIUM}, which does not run`);
  }
  const found = installedBrowser() ?? downloaded() ?? fromApt();
  if (found) return found;
  throw new Error(
    'the tests need Chromium or Chrome and found none: npx playwright-core install --with-deps chromium (or set CHROMIUM to its path)',
  );
}

/**
 * Opens a headless browser with a fresh profile.
 *
 * @param {{viewport?: {width: number, height: number}}} [options] in CSS pixels
 * @returns {Promise<{context: import('playwright-core').BrowserContext, page: import('playwright-core').Page, close: () => Promise<void>}>}
 */
export async function launchBrowser({ viewport = { width: 1280, height: 800 } } = {}) {
  const { chromium } = await import('playwright-core');
  const profile = mkdtempSync(join(tmpdir(), 'quantscope-browser-'));
  // Some distributions block third-party cookies, and with them the service workers of webviews.
  mkdirSync(join(profile, 'Default'));
  const cookies = { profile: { cookie_controls_mode: 0, block_third_party_cookies: false } };
  writeFileSync(join(profile, 'Default/Preferences'), JSON.stringify(cookies));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: findBrowser(),
    headless: true,
    viewport,
    args: [
      ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
      ...['--disable-background-networking', '--disable-component-update'],
    ],
  });
  return {
    context,
    page: context.pages()[0] ?? (await context.newPage()),
    async close() {
      await context.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    },
  };
}

function installedBrowser() {
  const onPath = (process.env.PATH ?? '').split(delimiter).flatMap((folder) => NAMES.map((name) => join(folder, name)));
  const apps = MAC_APPS.map((name) => `/Applications/${name}.app/Contents/MacOS/${name}`);
  return [...onPath, ...apps].filter(executable).find(runs) ?? inPlaywrightCache();
}

function inPlaywrightCache() {
  const home = homedir();
  const caches = [
    process.env.PLAYWRIGHT_BROWSERS_PATH,
    join(process.env.XDG_CACHE_HOME || join(home, '.cache'), 'ms-playwright'),
    join(home, 'Library/Caches/ms-playwright'),
    join(process.env.LOCALAPPDATA ?? home, 'ms-playwright'),
  ];
  return caches
    .filter((folder) => folder && existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
    .filter((folder) => /chromium-\d+$/.test(folder))
    .flatMap((folder) => [...PLAYWRIGHT_FILES, ...macBundles(folder)].map((file) => join(folder, file)))
    .filter(executable)
    .find(runs);
}

function macBundles(folder) {
  return readdirSync(folder)
    .filter((name) => name.startsWith('chrome-mac'))
    .flatMap((name) =>
      ['Chromium', 'Google Chrome for Testing'].map((app) => `${name}/${app}.app/Contents/MacOS/${app}`),
    );
}

function downloaded() {
  console.log("No Chromium or Chrome is installed: asking Playwright's download");
  const cli = join(ROOT, 'node_modules/playwright-core/cli.js');
  spawnSync(process.execPath, [cli, 'install', 'chromium'], { stdio: 'inherit', timeout: 300_000 });
  return inPlaywrightCache();
}

function fromApt() {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return undefined;
  console.log('Installing chromium with apt');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  spawnSync('apt-get', ['update', '-qq'], { stdio: 'inherit', env });
  spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], { stdio: 'inherit', env });
  return installedBrowser();
}

function executable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Whether it starts: a `chromium` on the PATH may be a stub that only names a package to install. */
function runs(path) {
  if (process.platform === 'win32') return executable(path);
  const { status, stdout } = spawnSync(path, ['--version'], { encoding: 'utf8', timeout: 20_000 });
  return status === 0 && /chrom|edge/i.test(stdout);
}
