import type { Browser, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { axeFaults } from '../helpers/axe.ts';
import { TRACE_MARK, traceMainThread } from '../helpers/mainThread.ts';
import { servePage } from './page.mjs';

const BROWSER_MODULE: string = '../../scripts/lib/browser.mjs';
const ARGS = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
  ...['--disable-background-networking', '--disable-component-update'],
];
/** As Playwright waits when nothing else is said. */
const PATIENCE_MS = 30_000;

export interface OpenOptions {
  readonly size?: { readonly width: number; readonly height: number };
  readonly permissions?: readonly string[];
  /** Milliseconds that an action waits for; Playwright's own when absent. */
  readonly timeoutMs?: number;
  readonly motion?: 'reduce' | 'no-preference';
  /** What the view kept of itself before it was reloaded. */
  readonly state?: unknown;
  /** What is there once the view is open; its graph when absent. */
  readonly ready?: string;
}

interface TestHost {
  readonly seen: readonly { readonly method: string; readonly params: unknown }[];
  emit(event: string, payload: unknown): void;
}

/**
 * The view over its mocked host, in one page for all tests of a file: a new document in the same page starts in half the
 * time of a new page. What an earlier test left in it is taken away; after a test that failed, the page is another one.
 * After a test, what the page reported as an error, violations of its policy included, fails it.
 */
export function viewPages() {
  let server: Awaited<ReturnType<typeof servePage>>;
  let browser: Browser;
  let page: Page | undefined;
  let errors: string[] = [];
  /** Whether this test has opened the view. */
  let isOpen = false;
  beforeAll(async () => {
    const { findBrowser } = (await import(BROWSER_MODULE)) as { findBrowser(): string };
    [server, browser] = await Promise.all([
      servePage(),
      chromium.launch({ executablePath: findBrowser(), args: ARGS }),
    ]);
  });
  beforeEach(() => {
    isOpen = false;
  });
  afterEach(async ({ task }) => {
    if (!isOpen) return;
    const found = [...(await violations()), ...errors];
    if (task.result?.state === 'fail') {
      await page?.context().close();
      page = undefined;
    }
    expect(found).toEqual([]);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  async function newPage(): Promise<Page> {
    const opened = await browser.newPage();
    opened.on('pageerror', (error) => errors.push(String(error)));
    opened.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
    return opened;
  }

  /** What the policy of the document did not let happen. */
  async function violations(): Promise<string[]> {
    return (await page?.evaluate(() => Reflect.get(window, 'cspViolations') as string[] | undefined)) ?? [];
  }

  /** The page as a new one is, at the address of the view. */
  async function emptyPage({ size = { width: 1280, height: 900 }, ...options }: OpenOptions): Promise<Page> {
    page ??= await newPage();
    const before = isOpen ? [...(await violations()), ...errors] : [];
    await page.goto(`${server.origin}/blank`);
    errors = before;
    isOpen = true;
    page.setDefaultTimeout(options.timeoutMs ?? PATIENCE_MS);
    await page.setViewportSize(size);
    await page.mouse.move(0, 0);
    await page.emulateMedia({ reducedMotion: options.motion ?? 'reduce' });
    await page.context().clearPermissions();
    if (options.permissions !== undefined) await page.context().grantPermissions([...options.permissions]);
    await page.evaluate((state) => {
      sessionStorage.clear();
      if (state !== undefined) sessionStorage.setItem('quantscope-test-state', JSON.stringify(state));
    }, options.state);
    return page;
  }

  return {
    /** Opens the view with its graph drawn. */
    async open(query: string, options: OpenOptions = {}): Promise<Page> {
      const empty = await emptyPage(options);
      await empty.goto(`${server.origin}/${query}`);
      await empty.locator(options.ready ?? '.graph-surface[aria-label*="nodes"]').waitFor({ timeout: 60_000 });
      return empty;
    },
    /** Params of the requests of a method so far. */
    async asked<T = unknown>(method: string): Promise<T[]> {
      const seen = await page?.evaluate(() => (Reflect.get(window, 'testHost') as TestHost).seen);
      return (seen ?? []).filter((s) => s.method === method).map((s) => s.params as T);
    },
    /** Sends an event to the view, as its host does. */
    async emit(event: string, payload: unknown): Promise<void> {
      await page?.evaluate(([e, p]) => (Reflect.get(window, 'testHost') as TestHost).emit(e as string, p), [
        event,
        payload,
      ] as const);
    },
  };
}

/** Polls as long as a busy machine may need. */
export function eventually<T>(read: () => T | Promise<T>) {
  return expect.poll(read, { timeout: 45_000 });
}

/** Milliseconds of processor time of the longest task of a page's main thread in `work` and what it leads to. */
export async function longestTask(page: Page, work: () => Promise<void>): Promise<number> {
  const { longestMs } = await traceMainThread(page, async () => {
    await work();
    await page.evaluate(async (mark) => {
      await new Promise((idle) => requestAnimationFrame(() => requestIdleCallback(idle)));
      console.timeStamp(mark);
    }, TRACE_MARK);
  });
  return longestMs;
}

/** What axe-core finds in an element: all rules in the light theme, those of colours in others. */
export async function violationsOf(page: Page, selector: string): Promise<string[]> {
  const isLight = new URL(page.url()).searchParams.get('theme') === 'light';
  return axeFaults(page.locator(selector), isLight ? 'all' : 'colours');
}
