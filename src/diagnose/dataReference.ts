/** One quantization of growing error. */
export interface ReferencePoint {
  /** Mean of the first output. */
  readonly cosine: number;
  /** 0..1. */
  readonly top1: number;
}

/** Half a point: what people call no loss. */
const HALF_A_POINT = 0.005;

/** How far top-1 may be from the float model's: half a point, or one deviation of as many tosses where that is more. */
export function marginOf(floatTop1: number, samples: number): number {
  return Math.max(HALF_A_POINT, Math.sqrt((floatTop1 * (1 - floatTop1)) / samples));
}

/**
 * The least cosine down to which all points hold the float model's top-1 within the margin; null where the best does not.
 *
 * @param points in any order.
 */
export function enoughOf(points: readonly ReferencePoint[], floatTop1: number, margin: number): number | null {
  let enough: number | null = null;
  for (const { cosine, top1 } of [...points].sort((a, b) => b.cosine - a.cosine)) {
    if (floatTop1 - top1 > margin) break;
    enough = cosine;
  }
  return enough;
}
