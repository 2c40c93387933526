import type { ConfigChange } from '../../src/protocol/changes.ts';
import type { TrialEffort } from '../../src/protocol/views.ts';
import { formatCount } from '../format.ts';
import { t } from '../l10n.ts';
import { wordText } from './nodeWords.ts';

/** Names that are told; more are counted. */
const MOST_NAMES = 2;

/** What a change does, a phrase for each kind of it; none for an empty change. */
export function phrasesOf({ skip = [], unskip = [], overrides = {}, settings = [] }: ConfigChange): string[] {
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

function wordsList(words: string): string {
  return words
    .split('+')
    .map((word) => wordText(word))
    .join(', ');
}

function namesText(names: readonly string[]): string {
  return names.length <= MOST_NAMES ? names.join(', ') : t('{0} nodes', formatCount(names.length));
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
