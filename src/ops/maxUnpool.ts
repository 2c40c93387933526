import { formatDims, sizeOf } from '../base/shape.ts';
import { toNumbers } from '../base/tensor.ts';
import type { Dim } from '../graph/model.ts';
import { cellsOf } from './cells.ts';
import { indexOf } from './convDirect.ts';
import { knownNumbers, mapDim } from './facts.ts';
import { checkedIndex } from './gather.ts';
import { defineOp, type OpDef } from './opDef.ts';

interface Unpooling {
  readonly kernel_shape: readonly number[];
  readonly pads: readonly number[] | undefined;
  readonly strides: readonly number[] | undefined;
}

/** The size before pooling of a dimension that is `size` after it. */
function unpooled({ kernel_shape, pads, strides }: Unpooling, size: number, axis: number): number {
  const pad = (pads?.[axis] ?? 0) + (pads?.[axis + kernel_shape.length] ?? 0);
  return (size - 1) * (strides?.[axis] ?? 1) - pad + (kernel_shape[axis] as number);
}

/**
 * Puts elements where a MaxPool found them; the rest is zero. Indices count in the whole tensor of the size before
 * pooling; a larger `output_shape` keeps that tensor in its first corner.
 */
const maxUnpool = defineOp({
  type: 'MaxUnpool',
  domain: '',
  since: 9,
  arity: [2, 3],
  attributes: {
    kernel_shape: { kind: 'ints', required: true },
    pads: { kind: 'ints' },
    strides: { kind: 'ints' },
  },
  layout: { kind: 'plain' },
  infer: (context) => {
    const { dtype, dims } = context.input(0);
    if (dims === undefined) return [{ dtype, dims }];
    const rank = context.attributes.kernel_shape.length;
    if (dims.length !== rank + 2) context.fail(`shape ${formatDims(dims)} does not fit a kernel of rank ${rank}`);
    if (context.inputs[2] !== undefined) {
      const given = knownNumbers(context.inputs[2]) ?? dims.map(() => context.symbol('unpooled'));
      return [{ dtype, dims: given }];
    }
    const spatial = dims
      .slice(2)
      .map((d, axis) => mapDim(context, d, (n) => unpooled(context.attributes, n, axis), 'unpooled'));
    return [{ dtype, dims: [dims[0] as Dim, dims[1] as Dim, ...spatial] }];
  },
  run: (context) => {
    const [x, indices] = [context.input(0), context.input(1)];
    const spatial = x.dims.slice(2).map((n, axis) => unpooled(context.attributes, n, axis));
    const inferred = [x.dims[0] as number, x.dims[1] as number, ...spatial];
    const dims = context.inputs[2] === undefined ? inferred : toNumbers(context.inputs[2]);
    const out = context.output(0, x.dtype as 'float32', dims); // a number type
    const [from, to] = [cellsOf(x) as Uint32Array, cellsOf(out) as Uint32Array]; // only read and written
    to.fill(0);
    const size = sizeOf(inferred);
    for (const [i, index] of toNumbers(indices).entries()) {
      const place = indexOf(
        checkedIndex((m) => context.fail(m), index, size),
        inferred,
      );
      const outside = place.some((p, d) => p >= (dims[d] as number));
      if (outside) context.fail(`index ${index} lies outside the output ${formatDims(dims)}`);
      to[place.reduce((at, p, d) => at * (dims[d] as number) + p, 0)] = from[i] as number;
    }
    return [out];
  },
  quant: () => ({ kind: 'float', why: 'It fills with zeros, which codes need not hold exactly.' }),
});

/** The inverse of pooling. */
export const maxUnpoolOps: readonly OpDef[] = [maxUnpool];
