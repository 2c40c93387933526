import { nearest, type Setting } from '../../base/diagnostics.ts';
import { commentOut, deleteLine, insertSettings, replaceSpan, setSetting, type TextEdit } from '../edits.ts';
import { formerKey, moveFlatFile } from '../former.ts';
import { type IniEntry, itemsOf, NO_SECTION, readIni } from '../ini.ts';
import type { KeyRow } from '../keyTypes.ts';
import { readFolder } from '../lists.ts';
import { KEYS, keyRow, SECTIONS } from '../schema.ts';
import type { Draft, FixParts } from './fixes.ts';
import { formatValue } from './format.ts';

/** A fix needs to know its line, and the entry that stands there, if one does. */
interface Line extends FixParts {
  readonly line: number;
  readonly raw: string;
  readonly entry: IniEntry | undefined;
  /** Of the entry; {@link NO_SECTION} above the first. */
  readonly section: string;
}

const BY_CODE: Readonly<Record<string, (line: Line) => readonly Draft[]>> = {
  CFG101: (l) => [asComment(l)],
  CFG102: (l) => [asComment(l), removal(l)],
  CFG103: (l) => [asComment(l)],
  CFG108: (l) => [...(l.diagnostic.suggestion === undefined ? moves(l) : []), asComment(l), removal(l)],
  CFG109: (l) => otherSections(l),
  CFG110: (l) => [earlierLines(l)],
  CFG111: (l) => [...flatFile(l), ...moves(l), removal(l)],
  CFG112: (l) => [
    { title: 'Close the section with ]', edits: [rewritten(l, l.raw.replace(/^(\s*\[[^\]]*?)\s*(\].*)?$/, '$1]'))] },
  ],
  CFG113: (l) => [{ title: 'Remove the tabs', edits: [rewritten(l, l.raw.trim().replace(/\s*\t\s*/g, ''))] }],
  CFG114: (l) => [{ title: 'Start the comment in the first column', edits: [rewritten(l, l.raw.trim())] }],
  CFG115: (l) => [commentAbove(l)],
  CFG119: (l) => tidied(l),
  CFG120: (l) => tidied(l),
  CFG121: (l) => quantTypes(l),
  CFG122: (l) => (l.diagnostic.suggestion === undefined ? [removal(l)] : []),
  CFG123: (l) => [...carriedOut(l), removal(l)],
  CFG124: (l) => [removal(l)],
  CFG125: (l) => missing(l),
  CFG129: () => [],
  CFG131: (l) => [...nearestNodes(l), withoutItem(l)],
  CFG132: (l) => [withoutItem(l)],
  CFG133: (l) => [withoutItem(l)],
  SES406: (l) => foldersByInput(l),
  QNT206: (l) => [withoutItem(l)],
  QNT231: (l) => [withoutItem(l)],
};

/** Fixes that follow from what a code says, beside its suggestion and its settings. */
export function fixesByCode(parts: FixParts): readonly Draft[] {
  const make = BY_CODE[parts.diagnostic.code];
  const { line } = parts.diagnostic.at;
  if (make === undefined || line === undefined) return [];
  const raw = (parts.text.split('\n')[line - 1] ?? '').replace(/\r$/, '');
  const sections = readIni(parts.text, '').sections;
  const home = sections.find((s) => s.entries.some((e) => e.keySpan.line === line));
  const entry = home?.entries.find((e) => e.keySpan.line === line);
  return make({ ...parts, line, raw, entry, section: home?.name ?? NO_SECTION });
}

function asComment({ text, line }: Line): Draft {
  return { title: 'Make the line a comment', edits: [commentOut(text, line)] };
}

function removal({ text, line, entry }: Line): Draft {
  return { title: entry === undefined ? 'Remove the line' : `Remove ${entry.key}`, edits: [deleteLine(text, line)] };
}

