import { type Diagnostic, nearest } from '../base/diagnostics.ts';
import { CALIBRATION_METHODS } from '../quant/methods.ts';
import type { NodeOverride } from '../quant/overrides.ts';
import * as errors from './errors.ts';
import { type ListItem, namedPart } from './lists.ts';

export type { NodeOverride } from '../quant/overrides.ts';

/** A word of `node_overrides`, and what it sets. */
export interface OverrideWord {
  readonly word: string;
  readonly sets: NodeOverride;
  readonly doc: string;
}

/** Every word that may stand behind a node's name. */
export const OVERRIDE_WORDS: readonly OverrideWord[] = [
  { word: 'float32', sets: { precision: 'float32' }, doc: 'not quantized' },
  { word: 'float16', sets: { precision: 'float16' }, doc: 'computes on values rounded to float16' },
  { word: 'bfloat16', sets: { precision: 'bfloat16' }, doc: 'computes on values rounded to bfloat16' },
  { word: 'int16', sets: { precision: 'int16' }, doc: '16-bit codes' },
  { word: 'int8', sets: { precision: 'int8' }, doc: '8-bit codes' },
  { word: 'int4', sets: { precision: 'int4' }, doc: '4-bit weights, 8-bit activations' },
  { word: 'symmetric', sets: { symmetry: 'symmetric' }, doc: 'the output has zero point 0 in the middle of its codes' },
  { word: 'asymmetric', sets: { symmetry: 'asymmetric' }, doc: 'the output uses all codes for its range' },
  { word: 'per_channel', sets: { granularity: 'per_channel' }, doc: 'weight with a scale per output channel' },
  { word: 'per_layer', sets: { granularity: 'per_layer' }, doc: 'weight with one scale' },
  ...CALIBRATION_METHODS.map(({ name, doc }) => ({ word: name, sets: { method: name }, doc: `range: ${doc}` })),
  ...[2, 3, 4, 5, 6, 7, 8].map((bits) => ({
    word: `w${bits}`,
    sets: { weightBits: bits },
    doc: `weight in ${bits} bits`,
  })),
];

const NUMBER = String.raw`[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE]-?\d+)?`;
const RANGE = new RegExp(`^range\\((${NUMBER})\\.\\.(${NUMBER})\\)$`);

/** How `range(…)` is written, for completion and documents. */
export const RANGE_WORD = { word: 'range(lo..hi)', doc: 'range: from lo to hi, as range(-1.5..6)' } as const;

/** What a word sets; undefined where it is none. */
export function wordSets(word: string): NodeOverride | undefined {
  const row = OVERRIDE_WORDS.find((w) => w.word === word);
  if (row !== undefined) return row.sets;
  const [, lo, hi] = RANGE.exec(word) ?? [];
  if (lo === undefined || hi === undefined) return undefined;
  const range = { lo: Math.fround(Number(lo)), hi: Math.fround(Number(hi)) };
  return range.lo <= range.hi && Number.isFinite(range.lo) && Number.isFinite(range.hi) ? { range } : undefined;
}

/** The words of a choice, joined by `+`, in the order of {@link OVERRIDE_WORDS}; '' for none. */
export function overrideText(override: NodeOverride): string {
  const { range } = override;
  const rows = OVERRIDE_WORDS.filter(({ sets }) =>
    Object.entries(sets).every(([choice, value]) => override[choice as keyof NodeOverride] === value),
  );
  return [...rows.map((r) => r.word), ...(range === undefined ? [] : [`range(${range.lo}..${range.hi})`])].join('+');
}

/** Reads `node:word+word` items; the last colon counts, for names may have colons. Undefined with an error said. */
export function readOverrides(
  key: string,
  items: readonly ListItem[],
  diagnostics: Diagnostic[],
): ReadonlyMap<string, NodeOverride> | undefined {
  const overrides = new Map<string, NodeOverride>();
  for (const { text, at } of items) {
    const [name, words] = namedPart(text);
    if (name === '') {
      diagnostics.push(errors.badItem(at, key, text, 'is not node:word+word, as conv1:int16+symmetric'));
      return undefined;
    }
    let override: NodeOverride = overrides.get(name) ?? {};
    for (const word of words.split('+').map((w) => w.trim())) {
      const sets = wordSets(word);
      if (sets === undefined) {
        const all = [...OVERRIDE_WORDS.map((w) => w.word), RANGE_WORD.word];
        const near = nearest(word, all);
        const why = `has ${JSON.stringify(word)}, which is no choice: ${near === undefined ? `one of ${all.join(', ')}` : `${near}?`}`;
        const better = near === undefined ? undefined : `${name}:${words.replace(word, near)}`;
        diagnostics.push(errors.badItem(at, key, text, why, better));
        return undefined;
      }
      const other = contradicted(override, sets);
      if (other !== undefined) {
        const why = `says both ${other} and ${word} for ${JSON.stringify(name)}: one of them`;
        diagnostics.push(errors.badItem(at, key, text, why));
        return undefined;
      }
      override = { ...override, ...sets };
    }
    overrides.set(name, override);
  }
  return overrides;
}

/** The word already said that sets otherwise what `sets` sets. */
function contradicted(said: NodeOverride, sets: NodeOverride): string | undefined {
  const [choice] = Object.keys(sets) as [keyof NodeOverride];
  const [before, now] = [said[choice], sets[choice]];
  if (before === undefined || JSON.stringify(before) === JSON.stringify(now)) return undefined;
  return overrideText({ [choice]: before });
}
