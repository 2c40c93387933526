/**
 * A table in Markdown.
 *
 * @param {string[]} header
 * @param {(string | number)[][]} lines
 */
export function table(header, lines) {
  const row = (cells) => `| ${cells.join(' | ')} |`;
  return [row(header), row(header.map(() => '---')), ...lines.map(row)].join('\n');
}
