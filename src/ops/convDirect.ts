import { clamp } from '../base/round.ts';
import { sizeOf, stridesOf } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import { numbersOf, stored } from './numbers.ts';
import type { RunContext } from './opDef.ts';
import { resolveWindow, type WINDOW_ATTRIBUTES, type Window } from './window.ts';

type ConvLike = typeof WINDOW_ATTRIBUTES & { readonly group: { readonly kind: 'int'; readonly default: 1 } };

/** Strides of a tensor by logical dimension [N, C, spatial...], whichever way it lies in memory. */
export function logicalStrides(physical: readonly number[]): number[] {
  const s = stridesOf(physical);
  if (physical.length !== 4) return s;
  return [s[0] as number, s[3] as number, s[1] as number, s[2] as number];
}

/** Logical dims [N, C, spatial...] of a tensor of an `nhwc` step. */
export function logicalOf(physical: readonly number[]): number[] {
  if (physical.length !== 4) return [...physical];
  const [n, h, w, c] = physical as [number, number, number, number]; // rank just checked
  return [n, c, h, w];
}

/** Dims in memory of a logical [N, C, spatial...] of an `nhwc` step. */
export function physicalOf(logical: readonly number[]): number[] {
  if (logical.length !== 4) return [...logical];
  const [n, c, h, w] = logical as [number, number, number, number]; // rank just checked
  return [n, h, w, c];
}

/**
 * Convolution by its definition, for ranks and types the kernels do not take (3-D windows, float64).
 *
 * @param xZero subtracted from x; padding stays 0.
 */
export function convolveDirectly(context: RunContext<ConvLike, unknown>, xZero: number): Tensor {
  const x = context.input(0);
  const w = context.input(1);
  const dims = logicalOf(x.dims);
  const window = resolveWindow(context.attributes, dims.slice(2), w.dims.slice(2), 'floor');
  const outDims = [dims[0] as number, w.dims[0] as number, ...window.out];
  const out = context.output(0, x.dtype, physicalOf(outDims));
  const bias = context.inputs[2];
  const at = logicalStrides(out.dims);
  const y = numbersOf(out);
  const sums = directSums({
    x: numbersOf(x),
    xDims: x.dims,
    w: numbersOf(w),
    wDims: w.dims,
    window,
    group: context.attributes.group,
    xZero,
  });
  const spatial = sizeOf(window.out);
  for (let n = 0; n < (outDims[0] as number); n++) {
    for (let o = 0; o < (outDims[1] as number); o++) {
      const add = bias === undefined ? 0 : (numbersOf(bias)[o] as number);
      for (let p = 0; p < spatial; p++) {
        const position = positionOf(p, window.out, at.slice(2));
        const sum = sums(n, o, p) + add;
        y[n * (at[0] as number) + o * (at[1] as number) + position] = clamp(sum, context.clamp.lo, context.clamp.hi);
      }
    }
  }
  return stored(out);
}

/** What a direct sum needs: x in memory of an `nhwc` step, w [O, C/group, kernel...]. */
export interface DirectSums {
  readonly x: ArrayLike<number>;
  readonly xDims: readonly number[];
  readonly w: ArrayLike<number>;
  readonly wDims: readonly number[];
  readonly window: Window;
  readonly group: number;
  readonly xZero: number;
  /** Zero point of w, one or per output channel. */
  readonly wZero?: ArrayLike<number>;
}

/** A function of (n, output channel, flat spatial position) that sums the window's products in float64. */
export function directSums(s: DirectSums): (n: number, o: number, p: number) => number {
  const strides = logicalStrides(s.xDims);
  const dims = logicalOf(s.xDims);
  const [outChannels, perGroup] = s.wDims as [number, number];
  const taps = sizeOf(s.window.kernel);
  const tapIndex = Array.from({ length: taps }, (_, t) => indexOf(t, s.window.kernel));
  return (n, o, p) => {
    const position = indexOf(p, s.window.out);
    const firstChannel = Math.floor(o / (outChannels / s.group)) * perGroup;
    const wz = s.wZero === undefined ? 0 : (s.wZero[s.wZero.length === 1 ? 0 : o] as number);
    let sum = 0;
    for (let t = 0; t < taps; t++) {
      let offset = n * (strides[0] as number);
      let inside = true;
      const tap = tapIndex[t] as number[];
      for (let d = 0; d < tap.length; d++) {
        const at =
          (position[d] as number) * (s.window.strides[d] as number) +
          (tap[d] as number) * (s.window.dilations[d] as number) -
          (s.window.padBegin[d] as number);
        if (at < 0 || at >= (dims[d + 2] as number)) inside = false;
        offset += at * (strides[d + 2] as number);
      }
      if (!inside) continue;
      for (let c = 0; c < perGroup; c++) {
        const xv = (s.x[offset + (firstChannel + c) * (strides[1] as number)] as number) - s.xZero;
        sum += xv * ((s.w[(o * perGroup + c) * taps + t] as number) - wz);
      }
    }
    return sum;
  };
}

/** The index per dimension of flat position `p` in C order. */
export function indexOf(p: number, dims: readonly number[]): number[] {
  const index = new Array<number>(dims.length);
  let rest = p;
  for (let d = dims.length - 1; d >= 0; d--) {
    index[d] = rest % (dims[d] as number);
    rest = Math.floor(rest / (dims[d] as number));
  }
  return index;
}

function positionOf(p: number, dims: readonly number[], strides: readonly number[]): number {
  return indexOf(p, dims).reduce((sum, i, d) => sum + i * (strides[d] as number), 0);
}
