import { formatDims, sizeOf, stridesOf } from '../base/shape.ts';
import { toNumbers } from '../base/tensor.ts';
import type { Dim } from '../graph/model.ts';
import { indexOf } from './convDirect.ts';
import { countOf, divideDims, knownNumbers } from './facts.ts';
import { numbersOf, stored } from './numbers.ts';
import { defineOp, type OpDef } from './opDef.ts';
import { checkWindow, resolveWindow } from './window.ts';

/** Columns [N, C * block, positions] added up where sliding blocks of an image [N, C, spatial...] overlap. */
const col2Im = defineOp({
  type: 'Col2Im',
  domain: '',
  since: 18,
  arity: [3, 3],
  attributes: { dilations: { kind: 'ints' }, pads: { kind: 'ints' }, strides: { kind: 'ints' } },
  layout: { kind: 'plain' },
  infer: (context) => {
    const { dtype, dims } = context.input(0);
    const [image, block] = [knownNumbers(context.input(1)), knownNumbers(context.input(2))];
    const rank = image?.length ?? countOf(context.input(1).dims);
    if (dims === undefined || rank === undefined) return [{ dtype, dims: undefined }];
    if (dims.length !== 3) context.fail(`columns have shape ${formatDims(dims)}, expected [N, C * block, positions]`);
    const attributes = { ...context.attributes, auto_pad: 'NOTSET' };
    checkWindow(context, attributes, rank);
    let channels: Dim = context.symbol('channels');
    if (block !== undefined) {
      channels =
        divideDims(context, [dims[1] as Dim], block, 'channels') ??
        context.fail(`${dims[1]} rows are no multiple of a block ${formatDims(block)}`);
      const positions = image && sizeOf(resolveWindow(attributes, image, block, 'floor').out);
      if (positions !== undefined && typeof dims[2] === 'number' && dims[2] !== positions) {
        context.fail(`there are ${dims[2]} columns, but ${positions} positions of ${formatDims(block)} in the image`);
      }
    }
    const spatial = image ?? Array.from({ length: rank }, () => context.symbol('image'));
    return [{ dtype, dims: [dims[0] as Dim, channels, ...spatial] }];
  },
  run: (context) => {
    const x = context.input(0);
    const [image, block] = [toNumbers(context.input(1)), toNumbers(context.input(2))];
    const window = resolveWindow({ ...context.attributes, auto_pad: 'NOTSET' }, image, block, 'floor');
    const [taps, positions, size] = [sizeOf(block), sizeOf(window.out), sizeOf(image)];
    const [batch, rows] = x.dims as [number, number, number];
    const channels = rows / taps;
    const out = context.output(0, x.dtype as 'float32', [batch, channels, ...image]); // a number type
    const sums = new Float64Array(out.data.length);
    const from = numbersOf(x);
    const strides = stridesOf(image);
    const starts = Array.from({ length: positions }, (_, p) => indexOf(p, window.out));
    for (let tap = 0; tap < taps; tap++) {
      const offset = indexOf(tap, block);
      for (const [p, start] of starts.entries()) {
        const place = start.map(
          (s, d) =>
            s * (window.strides[d] as number) -
            (window.padBegin[d] as number) +
            (offset[d] as number) * (window.dilations[d] as number),
        );
        if (place.some((i, d) => i < 0 || i >= (image[d] as number))) continue;
        const at = place.reduce((sum, i, d) => sum + i * (strides[d] as number), 0);
        for (let plane = 0; plane < batch * channels; plane++) {
          const to = plane * size + at;
          sums[to] = (sums[to] as number) + (from[(plane * taps + tap) * positions + p] as number);
        }
      }
    }
    out.data.set(sums);
    return [stored(out)];
  },
  quant: () => ({ kind: 'float', why: 'It adds overlapping blocks, whose sums need parameters of their own.' }),
});

/** The inverse of cutting an image into blocks. */
export const col2ImOps: readonly OpDef[] = [col2Im];
