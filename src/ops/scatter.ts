import { isBigInt } from '../base/dtype.ts';
import { formatDims, sizeOf, stridesOf } from '../base/shape.ts';
import { type Tensor, toNumbers } from '../base/tensor.ts';
import { arithmetic } from './arithmetic.ts';
import { cellsOf, copyStrided, outputOf, whole } from './cells.ts';
import { indexOf } from './convDirect.ts';
import { axisOf, dimsOfRank, expectDims } from './facts.ts';
import { checkedIndex } from './gather.ts';
import { bigintsOf, numbersOf } from './numbers.ts';
import { type AttributeSpecs, defineOp, type OpDef, type QuantRule, type RunContext } from './opDef.ts';

const MOVES: QuantRule = {
  kind: 'float',
  why: 'It writes parts of one tensor into another, which may have other parameters.',
};

const REDUCE: Readonly<Record<string, 'Add' | 'Mul' | 'Max' | 'Min'>> = {
  add: 'Add',
  mul: 'Mul',
  max: 'Max',
  min: 'Min',
};

/** out[to] = updates[from], or combined with what is there. */
function writer(out: Tensor, updates: Tensor, reduction: string): (to: number, from: number) => void {
  const name = REDUCE[reduction];
  if (name === undefined) {
    const [a, b] = [cellsOf(out) as Uint32Array, cellsOf(updates) as Uint32Array]; // only read and written
    return (to, from) => {
      a[to] = b[from] as number;
    };
  }
  if (isBigInt(out.dtype)) {
    const [a, b] = [bigintsOf(out), bigintsOf(updates)];
    return (to, from) => {
      a[to] = arithmetic[name].big(a[to] as bigint, b[from] as bigint);
    };
  }
  const [a, b] = [numbersOf(out), numbersOf(updates)];
  return (to, from) => {
    a[to] = arithmetic[name].float(a[to] as number, b[from] as number);
  };
}

function copyOfInput<S extends AttributeSpecs>(context: RunContext<S>): Tensor {
  const x = context.input(0);
  const out = outputOf(context, 0, x.dtype, x.dims);
  copyStrided(x.dims, whole(x), whole(out));
  return out;
}

const elementAttributes = {
  axis: { kind: 'int', default: 0 },
  reduction: { kind: 'string', default: 'none' },
} as const;

function scatterElements(type: 'Scatter' | 'ScatterElements', since: number): OpDef {
  return defineOp({
    type,
    domain: '',
    since,
    arity: [3, 3],
    attributes: elementAttributes,
    layout: { kind: 'plain' },
    infer: (context) => {
      const { dtype, dims } = context.input(0);
      if (dims !== undefined) axisOf(context, context.attributes.axis, dims.length);
      if (dims !== undefined) dimsOfRank(context, 1, dims.length);
      expectDims(context, 2, context.input(1).dims ?? context.inputs[2]?.dims ?? []);
      return [{ dtype, dims }];
    },
    run: (context) => {
      const [x, indices, updates] = [context.input(0), context.input(1), context.input(2)];
      const axis = context.attributes.axis < 0 ? context.attributes.axis + x.dims.length : context.attributes.axis;
      const out = copyOfInput(context);
      const write = writer(out, updates, context.attributes.reduction);
      const strides = stridesOf(x.dims);
      toNumbers(indices).forEach((index, i) => {
        const at = indexOf(i, indices.dims);
        at[axis] = checkedIndex((m) => context.fail(m), index, x.dims[axis] as number);
        write(
          at.reduce((sum, v, d) => sum + v * (strides[d] as number), 0),
          i,
        );
      });
      return [out];
    },
    quant: () => MOVES,
  });
}

const scatterND = defineOp({
  type: 'ScatterND',
  domain: '',
  since: 11,
  arity: [3, 3],
  attributes: { reduction: { kind: 'string', default: 'none' } },
  layout: { kind: 'plain' },
  infer: (context) => {
    const { dtype, dims } = context.input(0);
    const depth = context.input(1).dims?.at(-1);
    if (dims !== undefined && typeof depth === 'number' && depth > dims.length) {
      context.fail(`indices of depth ${depth} do not fit shape ${formatDims(dims)}`);
    }
    return [{ dtype, dims }];
  },
  run: (context) => {
    const [x, indices, updates] = [context.input(0), context.input(1), context.input(2)];
    const out = copyOfInput(context);
    const depth = indices.dims.at(-1) as number;
    const block = sizeOf(x.dims.slice(depth));
    const strides = stridesOf(x.dims);
    const list = toNumbers(indices);
    const write = writer(out, updates, context.attributes.reduction);
    for (let r = 0; r < (depth === 0 ? 1 : list.length / depth); r++) {
      let to = 0;
      for (let d = 0; d < depth; d++) {
        to +=
          checkedIndex((m) => context.fail(m), list[r * depth + d] as number, x.dims[d] as number) *
          (strides[d] as number);
      }
      for (let i = 0; i < block; i++) write(to + i, r * block + i);
    }
    return [out];
  },
  quant: () => MOVES,
});

/** Writes elements at computed places. */
export const scatterOps: readonly OpDef[] = [
  scatterElements('Scatter', 9),
  scatterElements('ScatterElements', 11),
  scatterND,
];
