import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../scripts/lib/root.mjs';

/**
 * Puts text between `<!-- name:begin -->` and `<!-- name:end -->` of a document; what else stands there stays.
 * Markers that are not there yet are added at the end.
 *
 * @param {string} name
 * @param {string} text Markdown
 * @param {string} path of the document, below the checkout
 */
export function writeSection(name, text, path = 'docs/accuracy.md') {
  const document = join(ROOT, path);
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const found = existsSync(document) ? readFileSync(document, 'utf8') : '# Accuracy\n';
  const marked = found.includes(begin) ? found : `${found}\n${begin}\n${end}\n`;
  const [before, rest] = marked.split(begin);
  const after = rest.split(end)[1];
  if (after === undefined) throw new Error(`${path} has ${begin} without ${end}`);
  writeFileSync(document, `${before}${begin}\n\n${text}\n${end}${after}`);
}
