import { bucketBy, sortByKey } from './buckets.ts';

const STEP = 22;
/** Lines stay so far from the corners of their item, in pixels. */
const CORNER = 10;

export interface PortInput {
  /** Item that each line touches. */
  readonly item: Int32Array;
  /** Lines of one bundle touch their item at one point. */
  readonly bundle: Int32Array;
  readonly bundleCount: number;
  /** Where each line goes to or comes from, along x. */
  readonly toward: Float64Array;
  /** Centres and widths of all items. */
  readonly x: Float64Array;
  readonly width: Float64Array;
}

/**
 * Where lines touch a side of their item: straight ones and single ones at its centre, others left or right of it by
 * where they go.
 */
export function spreadPorts(input: PortInput, poll: () => void): Float64Array {
  const { item, bundle, bundleCount, toward, x, width } = input;
  const { start, elements } = bucketBy(item, x.length, bucketBy(bundle, bundleCount).elements);
  const ports = new Float64Array(item.length);
  const key = new Float64Array(item.length);
  const heads = new Int32Array(item.length);
  for (let i = 0; i < x.length; i++) {
    if (i % 4096 === 0) poll();
    let count = 0;
    for (let n = start[i]!; n < start[i + 1]!; n++) {
      const line = elements[n]!;
      const head = count > 0 && bundle[elements[heads[count - 1]!]!] === bundle[line] ? heads[count - 1]! : n;
      if (head === n) {
        heads[count++] = n;
        key[n] = toward[line]!;
      } else if (Math.abs(toward[line]! - x[i]!) < Math.abs(key[head]! - x[i]!)) key[head] = toward[line]!;
      ports[line] = head;
    }
    if (count === 0) continue;
    sortByKey(heads, 0, count, key);
    spread({ heads, count, key, centre: x[i]!, reach: Math.max(0, width[i]! / 2 - CORNER) });
    for (let n = start[i]!; n < start[i + 1]!; n++) ports[elements[n]!] = key[ports[elements[n]!]!]!;
  }
  return ports;
}

interface Side {
  /** Bundles that touch the side, from left to right. */
  readonly heads: Int32Array;
  readonly count: number;
  /** Where each goes to; replaced by where it touches. */
  readonly key: Float64Array;
  readonly centre: number;
  /** How far from the centre lines may touch. */
  readonly reach: number;
}

function spread({ heads, count, key, centre, reach }: Side): void {
  let left = 0;
  let right = count;
  if (count > 1) {
    while (left < count && key[heads[left]!]! < centre - 1) left++;
    while (right > left && key[heads[right - 1]!]! > centre + 1) right--;
  }
  const step = Math.min(STEP, reach / Math.max(1, left, count - right));
  for (let k = 0; k < count; k++) {
    const steps = k < left ? k - left : k < right ? 0 : k - right + 1;
    key[heads[k]!] = centre + step * steps;
  }
}
