import { badLabel, noLabels } from './errors.ts';

/** The right class of each sample, by file name. */
export interface Labels {
  /** Files with a label. */
  readonly count: number;
  /** The class index of a file: by its name without folders, else by that without extension; of several files the first. */
  labelOf(name: string): number | undefined;
}

const FILE_HEADERS = ['file', 'filename', 'file_name', 'image', 'path', 'sample', 'name'];
const LABEL_HEADERS = ['class_index', 'class_id', 'label', 'class', 'index', 'target', 'category'];

/**
 * Reads lines of `file,class` (comma or tab; quotes around a cell are allowed), class an index from 0. A header line
 * may name the columns (`file`, `class_index`, ...); further columns are ignored. Lines of `#` and empty ones are, too.
 *
 * @param file for messages.
 * @throws DiagnosticError DAT301 for the first wrong line, DAT302 without labels.
 */
export function readLabels(text: string, file: string): Labels {
  const lines = text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .flatMap((line, i) => (line.trim() === '' || line.startsWith('#') ? [] : [{ line, number: i + 1 }]));
  const [first] = lines;
  if (first === undefined) throw noLabels(file);
  const delimiter = first.line.includes('\t') ? '\t' : ',';
  const header = columnsOf(cellsOf(first.line, delimiter));
  const { fileColumn, labelColumn } = header ?? { fileColumn: 0, labelColumn: 1 };
  const byName = new Map<string, number>();
  for (const { line, number } of header === undefined ? lines : lines.slice(1)) {
    const cells = cellsOf(line, delimiter);
    const name = cells[fileColumn];
    const label = cells[labelColumn];
    if (name === undefined || label === undefined) {
      throw badLabel(file, number, line, `has ${cells.length} columns; file,class are expected`);
    }
    if (!/^\d+$/.test(label))
      throw badLabel(file, number, label, 'is not a class index; a whole number from 0 is expected');
    const base = baseName(name);
    const known = byName.get(base);
    if (known !== undefined && known !== Number(label)) {
      throw badLabel(file, number, base, `has the label ${label} here and ${known} before`);
    }
    byName.set(base, Number(label));
  }
  if (byName.size === 0) throw noLabels(file);
  return lookup(byName);
}

function lookup(byName: ReadonlyMap<string, number>): Labels {
  const byStem = new Map<string, number | undefined>();
  for (const [name, label] of byName) {
    const key = stem(name);
    byStem.set(key, byStem.has(key) && byStem.get(key) !== label ? undefined : label); // ambiguous stems match nothing
  }
  const find = (name: string): number | undefined => byName.get(baseName(name)) ?? byStem.get(stem(baseName(name)));
  return { count: byName.size, labelOf: (name) => find(name) ?? find(name.split(', ')[0] ?? name) };
}

/** The columns a header names; undefined when the line is no header. */
function columnsOf(cells: readonly string[]): { fileColumn: number; labelColumn: number } | undefined {
  const names = cells.map((c) => c.toLowerCase());
  const column = (choices: readonly string[]) => choices.map((c) => names.indexOf(c)).find((i) => i >= 0);
  const labelColumn = column(LABEL_HEADERS);
  if (labelColumn === undefined || /^\d+$/.test(cells[1] ?? '')) return undefined;
  return { fileColumn: column(FILE_HEADERS) ?? (labelColumn === 0 ? 1 : 0), labelColumn };
}

function cellsOf(line: string, delimiter: ',' | '\t'): string[] {
  const cells = line.match(delimiter === ',' ? /("(?:[^"]|"")*"|[^,]*)(,|$)/g : /([^\t]*)(\t|$)/g) ?? [];
  const ended = cells.at(-1) === '' && !line.endsWith(delimiter) ? cells.slice(0, -1) : cells; // the match at the end
  return ended.map((cell) => {
    const bare = (cell.endsWith(delimiter) ? cell.slice(0, -1) : cell).trim();
    return /^".*"$/.test(bare) ? bare.slice(1, -1).replaceAll('""', '"') : bare;
  });
}

function baseName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
}

function stem(name: string): string {
  const dot = name.lastIndexOf('.');
  return dot <= 0 ? name : name.slice(0, dot);
}
