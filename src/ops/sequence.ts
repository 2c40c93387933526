import { dtypeOfCode } from '../base/dtypeCodes.ts';
import { replacedAt, stridesOf } from '../base/shape.ts';
import { int64Tensor, type Tensor, tensor, toNumbers } from '../base/tensor.ts';
import type { TensorFact } from '../graph/fact.ts';
import { commonFact, elementFact, withoutElements } from './bodyFacts.ts';
import { cellsOf, copyStrided, whole } from './cells.ts';
import { axisOf, knownNumbers } from './facts.ts';
import { type AttributeSpecs, defineOp, type OpDef, type QuantRule, type RunContext } from './opDef.ts';
import { heapTensor, slab, stacked, taken } from './stack.ts';
import { copied } from './storage.ts';

const quant = (): QuantRule => ({ kind: 'float', why: 'Sequences hold float tensors.' });

function sequenceOf(items: readonly Tensor[]): Tensor<'sequence'> {
  return tensor('sequence', [items.length], items);
}

function itemsOf(t: Tensor): readonly Tensor[] {
  return t.data as readonly Tensor[]; // of a sequence or an optional
}

/** A place in a sequence of `length`, counted from the end when negative; `length` itself only where `atEnd`. */
function place<S extends AttributeSpecs>(
  context: RunContext<S>,
  position: Tensor,
  length: number,
  atEnd: 0 | 1,
): number {
  const [given = 0] = toNumbers(position);
  const at = given < 0 ? given + length : given;
  if (at < 0 || at >= length + atEnd) context.fail(`position ${given} is outside a sequence of ${length}`);
  return at;
}

const sequenceEmpty = defineOp({
  type: 'SequenceEmpty',
  domain: '',
  since: 11,
  arity: [0, 0],
  attributes: { dtype: { kind: 'int', default: 1 } },
  layout: { kind: 'plain' },
  infer: (context) => {
    const dtype = dtypeOfCode(context.attributes.dtype);
    if (dtype === undefined) return context.fail(`dtype ${context.attributes.dtype} is no type we hold`);
    return [{ dtype: 'sequence', dims: [0], element: { dtype, dims: undefined } }];
  },
  run: () => [sequenceOf([])],
  quant,
});

const sequenceConstruct = defineOp({
  type: 'SequenceConstruct',
  domain: '',
  since: 11,
  arity: [1, Number.MAX_SAFE_INTEGER],
  attributes: {},
  layout: { kind: 'plain' },
  infer: (context) => {
    const facts = context.inputs.map((_, i) => withoutElements(context.input(i)));
    const element = facts.reduce<TensorFact | undefined>((a, b) => commonFact(a, b, context.symbol), facts[0]);
    return [{ dtype: 'sequence', dims: [facts.length], ...(element && { element }) }];
  },
  run: (context) => [sequenceOf(context.inputs.map((_, i) => copied(context.input(i))))],
  quant,
});

const sequenceInsert = defineOp({
  type: 'SequenceInsert',
  domain: '',
  since: 11,
  arity: [2, 3],
  attributes: {},
  layout: { kind: 'plain' },
  infer: (context) => {
    const { dims, element } = context.input(0);
    const inserted = withoutElements(context.input(1));
    const [length = context.symbol('length')] = dims ?? [];
    const common = length === 0 ? inserted : commonFact(element, inserted, context.symbol);
    return [
      {
        dtype: 'sequence',
        dims: [typeof length === 'number' ? length + 1 : context.symbol('length')],
        ...(common && { element: common }),
      },
    ];
  },
  run: (context) => {
    const items = [...itemsOf(context.input(0))];
    const [, , position] = context.inputs;
    const at = position === undefined ? items.length : place(context, position, items.length, 1);
    items.splice(at, 0, copied(context.input(1)));
    return [sequenceOf(items)];
  },
  quant,
});