function rewritten({ line, raw }: Line, text: string): TextEdit {
  return replaceSpan({ line, column: 1, endColumn: raw.length + 1 }, text);
}

/** Into today's form where the name is a former one, else into the sections that have the key. */
function moves(l: Line): Draft[] {
  const { text, line, entry } = l;
  if (entry === undefined) return [];
  const former = formerKey(entry.key)?.move(entry.value, inputsOf(l));
  const targets: Setting[] =
    former !== undefined
      ? [former]
      : homesOf(entry.key).map(({ section, key }) => ({ section, key, value: entry.value }));
  return targets.map((setting) => ({
    title: `Move to [${setting.section}] as ${setting.key}=${setting.value}`,
    edits: [deleteLine(text, line), setSetting(text, setting)],
    sure: targets.length === 1,
  }));
}

/** The keys of that name, else the one that it may be meant to be. */
function homesOf(key: string): readonly KeyRow[] {
  const exact = KEYS.filter((row) => row.key === key);
  const near = nearest(key, new Set(KEYS.map((row) => row.key)));
  return exact.length > 0 ? exact : KEYS.filter((row) => row.key === near).slice(0, 1);
}

function inputsOf({ model }: Line): string[] {
  return (model?.inputs ?? []).map((input) => input.name);
}

/** All lines above the first section at once, where old ones are among them. */
function flatFile(l: Line): Draft[] {
  const flat = readIni(l.text, '').sections.find((s) => s.name === NO_SECTION)?.entries ?? [];
  if (!flat.some((entry) => formerKey(entry.key)?.from === 'file')) return [];
  const settings = moveFlatFile(flat, inputsOf(l));
  const sections = [...new Set(settings.map((s) => s.section))];
  const added = sections.map((section) =>
    insertSettings(
      l.text,
      section,
      settings.filter((s) => s.section === section),
    ),
  );
  const removed = flat.map((entry) => deleteLine(l.text, entry.keySpan.line));
  return [{ title: 'Move all old keys into today’s form', edits: [...removed, ...added], sure: true }];
}

function otherSections({ diagnostic, raw, line }: Line): Draft[] {
  if (diagnostic.suggestion !== undefined) return [];
  const names = SECTIONS.filter((s) => s.kind === 'keys').map((s) => s.name);
  return names.map((name) => ({
    title: `Rename to [${name}]`,
    edits: [replaceSpan({ line, column: 1, endColumn: raw.length + 1 }, `[${name}]`)],
  }));
}

function earlierLines({ text, entry, section }: Line): Draft {
  const entries = readIni(text, '')
    .sections.filter((s) => s.name === section)
    .flatMap((s) => s.entries);
  const earlier = entries.filter((e) => e.key === entry?.key).slice(0, -1);
  return {
    title: `Remove the earlier ${entry?.key ?? 'lines'}`,
    edits: earlier.map((e) => deleteLine(text, e.keySpan.line)),
  };
}

