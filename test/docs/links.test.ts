import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, '');
const DOCUMENTS = [ROOT, join(ROOT, 'docs')].flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name)),
);
const IMAGES = join(ROOT, 'docs', 'images');

interface Link {
  readonly document: string;
  readonly target: string;
}

const links = DOCUMENTS.flatMap(linksOf);

/** Links and pictures to places within the repository. */
function linksOf(document: string): Link[] {
  const text = readFileSync(document, 'utf8').replace(/```[\s\S]*?```|`[^`\n]*`/g, '');
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => ({ document, target }));
}

/** The anchors of a document's headings, as GitHub and VS Code make them. */
function anchorsOf(document: string): string[] {
  return [...readFileSync(document, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .trim()
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function isThere({ document, target }: Link): boolean {
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? document : join(dirname(document), path);
  if (!existsSync(file)) return false;
  return anchor === undefined || anchorsOf(file).includes(anchor);
}

describe('the documents', () => {
  test('link to files and headings that are there', () => {
    expect(links.length).toBeGreaterThan(20);
    expect(isThere({ document: join(ROOT, 'README.md'), target: 'docs/none.md' })).toBe(false);
    expect(isThere({ document: join(ROOT, 'README.md'), target: '#no-such-heading' })).toBe(false);
    const broken = links.filter((link) => !isThere(link));
    expect(broken.map(({ document, target }) => `${relative(ROOT, document)}: ${target}`)).toEqual([]);
  });

  test('are all reached from the README, directly or not', () => {
    const reached = new Set([join(ROOT, 'README.md')]);
    for (const document of reached) {
      for (const { target } of links.filter((link) => link.document === document)) {
        const file = join(dirname(document), target.split('#')[0] ?? '');
        if (DOCUMENTS.includes(file)) reached.add(file);
      }
    }
    const named = new Set(['CHANGELOG.md', 'THIRD_PARTY_NOTICES.md']); // VS Code shows one, the package holds the other
    const missed = DOCUMENTS.map((file) => relative(ROOT, file)).filter((name) => !named.has(name));
    expect(missed.filter((name) => !reached.has(join(ROOT, name)))).toEqual([]);
  });

  test('show every picture, all of them small', () => {
    const shown = new Set(links.map(({ document, target }) => join(dirname(document), target)));
    const pictures = readdirSync(IMAGES).map((name) => join(IMAGES, name));
    expect(pictures.filter((picture) => !shown.has(picture))).toEqual([]);
    const sizes = pictures.map((picture) => statSync(picture).size);
    expect(Math.max(...sizes)).toBeLessThan(150_000);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(1_500_000);
  });
});
