import { type IniEntry, type IniSection, readIni } from './ini.ts';

const SECTION = 'common_quant_param';
const KEY = 'skip_quant_node';

/** The names in `skip_quant_node` of a config's text, blanks around them dropped; [] without the key. */
export function skipNodesOf(text: string): readonly string[] {
  const entry = skipEntries(text).at(-1);
  return entry === undefined ? [] : splitNames(entry.value);
}

/** Items of a name list: split at `,`, blanks around them and empty items dropped. */
export function splitNames(value: string): string[] {
  return value
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/**
 * The config's text with `skip_quant_node` of `[common_quant_param]` set to `handles`; all else keeps its bytes,
 * line ends included.
 *
 * An empty list removes the line, for `key=` is an error. A missing line is put behind the section's last entry, a
 * missing section at the end of the text. The text is returned as it is when it already says so.
 *
 * @param handles names without `,`, `=`, `"` or blanks at their ends, as handles are.
 */
export function setSkipNodes(text: string, handles: readonly string[]): string {
  const entries = skipEntries(text);
  const last = entries.at(-1);
  const current = last === undefined ? [] : splitNames(last.value);
  if (sameList(current, handles) && !(last !== undefined && handles.length === 0)) return text;
  const lines = text.split('\n');
  if (handles.length === 0) {
    const drop = new Set(entries.map((e) => e.keySpan.line));
    return withoutLines(lines, drop);
  }
  const value = handles.join(',');
  if (last !== undefined) {
    const { line, column, endColumn } = last.valueSpan;
    const raw = lines[line - 1] as string;
    lines[line - 1] = raw.slice(0, column - 1) + value + raw.slice(endColumn - 1);
    return lines.join('\n');
  }
  return withNewLine(text, lines, `${KEY}=${value}`);
}

function skipEntries(text: string): IniEntry[] {
  return commonSections(text).flatMap((s) => s.entries.filter((e) => e.key === KEY));
}

function commonSections(text: string): IniSection[] {
  return readIni(text, '').sections.filter((s) => s.name === SECTION);
}

function withoutLines(lines: readonly string[], drop: ReadonlySet<number>): string {
  const kept = lines.filter((_, i) => !drop.has(i + 1));
  const droppedLast = drop.has(lines.length);
  return droppedLast && kept.length > 0 ? `${kept.join('\n')}\n` : kept.join('\n');
}

function withNewLine(text: string, lines: string[], added: string): string {
  const section = commonSections(text).at(-1);
  const cr = (lines.length > 1 ? lines[0] : '')?.endsWith('\r') ? '\r' : '';
  if (section === undefined) {
    const gap = text === '' || text.endsWith('\n') ? '' : `${cr}\n`;
    return `${text}${gap}[${SECTION}]${cr}\n${added}${cr}\n`;
  }
  const after = section.entries.at(-1)?.keySpan.line ?? section.span.line;
  if (after === lines.length) {
    lines[after - 1] += cr;
    lines.push(added);
  } else lines.splice(after, 0, added + cr);
  return lines.join('\n');
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((x, i) => x === b[i]);
}
