import { sizeOf, stridesOf } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import { indexOf, logicalOf, logicalStrides, physicalOf } from './convDirect.ts';
import { numbersOf, stored } from './numbers.ts';
import type { AttributeSpecs, AttributeValues, RunContext } from './opDef.ts';
import type { Window } from './window.ts';

/** What one window covers: offsets of the elements inside the image, and how many lie inside image and padding. */
interface Covered {
  /** Offsets in memory from the channel's first element. */
  readonly offsets: readonly number[];
  /** The same elements as flat C-order spatial indexes. */
  readonly spatial: readonly number[];
  /** Elements inside the image or its padding. */
  readonly padded: number;
}

type Reduce = (x: ArrayLike<number>, base: number, covered: Covered) => number;

/** Pools any rank and numeric type by definition: ranks, types and options that the kernels do not take. */
function poolDirectly<S extends AttributeSpecs, P>(context: RunContext<S, P>, window: Window, reduce: Reduce): Tensor {
  const x = context.input(0);
  const dims = logicalOf(x.dims);
  const [batch, channels] = dims as [number, number];
  const out = context.output(0, x.dtype, physicalOf([batch, channels, ...window.out]));
  const [from, to] = [logicalStrides(x.dims), logicalStrides(out.dims)];
  const [source, target] = [numbersOf(x), numbersOf(out)];
  for (let p = 0; p < sizeOf(window.out); p++) {
    const at = indexOf(p, window.out);
    const covered = coveredBy(window, at, dims.slice(2), from.slice(2));
    const place = at.reduce((sum, i, d) => sum + i * (to[d + 2] as number), 0);
    for (let n = 0; n < batch; n++) {
      for (let c = 0; c < channels; c++) {
        const base = n * (from[0] as number) + c * (from[1] as number);
        target[n * (to[0] as number) + c * (to[1] as number) + place] = reduce(source, base, covered);
      }
    }
  }
  return stored(out);
}

function coveredBy(
  window: Window,
  at: readonly number[],
  spatialDims: readonly number[],
  strides: readonly number[],
): Covered {
  const offsets: number[] = [];
  const spatial: number[] = [];
  const flat = stridesOf(spatialDims);
  let padded = 0;
  for (let t = 0; t < sizeOf(window.kernel); t++) {
    let inside = true;
    let insidePadding = true;
    let offset = 0;
    let index = 0;
    indexOf(t, window.kernel).forEach((tap, d) => {
      const size = spatialDims[d] as number;
      const i =
        (at[d] as number) * (window.strides[d] as number) +
        tap * (window.dilations[d] as number) -
        (window.padBegin[d] as number);
      if (i < 0 || i >= size) inside = false;
      if (i >= size + (window.padEnd[d] as number)) insidePadding = false;
      offset += i * (strides[d] as number);
      index += i * (flat[d] as number);
    });
    if (insidePadding) padded++;
    if (!inside) continue;
    offsets.push(offset);
    spatial.push(index);
  }
  return { offsets, spatial, padded };
}

export function averageDirectly<S extends AttributeSpecs, P>(
  context: RunContext<S, P>,
  window: Window,
  countPadding: boolean,
): readonly Tensor[] {
  return [
    poolDirectly(context, window, (x, base, { offsets, padded }) => {
      let sum = 0;
      for (const o of offsets) sum += x[base + o] as number;
      return sum / (countPadding ? padded : offsets.length);
    }),
  ];
}

/** (sum |x|^p)^(1/p) over the window. */
export function lpDirectly<S extends AttributeSpecs, P>(
  context: RunContext<S, P>,
  window: Window,
  p: number,
): readonly Tensor[] {
  return [
    poolDirectly(context, window, (x, base, { offsets }) => {
      let sum = 0;
      for (const o of offsets) sum += Math.abs(x[base + o] as number) ** p;
      return sum ** (1 / p);
    }),
  ];
}

/** Maximum, and with a second output its flat index in the whole tensor [N, C, spatial...]. */
export function maxDirectly<S extends AttributeSpecs, P>(context: RunContext<S, P>, window: Window): readonly Tensor[] {
  const y = poolDirectly(context, window, (x, base, { offsets }) => {
    let max = -Infinity;
    for (const o of offsets) max = Math.max(max, x[base + o] as number);
    return max;
  });
  if (context.outputCount < 2) return [y];
  return [y, argMax(context, window, y)];
}

function argMax<S extends AttributeSpecs, P>(context: RunContext<S, P>, window: Window, y: Tensor): Tensor {
  const x = context.input(0);
  const dims = logicalOf(x.dims);
  const spatialDims = dims.slice(2);
  const [batch, channels] = dims as [number, number];
  const indices = context.output(1, 'int64', y.dims);
  const [from, to] = [logicalStrides(x.dims), logicalStrides(y.dims)];
  const source = numbersOf(x);
  const columnMajor = (context.attributes as AttributeValues<AttributeSpecs>).storage_order === 1;
  for (let p = 0; p < sizeOf(window.out); p++) {
    const at = indexOf(p, window.out);
    const { offsets, spatial } = coveredBy(window, at, spatialDims, from.slice(2));
    const place = at.reduce((sum, i, d) => sum + i * (to[d + 2] as number), 0);
    for (let nc = 0; nc < batch * channels; nc++) {
      const [n, c] = [Math.floor(nc / channels), nc % channels];
      const base = n * (from[0] as number) + c * (from[1] as number);
      let best = 0;
      offsets.forEach((o, i) => {
        if ((source[base + o] as number) > (source[base + (offsets[best] as number)] as number)) best = i;
      });
      const flat = spatial[best] as number;
      const index = columnMajor ? columnMajorIndex(flat, spatialDims) : flat;
      indices.data[n * (to[0] as number) + c * (to[1] as number) + place] = BigInt(nc * sizeOf(spatialDims) + index);
    }
  }
  return indices;
}

function columnMajorIndex(flat: number, dims: readonly number[]): number {
  let step = 1;
  return indexOf(flat, dims).reduce((sum, i, d) => {
    const next = sum + i * step;
    step *= dims[d] as number;
    return next;
  }, 0);
}
