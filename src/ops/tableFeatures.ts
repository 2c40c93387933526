import type { DType } from '../base/dtype.ts';
import { sizeOf } from '../base/shape.ts';
import { asNumbers, bigintsOf, numbersOf } from './numbers.ts';
import { defineOp, type OpDef, type QuantRule } from './opDef.ts';

const TABLE: QuantRule = { kind: 'float', why: 'It prepares columns of a table, each with a range of its own.' };
const DOMAIN = 'ai.onnx.ml';

/** One where x is above the threshold, else zero. */
const binarizer = defineOp({
  type: 'Binarizer',
  domain: DOMAIN,
  since: 1,
  arity: [1, 1],
  attributes: { threshold: { kind: 'float', default: 0 } },
  layout: { kind: 'plain' },
  infer: (context) => [{ dtype: context.input(0).dtype, dims: context.input(0).dims }],
  run: (context) => {
    const x = context.input(0);
    const { threshold } = context.attributes;
    const out = context.output(0, x.dtype as Exclude<DType, 'string' | 'sequence' | 'optional'>, x.dims); // a number type
    const from = asNumbers(x);
    for (let i = 0; i < from.length; i++) {
      const above = (from[i] as number) > threshold;
      if (x.dtype === 'int64') bigintsOf(out)[i] = above ? 1n : 0n;
      else numbersOf(out)[i] = Number(above);
    }
    return [out];
  },
  quant: () => TABLE,
});

/** (x - offset) * scale, with one offset and scale for all or one per column. */
const scaler = defineOp({
  type: 'Scaler',
  domain: DOMAIN,
  since: 1,
  arity: [1, 1],
  attributes: { offset: { kind: 'floats', default: [0] }, scale: { kind: 'floats', default: [1] } },
  layout: { kind: 'plain' },
  infer: (context) => {
    const { dims } = context.input(0);
    const width = dims?.at(-1);
    const { offset, scale } = context.attributes;
    for (const [name, list] of Object.entries({ offset, scale })) {
      if (list.length !== 1 && typeof width === 'number' && list.length !== width) {
        context.fail(`${name} has ${list.length} entries for ${width} columns`);
      }
    }
    return [{ dtype: 'float32', dims }];
  },
  run: (context) => {
    const x = context.input(0);
    const { offset, scale } = context.attributes;
    const out = context.output(0, 'float32', x.dims);
    const from = asNumbers(x);
    const width = x.dims.at(-1) ?? 1;
    for (let i = 0; i < from.length; i++) {
      const column = i % width;
      const shift = offset[offset.length === 1 ? 0 : column] as number;
      out.data[i] = ((from[i] as number) - shift) * (scale[scale.length === 1 ? 0 : column] as number);
    }
    return [out];
  },
  quant: () => TABLE,
});

const NORMS: Readonly<Record<string, (row: readonly number[]) => number>> = {
  MAX: (row) => row.reduce((m, v) => Math.max(m, v), -Infinity),
  L1: (row) => row.reduce((sum, v) => sum + Math.abs(v), 0),
  L2: (row) => Math.sqrt(row.reduce((sum, v) => sum + v * v, 0)),
};

/** Rows divided by their norm; a row whose norm is zero stays. */
const normalizer = defineOp({
  type: 'Normalizer',
  domain: DOMAIN,
  since: 1,
  arity: [1, 1],
  attributes: { norm: { kind: 'string', default: 'MAX' } },
  layout: { kind: 'plain' },
  infer: (context) => {
    const { norm } = context.attributes;
    if (NORMS[norm] === undefined) context.fail(`norm ${norm} is not MAX, L1 or L2`);
    return [{ dtype: 'float32', dims: context.input(0).dims }];
  },
  run: (context) => {
    const x = context.input(0);
    const norm = NORMS[context.attributes.norm] ?? context.fail('the norm is not known');
    const out = context.output(0, 'float32', x.dims);
    const from = Array.from(asNumbers(x));
    const width = x.dims.at(-1) ?? 1;
    for (let at = 0; at < from.length; at += width) {
      const row = from.slice(at, at + width);
      const length = norm(row) || 1;
      for (const [i, v] of row.entries()) out.data[at + i] = v / length;
    }
    return [out];
  },
  quant: () => TABLE,
});

