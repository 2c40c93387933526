import type { Granularity } from '../base/quantParams.ts';
import { sizeOf, stridesOf } from '../base/shape.ts';

/** How the elements of a weight fall into channels: runs of `inner` elements of one channel, `count` channels in turn. */
export interface Channels {
  readonly count: number;
  readonly inner: number;
  /** Elements of one channel. */
  readonly size: number;
}

/** The channels of a tensor in C order; one where parameters are per tensor. */
export function channelsOf(dims: readonly number[], granularity: Granularity): Channels {
  const total = sizeOf(dims);
  if (granularity.kind !== 'perChannel') return { count: 1, inner: Math.max(1, total), size: total };
  const count = dims[granularity.axis] as number;
  const inner = stridesOf(dims)[granularity.axis] as number;
  return { count, inner, size: count === 0 ? 0 : total / count };
}

/** Calls `visit` for each run of elements of one channel, in the order of the elements. */
export function forRuns(
  length: number,
  { count, inner }: Channels,
  visit: (channel: number, from: number, to: number) => void,
): void {
  for (let from = 0, c = 0; from < length; from += inner, c = c + 1 === count ? 0 : c + 1) visit(c, from, from + inner);
}