const sequenceErase = defineOp({
  type: 'SequenceErase',
  domain: '',
  since: 11,
  arity: [1, 2],
  attributes: {},
  layout: { kind: 'plain' },
  infer: (context) => {
    const fact = context.input(0);
    const [length] = fact.dims ?? [];
    return [{ ...fact, dims: [typeof length === 'number' ? length - 1 : context.symbol('length')] }];
  },
  run: (context) => {
    const items = [...itemsOf(context.input(0))];
    const [, position = int64Tensor([], [-1])] = context.inputs;
    items.splice(place(context, position, items.length, 0), 1);
    return [sequenceOf(items)];
  },
  quant,
});

const sequenceAt = defineOp({
  type: 'SequenceAt',
  domain: '',
  since: 11,
  arity: [2, 2],
  attributes: {},
  layout: { kind: 'plain' },
  infer: (context) => [elementFact(context.input(0).element, context.symbol)],
  run: (context) => {
    const items = itemsOf(context.input(0));
    return [items[place(context, context.input(1), items.length, 0)] as Tensor]; // the place was checked
  },
  quant,
});

const sequenceLength = defineOp({
  type: 'SequenceLength',
  domain: '',
  since: 11,
  arity: [1, 1],
  attributes: {},
  layout: { kind: 'plain' },
  infer: () => [{ dtype: 'int64', dims: [] }],
  run: (context) => [int64Tensor([], [itemsOf(context.input(0)).length])],
  quant,
});

const splitToSequence = defineOp({
  type: 'SplitToSequence',
  domain: '',
  since: 11,
  arity: [1, 2],
  attributes: { axis: { kind: 'int', default: 0 }, keepdims: { kind: 'int', default: 1 } },
  layout: { kind: 'plain' },
  infer: (context) => {
    const { dtype, dims } = context.input(0);
    if (dims === undefined) return [{ dtype: 'sequence', dims: [context.symbol('length')], element: { dtype, dims } }];
    const axis = axisOf(context, context.attributes.axis, dims.length);
    const length = dims[axis] as number | string;
    const split = context.inputs[1];
    const sizes = split === undefined ? [] : knownNumbers(split);
    const count = split === undefined ? length : split.dims?.length === 1 ? split.dims[0] : undefined;
    const whole = split === undefined ? 1 : sizes?.every((s) => s === sizes[0]) ? sizes[0] : undefined;
    const drops = split === undefined && context.attributes.keepdims === 0;
    const part = drops ? dims.filter((_, i) => i !== axis) : replacedAt(dims, axis, whole ?? context.symbol('part'));
    return [{ dtype: 'sequence', dims: [count ?? context.symbol('length')], element: { dtype, dims: part } }];
  },
  run: (context) => {
    const x = context.input(0);
    const [, split] = context.inputs;
    const axis = axisOf(context, context.attributes.axis, x.dims.length);
    const length = x.dims[axis] as number; // the axis was checked
    if (split === undefined && context.attributes.keepdims === 0) {
      return [sequenceOf(Array.from({ length }, (_, i) => taken(x, axis, i)))];
    }
    const sizes = partSizes(context, split, length);
    let start = 0;
    const parts = sizes.map((size) => {
      start += size;
      return slab(x, axis, start - size, size);
    });
    return [sequenceOf(parts)];
  },
  quant,
});

/** Lengths of the parts: all 1 without `split`, the last one shorter where `split` is a scalar. */
function partSizes<S extends AttributeSpecs>(
  context: RunContext<S>,
  split: Tensor | undefined,
  length: number,
): readonly number[] {
  if (split === undefined) return new Array<number>(length).fill(1);
  const sizes = toNumbers(split);
  if (split.dims.length === 0) {
    const [size = 0] = sizes;
    if (size <= 0) return context.fail(`a part of ${size} elements; split must be positive`);
    return Array.from({ length: Math.ceil(length / size) }, (_, i) => Math.min(size, length - i * size));
  }
  const sum = sizes.reduce((a, b) => a + b, 0);
  if (sum !== length) return context.fail(`parts of ${sizes.join(', ')} make ${sum} elements, the axis has ${length}`);
  return sizes;
}

