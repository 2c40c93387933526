import { rint } from '../base/round.ts';
import { sizeOf } from '../base/shape.ts';
import type { Dim } from '../graph/model.ts';
import { indexOf } from './convDirect.ts';
import { numbersOf, stored } from './numbers.ts';
import { defineOp, type OpDef } from './opDef.ts';

type Padding = 'zeros' | 'border' | 'reflection';

/** Position in an axis of `size` for a coordinate in [-1, 1]. */
function denormalize(x: number, size: number, alignCorners: boolean): number {
  return alignCorners ? ((x + 1) / 2) * (size - 1) : ((x + 1) * size - 1) / 2;
}

/** A position folded back into [lo, hi] by reflection at its ends. */
function reflect(x: number, lo: number, hi: number): number {
  const span = hi - lo;
  if (span === 0) return lo;
  const distance = Math.abs(x - lo) % (2 * span);
  return distance <= span ? lo + distance : hi - (distance - span);
}

/** The index that padding makes of `i`; -1 where a zero stands. */
function padded(i: number, size: number, padding: Padding, alignCorners: boolean): number {
  if (i >= 0 && i < size) return i;
  if (padding === 'zeros') return -1;
  if (padding === 'border') return Math.min(Math.max(i, 0), size - 1);
  const folded = alignCorners ? reflect(i, 0, size - 1) : reflect(i, -0.5, size - 0.5);
  return Math.min(Math.max(Math.round(folded), 0), size - 1);
}

interface Tap {
  readonly index: number;
  readonly weight: number;
}

/** Positions and weights of one axis. */
function tapsAt(x: number, mode: string): Tap[] {
  if (mode === 'nearest') return [{ index: rint(x), weight: 1 }];
  const left = Math.floor(x);
  const r = x - left;
  if (mode === 'linear') {
    return [
      { index: left, weight: 1 - r },
      { index: left + 1, weight: r },
    ];
  }
  const a = -0.75;
  const near = (d: number) => (a + 2) * d ** 3 - (a + 3) * d ** 2 + 1;
  const far = (d: number) => a * d ** 3 - 5 * a * d ** 2 + 8 * a * d - 4 * a;
  return [far(1 + r), near(r), near(1 - r), far(2 - r)].map((weight, k) => ({ index: left - 1 + k, weight }));
}

/** x [N, C, spatial...] sampled at grid [N, out..., rank], whose last dimension counts from the fastest axis. */
const gridSample = defineOp({
  type: 'GridSample',
  domain: '',
  since: 16,
  arity: [2, 2],
  attributes: {
    align_corners: { kind: 'int', default: 0 },
    mode: { kind: 'string', default: 'linear' },
    padding_mode: { kind: 'string', default: 'zeros' },
  },
  layout: { kind: 'plain' },
  infer: (context) => {
    const [x, grid] = [context.input(0), context.input(1)];
    if (x.dims === undefined || grid.dims === undefined) return [{ dtype: x.dtype, dims: undefined }];
    if (grid.dims.length !== x.dims.length)
      context.fail(`the grid has rank ${grid.dims.length}, expected ${x.dims.length}`);
    return [{ dtype: x.dtype, dims: [x.dims[0] as Dim, x.dims[1] as Dim, ...grid.dims.slice(1, -1)] }];
  },
  run: (context) => {
    const [x, grid] = [context.input(0), context.input(1)];
    const mode = { bilinear: 'linear', bicubic: 'cubic' }[context.attributes.mode] ?? context.attributes.mode;
    const padding = context.attributes.padding_mode as Padding;
    const align = context.attributes.align_corners !== 0;
    const [batch, channels, ...spatial] = x.dims as [number, number, ...number[]];
    const outSpatial = grid.dims.slice(1, -1);
    const out = context.output(0, x.dtype as 'float32', [batch, channels, ...outSpatial]); // numeric by its definition
    const [from, at, to] = [numbersOf(x), numbersOf(grid), numbersOf(out)];
    const [size, points, rank] = [sizeOf(spatial), sizeOf(outSpatial), spatial.length];
    for (let n = 0; n < batch; n++) {
      for (let p = 0; p < points; p++) {
        const axes = spatial.map((length, d) => {
          let position = denormalize(at[(n * points + p) * rank + (rank - 1 - d)] as number, length, align);
          if (padding === 'border')
            position = mode === 'cubic' ? position : Math.min(Math.max(position, 0), length - 1);
          if (padding === 'reflection' && mode !== 'cubic')
            position = align
              ? reflect(position, 0, length - 1)
              : Math.min(Math.max(reflect(position, -0.5, length - 0.5), 0), length - 1);
          return tapsAt(position, mode);
        });
        const counts = axes.map((a) => a.length);
        const corners = Array.from({ length: sizeOf(counts) }, (_, k) =>
          cornerOf(indexOf(k, counts), axes, spatial, padding, align),
        );
        for (let c = 0; c < channels; c++) {
          const base = (n * channels + c) * size;
          let sum = 0;
          for (const { index, weight } of corners) if (index >= 0) sum += weight * (from[base + index] as number);
          to[(n * channels + c) * points + p] = sum;
        }
      }
    }
    return [stored(out)];
  },
  quant: () => ({ kind: 'float', why: 'GridSample interpolates at computed places; it has no 8-bit form.' }),
});

function cornerOf(
  pick: readonly number[],
  axes: readonly (readonly Tap[])[],
  spatial: readonly number[],
  padding: Padding,
  align: boolean,
): Tap {
  let index = 0;
  let weight = 1;
  for (const [d, taps] of axes.entries()) {
    const tap = taps[pick[d] as number] as Tap;
    const i = padded(tap.index, spatial[d] as number, padding, align);
    if (i < 0) return { index: -1, weight: 0 };
    index = index * (spatial[d] as number) + i;
    weight *= tap.weight;
  }
  return { index, weight };
}

/** Sampling at computed places. */
export const gridSampleOps: readonly OpDef[] = [gridSample];
