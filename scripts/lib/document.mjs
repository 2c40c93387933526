import { readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ROOT } from './root.mjs';

/**
 * Writes a generated document; with `--check` on the command line compares it instead, and exits with 1 when it is
 * stale.
 *
 * @param {string} path below the checkout
 * @param {string} text
 * @param {string} script that generates it
 */
export function writeDocument(path, text, script) {
  const file = join(ROOT, path);
  if (!process.argv.includes('--check')) {
    writeFileSync(file, text);
    console.log(`${relative(ROOT, file)} written`);
    return;
  }
  if (readFileSync(file, 'utf8').replaceAll('\r\n', '\n') === text) return;
  console.error(`${path} is stale: node ${script}`);
  process.exitCode = 1;
}

/**
 * A Markdown table with columns of even width.
 *
 * @param {readonly string[]} header
 * @param {readonly (readonly string[])[]} rows
 */
export function markdownTable(header, rows) {
  const cells = [header, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = header.map((_, i) => Math.max(3, ...cells.map((row) => row[i].length)));
  const line = (row) => `| ${row.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`;
  const [first, ...rest] = cells.map(line);
  return [first, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...rest].join('\n');
}