/** A one in the column of each element's category, in a new last dimension. */
const oneHotEncoder = defineOp({
  type: 'OneHotEncoder',
  domain: DOMAIN,
  since: 1,
  arity: [1, 1],
  attributes: { cats_int64s: { kind: 'ints' }, cats_strings: { kind: 'strings' }, zeros: { kind: 'int', default: 1 } },
  layout: { kind: 'plain' },
  infer: (context) => {
    const { dtype, dims } = context.input(0);
    const { cats_int64s, cats_strings } = context.attributes;
    const categories = dtype === 'string' ? cats_strings : cats_int64s;
    if (categories === undefined) return context.fail(`there are no categories for elements of type ${dtype}`);
    return [{ dtype: 'float32', dims: dims && [...dims, categories.length] }];
  },
  run: (context) => {
    const x = context.input(0);
    const { cats_int64s, cats_strings, zeros } = context.attributes;
    const categories: readonly (string | number)[] = (x.dtype === 'string' ? cats_strings : cats_int64s) ?? [];
    const column = new Map(categories.map((category, i) => [category, i]));
    const out = context.output(0, 'float32', [...x.dims, categories.length]);
    out.data.fill(0);
    const list = Array.from(x.data as ArrayLike<string | number | bigint>);
    for (const [i, v] of list.entries()) {
      const at = column.get(typeof v === 'string' ? v : Math.trunc(Number(v)));
      if (at !== undefined) out.data[i * categories.length + at] = 1;
      else if (zeros === 0) context.fail(`${v} is no category, and zeros is 0`);
    }
    return [out];
  },
  quant: () => TABLE,
});

/** Elements equal to the value that stands for missing ones (NaN too) replaced, per column or all by one value. */
const imputer = defineOp({
  type: 'Imputer',
  domain: DOMAIN,
  since: 1,
  arity: [1, 1],
  attributes: {
    imputed_value_floats: { kind: 'floats' },
    imputed_value_int64s: { kind: 'ints' },
    replaced_value_float: { kind: 'float', default: 0 },
    replaced_value_int64: { kind: 'int', default: 0 },
  },
  layout: { kind: 'plain' },
  infer: (context) => {
    const { dtype, dims } = context.input(0);
    const { imputed_value_floats, imputed_value_int64s } = context.attributes;
    const values = dtype === 'int64' ? imputed_value_int64s : imputed_value_floats;
    if (values === undefined || values.length === 0) return context.fail(`there are no values to put in for ${dtype}`);
    const width = dims?.at(-1);
    if (values.length !== 1 && typeof width === 'number' && values.length !== width) {
      context.fail(`there are ${values.length} values to put in for ${width} columns`);
    }
    return [{ dtype, dims }];
  },
  run: (context) => {
    const x = context.input(0);
    const { imputed_value_floats, imputed_value_int64s, replaced_value_float, replaced_value_int64 } =
      context.attributes;
    const width = x.dims.at(-1) ?? 1;
    if (x.dtype === 'int64') {
      const out = context.output(0, 'int64', x.dims);
      const values = (imputed_value_int64s ?? []).map((v) => BigInt(v));
      const missing = BigInt(replaced_value_int64);
      bigintsOf(x).forEach((v, i) => {
        out.data[i] = v === missing ? (values[values.length === 1 ? 0 : i % width] as bigint) : v;
      });
      return [out];
    }
    const out = context.output(0, x.dtype as 'float32', x.dims); // a floating-point type
    const [from, to] = [numbersOf(x), numbersOf(out)];
    const values = imputed_value_floats ?? [];
    const isMissing = Number.isNaN(replaced_value_float) ? Number.isNaN : (v: number) => v === replaced_value_float;
    for (let i = 0; i < sizeOf(x.dims); i++) {
      const v = from[i] as number;
      to[i] = isMissing(v) ? (values[values.length === 1 ? 0 : i % width] as number) : v;
    }
    return [out];
  },
  quant: () => TABLE,
});

/** Preparation of tables, as scikit-learn's models export it. */
export const tableFeatureOps: readonly OpDef[] = [binarizer, scaler, normalizer, oneHotEncoder, imputer];
