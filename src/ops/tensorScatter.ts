import { formatDims, sizeOf } from '../base/shape.ts';
import { toNumbers } from '../base/tensor.ts';
import { cellsOf, copyStrided, outputOf, whole } from './cells.ts';
import { axisOf, sameDim } from './facts.ts';
import { defineOp, type OpDef } from './opDef.ts';

/**
 * Writes `update` into a cache along `axis`, from an index of each batch on; `circular` goes on at the beginning.
 *
 * @source ONNX TensorScatter-24.
 */
const tensorScatter = defineOp({
  type: 'TensorScatter',
  domain: '',
  since: 24,
  arity: [2, 3],
  attributes: { axis: { kind: 'int', default: -2 }, mode: { kind: 'string', default: 'linear' } },
  layout: { kind: 'plain' },
  infer: (context) => {
    const { dtype, dims } = context.input(0);
    const update = context.input(1).dims;
    const { mode } = context.attributes;
    if (mode !== 'linear' && mode !== 'circular') context.fail(`mode ${mode} is neither linear nor circular`);
    if (dims !== undefined && update !== undefined) {
      const axis = axisOf(context, context.attributes.axis, dims.length);
      if (axis === 0) context.fail('axis is that of the batch');
      if (update.length !== dims.length) {
        context.fail(`the update has shape ${formatDims(update)}, expected rank ${dims.length} as the cache`);
      }
      update.forEach((d, i) => {
        const size = dims[i] as typeof d;
        if (i !== axis) sameDim(context, size, d, `dim ${i} of cache and update`);
        else if (typeof d === 'number' && typeof size === 'number' && d > size) {
          context.fail(`an update of ${d} along axis ${axis} does not fit a cache of ${size}`);
        }
      });
    }
    return [{ dtype, dims }];
  },
  run: (context) => {
    const [cache, update, indices] = [context.input(0), context.input(1), context.inputs[2]];
    const axis = context.attributes.axis < 0 ? context.attributes.axis + cache.dims.length : context.attributes.axis;
    const out = outputOf(context, 0, cache.dtype, cache.dims);
    const [from, to] = [cellsOf(update) as Uint32Array, cellsOf(out) as Uint32Array]; // only moved
    copyStrided(cache.dims, whole(cache), whole(out));
    const inner = sizeOf(cache.dims.slice(axis + 1));
    const [length, count] = [cache.dims[axis] as number, update.dims[axis] as number];
    const rows = sizeOf(cache.dims.slice(0, axis));
    const perBatch = sizeOf(cache.dims.slice(1, axis));
    const starts = indices === undefined ? undefined : toNumbers(indices);
    for (let r = 0; r < rows; r++) {
      const start = starts?.[Math.floor(r / perBatch)] ?? 0;
      for (let s = 0; s < count; s++) {
        const at = context.attributes.mode === 'circular' ? (start + s) % length : start + s;
        if (at < 0 || at >= length) context.fail(`write index ${at} is outside a cache of ${length}`);
        const source = (r * count + s) * inner;
        for (let i = 0; i < inner; i++) to[(r * length + at) * inner + i] = from[source + i] as number;
      }
    }
    return [out];
  },
  quant: () => ({
    kind: 'float',
    why: 'It writes parts of one tensor into another, which may have other parameters.',
  }),
});

/** Updates of caches. */
export const tensorScatterOps: readonly OpDef[] = [tensorScatter];
