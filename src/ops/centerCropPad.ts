import { formatDims, stridesOf } from '../base/shape.ts';
import { toNumbers } from '../base/tensor.ts';
import type { Dim } from '../graph/model.ts';
import { cellsOf, copyStrided, outputOf } from './cells.ts';
import { axesOf, knownElements } from './facts.ts';
import { defineOp, type OpDef } from './opDef.ts';

/** Each axis cut or filled with zeros at both ends to a given length; what is odd goes to the end. */
const centerCropPad = defineOp({
  type: 'CenterCropPad',
  domain: '',
  since: 18,
  arity: [2, 2],
  attributes: { axes: { kind: 'ints' } },
  layout: { kind: 'plain' },
  infer: (context) => {
    const { dtype, dims } = context.input(0);
    if (dims === undefined) return [{ dtype, dims }];
    const axes = axesOf(context, context.attributes.axes ?? dims.map((_, i) => i), dims.length);
    const lengths = knownElements(context.input(1));
    if (lengths !== undefined && lengths.length !== axes.length) {
      context.fail(`shape ${formatDims(lengths)} does not name a length for each of ${axes.length} axes`);
    }
    const out: Dim[] = [...dims];
    for (const [i, axis] of axes.entries()) out[axis] = lengths?.[i] ?? context.symbol('cropped');
    return [{ dtype, dims: out }];
  },
  run: (context) => {
    const x = context.input(0);
    const axes = context.attributes.axes ?? x.dims.map((_, i) => i);
    const lengths = toNumbers(context.input(1));
    if (lengths.some((n) => n < 0)) context.fail(`shape ${formatDims(lengths)} has a negative length`);
    const dims = [...x.dims];
    for (const [i, axis] of axes.entries()) dims[axis < 0 ? axis + dims.length : axis] = lengths[i] as number;
    const out = outputOf(context, 0, x.dtype, dims);
    const cells = cellsOf(out);
    if (!Array.isArray(cells)) (cells as Uint8Array).fill(0); // zero bits are zero in every type
    const [from, to] = [stridesOf(x.dims), stridesOf(dims)];
    let [fromOffset, toOffset] = [0, 0];
    const block = dims.map((length, d) => {
      const whole = x.dims[d] as number;
      if (length < whole) fromOffset += Math.floor((whole - length) / 2) * (from[d] as number);
      else toOffset += Math.floor((length - whole) / 2) * (to[d] as number);
      return Math.min(length, whole);
    });
    copyStrided(
      block,
      { cells: cellsOf(x), offset: fromOffset, strides: from },
      { cells, offset: toOffset, strides: to },
    );
    return [out];
  },
  quant: () => ({ kind: 'float', why: 'It may fill with zeros, which codes need not hold exactly.' }),
});

/** Centred cuts. */
export const centerCropPadOps: readonly OpDef[] = [centerCropPad];
