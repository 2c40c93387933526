import { keyRow } from '../schema.ts';
import { separatorOf } from './place.ts';

/**
 * A config in its plain form: no blanks around lines, keys, `=`, numbers and the items of lists; one empty line before
 * each section, none doubled and none at the ends; values keep their text otherwise. What it says stays the same.
 */
export function formatText(text: string): string {
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const lines: string[] = [];
  let section = '';
  for (const raw of text.split('\n')) {
    const line = formatLine(raw.replace(/\r$/, ''), section);
    section = /^\[(.*)\]$/.exec(line)?.[1] ?? section;
    if (line === '' && (lines.at(-1) ?? '') === '') continue;
    if (line.startsWith('[') && lines.length > 0 && !standsApart(lines)) lines.push('');
    lines.push(line);
  }
  while (lines.at(-1) === '') lines.pop();
  return lines.map((line) => line + eol).join('');
}

/** Whether the comments just above a section, or the section itself, come behind an empty line or begin the text. */
function standsApart(lines: readonly string[]): boolean {
  let above = lines.length - 1;
  while (above >= 0 && lines[above]?.startsWith('#')) above--;
  return above < 0 || lines[above] === '';
}

/** One line without the blanks that mean nothing, and without those that converter_lite stumbles over. */
function formatLine(line: string, section: string): string {
  const trimmed = line.trim();
  if (trimmed === '' || trimmed.startsWith('#')) return trimmed;
  if (trimmed.startsWith('[')) return trimmed.replace(/^\[\s*([^\]]*?)\s*\]$/, '[$1]');
  const equals = trimmed.indexOf('=');
  if (equals < 0) return trimmed;
  const key = trimmed.slice(0, equals).trim();
  return `${key}=${formatValue(section, key, trimmed.slice(equals + 1).trim())}`;
}

/** The items of a list, or the numbers of a vector, without blanks between them; empty items go. */
export function formatValue(section: string, key: string, value: string): string {
  const row = keyRow(section, key);
  if (row === undefined) return value;
  if (row.type.kind === 'vector') return value.replace(/\s*([[\],])\s*/g, '$1');
  const separator = separatorOf(row);
  if (separator === undefined) return value;
  const items = value.split(separator).map((item) => item.trim());
  return items.filter((item) => item !== '').join(separator) || value;
}
