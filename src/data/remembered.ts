import type { Samples } from '../base/samples.ts';
import type { Tensor } from '../base/tensor.ts';

/**
 * The same samples, of which the first ones that were read stay in memory as far as `budgetBytes` reach; the others are
 * read again each time. For work that goes over all of them more than once: decoding images takes long.
 */
export function rememberSamples(samples: Samples, budgetBytes: number): Samples {
  const known = new Map<number, ReadonlyMap<string, Tensor>>();
  let free = budgetBytes;
  return {
    count: samples.count,
    nameOf: (index) => samples.nameOf(index),
    ...(samples.pathsOf && { pathsOf: samples.pathsOf }),
    read: async (index) => {
      const before = known.get(index);
      if (before !== undefined) return before;
      const feeds = await samples.read(index);
      const bytes = byteLengthOf(feeds);
      if (bytes <= free) {
        free -= bytes;
        known.set(index, feeds);
      }
      return feeds;
    },
  };
}

function byteLengthOf(feeds: ReadonlyMap<string, Tensor>): number {
  let bytes = 0;
  for (const { data } of feeds.values()) bytes += ArrayBuffer.isView(data) ? data.byteLength : Number.POSITIVE_INFINITY;
  return bytes;
}
