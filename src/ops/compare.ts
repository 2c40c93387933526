import { isNumericDType } from '../base/dtype.ts';
import { broadcastDims, sizeOf } from '../base/shape.ts';
import { zipBroadcast } from './broadcast.ts';
import { broadcastStrides, type Cells, cellsOf, copyStrided, outputOf, whole } from './cells.ts';
import { dimsOfPair, inferPair } from './elementwise.ts';
import { broadcastFacts } from './facts.ts';
import { defineOp, type OpDef } from './opDef.ts';
import { definePredicate } from './unary.ts';

type Comparable = number | bigint | string;

const COMPARE: Readonly<Record<string, (a: Comparable, b: Comparable) => boolean>> = {
  Equal: (a, b) => a === b,
  Less: (a, b) => a < b,
  LessOrEqual: (a, b) => a <= b,
  Greater: (a, b) => a > b,
  GreaterOrEqual: (a, b) => a >= b,
};

/** A comparison of two inputs of one type that broadcast; the output is bool. */
function comparison(type: string, since: number): OpDef {
  const test = COMPARE[type] as (a: Comparable, b: Comparable) => boolean;
  return defineOp({
    type,
    domain: '',
    since,
    arity: [2, 2],
    attributes: {},
    layout: { kind: 'any' },
    infer: (context) => [{ ...inferPair(context), dtype: 'bool' }],
    run: (context) => {
      const [a, b] = [context.input(0), context.input(1)];
      const dims = dimsOfPair((m) => context.fail(m), a, b);
      const out = context.output(0, 'bool', dims.out);
      const [x, y] = [a.data as ArrayLike<Comparable>, b.data as ArrayLike<Comparable>];
      zipBroadcast(dims, x, y, out.data, (p, q) => Number(test(p, q)));
      return [out];
    },
    quant: () => ({ kind: 'float', why: `${type} has a bool output.` }),
  });
}

/** condition ? x : y, all three broadcast. */
const where = defineOp({
  type: 'Where',
  domain: '',
  since: 9,
  arity: [3, 3],
  attributes: {},
  layout: { kind: 'plain' },
  infer: (context) => {
    const [condition, x, y] = [context.input(0), context.input(1), context.input(2)];
    if (condition.dtype !== 'bool') context.fail(`condition is ${condition.dtype}, expected bool`);
    if (x.dtype !== y.dtype) context.fail(`x is ${x.dtype} and y is ${y.dtype}, expected one type`);
    const dims = broadcastFacts(context, broadcastFacts(context, condition.dims, x.dims), y.dims);
    return [{ dtype: x.dtype, dims }];
  },
  run: (context) => {
    const tensors = [context.input(0), context.input(1), context.input(2)] as const;
    const dims = tensors.reduce<readonly number[]>((d, t) => broadcastDims(d, t.dims) ?? d, []);
    const out = outputOf(context, 0, tensors[1].dtype, dims);
    const expanded = tensors.map((t): Cells => {
      const scratch: Cells = isNumericDType(t.dtype)
        ? cellsOf({ ...out, dtype: t.dtype, data: context.scratch(t.dtype, sizeOf(dims)) } as typeof t)
        : new Array<string>(sizeOf(dims));
      const target = { ...whole(out), cells: scratch };
      copyStrided(dims, { cells: cellsOf(t), offset: 0, strides: broadcastStrides(t.dims, dims) }, target);
      return scratch;
    }) as [Uint8Array, Uint32Array, Uint32Array]; // only read below
    const target = cellsOf(out) as Uint32Array; // as wide as x and y
    const [chosen, x, y] = expanded;
    for (let i = 0; i < target.length; i++) target[i] = (chosen[i] ? x[i] : y[i]) as number;
    return [out];
  },
  quant: () => ({ kind: 'observed' }),
});

const isInf = definePredicate({
  type: 'IsInf',
  since: 10,
  attributes: { detect_negative: { kind: 'int', default: 1 }, detect_positive: { kind: 'int', default: 1 } },
  test:
    ({ detect_negative, detect_positive }) =>
    (x) =>
      (x === Infinity && detect_positive !== 0) || (x === -Infinity && detect_negative !== 0),
});

const isNaNOp = definePredicate({ type: 'IsNaN', since: 9, test: () => Number.isNaN });

const not = definePredicate({ type: 'Not', since: 1, test: () => (x) => x === 0 });

/** Comparisons, and choices by them. */
export const compareOps: readonly OpDef[] = [
  comparison('Equal', 7),
  comparison('Less', 7),
  comparison('LessOrEqual', 12),
  comparison('Greater', 7),
  comparison('GreaterOrEqual', 12),
  where,
  isInf,
  isNaNOp,
  not,
];
