import { formatDims, stridesOf } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import type { Dim } from '../graph/model.ts';
import { cellsOf, copyStrided, outputOf, whole } from './cells.ts';
import { codesOf, type MovedTables, movesCodes } from './codes.ts';
import { axesOf } from './facts.ts';
import { floatsOf, isFloat32Stored } from './numbers.ts';
import { defineOp, type OpDef, type RunContext } from './opDef.ts';

const attributes = { perm: { kind: 'ints' } } as const;

function run(context: RunContext<typeof attributes>): Tensor[] {
  const x = context.input(0);
  const perm = context.attributes.perm ?? x.dims.map((_, i) => x.dims.length - 1 - i);
  const dims = perm.map((p) => x.dims[p] as number);
  const out = outputOf(context, 0, x.dtype, dims);
  const swap = asSwap(x.dims, perm);
  if (swap?.[0] === 1 && isFloat32Stored(x.dtype)) {
    context.kernels.transposeF32(floatsOf(x), floatsOf(out), ...swap);
  } else if (swap?.[0] === 1 && (x.dtype === 'int8' || x.dtype === 'uint8')) {
    context.kernels.transpose8(codesOf(x), codesOf(out), ...swap);
  } else {
    const strides = stridesOf(x.dims);
    copyStrided(
      dims,
      { cells: cellsOf(x), offset: 0, strides: perm.map((p) => strides[p] as number) },
      whole(out),
      context.kernels,
    );
  }
  return [out];
}

/** The permutation as one that swaps two adjacent groups of dimensions behind a fixed front, if it is one. */
function asSwap(
  dims: readonly number[],
  perm: readonly number[],
): [batch: number, rows: number, columns: number] | undefined {
  let front = 0;
  while (front < perm.length && perm[front] === front) front++;
  const cut = perm.indexOf(front);
  if (cut < 0 || front === perm.length) return undefined;
  const tail = perm.slice(front);
  const expected = [...tail].sort((a, b) => a - b);
  const shift = tail[0] as number;
  const rotated = [...expected.filter((p) => p >= shift), ...expected.filter((p) => p < shift)];
  if (rotated.some((p, i) => p !== tail[i])) return undefined;
  const product = (from: number, to: number) => dims.slice(from, to).reduce((a, b) => a * b, 1);
  return [product(0, front), product(front, shift), product(shift, dims.length)];
}

const transpose = defineOp<typeof attributes, undefined, MovedTables>({
  type: 'Transpose',
  domain: '',
  since: 1,
  arity: [1, 1],
  attributes,
  layout: { kind: 'plain' },
  infer: (context) => {
    const { dtype, dims } = context.input(0);
    const { perm } = context.attributes;
    if (dims === undefined) return [{ dtype, dims: perm?.map(() => context.symbol('transpose')) }];
    const order = perm ?? dims.map((_, i) => dims.length - 1 - i);
    if (order.length !== dims.length) context.fail(`perm ${formatDims(order)} does not fit shape ${formatDims(dims)}`);
    return [{ dtype, dims: axesOf(context, order, dims.length).map((p) => dims[p] as Dim) }];
  },
  run,
  quant: () => ({ kind: 'sharesInput' }),
  integer: movesCodes(run),
});

/** Permutes dimensions. */
export const transposeOps: readonly OpDef[] = [transpose];
