import type { Page } from 'playwright-core';

/**
 * Words that are no one's language: a term of queries (`cos:<0.99`), an element type, an attribute (`auto_pad`), a word
 * in capitals (of a config, a measure), a file, a unit.
 */
const NAMES = [
  /^[a-z]+:\S*$/i,
  /^(u?int|b?float)\d+$/,
  /^[a-z]+(_[a-z]+)+$/,
  /^[A-Z][A-Z0-9_]+$/,
  /^[\w.]+\.(JPEG|cfg|onnx)$/,
  /^[GKM]iB$/,
  /^NaN$/,
];

/** Diagnostics come from the engine, in English. */
const DIAGNOSTIC = /^[A-Z]{3}\d{3} /;

/**
 * What the page shows, or tells a screen reader, that the pseudo language of `servePage` did not mark: neither
 * translated nor a word of the data.
 *
 * @param data what the host gave: graphs, a run, words.
 * @returns where and what, each once.
 */
export async function untranslated(page: Page, data: readonly unknown[]): Promise<string[]> {
  const words = new Set(stringsIn(data));
  const shown = await page.evaluate(readTexts);
  return [...new Set(shown.filter(({ text }) => leftOf(text, words)).map(({ place, text }) => `${place}: ${text}`))];
}

/** Whether a word of three letters or more is left when marked texts and data are gone. */
function leftOf(text: string, data: ReadonlySet<string>): boolean {
  const plain = text.replace(/⟦[^⟧]*⟧/g, ' ').trim();
  const isName = (word: string): boolean => data.has(word) || NAMES.some((name) => name.test(word));
  const words = isName(plain) || DIAGNOSTIC.test(plain) ? [] : plain.split(/[\s,;×()[\]…·→“”⟦⟧]+/);
  return words.some((word) => /[a-z]{3}/i.test(word) && !isName(word));
}

/** All strings of a value, whole and in words, but those that stand for one of a few kinds. */
function stringsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value, ...value.split(/[\s,;×:[\]]+/)];
  if (Array.isArray(value)) return value.flatMap(stringsIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, part]) => (KINDS.has(key) ? [] : stringsIn(part)));
}

const KINDS = new Set(['form', 'role', 'kind', 'severity']);

/** Texts of the page, in the page: runs of text between the borders of what is marked, and attributes that are read. */
function readTexts(): { place: string; text: string }[] {
  const ATTRIBUTES = ['title', 'aria-label', 'aria-valuetext', 'aria-roledescription', 'placeholder', 'alt', 'label'];
  const found: { place: string; text: string }[] = [];
  const placeOf = (e: Element) => `<${e.tagName.toLowerCase()} ${e.getAttribute('class') ?? ''}>`;
  const isHidden = (e: Element) =>
    ['SCRIPT', 'STYLE'].includes(e.tagName) || e.matches('vscode-progress-ring[aria-hidden="true"]');
  let depth = 0;
  const readText = (node: Text, parent: Element): void => {
    const text = node.data;
    const before = '⟦'.repeat(depth);
    depth += (text.match(/⟦/g)?.length ?? 0) - (text.match(/⟧/g)?.length ?? 0);
    if (parent.closest('code, .code, .formula, .query-marks, bdi, mark') === null)
      found.push({ place: placeOf(parent), text: `${before}${text}${'⟧'.repeat(depth)}` });
  };
  const readAttributes = (element: Element): void => {
    for (const name of ATTRIBUTES) {
      const text = element.getAttribute(name);
      if (text !== null) found.push({ place: `${name} of ${placeOf(element)}`, text });
    }
  };
  const walk = (root: ParentNode): void => {
    for (const child of root.childNodes) {
      if (child instanceof Text && root instanceof Element) readText(child, root);
      if (!(child instanceof Element) || isHidden(child)) continue;
      readAttributes(child);
      walk(child);
      if (child.shadowRoot !== null) walk(child.shadowRoot);
    }
  };
  walk(document.body);
  return found;
}

/** Buttons and tabs whose text is cut off or that leave the window, and the page itself if it is wider than that. */
export function overflowing(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found: string[] = [];
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth > clientWidth) found.push(`the page is ${scrollWidth} pixels wide, not ${clientWidth}`);
    for (const e of document.querySelectorAll<HTMLElement>('button, vscode-button, [role="tab"]')) {
      if (!e.checkVisibility() || e.clientWidth === 0) continue;
      const { left, right } = e.getBoundingClientRect();
      const name = `<${e.tagName.toLowerCase()} ${e.className}> ${e.innerText.trim()}`;
      const scrolls = e.closest('.grid, [class*="scroll"]') !== null;
      if (!scrolls && (left < -1 || right > window.innerWidth + 1)) found.push(`${name} leaves the window`);
      const cut = e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX !== 'visible';
      if (cut && getComputedStyle(e).textOverflow !== 'ellipsis') found.push(`${name} is cut off`);
    }
    return found;
  });
}
