import { isNumericDType } from '../base/dtype.ts';
import { broadcastDims, sizeOf, stridesOf } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import type { Comparison } from '../kernels/kernelSet.ts';
import { broadcastLevels, zipBroadcast } from './broadcast.ts';
import { broadcastStrides, type Cells, cellsOf, copyStrided, outputOf } from './cells.ts';
import { dimsOfPair, inferPair } from './elementwise.ts';
import { broadcastFacts } from './facts.ts';
import { floatsOf, isFloat32Stored } from './numbers.ts';
import { type AttributeSpecs, defineOp, type OpDef, type RunContext } from './opDef.ts';
import { definePredicate } from './unary.ts';

type Comparable = number | bigint | string;

const COMPARE: Readonly<Record<string, (a: Comparable, b: Comparable) => boolean>> = {
  Equal: (a, b) => a === b,
  Less: (a, b) => a < b,
  LessOrEqual: (a, b) => a <= b,
  Greater: (a, b) => a > b,
  GreaterOrEqual: (a, b) => a >= b,
};

/** Kernels of the comparisons of float32 and int32; those of "greater" swap their operands. */
const KERNELS: Readonly<Record<string, { readonly op: Comparison; readonly swaps: boolean }>> = {
  Equal: { op: 'equal', swaps: false },
  Less: { op: 'less', swaps: false },
  LessOrEqual: { op: 'lessOrEqual', swaps: false },
  Greater: { op: 'less', swaps: true },
  GreaterOrEqual: { op: 'lessOrEqual', swaps: true },
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
      const kernel = KERNELS[type];
      if (kernel !== undefined && (isFloat32Stored(a.dtype) || a.dtype === 'int32')) {
        const [first, second] = kernel.swaps ? [b, a] : [a, b];
        const levels = broadcastLevels({ a: first.dims, b: second.dims, out: dims.out });
        context.kernels.compare(kernel.op, floatsOf(first), floatsOf(second), out.data, levels); // or both int32
        return [out];
      }
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
    const [condition, x, y] = tensors.map((t) => expandedCells(context, t, dims)) as [Uint8Array, Cells, Cells]; // bool first
    const target = cellsOf(out);
    if (!Array.isArray(target)) {
      context.kernels.whereCells(condition, x as typeof target, y as typeof target, target); // one dtype: infer checked
    } else for (let i = 0; i < target.length; i++) target[i] = (condition[i] === 0 ? y[i] : x[i]) as string;
    return [out];
  },
  quant: () => ({ kind: 'observed' }),
});

/** The cells of `t` as if its dims were `dims`: its own, or repeated in scratch. */
function expandedCells(
  context: Pick<RunContext<AttributeSpecs>, 'kernels' | 'scratch'>,
  t: Tensor,
  dims: readonly number[],
): Cells {
  const size = sizeOf(dims);
  if (sizeOf(t.dims) === size) return cellsOf(t);
  const data = isNumericDType(t.dtype) ? context.scratch(t.dtype, size) : new Array<string>(size);
  const cells = cellsOf({ ...t, dims, data } as Tensor);
  const from = { cells: cellsOf(t), offset: 0, strides: broadcastStrides(t.dims, dims) };
  copyStrided(dims, from, { cells, offset: 0, strides: stridesOf(dims) }, context.kernels);
  return cells;
}

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
