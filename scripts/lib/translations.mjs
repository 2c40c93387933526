import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { bundled } from '../bundled.mjs';
import { ROOT } from './root.mjs';

const CALL = /\bt\(\s*('(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\$]|\\.)*`)/g;

/** What the tables have that the view hands to `t` from there. */
const TABLES = `
  import { METRICS } from './src/protocol/metrics.ts';
  import { OPERATOR_DOCS } from './src/ops/docs/docOf.ts';
  import { CAUSES, CURES, EVIDENCE_LABELS } from './src/protocol/causes.ts';
  import { DATA_LABELS, PREPARATION_FORMS, PREPARATION_LABELS } from './src/protocol/dataLabels.ts';
  export const causes = [
    ...CAUSES.flatMap(({ title, doc }) => [title, doc]),
    ...CURES.map(({ title }) => title),
    ...Object.values({ ...EVIDENCE_LABELS, ...DATA_LABELS, ...PREPARATION_FORMS }),
    ...PREPARATION_LABELS,
  ];
  export const metrics = METRICS.flatMap(({ title, doc }) => [title, doc]);
  export const operators = [...OPERATOR_DOCS.values()].flatMap((docs) => Object.values(docs).map(([text]) => text));
`;

/**
 * The English texts that the host and the webview show, each the key of its translation: what stands literally in
 * `t(…)` and `vscode.l10n.t(…)`, in the tables of metrics and causes, and in the documentation of operators.
 *
 * @returns {Promise<Map<string, string>>} text to the first place that has it
 */
export async function textsInCode() {
  const found = new Map();
  for (const folder of ['src/host', 'webview']) {
    for (const entry of readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !entry.name.endsWith('.ts')) continue;
      const file = join(entry.parentPath, entry.name);
      const literals = readFileSync(file, 'utf8').matchAll(CALL);
      addTo(
        found,
        relative(ROOT, file),
        Array.from(literals, ([, literal]) => unquoted(literal)),
      );
    }
  }
  const { metrics, causes, operators } = await bundled(TABLES);
  addTo(found, 'src/protocol/metrics.ts', metrics);
  addTo(found, 'src/protocol/causes.ts', causes);
  addTo(found, 'src/ops/docs', operators);
  return found;
}

function addTo(found, place, texts) {
  for (const text of texts) if (!found.has(text)) found.set(text, place);
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
