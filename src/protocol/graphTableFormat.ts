import type { Diagnostic } from '../base/diagnostics.ts';
import type { FileQuantizationView } from './views.ts';

/** Rank of a value whose rank is unknown. */
export const NO_RANK = -1;
export const VALUE_KINDS = ['input', 'constant', 'activation'] as const;

/** The part of a table that is small whatever the model's size. */
export interface Head {
  readonly file: string;
  readonly name: string;
  readonly opsets: string;
  readonly producer: string;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly diagnostics: readonly Diagnostic[];
  readonly quantization: FileQuantizationView | null;
  readonly runnable: boolean;
  /** Texts that many rows share: `[operator, domain]`, element types, symbols of dimensions. */
  readonly operators: readonly (readonly [string, string])[];
  readonly dtypes: readonly string[];
  readonly symbols: readonly string[];
  /** Byte offset and element count of each column. */
  readonly columns: Readonly<Record<ColumnName, readonly [number, number]>>;
}

export const COLUMNS = {
  nodeIds: Int32Array,
  operatorOf: Int32Array,
  supported: Uint8Array,
  inputStart: Int32Array,
  inputValues: Int32Array,
  outputStart: Int32Array,
  outputValues: Int32Array,
  handleStart: Int32Array,
  handles: Uint8Array,
  nameStart: Int32Array,
  names: Uint8Array,
  attributeStart: Int32Array,
  attributes: Uint8Array,
  valueIds: Int32Array,
  valueKinds: Uint8Array,
  dtypeOf: Int32Array,
  rank: Int32Array,
  dimStart: Int32Array,
  dims: Float64Array,
  valueNameStart: Int32Array,
  valueNames: Uint8Array,
} as const;
export type ColumnName = keyof typeof COLUMNS;
export type Columns = { readonly [C in ColumnName]: InstanceType<(typeof COLUMNS)[C]> };
