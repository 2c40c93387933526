import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ROOT } from './root.mjs';

const CALL = /\bt\(\s*('(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\$]|\\.)*`)/g;

/** Texts of the table of metrics, which the webview hands to `t` from there. */
const METRIC_TEXT = /^ {4}(?:title|doc): ('(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"),$/gm;

/**
 * The English texts that the host and the webview show, each the key of its translation: what stands literally in
 * `t(…)` and `vscode.l10n.t(…)`, and in the table of metrics.
 *
 * @returns {Map<string, string>} text to the first file that has it
 */
export function textsInCode() {
  const found = new Map();
  for (const folder of ['src/host', 'webview']) {
    for (const entry of readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !entry.name.endsWith('.ts')) continue;
      const file = join(entry.parentPath, entry.name);
      for (const [, literal] of readFileSync(file, 'utf8').matchAll(CALL)) {
        const text = unquoted(literal);
        if (!found.has(text)) found.set(text, relative(ROOT, file));
      }
    }
  }
  const metrics = 'src/protocol/metrics.ts';
  for (const [, literal] of readFileSync(join(ROOT, metrics), 'utf8').matchAll(METRIC_TEXT)) {
    const text = unquoted(literal);
    if (!found.has(text)) found.set(text, metrics);
  }
  return found;
}

/** @param {string} language as VS Code names it @returns {Record<string, string>} */
export function bundle(language) {
  return JSON.parse(readFileSync(join(ROOT, 'l10n', `bundle.l10n.${language}.json`), 'utf8'));
}

/** @param {string} [language] the English texts without one @returns {Record<string, string>} */
export function manifestTexts(language) {
  return JSON.parse(readFileSync(join(ROOT, language ? `package.nls.${language}.json` : 'package.nls.json'), 'utf8'));
}

/** The `{0}`, `{1}`, … of a text, sorted. @param {string} text */
export function placeholders(text) {
  return [...new Set(text.match(/\{\d+\}/g) ?? [])].sort();
}

function unquoted(literal) {
  const inner = literal.slice(1, -1);
  const asJson = literal[0] === '"' ? inner : inner.replace(/\\(['`])/g, '$1').replace(/"/g, '\\"');
  return JSON.parse(`"${asJson.replace(/\n/g, '\\n')}"`);
}