const concatFromSequence = defineOp({
  type: 'ConcatFromSequence',
  domain: '',
  since: 11,
  arity: [1, 1],
  attributes: { axis: { kind: 'int', required: true }, new_axis: { kind: 'int', default: 0 } },
  layout: { kind: 'plain' },
  infer: (context) => {
    const { dims, element } = context.input(0);
    if (element === undefined) return [undefined];
    const { axis, new_axis } = context.attributes;
    const [length = context.symbol('length')] = dims ?? [];
    if (element.dims === undefined) return [{ dtype: element.dtype, dims: undefined }];
    const rank = element.dims.length + new_axis;
    const at = axisOf(context, axis, rank);
    const inner = element.dims.map((d) => (typeof d === 'number' ? d : context.symbol('element')));
    if (new_axis === 1) inner.splice(at, 0, length);
    else
      inner[at] =
        typeof length === 'number' && typeof inner[at] === 'number' ? length * inner[at] : context.symbol('sum');
    return [{ dtype: element.dtype, dims: inner }];
  },
  run: (context) => {
    const items = itemsOf(context.input(0));
    const [first] = items;
    if (first === undefined) return context.fail('an empty sequence has nothing to concatenate');
    const { axis, new_axis } = context.attributes;
    if (new_axis === 1) return [stacked(items, axisOf(context, axis, first.dims.length + 1), first)];
    return [concatenated(items, axisOf(context, axis, first.dims.length), first)];
  },
  quant,
});

function concatenated(items: readonly Tensor[], axis: number, first: Tensor): Tensor {
  const total = items.reduce((sum, t) => sum + (t.dims[axis] ?? 0), 0);
  const out = heapTensor(first.dtype, replacedAt(first.dims, axis, total));
  const strides = stridesOf(out.dims);
  let start = 0;
  for (const item of items) {
    copyStrided(item.dims, whole(item), { cells: cellsOf(out), offset: start * (strides[axis] as number), strides });
    start += item.dims[axis] as number; // concatenated along an axis they all have
  }
  return out;
}

/** SequenceMap: the body once per element of the first sequence; tensors beside it go to every run. */
const sequenceMap = defineOp({
  type: 'SequenceMap',
  domain: '',
  since: 17,
  arity: [1, Number.MAX_SAFE_INTEGER],
  attributes: { body: { kind: 'graph', required: true } },
  layout: { kind: 'plain' },
  infer: (context) => {
    const inputs = context.inputs.map((fact) =>
      fact?.dtype === 'sequence' ? elementFact(fact.element, context.symbol) : fact && withoutElements(fact),
    );
    const { dims } = context.input(0);
    return context
      .body('body', inputs)
      .map((element) => ({ dtype: 'sequence', dims, ...(element && { element: withoutElements(element) }) }));
  },
  run: (context) => {
    const { length } = itemsOf(context.input(0));
    const runs = Array.from({ length }, (_, i) =>
      context.body(
        'body',
        context.inputs.map((_, k) => {
          const t = context.input(k);
          return t.dtype === 'sequence' ? (itemsOf(t)[i] ?? context.fail(`sequence ${k} has no element ${i}`)) : t;
        }),
      ),
    );
    return Array.from({ length: context.outputCount }, (_, k) => sequenceOf(runs.map((made) => made[k] as Tensor))); // every run has all outputs
  },
  quant,
});

/** Operators on sequences of tensors. */
export const sequenceOps: readonly OpDef[] = [
  sequenceEmpty,
  sequenceConstruct,
  sequenceInsert,
  sequenceErase,
  sequenceAt,
  sequenceLength,
  splitToSequence,
  concatFromSequence,
  sequenceMap,
];
