import type { Diagnostic, Setting } from '../../base/diagnostics.ts';
import type { ModelFacts } from '../../protocol/modelFacts.ts';
import { entryOf, insertSettings, type Range, rangeOf, setSetting, type TextEdit } from '../edits.ts';
import { fixesByCode } from './codeFixes.ts';

/** One way to put right what a diagnostic says. */
export interface Fix {
  readonly title: string;
  readonly edits: readonly TextEdit[];
  /** The one to take without looking; no diagnostic has two of them. */
  readonly preferred: boolean;
}

/** A fix before it is known whether it is the preferred one. */
export type Draft = Omit<Fix, 'preferred'> & { readonly sure?: boolean };

/** What a fix is made from. */
export interface FixParts {
  readonly text: string;
  readonly diagnostic: Diagnostic;
  readonly model: ModelFacts | undefined;
}

/** The ways to put right what one diagnostic of a config says, best first; [] where only the user knows. */
export function fixesOf(parts: FixParts): readonly Fix[] {
  const { text, diagnostic } = parts;
  const { suggestion } = diagnostic;
  const settings = (diagnostic.settings ?? []).filter(({ value }) => value !== '');
  const range = placeOf(diagnostic);
  const found: Draft[] = [];
  if (suggestion !== undefined && range !== undefined)
    found.push({ title: `Replace with ${suggestion}`, edits: [{ range, text: suggestion }] });
  if (settings.length > 0) found.push({ title: titleOf(text, settings), edits: settingEdits(text, settings) });
  found.push(...fixesByCode(parts));
  const isSure = suggestion !== undefined || settings.length > 0 || found.length === 1;
  return found.map(({ title, edits, sure }, i) => ({ title, edits, preferred: i === 0 && (isSure || sure === true) }));
}

/** Where a diagnostic stands; undefined where it has no line. */
export function placeOf({ at }: Diagnostic): Range | undefined {
  const { line, column, endColumn } = at;
  if (line === undefined || column === undefined || endColumn === undefined) return undefined;
  return rangeOf({ line, column, endColumn });
}

function titleOf(text: string, settings: readonly Setting[]): string {
  const isThere = settings.some(({ section, key }) => entryOf(text, section, key) !== undefined);
  return `${isThere ? 'Set' : 'Add'} ${settings.map(({ key, value }) => `${key}=${value}`).join(', ')}`;
}

/** Values in place of those that are there; the rest is added, the lines of a section together. */
function settingEdits(text: string, settings: readonly Setting[]): TextEdit[] {
  const there = settings.filter(({ section, key }) => entryOf(text, section, key) !== undefined);
  const rest = settings.filter((setting) => !there.includes(setting));
  const sections = [...new Set(rest.map(({ section }) => section))];
  return [
    ...there.map((setting) => setSetting(text, setting)),
    ...sections.map((section) =>
      insertSettings(
        text,
        section,
        rest.filter((setting) => setting.section === section),
      ),
    ),
  ];
}
