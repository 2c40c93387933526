import type { ConvGeometry, ConvQ8Weights } from '../kernels/kernelSet.ts';
import type { WasmMemory } from './memory.ts';
import { convOrder, spreadBias, type WeightOrder } from './pack.ts';
import { roundUp, WasmPacked } from './packed.ts';

/** Centred int16 panels: [groups][groupOut / 8][pairs of k][8][2], k running over taps and then inputs. */
export function packPanelsQ8(
  memory: WasmMemory,
  weights: ConvQ8Weights,
  order: WeightOrder,
  inputZeroPoint: number,
): WasmPacked {
  const { codes, zeroPoint, bias } = weights;
  const { groups, groupOut, groupIn, taps } = order;
  const paddedOut = roundUp(groupOut, 8);
  const k = taps * groupIn;
  const evenK = roundUp(k, 2);
  const packed = new WasmPacked(memory, {
    form: 'panels',
    paddedChannels: groups * paddedOut,
    weightBytes: 2 * groups * paddedOut * evenK,
    inputZeroPoint,
    n: groupOut,
    k,
    reach: reachOf(weights, inputZeroPoint, order),
  });
  const to = memory.at('int16', packed.weights, groups * paddedOut * evenK);
  for (let group = 0; group < groups; group++) {
    for (let o = 0; o < groupOut; o++) {
      const panel = (group * paddedOut + (o & ~7)) * evenK + 2 * (o & 7);
      const first = group * order.groupStride + o * order.outStride;
      const zero = zeroPoint[zeroPoint.length === 1 ? 0 : group * groupOut + o] as number;
      for (let tap = 0; tap < taps; tap++) {
        let from = first + tap;
        for (let i = tap * groupIn; i < (tap + 1) * groupIn; i++, from += order.inStride) {
          to[panel + 16 * (i >> 1) + (i & 1)] = (codes[from] as number) - zero;
        }
      }
    }
  }
  if (bias !== undefined) spreadBias(memory.at('int32', packed.bias, groups * paddedOut), bias, order);
  return packed;
}

/**
 * Centred int16 depthwise weights: [channels / 4][start][pairs of rows][columns][4][2]. A window that starts at the
 * second row of a pair has its own; rows that it does not see weigh 0. The zero point of the input is in the bias.
 */
export function packDepthwiseQ8(
  memory: WasmMemory,
  weights: ConvQ8Weights,
  geometry: ConvGeometry,
  inputZeroPoint: number,
): WasmPacked {
  const { codes, zeroPoint, bias } = weights;
  const { outChannels: channels, kernelHeight, kernelWidth } = geometry;
  const taps = kernelHeight * kernelWidth;
  const padded = roundUp(channels, 8);
  const pairs = pairsOfRows(kernelHeight);
  const perChannel = 4 * pairs * kernelWidth;
  const packed = new WasmPacked(memory, {
    form: 'depthwise',
    paddedChannels: padded,
    weightBytes: 2 * padded * perChannel + 4 * padded,
    inputZeroPoint,
    n: channels,
    k: taps,
    reach: reachOf(weights, inputZeroPoint, convOrder(geometry)),
  });
  const to = memory.at('int16', packed.weights, padded * perChannel);
  const biases = [packed.bias, unsignedBias(packed)].map((at) => memory.at('int32', at, padded)) as [
    Int32Array,
    Int32Array,
  ];
  for (let c = 0; c < channels; c++) {
    const zero = zeroPoint[zeroPoint.length === 1 ? 0 : c] as number;
    let sum = 0;
    for (let tap = 0; tap < taps; tap++) {
      const weight = (codes[c * taps + tap] as number) - zero;
      sum += weight;
      const [y, x] = [Math.floor(tap / kernelWidth), tap % kernelWidth];
      for (const start of [0, 1]) {
        const row = y + start;
        const column = ((start * pairs + (row >> 1)) * kernelWidth + x) * 8;
        to[(c >> 2) * 4 * perChannel + column + 2 * (c & 3) + (row & 1)] = weight;
      }
    }
    biases[0][c] = (bias?.[c] ?? 0) - inputZeroPoint * sum;
    biases[1][c] = (bias?.[c] ?? 0) - (inputZeroPoint - 128) * sum;
  }
  return packed;
}

/** Where depthwise weights have their bias for uint8 inputs, whose codes the kernel takes less 128. */
export function unsignedBias({ weights, shape }: WasmPacked): number {
  return weights + shape.weightBytes - 4 * shape.paddedChannels;
}

/** Pairs of rows that hold a window of `kernelHeight` rows, whichever row of the first pair it starts at. */
export function pairsOfRows(kernelHeight: number): number {
  return (kernelHeight >> 1) + 1;
}

/**
 * The largest sum each output channel can reach, by absolute value: |bias| and, for every weight, the farthest that an
 * 8-bit code of either signedness lies from the input's zero point. [O], exact in float64.
 */
function reachOf({ codes, zeroPoint, bias }: ConvQ8Weights, inputZeroPoint: number, order: WeightOrder): Float64Array {
  const { groups, groupOut, groupIn, taps } = order;
  const farthest = Math.max(255 - inputZeroPoint, inputZeroPoint + 128);
  return Float64Array.from({ length: groups * groupOut }, (_, channel) => {
    const zero = zeroPoint[zeroPoint.length === 1 ? 0 : channel] as number;
    const first = Math.floor(channel / groupOut) * order.groupStride + (channel % groupOut) * order.outStride;
    let sum = 0;
    for (let i = 0; i < groupIn; i++) {
      const from = first + i * order.inStride;
      for (let tap = 0; tap < taps; tap++) sum += Math.abs((codes[from + tap] as number) - zero);
    }
    return Math.abs(bias?.[channel] ?? 0) + sum * farthest;
  });
}