function commentAbove(l: Line): Draft {
  const at = l.raw.search(/\s*#/);
  const comment = l.raw.slice(at).trim();
  const eol = l.text.includes('\r\n') ? '\r\n' : '\n';
  return {
    title: 'Put the comment on a line of its own',
    edits: [rewritten(l, `${comment}${eol}${l.raw.slice(0, at)}`)],
  };
}

function tidied({ entry, section }: Line): Draft[] {
  if (entry === undefined) return [];
  const edits = [replaceSpan(entry.valueSpan, formatValue(section, entry.key, entry.raw))];
  return [{ title: 'Remove blanks and empty items', edits }];
}

function quantTypes({ text }: Line): Draft[] {
  const row = keyRow('common_quant_param', 'quant_type');
  const choices = row?.type.kind === 'enum' ? row.type.choices.filter((c) => c.effect === 'done') : [];
  return choices.map(({ value, doc }) => ({
    title: `Add quant_type=${value} (${doc})`,
    edits: [setSetting(text, { section: 'common_quant_param', key: 'quant_type', value })],
  }));
}

/** The choices of the key that are carried out. */
function carriedOut({ entry, section }: Line): Draft[] {
  const type = entry && keyRow(section, entry.key)?.type;
  if (entry === undefined || type?.kind !== 'enum') return [];
  const done = type.choices.filter((c) => c.effect === 'done' && c.value !== entry.value);
  return done.map((c) => ({ title: `Replace with ${c.value}`, edits: [replaceSpan(entry.valueSpan, c.value)] }));
}

/** A missing key whose value the message does not know: its choices, or folders for the model's inputs. */
function missing(l: Line): Draft[] {
  const { diagnostic, text } = l;
  const [setting] = diagnostic.settings ?? [];
  const row = setting?.value === '' ? keyRow(setting.section, setting.key) : undefined;
  if (row === undefined) return [];
  const names = inputsOf(l);
  const folders = (names.length === 0 ? ['input'] : names).map((name) => `${name}:calibration`).join(',');
  const values =
    row.type.kind === 'enum'
      ? row.type.choices.filter((c) => c.effect === 'done').map((c) => c.value)
      : row.type.kind === 'folders'
        ? [row.type.plain ? 'test' : folders]
        : [];
  return values.map((value) => ({
    title: `Add ${row.key}=${value}`,
    edits: [setSetting(text, { section: row.section, key: row.key, value })],
  }));
}

/** A folder for each input of the model: its own, else one whose input the model does not have. */
function foldersByInput({ entry, model }: Line): Draft[] {
  if (entry === undefined || model === undefined || model.inputs.length === 0) return [];
  const names = new Set(model.inputs.map((input) => input.name));
  const folders = itemsOf(entry).map(({ text }) => readFolder(text.trim()));
  const spare = folders.filter(({ input }) => input === undefined || !names.has(input));
  const value = model.inputs
    .map(({ name }) => `${name}:${(folders.find((f) => f.input === name) ?? spare.shift())?.path ?? 'calibration'}`)
    .join(',');
  return [{ title: `Replace with ${value}`, edits: [replaceSpan(entry.valueSpan, value)] }];
}

const MOST_NAMES = 3;

/** Nodes that could be meant, beside the one that is suggested. */
function nearestNodes({ diagnostic, text, line, model }: Line): Draft[] {
  const { column = 1, endColumn = 1 } = diagnostic.at;
  const span = { line, column, endColumn };
  const name = (text.split('\n')[line - 1] ?? '').slice(column - 1, endColumn - 1);
  const rest = new Set((model?.nodes ?? []).map((n) => n.handle));
  const drafts: Draft[] = [];
  if (diagnostic.suggestion !== undefined) rest.delete(diagnostic.suggestion);
  while (drafts.length < MOST_NAMES) {
    const near = nearest(name, rest);
    if (near === undefined) break;
    rest.delete(near);
    drafts.push({ title: `Replace with ${near}`, edits: [replaceSpan(span, near)] });
  }
  return drafts;
}

/** Takes an item out with its comma; the line with its last item. */
function withoutItem(l: Line): Draft {
  const { diagnostic, entry, line, raw } = l;
  const place = diagnostic.at.column ?? 1;
  const items = entry === undefined ? [] : itemsOf(entry);
  const item = items.find(({ span }) => span.column <= place && place <= span.endColumn);
  if (entry === undefined || item === undefined || items.length < 2) return removal(l);
  const { column, endColumn } = item.span;
  const after = /^\s*,\s*/.exec(raw.slice(endColumn - 1))?.[0].length;
  const before = /\s*,\s*$/.exec(raw.slice(0, column - 1))?.[0].length ?? 0;
  const span =
    after === undefined ? { line, column: column - before, endColumn } : { line, column, endColumn: endColumn + after };
  return { title: `Remove ${item.text.trim()} from ${entry.key}`, edits: [replaceSpan(span, '')] };
}
