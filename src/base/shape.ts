/** Number of elements of a shape; 1 for a scalar. */
export function sizeOf(dims: readonly number[]): number {
  let size = 1;
  for (const d of dims) size *= d;
  return size;
}

/** C-order strides in elements: [2, 3, 4] has strides [12, 4, 1]. */
export function stridesOf(dims: readonly number[]): number[] {
  const strides = new Array<number>(dims.length);
  let step = 1;
  for (let i = dims.length - 1; i >= 0; i--) {
    strides[i] = step;
    step *= dims[i] as number;
  }
  return strides;
}

/** `axis` counted from the front; negative ones count from the back of `rank` dimensions. `undefined` when outside. */
export function normalizeAxis(axis: number, rank: number): number | undefined {
  const a = axis < 0 ? axis + rank : axis;
  return a >= 0 && a < rank ? a : undefined;
}

export function sameDims(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((d, i) => d === b[i]);
}

/** The common shape of NumPy broadcasting, or `undefined` where two dimensions differ and neither is 1. */
export function broadcastDims(a: readonly number[], b: readonly number[]): number[] | undefined {
  const rank = Math.max(a.length, b.length);
  const out = new Array<number>(rank);
  for (let i = 0; i < rank; i++) {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (x !== y && x !== 1 && y !== 1) return undefined;
    out[i] = x === 1 ? y : x;
  }
  return out;
}

/** `1 x 3 x 224 x 224`-free form for messages: `[1, 3, 224, 224]`. */
export function formatDims(dims: readonly (number | string)[]): string {
  return `[${dims.join(', ')}]`;
}

/** `dims` with dimension `axis`, counted from either end, replaced by `dim`. */
export function replacedAt<D>(dims: readonly D[], axis: number, dim: D): D[] {
  const at = axis < 0 ? axis + dims.length : axis;
  return dims.map((d, i) => (i === at ? dim : d));
}
