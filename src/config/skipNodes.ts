import { applyEdits, setSetting } from './edits.ts';
import { type IniEntry, readIni } from './ini.ts';

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
  return applyEdits(text, [setSetting(text, { section: SECTION, key: KEY, value })]);
}

function skipEntries(text: string): IniEntry[] {
  const sections = readIni(text, '').sections.filter((s) => s.name === SECTION);
  return sections.flatMap((s) => s.entries.filter((e) => e.key === KEY));
}

function withoutLines(lines: readonly string[], drop: ReadonlySet<number>): string {
  const kept = lines.filter((_, i) => !drop.has(i + 1));
  const droppedLast = drop.has(lines.length);
  return droppedLast && kept.length > 0 ? `${kept.join('\n')}\n` : kept.join('\n');
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((x, i) => x === b[i]);
}
