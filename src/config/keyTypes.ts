/**
 * How far a setting is carried out: fully, not at all (`error`), or the run goes on without it (`warning`); `converter`
 * is for converter_lite alone and has no meaning here.
 */
export type Effect = 'done' | 'warning' | 'error' | 'converter';

export type QuantType = 'FULL_QUANT' | 'WEIGHT_QUANT' | 'DYNAMIC_QUANT';

/** One word of an enumeration. */
export interface Choice {
  readonly value: string;
  readonly effect: Effect;
  readonly doc: string;
  /** Spellings that documents use and converter_lite refuses; accepted with a note. */
  readonly aliases?: readonly string[];
  /** Accepted with a note, though converter_lite refuses it. */
  readonly note?: string;
}

/** What a value may be. Ranges are closed except for `double`, whose range is open. */
export type KeyType =
  | { readonly kind: 'int'; readonly min: number; readonly max: number }
  | { readonly kind: 'double'; readonly above: number; readonly below: number }
  | { readonly kind: 'bool' }
  | { readonly kind: 'enum'; readonly choices: readonly Choice[] }
  /** `[a,b,c]`. */
  | { readonly kind: 'vector' }
  /** `a,b,c`. */
  | { readonly kind: 'names'; readonly of: 'nodes' | 'codes' }
  /** A folder, or a file that ends in one of the suffixes. */
  | { readonly kind: 'path'; readonly suffixes: readonly string[] }
  /** `input:folder,…`; a folder alone where `plain`. */
  | { readonly kind: 'folders'; readonly plain: boolean }
  /** `name:length,…`. */
  | { readonly kind: 'dims' }
  /** `name:layout,…`. */
  | { readonly kind: 'layouts' }
  /** `node:word+word,…`. */
  | { readonly kind: 'overrides' }
  /** `input:[1,3,224,224];…`, -1 for a length that is open. */
  | { readonly kind: 'shapes' }
  /** `[1~4,64],[8,128],…`. */
  | { readonly kind: 'profiles' }
  /** Whatever converter_lite makes of it. */
  | { readonly kind: 'text'; readonly examples: readonly string[] };

/** One key of the config: everything that parsing, messages, documents and completion need to know. */
export interface KeyRow {
  readonly section: string;
  readonly key: string;
  readonly type: KeyType;
  /** As it would be written; undefined: unset. */
  readonly default?: string;
  /** Values worth offering where there are no choices, and words that stand for something else than the type says. */
  readonly examples?: readonly { readonly value: string; readonly doc: string }[];
  readonly doc: string;
  readonly effect: Effect;
  /** Quantization types that use the key; all of them when absent. */
  readonly for?: readonly QuantType[];
}

/** A row of a table that holds the keys of one section. */
export type Row = Omit<KeyRow, 'section'>;

/** A section, and what becomes of it. */
export interface SectionRow {
  readonly name: string;
  readonly doc: string;
  /** `keys`: its keys are in the table; `converter`: for converter_lite alone, any key, no effect here. */
  readonly kind: 'keys' | 'converter';
  /** converter_lite ignores keys that it does not have. */
  readonly ignoresUnknown?: true;
}

/** An integer in a closed range. */
export const int = (min: number, max: number): KeyType => ({ kind: 'int', min, max });

/** One of some words. */
export const oneOf = (...choices: readonly Choice[]): KeyType => ({ kind: 'enum', choices });

/** A word of an enumeration that is carried out. */
export const done = (value: string, doc: string, more?: Pick<Choice, 'aliases' | 'note'>): Choice => ({
  value,
  effect: 'done',
  doc,
  ...more,
});

/** A word of an enumeration whose method does not exist here yet. */
export const missing = (value: string, doc: string, more?: Pick<Choice, 'aliases' | 'note'>): Choice => ({
  value,
  effect: 'error',
  doc,
  ...more,
});

export const BOOL: KeyType = { kind: 'bool' };
export const VECTOR: KeyType = { kind: 'vector' };
export const NODES: KeyType = { kind: 'names', of: 'nodes' };
export const CODES: KeyType = { kind: 'names', of: 'codes' };
export const FOLDER: KeyType = { kind: 'path', suffixes: [] };

/** The path of a file that ends in one of the suffixes. */
export const fileOf = (...suffixes: readonly string[]): KeyType => ({ kind: 'path', suffixes });
