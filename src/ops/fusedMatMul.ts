import { sizeOf, stridesOf } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import { cellsOf, copyStrided } from './cells.ts';
import { countOf } from './facts.ts';
import { multiplyBatches, productDims } from './matMul.ts';
import { batchedMatMul, matMulDims } from './matMulDirect.ts';
import { floatsOf, isFloat32Stored, numbersOf, stored } from './numbers.ts';
import { type AttributeValues, defineOp, type OpDef, type RunContext } from './opDef.ts';

const ATTRIBUTES = {
  alpha: { kind: 'float', default: 1 },
  transA: { kind: 'int', default: 0 },
  transB: { kind: 'int', default: 0 },
  transBatchA: { kind: 'int', default: 0 },
  transBatchB: { kind: 'int', default: 0 },
} as const;
type Attributes = AttributeValues<typeof ATTRIBUTES>;

/** One operand: which permutation of its dimensions multiplies. */
interface Operand {
  readonly index: 0 | 1;
  readonly transposed: boolean;
  /** The first dimension is that of the rows, and the batch follows it: [M, batch..., K]. */
  readonly batchLast: boolean;
}

const operandsOf = (attributes: Attributes): readonly [Operand, Operand] => [
  { index: 0, transposed: attributes.transA !== 0, batchLast: attributes.transBatchA !== 0 },
  { index: 1, transposed: attributes.transB !== 0, batchLast: attributes.transBatchB !== 0 },
];

/** The dimensions in the order [batch..., rows, columns]; vectors stay as they are. */
function orderOf({ transposed, batchLast }: Operand, rank: number): readonly number[] {
  const order = Array.from({ length: rank }, (_, i) => i);
  if (rank < 2) return order;
  const [first, last] = batchLast ? [0, rank - 1] : [rank - 2, rank - 1];
  const batch = order.filter((i) => i !== first && i !== last);
  return transposed ? [...batch, last, first] : [...batch, first, last];
}

/**
 * y = alpha a b, each operand transposed or with its batch behind the first dimension where the attributes say so.
 *
 * @source ONNX Runtime, com.microsoft.FusedMatMul; TransposeMatMul is its older name.
 */
function fusedMatMul(type: 'FusedMatMul' | 'TransposeMatMul'): OpDef {
  return defineOp({
    type,
    domain: 'com.microsoft',
    since: 1,
    arity: [2, 2],
    attributes: ATTRIBUTES,
    layout: { kind: 'plain' },
    infer: (context) => {
      const [a, b] = operandsOf(context.attributes).map((operand) => {
        const { dims } = context.input(operand.index);
        return dims && orderOf(operand, dims.length).map((i) => dims[i] as (typeof dims)[number]);
      });
      const { dtype } = context.input(0);
      return [{ dtype, dims: a === undefined || b === undefined ? undefined : productDims(context, a, b) }];
    },
    run: runFusedMatMul,
    quant: () => ({ kind: 'float', why: `${type} may transpose its operands; quantize MatMul instead.` }),
    macs: ([a], [y], attributes) => {
      const order = a?.dims && orderOf(operandsOf(attributes)[0], a.dims.length);
      const k = order === undefined ? undefined : a?.dims?.[order.at(-1) as number];
      return typeof k === 'number' ? k * (countOf(y?.dims) ?? NaN) : NaN;
    },
  });
}

function runFusedMatMul(context: RunContext<typeof ATTRIBUTES>): Tensor[] {
  const [first, second] = operandsOf(context.attributes);
  const { alpha } = context.attributes;
  const a = ordered(context, first);
  const isFloat32 = isFloat32Stored(a.dtype);
  const isPackedTransposed = isFloat32 && second.transposed && context.input(1).dims.length > 1;
  const b = ordered(context, isPackedTransposed ? { ...second, transposed: false } : second);
  const columns = isPackedTransposed
    ? [...b.dims.slice(0, -2), b.dims.at(-1) as number, b.dims.at(-2) as number]
    : b.dims;
  const dims = matMulDims(a.dims, columns);
  const out = context.output(0, a.dtype, dims.out);
  if (!isFloat32) batchedMatMul(dims, a, b, out);
  else multiplyBatches(context, { ...dims, transposed: isPackedTransposed }, floatsOf(a), floatsOf(b), floatsOf(out));
  const y = numbersOf(out);
  if (alpha !== 1) for (let i = 0; i < y.length; i++) y[i] = alpha * (y[i] as number);
  return [stored(out, context.kernels)];
}

/** The operand with its dimensions in order, copied where they are not. */
function ordered(context: RunContext<typeof ATTRIBUTES>, operand: Operand): Tensor {
  const t = context.input(operand.index);
  const order = orderOf(operand, t.dims.length);
  if (order.every((axis, i) => axis === i)) return t;
  const dims = order.map((i) => t.dims[i] as number);
  const strides = stridesOf(t.dims);
  const copy: Tensor = { dtype: t.dtype, dims, data: context.scratch(t.dtype as 'float32', sizeOf(dims)) };
  const source = { cells: cellsOf(t), offset: 0, strides: order.map((i) => strides[i] as number) };
  copyStrided(dims, source, { cells: cellsOf(copy), offset: 0, strides: stridesOf(dims) });
  return copy;
}

/** Matrix products of transposed operands. */
export const fusedMatMulOps: readonly OpDef[] = [fusedMatMul('FusedMatMul'), fusedMatMul('TransposeMatMul')];
