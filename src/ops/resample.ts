/** How a position of the output maps to one of the input, along one axis. */
export interface AxisMapping {
  readonly size: number;
  readonly out: number;
  readonly scale: number;
  readonly coordinates: string;
  /** Start and end of the region, as fractions of the axis; used by tf_crop_and_resize. */
  readonly roi: readonly [number, number];
}

export interface Interpolation {
  readonly mode: 'nearest' | 'linear' | 'cubic';
  readonly nearestMode: string;
  readonly cubicA: number;
  readonly excludeOutside: boolean;
  readonly antialias: boolean;
}

/** For each output position of an axis: which input positions count and how much. */
export interface Taps {
  /** Positions per output element. */
  readonly count: number;
  /** [out * count], inside the axis. */
  readonly index: Int32Array;
  /** [out * count]; they add up to 1. */
  readonly weight: Float64Array;
  /** [out]: 1 where the coordinate lies outside the input and the extrapolation value stands. */
  readonly outside: Uint8Array;
}

/**
 * The taps of one resized axis.
 *
 * @source ONNX Resize-19: coordinates, nearest modes, cubic coefficients and antialiasing as its text defines them.
 */
export function tapsOf(axis: AxisMapping, how: Interpolation): Taps {
  const { size, out } = axis;
  const shrink = how.antialias ? Math.min(axis.scale, 1) : 1;
  const reach = how.mode === 'cubic' ? 2 : 1;
  const first = Math.floor(-reach / shrink) + 1;
  const count = how.mode === 'nearest' ? 1 : 2 - 2 * first;
  const index = new Int32Array(out * count);
  const weight = new Float64Array(out * count);
  const outside = new Uint8Array(out);
  for (let x = 0; x < out; x++) {
    const at = coordinate(x, axis);
    if (axis.coordinates === 'tf_crop_and_resize' && (at < 0 || at > size - 1)) outside[x] = 1;
    const left = Math.ceil(at) - 1;
    if (how.mode === 'nearest') {
      index[x] = clampIndex(left + nearestOffset(at - left, how.nearestMode), size);
      weight[x] = 1;
      continue;
    }
    let sum = 0;
    for (let k = 0; k < count; k++) {
      const i = left + first + k;
      const distance = Math.abs(first + k - (at - left)) * shrink;
      const isOutside = i < 0 || i >= size;
      const w = how.excludeOutside && isOutside ? 0 : kernel(distance, how);
      index[x * count + k] = clampIndex(i, size);
      weight[x * count + k] = w;
      sum += w;
    }
    if (how.excludeOutside || how.antialias) {
      for (let k = 0; k < count; k++) weight[x * count + k] = (weight[x * count + k] as number) / sum;
    }
  }
  return { count, index, weight, outside };
}

function kernel(distance: number, { mode, cubicA: a }: Interpolation): number {
  const d = distance;
  if (mode === 'linear') return Math.max(0, 1 - d);
  if (d <= 1) return (a + 2) * d ** 3 - (a + 3) * d ** 2 + 1;
  return d < 2 ? a * d ** 3 - 5 * a * d ** 2 + 8 * a * d - 4 * a : 0;
}

function clampIndex(i: number, size: number): number {
  return Math.min(Math.max(i, 0), size - 1);
}

/** 0 for the left neighbour, 1 for the right; `ratio` in (0, 1] is the distance from the left one. */
function nearestOffset(ratio: number, mode: string): 0 | 1 {
  if (ratio === 1) return 1;
  if (mode === 'floor') return 0;
  if (mode === 'ceil') return 1;
  if (mode === 'round_prefer_ceil') return ratio >= 0.5 ? 1 : 0;
  return ratio > 0.5 ? 1 : 0;
}

/** The input coordinate of output position `x`. */
function coordinate(x: number, { size, out, scale, coordinates, roi }: AxisMapping): number {
  const length = scale * size;
  switch (coordinates) {
    case 'align_corners':
      return length === 1 ? 0 : (x * (size - 1)) / (length - 1);
    case 'asymmetric':
      return x / scale;
    case 'tf_crop_and_resize': {
      const span = (roi[1] - roi[0]) * (size - 1);
      return roi[0] * (size - 1) + (length === 1 ? span / 2 : (x * span) / (length - 1));
    }
    case 'tf_half_pixel_for_nn':
      return (x + 0.5) / scale;
    case 'pytorch_half_pixel':
      return length === 1 ? 0 : (x + 0.5) / scale - 0.5;
    case 'half_pixel_symmetric':
      return (size / 2) * (1 - out / length) + (x + 0.5) / scale - 0.5;
    default:
      return (x + 0.5) / scale - 0.5;
  }
}

/** Coordinate modes that {@link tapsOf} knows. */
export const COORDINATE_MODES: readonly string[] = [
  'half_pixel',
  'half_pixel_symmetric',
  'pytorch_half_pixel',
  'align_corners',
  'asymmetric',
  'tf_half_pixel_for_nn',
  'tf_crop_and_resize',
];

/** Resamples the middle dimension of x [outer, size, inner] into out [outer, taps, inner]. */
export function resampleAxis(
  x: ArrayLike<number>,
  out: { [index: number]: number },
  shape: { readonly outer: number; readonly size: number; readonly inner: number },
  taps: Taps,
): void {
  const { outer, size, inner } = shape;
  const { count, index, weight } = taps;
  const length = taps.outside.length;
  for (let o = 0; o < outer; o++) {
    for (let p = 0; p < length; p++) {
      const to = (o * length + p) * inner;
      if (count === 2) {
        const [left, right] = [
          (o * size + (index[2 * p] as number)) * inner,
          (o * size + (index[2 * p + 1] as number)) * inner,
        ];
        const [wl, wr] = [weight[2 * p] as number, weight[2 * p + 1] as number];
        for (let i = 0; i < inner; i++) out[to + i] = wl * (x[left + i] as number) + wr * (x[right + i] as number);
        continue;
      }
      for (let i = 0; i < inner; i++) {
        let sum = 0;
        for (let k = p * count; k < (p + 1) * count; k++) {
          sum += (weight[k] as number) * (x[(o * size + (index[k] as number)) * inner + i] as number);
        }
        out[to + i] = sum;
      }
    }
  }
}
