import type { DType } from '../base/dtype.ts';
import { sizeOf } from '../base/shape.ts';
import { int64Tensor, type Tensor, tensor, toNumbers } from '../base/tensor.ts';
import type { TensorSource } from '../graph/model.ts';
import { fillWith, outputOf } from './cells.ts';
import { countOf, factWithElements, isNumeric, knownElements } from './facts.ts';
import { type AttributeValues, defineOp, type OpDef, type QuantRule } from './opDef.ts';

const NO_QUANT: QuantRule = {
  kind: 'float',
  why: 'It makes a tensor from constants or shapes, which are not quantized.',
};

const CONSTANT_ATTRIBUTES = {
  value: { kind: 'tensor' },
  value_float: { kind: 'float' },
  value_floats: { kind: 'floats' },
  value_int: { kind: 'int' },
  value_ints: { kind: 'ints' },
  value_string: { kind: 'string' },
  value_strings: { kind: 'strings' },
} as const;

/** The tensor of a Constant node, or why there is none. */
function constantOf(attributes: AttributeValues<typeof CONSTANT_ATTRIBUTES>): Tensor | string {
  const { value, value_float, value_floats, value_int, value_ints, value_string, value_strings } = attributes;
  if (value !== undefined) return value.tensor ?? 'the value of the node is not loaded';
  if (value_float !== undefined) return tensor('float32', [], Float32Array.of(value_float));
  if (value_floats !== undefined) return tensor('float32', [value_floats.length], Float32Array.from(value_floats));
  if (value_int !== undefined) return int64Tensor([], [value_int]);
  if (value_ints !== undefined) return int64Tensor([value_ints.length], value_ints);
  if (value_string !== undefined) return tensor('string', [], [value_string]);
  if (value_strings !== undefined) return tensor('string', [value_strings.length], value_strings);
  return 'none of the attributes value, value_float, value_floats, value_int, value_ints, value_string, value_strings is given';
}

const constant = defineOp({
  type: 'Constant',
  domain: '',
  since: 1,
  arity: [0, 0],
  attributes: CONSTANT_ATTRIBUTES,
  layout: { kind: 'plain' },
  infer: (context) => {
    const { value } = context.attributes;
    if (value !== undefined && value.tensor === undefined) return [{ dtype: value.dtype, dims: value.dims }];
    const made = constantOf(context.attributes);
    return typeof made === 'string' ? context.fail(made) : [{ dtype: made.dtype, dims: made.dims, constant: made }];
  },
  run: (context) => {
    const made = constantOf(context.attributes);
    return typeof made === 'string' ? context.fail(made) : [made];
  },
  quant: () => NO_QUANT,
});

function fillValue(value: TensorSource | undefined): Tensor | undefined {
  return value === undefined ? tensor('float32', [1], Float32Array.of(0)) : value.tensor;
}

const constantOfShape = defineOp({
  type: 'ConstantOfShape',
  domain: '',
  since: 9,
  arity: [1, 1],
  attributes: { value: { kind: 'tensor' } },
  layout: { kind: 'plain' },
  infer: (context) => {
    const dtype: DType = context.attributes.value?.dtype ?? 'float32';
    const dims = knownElements(context.input(0));
    const rank = context.input(0).dims?.[0];
    if (dims === undefined) {
      return [
        {
          dtype,
          dims: typeof rank === 'number' ? Array.from({ length: rank }, () => context.symbol('shape')) : undefined,
        },
      ];
    }
    const count = dims.length <= 1 ? countOf(dims) : undefined;
    const value = fillValue(context.attributes.value);
    const element = dtype === 'int64' && value !== undefined ? toNumbers(value)[0] : undefined;
    const elements =
      count === undefined || element === undefined || count > 64 ? undefined : new Array<number>(count).fill(element);
    return [factWithElements(dtype, dims, elements)];
  },
  run: (context) => {
    const value = fillValue(context.attributes.value) ?? context.fail('the value of the node is not loaded');
    const out = outputOf(context, 0, value.dtype, toNumbers(context.input(0)));
    fillWith(out, value);
    return [out];
  },
  quant: () => NO_QUANT,
});

