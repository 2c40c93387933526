import { t } from '../l10n.ts';

/** What can be chosen for a node by a word of `node_overrides`. */
export type ChoiceId = 'precision' | 'weightBits' | 'method' | 'symmetry' | 'granularity';

/** The words of each choice; those of the config's `node_overrides`. */
export const CHOICE_WORDS: Readonly<Record<ChoiceId, readonly string[]>> = {
  precision: ['float32', 'float16', 'bfloat16', 'int16', 'int8', 'int4'],
  weightBits: ['w2', 'w3', 'w4', 'w5', 'w6', 'w7', 'w8'],
  method: ['MAX_MIN', 'KL', 'REMOVAL_OUTLIER', 'PERCENTILE', 'MSE', 'OUTPUT_MSE'],
  symmetry: ['symmetric', 'asymmetric'],
  granularity: ['per_channel', 'per_layer'],
};

export const CHOICES: readonly ChoiceId[] = ['precision', 'weightBits', 'method', 'symmetry', 'granularity'];

/** A node's own words by what they choose; what is left out follows the config's general choice. */
export type NodeWords = Readonly<Partial<Record<ChoiceId | 'range', string>>>;

const ORDER = ['precision', 'symmetry', 'granularity', 'method', 'weightBits', 'range'] as const;
const NUMBER = String.raw`[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE]-?\d+)?`;
const RANGE = new RegExp(`^range\\((${NUMBER})\\.\\.(${NUMBER})\\)$`);

/** Reads `int16+symmetric`; '' has no words. */
export function readWords(text: string): NodeWords {
  const words: { [C in ChoiceId | 'range']?: string } = {};
  for (const word of text.split('+')) {
    const choice = CHOICES.find((id) => CHOICE_WORDS[id].includes(word));
    if (choice !== undefined) words[choice] = word;
    else if (RANGE.test(word)) words.range = word;
  }
  return words;
}

/** As `node_overrides` has it; '' without words. */
export function wordsText(words: NodeWords): string {
  return ORDER.flatMap((choice) => words[choice] ?? []).join('+');
}

/** The words with one changed; null takes it out. */
export function withWord(words: NodeWords, choice: ChoiceId | 'range', word: string | null): NodeWords {
  const { [choice]: _, ...rest } = words;
  return word === null ? rest : { ...rest, [choice]: word };
}

/** The ends of a range that was set by hand. */
export function rangeOf({ range }: NodeWords): readonly [lo: number, hi: number] | undefined {
  const [, lo, hi] = RANGE.exec(range ?? '') ?? [];
  return lo === undefined || hi === undefined ? undefined : [Number(lo), Number(hi)];
}

/** Numbers with as many digits as a person would set by hand, in a form that configs can hold. */
export function rangeWord(lo: number, hi: number): string {
  return `range(${plainNumber(lo)}..${plainNumber(hi)})`;
}

const DIGITS = 5;

/** Five digits, without the plus of a large exponent. */
export function plainNumber(value: number): string {
  const rounded = Number(value.toPrecision(DIGITS));
  return String(rounded === 0 ? 0 : rounded).replace('e+', 'e');
}

export function choiceTitle(choice: ChoiceId | 'range' | 'skip'): string {
  switch (choice) {
    case 'skip':
      return t('Quantized');
    case 'precision':
      return t('Precision');
    case 'weightBits':
      return t('Weight bits');
    case 'method':
      return t('Calibration');
    case 'symmetry':
      return t('Symmetry');
    case 'granularity':
      return t('Weight scales');
    case 'range':
      return t('Range');
  }
}

/** A word of a config as a person reads it. */
export function wordText(word: string): string {
  const bits = /^w(\d)$/.exec(word)?.[1];
  if (bits !== undefined) return t('{0} bits', bits);
  const range = RANGE.exec(word);
  if (range !== null) return t('range {0} to {1}', range[1] ?? '', range[2] ?? '');
  switch (word) {
    case 'symmetric':
      return t('symmetric');
    case 'asymmetric':
      return t('asymmetric');
    case 'per_channel':
      return t('per channel');
    case 'per_layer':
      return t('one for the tensor');
    case 'int4':
      return t('int4 weights');
    default:
      return word;
  }
}
