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
];

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
      const row = OVERRIDE_WORDS.find((w) => w.word === word);
      if (row === undefined) {
        const all = OVERRIDE_WORDS.map((w) => w.word);
        const near = nearest(word, all);
        const why = `has ${JSON.stringify(word)}, which is no choice: ${near === undefined ? `one of ${all.join(', ')}` : `${near}?`}`;
        const better = near === undefined ? undefined : `${name}:${words.replace(word, near)}`;
        diagnostics.push(errors.badItem(at, key, text, why, better));
        return undefined;
      }
      const other = contradicted(override, row);
      if (other !== undefined) {
        const why = `says both ${other} and ${word} for ${JSON.stringify(name)}: one of them`;
        diagnostics.push(errors.badItem(at, key, text, why));
        return undefined;
      }
      override = { ...override, ...row.sets };
    }
    overrides.set(name, override);
  }
  return overrides;
}

/** The word already said that sets what `row` sets otherwise. */
function contradicted(said: NodeOverride, row: OverrideWord): string | undefined {
  const [choice, value] = Object.entries(row.sets)[0] as [keyof NodeOverride, string];
  const before = said[choice];
  return before === value ? undefined : before;
}
