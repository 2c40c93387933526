import type { ConfigChange } from '../../src/protocol/changes.ts';
import type { TrialEffort } from '../../src/protocol/views.ts';
import { formatCount } from '../format.ts';
import { t } from '../l10n.ts';
import { wordText } from './nodeWords.ts';

/** Names that are told; more are counted. */
const MOST_NAMES = 2;

/**
 * What a change does, a phrase for each kind of it; none for an empty change.
 *
 * @param name how a node is called.
 */
export function phrasesOf(
  { skip = [], unskip = [], overrides = {}, settings = [] }: ConfigChange,
  name: (handle: string) => string = (handle) => handle,
): string[] {
  const namesText = (names: readonly string[]) =>
    names.length <= MOST_NAMES ? names.map(name).join(', ') : t('{0} nodes', formatCount(names.length));
  const byWords = new Map<string, string[]>();
  for (const [name, words] of Object.entries(overrides)) byWords.set(words, [...(byWords.get(words) ?? []), name]);
  return [
    ...(skip.length === 0 ? [] : [t('{0}: skipped', namesText(skip))]),
    ...(unskip.length === 0 ? [] : [t('{0}: quantized again', namesText(unskip))]),
    ...[...byWords].map(([words, names]) => `${namesText(names)}: ${words === '' ? t('as config') : wordsList(words)}`),
    ...settings.map(({ key, value }) => (value === '' ? t('{0} left out', key) : `${key}=${value}`)),
  ];
}

export function changeText(change: ConfigChange): string {
  return phrasesOf(change).join('; ') || t('no change');
}

/** The same where there is little room: of names their ends, by which they differ. */
export function shortChangeText(change: ConfigChange): string {
  return phrasesOf(change, shortName).join('; ') || t('no change');
}

const SHORT = 18;

/** The end of a name, from a part of it on where one begins there. */
function shortName(name: string): string {
  if (name.length <= SHORT) return name;
  const end = name.slice(-SHORT);
  const slash = end.indexOf('/');
  return `…${slash >= 0 && slash < SHORT - 4 ? end.slice(slash + 1) : end}`;
}

function wordsList(words: string): string {
  return words
    .split('+')
    .map((word) => wordText(word))
    .join(', ');
}

/** What a trial took from the last run, and what it ran anew. */
export function effortText({ reusedSamples, samples, executed, total }: TrialEffort): string {
  return t(
    'ran {0} of {1} steps, {2} of {3} samples from the cache',
    formatCount(executed),
    formatCount(total),
    formatCount(reusedSamples),
    formatCount(samples),
  );
}
