import type { Setting } from '../base/diagnostics.ts';
import type { ConfigChange } from '../protocol/changes.ts';
import { applyEdits, deleteLine, entryOf, setSetting } from './edits.ts';
import { readIni } from './ini.ts';
import { namedPart } from './lists.ts';
import { type NodeOverride, overrideText, wordSets } from './overrides.ts';
import { setSkipNodes, skipNodesOf, splitNames } from './skipNodes.ts';

const OVERRIDES = { section: 'quantscope', key: 'node_overrides' } as const;

/** The config's text after a change; every byte that it does not concern stays. The same text where nothing changes. */
export function applyChange(
  text: string,
  { skip = [], unskip = [], overrides = {}, settings = [] }: ConfigChange,
): string {
  const now = skipNodesOf(text);
  const kept = now.filter((name) => !unskip.includes(name));
  const added = skip.filter((name) => !kept.includes(name));
  const skips = added.length + unskip.length === 0 ? text : setSkipNodes(text, [...kept, ...new Set(added)]);
  return settings.reduce(withSetting, withOverrides(skips, overrides));
}

/** What undoes `change` in the text it was made to, whatever else is edited in between. */
export function inverseOf(
  before: string,
  { skip = [], unskip = [], overrides = {}, settings = [] }: ConfigChange,
): ConfigChange {
  const [skipped, words] = [skipNodesOf(before), overrideWordsOf(before)];
  return {
    skip: unskip.filter((name) => skipped.includes(name)),
    unskip: skip.filter((name) => !skipped.includes(name)),
    overrides: Object.fromEntries(Object.keys(overrides).map((name) => [name, words.get(name) ?? ''])),
    settings: settings.map(({ section, key }) => ({ section, key, value: entryOf(before, section, key)?.value ?? '' })),
  };
}

/** The change that makes a config of the text `before` mean what one of the text `after` means. */
export function changeBetween(before: string, after: string): ConfigChange {
  const [was, now] = [skipNodesOf(before), skipNodesOf(after)];
  const [words, others] = [overrideWordsOf(before), overrideWordsOf(after)];
  const names = new Set([...words.keys(), ...others.keys()]);
  const [values, wanted] = [valuesOf(before), valuesOf(after)];
  const keys = [...new Set([...values.keys(), ...wanted.keys()])].filter(
    (at) => values.get(at)?.value !== wanted.get(at)?.value,
  );
  return {
    skip: now.filter((name) => !was.includes(name)),
    unskip: was.filter((name) => !now.includes(name)),
    overrides: Object.fromEntries(
      [...names].filter((name) => words.get(name) !== others.get(name)).map((name) => [name, others.get(name) ?? '']),
    ),
    settings: keys.flatMap((at) => wanted.get(at) ?? { ...(values.get(at) as Setting), value: '' }), // one of the two has it
  };
}

/**
 * A change that was made for a config of the text `from`, for one of the text `to`: of a node's words it replaces those
 * that it replaces there, so that what has been chosen for the node since stays.
 */
export function changeOnto(change: ConfigChange, from: string, to: string): ConfigChange {
  const { overrides } = change;
  if (overrides === undefined || from === to) return change;
  const [words, others] = [overrideWordsOf(from), overrideWordsOf(to)];
  const fitted = Object.entries(overrides).map(([name, said]) => [
    name,
    said === '' ? '' : wordsOnto(said, words.get(name) ?? '', others.get(name) ?? ''),
  ]);
  return { ...change, overrides: Object.fromEntries(fitted) };
}

/** Choices that are one decision: the later one takes the place of all. */
const DECISIONS: readonly (readonly (keyof NodeOverride)[])[] = [
  ['precision', 'weightBits'],
  ['symmetry'],
  ['granularity'],
  ['method', 'range'],
];

function wordsOnto(said: string, from: string, to: string): string {
  const [wanted, before, now] = [said, from, to].map(choicesOf);
  if (wanted === undefined || before === undefined || now === undefined) return said;
  const merged = DECISIONS.flatMap((decision) => {
    const isChanged = decision.some((c) => JSON.stringify(wanted[c]) !== JSON.stringify(before[c]));
    return decision.map((c) => [c, (isChanged ? wanted : now)[c]] as const);
  });
  return overrideText(Object.fromEntries(merged.filter(([, choice]) => choice !== undefined)));
}

/** Undefined for words that say nothing. */
function choicesOf(words: string): NodeOverride | undefined {
  const sets = words === '' ? [] : words.split('+').map((word) => wordSets(word.trim()));
  return sets.includes(undefined) ? undefined : Object.assign({}, ...sets);
}

/** The value that counts of every key but the two lists of nodes, by section and key. */
function valuesOf(text: string): ReadonlyMap<string, Setting> {
  const all = readIni(text, '').sections.flatMap(({ name, entries }) =>
    entries.map(({ key, value }) => [`${name}/${key}`, { section: name, key, value }] as const),
  );
  return new Map(all.filter(([, { key }]) => key !== 'skip_quant_node' && key !== OVERRIDES.key));
}

/** The words of `node_overrides` by name, as written; of a name said twice the last ones. */
export function overrideWordsOf(text: string): ReadonlyMap<string, string> {
  const items = splitNames(entryOf(text, OVERRIDES.section, OVERRIDES.key)?.value ?? '');
  return new Map(items.map(namedPart));
}

function withOverrides(text: string, overrides: Readonly<Record<string, string>>): string {
  const words = new Map(overrideWordsOf(text));
  for (const [name, said] of Object.entries(overrides)) {
    if (said === '') words.delete(name);
    else words.set(name, said);
  }
  if (Object.keys(overrides).length === 0) return text;
  return withSetting(text, { ...OVERRIDES, value: [...words].map(([name, said]) => `${name}:${said}`).join(',') });
}

/** A key with a value; without one its lines go. */
function withSetting(text: string, setting: Setting): string {
  const { section, key, value } = setting;
  const entry = entryOf(text, section, key);
  if (value !== '') return entry?.value === value ? text : applyEdits(text, [setSetting(text, setting)]);
  if (entry === undefined) return text;
  return withSetting(applyEdits(text, [deleteLine(text, entry.keySpan.line)]), setting);
}
