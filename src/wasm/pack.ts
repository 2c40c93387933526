import type { ConvGeometry, ConvQ8Weights, GemmShape } from '../kernels/kernelSet.ts';
import type { WasmMemory } from './memory.ts';
import { roundUp, WasmPacked } from './packed.ts';

/** Where a weight lies in the array of the model: group, output in it, input in it and tap, times their strides. */
export interface WeightOrder {
  readonly groups: number;
  readonly groupOut: number;
  readonly groupIn: number;
  readonly taps: number;
  readonly groupStride: number;
  readonly outStride: number;
  readonly inStride: number;
}

/** [O, I/groups, kH, kW]. */
export function convOrder({ groups, inChannels, outChannels, kernelHeight, kernelWidth }: ConvGeometry): WeightOrder {
  const taps = kernelHeight * kernelWidth;
  const groupIn = inChannels / groups;
  const groupOut = outChannels / groups;
  const outStride = groupIn * taps;
  return { groups, groupOut, groupIn, taps, groupStride: groupOut * outStride, outStride, inStride: taps };
}

/** [I, O/groups, kH, kW]. */
export function convTransposeOrder(geometry: ConvGeometry): WeightOrder {
  const { groups, groupIn, groupOut, taps } = convOrder(geometry);
  const inStride = groupOut * taps;
  return { groups, groupOut, groupIn, taps, groupStride: groupIn * inStride, outStride: taps, inStride };
}

/** [K, N], or [N, K] when transposed. */
export function gemmOrder({ k, n, transposed }: GemmShape): WeightOrder {
  const strides = transposed ? { outStride: k, inStride: 1 } : { outStride: 1, inStride: n };
  return { groups: 1, groupOut: n, groupIn: k, taps: 1, groupStride: 0, ...strides };
}

/** Float panels: [groups][groupOut / 8][taps][groupIn][8]. */
export function packPanelsF32(
  memory: WasmMemory,
  weights: Float32Array,
  bias: Float32Array | undefined,
  order: WeightOrder,
): WasmPacked {
  const { groups, groupOut, groupIn, taps } = order;
  const paddedOut = roundUp(groupOut, 8);
  const k = taps * groupIn;
  const packed = new WasmPacked(memory, {
    form: 'panels',
    paddedChannels: groups * paddedOut,
    weightBytes: 4 * groups * paddedOut * k,
    inputZeroPoint: 0,
    n: groupOut,
    k,
  });
  const to = memory.at('float32', packed.weights, groups * paddedOut * k);
  for (let group = 0; group < groups; group++) {
    for (let o = 0; o < groupOut; o++) {
      const panel = (group * paddedOut + (o & ~7)) * k + (o & 7);
      const first = group * order.groupStride + o * order.outStride;
      for (let tap = 0; tap < taps; tap++) {
        let at = panel + 8 * tap * groupIn;
        let from = first + tap;
        for (let i = 0; i < groupIn; i++, at += 8, from += order.inStride) to[at] = weights[from] as number;
      }
    }
  }
  if (bias !== undefined) spreadBias(memory.at('float32', packed.bias, groups * paddedOut), bias, order);
  return packed;
}

/** Centred int16 panels: [groups][groupOut / 8][pairs of k][8][2], k running over taps and then inputs. */
export function packPanelsQ8(
  memory: WasmMemory,
  { codes, zeroPoint, bias }: ConvQ8Weights,
  order: WeightOrder,
  inputZeroPoint: number,
): WasmPacked {
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

/** Float depthwise weights: [channels / 8][taps][8]. */
export function packDepthwiseF32(
  memory: WasmMemory,
  weights: Float32Array,
  bias: Float32Array | undefined,
  geometry: ConvGeometry,
): WasmPacked {
  const channels = geometry.outChannels;
  const taps = geometry.kernelHeight * geometry.kernelWidth;
  const padded = roundUp(channels, 8);
  const packed = new WasmPacked(memory, {
    form: 'depthwise',
    paddedChannels: padded,
    weightBytes: 4 * padded * taps,
    inputZeroPoint: 0,
    n: channels,
    k: taps,
  });
  const to = memory.at('float32', packed.weights, padded * taps);
  for (let c = 0; c < channels; c++) {
    for (let tap = 0; tap < taps; tap++) to[(c & ~7) * taps + 8 * tap + (c & 7)] = weights[c * taps + tap] as number;
  }
  if (bias !== undefined) memory.at('float32', packed.bias, channels).set(bias);
  return packed;
}

/** Centred int16 depthwise weights: [channels / 8][pairs of taps][8][2]; a last odd tap is paired with zeros. */
export function packDepthwiseQ8(
  memory: WasmMemory,
  { codes, zeroPoint, bias }: ConvQ8Weights,
  geometry: ConvGeometry,
  inputZeroPoint: number,
): WasmPacked {
  const channels = geometry.outChannels;
  const taps = geometry.kernelHeight * geometry.kernelWidth;
  const padded = roundUp(channels, 8);
  const evenTaps = roundUp(taps, 2);
  const packed = new WasmPacked(memory, {
    form: 'depthwise',
    paddedChannels: padded,
    weightBytes: 2 * padded * evenTaps,
    inputZeroPoint,
    n: channels,
    k: taps,
  });
  const to = memory.at('int16', packed.weights, padded * evenTaps);
  for (let c = 0; c < channels; c++) {
    const zero = zeroPoint[zeroPoint.length === 1 ? 0 : c] as number;
    for (let tap = 0; tap < taps; tap++) {
      to[(c & ~7) * evenTaps + 16 * (tap >> 1) + 2 * (c & 7) + (tap & 1)] = (codes[c * taps + tap] as number) - zero;
    }
  }
  if (bias !== undefined) memory.at('int32', packed.bias, channels).set(bias);
  return packed;
}

/** From [O] to [groups][groupOut padded to 8], the order that panels have. */
export function spreadBias<T extends Float32Array | Int32Array>(
  to: T,
  from: T,
  { groups, groupOut }: Pick<WeightOrder, 'groups' | 'groupOut'>,
): void {
  const padded = roundUp(groupOut, 8);
  for (let group = 0; group < groups; group++) {
    to.set(from.subarray(group * groupOut, (group + 1) * groupOut), group * padded);
  }
}