/** Shape of a tensor; from opset 15 on of the dimensions [start, end). */
const shape = defineOp({
  type: 'Shape',
  domain: '',
  since: 1,
  arity: [1, 1],
  attributes: { start: { kind: 'int', default: 0 }, end: { kind: 'int' } },
  layout: { kind: 'plain' },
  infer: (context) => {
    const { dims } = context.input(0);
    if (dims === undefined) return [{ dtype: 'int64', dims: [context.symbol('rank')] }];
    const part = dims.slice(...rangeOfAxes(context.attributes, dims.length));
    if (!isNumeric(part)) return [factWithElements('int64', [part.length], part)];
    return [{ dtype: 'int64', dims: [part.length], constant: int64Tensor([part.length], part), elements: part }];
  },
  run: (context) => {
    const { dims } = context.input(0);
    const part = dims.slice(...rangeOfAxes(context.attributes, dims.length));
    const out = context.output(0, 'int64', [part.length]);
    out.data.set(part.map(BigInt));
    return [out];
  },
  quant: () => NO_QUANT,
});

function rangeOfAxes(
  { start, end }: { readonly start: number; readonly end: number | undefined },
  rank: number,
): [number, number] {
  const at = (i: number) => Math.min(Math.max(i < 0 ? i + rank : i, 0), rank);
  return [at(start), end === undefined ? rank : at(end)];
}

const size = defineOp({
  type: 'Size',
  domain: '',
  since: 1,
  arity: [1, 1],
  attributes: {},
  layout: { kind: 'plain' },
  infer: (context) => {
    const count = countOf(context.input(0).dims);
    return [factWithElements('int64', [], count === undefined ? undefined : [count])];
  },
  run: (context) => {
    const out = context.output(0, 'int64', []);
    out.data[0] = BigInt(sizeOf(context.input(0).dims));
    return [out];
  },
  quant: () => NO_QUANT,
});

/** start, start + delta, ... below (or above) limit. */
const range = defineOp({
  type: 'Range',
  domain: '',
  since: 11,
  arity: [3, 3],
  attributes: {},
  layout: { kind: 'plain' },
  infer: (context) => {
    const { dtype } = context.input(0);
    const [start, limit, delta] = [0, 1, 2].map(
      (i) => numberOf(context.input(i).constant) ?? numericElement(knownElements(context.input(i))),
    );
    if (start === undefined || limit === undefined || delta === undefined)
      return [{ dtype, dims: [context.symbol('range')] }];
    if (delta === 0) context.fail('delta is 0, expected a step');
    const count = rangeCount(start, limit, delta);
    const whole = dtype === 'int64' || dtype === 'int32';
    const elements = whole && count <= 4096 ? Array.from({ length: count }, (_, i) => start + i * delta) : undefined;
    return [factWithElements(dtype, [count], elements)];
  },
  run: (context) => {
    const [a, b, c] = [0, 1, 2].map((i) => numberOf(context.input(i))) as [number, number, number]; // all three are required
    const count = rangeCount(a, b, c);
    const { dtype } = context.input(0);
    const out = context.output(0, dtype, [count]);
    if (out.dtype === 'int64') for (let i = 0; i < count; i++) (out.data as BigInt64Array)[i] = BigInt(a + i * c);
    else for (let i = 0; i < count; i++) (out.data as Float64Array)[i] = a + i * c; // any numeric array
    return [out];
  },
  quant: () => NO_QUANT,
});

function numberOf(t: Tensor | undefined): number | undefined {
  return t === undefined || t.dtype === 'string' ? undefined : toNumbers(t)[0];
}

function numericElement(elements: readonly (number | string)[] | undefined): number | undefined {
  const first = elements?.[0];
  return typeof first === 'number' ? first : undefined;
}

function rangeCount(start: number, limit: number, delta: number): number {
  return Math.max(0, Math.ceil((limit - start) / delta));
}

/** Operators whose outputs depend on constants and shapes only. */
export const constantOps: readonly OpDef[] = [constant, constantOfShape, shape, size, range];
