import type { DType } from '../base/dtype.ts';
import { type Tensor, tensor } from '../base/tensor.ts';
import type { TensorFact } from '../graph/fact.ts';
import type { TensorSource } from '../graph/model.ts';
import { cellsOf, outputOf } from './cells.ts';
import { bigintsOf, holdsNumbers } from './numbers.ts';
import { type AttributeValues, defineOp, type OpDef, type QuantRule } from './opDef.ts';

const LABELS: QuantRule = { kind: 'float', why: 'It maps labels, which are no quantities.' };

type Element = number | bigint | string;

/** A list of labels with its type. */
interface Labels {
  readonly dtype: DType;
  readonly list: readonly Element[];
}

interface Mapping {
  readonly keys: Labels;
  readonly values: Labels;
  readonly fallback: Element;
}

/** Writes labels of any type. */
function writeLabels(out: Tensor, labels: readonly Element[]): Tensor {
  if (out.dtype === 'string') return tensor('string', out.dims, labels.map(String));
  if (holdsNumbers(out.dtype))
    (out.data as Float32Array).set(labels.map(Number)); // of any array of numbers
  else bigintsOf(out).set(labels.map((label) => BigInt(label)));
  return out;
}

const ATTRIBUTES = {
  keys_floats: { kind: 'floats' },
  keys_int64s: { kind: 'ints' },
  keys_strings: { kind: 'strings' },
  keys_tensor: { kind: 'tensor' },
  values_floats: { kind: 'floats' },
  values_int64s: { kind: 'ints' },
  values_strings: { kind: 'strings' },
  values_tensor: { kind: 'tensor' },
  default_float: { kind: 'float', default: -0 },
  default_int64: { kind: 'int', default: -1 },
  default_string: { kind: 'string', default: '_Unused' },
  default_tensor: { kind: 'tensor' },
} as const;
type Encoding = AttributeValues<typeof ATTRIBUTES>;

function labelsOf(
  source: TensorSource | undefined,
  ints: readonly number[] | undefined,
  strings: readonly string[] | undefined,
  floats: readonly number[] | undefined,
): Labels | undefined {
  const t = source?.tensor;
  if (t !== undefined) return { dtype: t.dtype, list: Array.from(t.data as ArrayLike<Element>) };
  if (ints !== undefined) return { dtype: 'int64', list: ints.map((v) => BigInt(v)) };
  if (strings !== undefined) return { dtype: 'string', list: strings };
  return floats && { dtype: 'float32', list: floats };
}

/** The mapping of a node; a sentence where there is none. */
function mappingOf(a: Encoding): Mapping | string {
  const keys = labelsOf(a.keys_tensor, a.keys_int64s, a.keys_strings, a.keys_floats);
  const values = labelsOf(a.values_tensor, a.values_int64s, a.values_strings, a.values_floats);
  if (keys === undefined || values === undefined) return 'keys or values are missing';
  if (keys.list.length !== values.list.length) {
    return `there are ${keys.list.length} keys and ${values.list.length} values`;
  }
  const given = a.default_tensor?.tensor?.data[0] as Element | undefined;
  const usual =
    values.dtype === 'string' ? a.default_string : values.dtype === 'int64' ? a.default_int64 : a.default_float;
  return { keys, values, fallback: given ?? usual };
}

const labelEncoder = defineOp({
  type: 'LabelEncoder',
  domain: 'ai.onnx.ml',
  since: 2,
  arity: [1, 1],
  attributes: ATTRIBUTES,
  layout: { kind: 'plain' },
  infer: (context) => {
    const mapping = mappingOf(context.attributes);
    if (typeof mapping === 'string') return context.fail(mapping);
    const { dtype, dims } = context.input(0);
    if (dtype !== mapping.keys.dtype) context.fail(`x is ${dtype}, the keys are ${mapping.keys.dtype}`);
    return [{ dtype: mapping.values.dtype, dims }];
  },
  run: (context) => {
    const x = context.input(0);
    const mapping = mappingOf(context.attributes);
    if (typeof mapping === 'string') return context.fail(mapping);
    const { keys, values, fallback } = mapping;
    const table = new Map<Element, Element>();
    for (const [i, key] of keys.list.entries()) if (!table.has(key)) table.set(key, values.list[i] as Element);
    const found = Array.from(x.data as ArrayLike<Element>, (label) => table.get(label) ?? fallback);
    return [writeLabels(outputOf(context, 0, values.dtype, x.dims), found)];
  },
  quant: () => LABELS,
});

/** Before opset 2: strings to their positions, or positions to strings. */
const labelEncoder1 = defineOp({
  type: 'LabelEncoder',
  domain: 'ai.onnx.ml',
  since: 1,
  arity: [1, 1],
  attributes: {
    classes_strings: { kind: 'strings', required: true },
    default_int64: { kind: 'int', default: -1 },
    default_string: { kind: 'string', default: '_Unused' },
  },
  layout: { kind: 'plain' },
  infer: (context) => {
    const { dtype, dims } = context.input(0);
    return [{ dtype: dtype === 'string' ? 'int64' : 'string', dims } satisfies TensorFact];
  },
  run: (context) => {
    const x = context.input(0);
    const { classes_strings, default_int64, default_string } = context.attributes;
    const position = new Map(classes_strings.map((label, i) => [label, i]));
    const found = Array.from(x.data as ArrayLike<Element>, (label) =>
      typeof label === 'string'
        ? (position.get(label) ?? default_int64)
        : (classes_strings[Number(label)] ?? default_string),
    );
    return [writeLabels(outputOf(context, 0, x.dtype === 'string' ? 'int64' : 'string', x.dims), found)];
  },
  quant: () => LABELS,
});

/** Columns Y of the last axis of X. */
const arrayFeatureExtractor = defineOp({
  type: 'ArrayFeatureExtractor',
  domain: 'ai.onnx.ml',
  since: 1,
  arity: [2, 2],
  attributes: {},
  layout: { kind: 'plain' },
  infer: (context) => {
    const [x, y] = [context.input(0), context.input(1)];
    const count = y.dims?.at(-1) ?? context.symbol('features');
    const rows = x.dims === undefined ? undefined : x.dims.length === 1 ? [1] : x.dims.slice(0, -1);
    return [{ dtype: x.dtype, dims: rows && [...rows, count] }];
  },
  run: (context) => {
    const [x, y] = [context.input(0), context.input(1)];
    const columns = Array.from(y.data as ArrayLike<number | bigint>, Number);
    const width = x.dims.at(-1) as number;
    const rows = x.dims.length === 1 ? [1] : x.dims.slice(0, -1);
    const out = outputOf(context, 0, x.dtype, [...rows, columns.length]);
    const [from, to] = [cellsOf(x) as Uint32Array, cellsOf(out) as Uint32Array]; // only read and written
    for (const [k, column] of columns.entries()) {
      if (!(column >= 0 && column < width)) context.fail(`feature ${column} is outside the ${width} of a row`);
      for (let row = 0; row * columns.length < to.length; row++) {
        to[row * columns.length + k] = from[row * width + column] as number;
      }
    }
    return [out];
  },
  quant: () => ({ kind: 'sharesInput' }),
});

/** Labels and columns of tables. */
export const labelOps: readonly OpDef[] = [labelEncoder1, labelEncoder, arrayFeatureExtractor];
