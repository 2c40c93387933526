import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../scripts/lib/root.mjs';

const DOCUMENT = join(ROOT, 'docs/accuracy.md');

/**
 * Puts text between `<!-- name:begin -->` and `<!-- name:end -->` of docs/accuracy.md; what else stands there stays.
 * Markers that are not there yet are added at the end.
 *
 * @param {string} name
 * @param {string} text Markdown
 */
export function writeSection(name, text) {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const found = existsSync(DOCUMENT) ? readFileSync(DOCUMENT, 'utf8') : '# Accuracy\n';
  const document = found.includes(begin) ? found : `${found}\n${begin}\n${end}\n`;
  const [before, rest] = document.split(begin);
  const after = rest.split(end)[1];
  if (after === undefined) throw new Error(`${DOCUMENT} has ${begin} without ${end}`);
  writeFileSync(DOCUMENT, `${before}${begin}\n\n${text}\n${end}${after}`);
}
