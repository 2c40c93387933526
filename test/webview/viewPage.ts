import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { servePage } from './page.mjs';

const BROWSER_MODULE: string = '../../scripts/lib/browser.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export interface OpenOptions {
  readonly size?: { readonly width: number; readonly height: number };
  readonly permissions?: readonly string[];
  /** Milliseconds that an action waits for; Playwright's own when absent. */
  readonly timeoutMs?: number;
}

/**
 * The view over its mocked host, in one browser for all tests of a file and a page of its own for each. After a test, what
 * the page reported as an error, violations of its policy included, fails it.
 */
export function viewPages() {
  let server: Awaited<ReturnType<typeof servePage>>;
  let browser: Browser;
  let page: Page;
  let errors: string[] = [];
  beforeAll(async () => {
    const { findBrowser } = (await import(BROWSER_MODULE)) as { findBrowser(): string };
    server = await servePage();
    browser = await chromium.launch({ executablePath: findBrowser(), args: ['--no-sandbox', '--disable-gpu'] });
  });
  afterEach(async () => {
    const violations = await page.evaluate(() => (Reflect.get(window, 'cspViolations') as string[] | undefined) ?? []);
    expect([...violations, ...errors]).toEqual([]);
    await page.close();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });
  return {
    /** Opens the view with its graph drawn. */
    async open(query: string, { size = { width: 1280, height: 900 }, permissions, timeoutMs }: OpenOptions = {}) {
      errors = [];
      const context = await browser.newContext({ viewport: size, reducedMotion: 'reduce' });
      if (permissions !== undefined) await context.grantPermissions([...permissions]);
      page = await context.newPage();
      if (timeoutMs !== undefined) page.setDefaultTimeout(timeoutMs);
      page.on('pageerror', (error) => errors.push(String(error)));
      page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
      await page.goto(`${server.origin}/${query}`);
      await page.locator('.graph-surface[aria-label*="nodes"]').waitFor({ timeout: 60_000 });
      return page;
    },
    /** Params of the requests of a method so far. */
    async asked<T = unknown>(method: string): Promise<T[]> {
      const seen = await page.evaluate(
        () => Reflect.get(window, 'testHost').seen as { method: string; params: unknown }[],
      );
      return seen.filter((s) => s.method === method).map((s) => s.params as T);
    },
  };
}

export function eventually<T>(read: () => T | Promise<T>) {
  return expect.poll(read, { timeout: 20_000 });
}

/** What axe-core finds in an element: rule and place of each. */
export async function violationsOf(page: Page, selector: string): Promise<string[]> {
  await page.evaluate(AXE);
  return page.evaluate(async (include) => {
    const { violations } = await Reflect.get(window, 'axe').run({ include: [include] });
    return violations.map((v: { id: string; nodes: { html: string }[] }) => `${v.id}: ${v.nodes[0]?.html ?? ''}`);
  }, selector);
}
