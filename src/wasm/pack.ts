import type { ConvGeometry, GemmShape } from '../kernels/kernelSet.ts';
import type { Engine } from './engine.ts';
import { lend } from './lend.ts';
import type { WasmMemory } from './memory.ts';
import { roundUp, WasmPacked } from './packed.ts';

/** Where a weight lies in the array of the model: group, output in it, input in it and tap, times their strides. */
export interface WeightOrder {
  readonly groups: number;
  readonly groupOut: number;
  readonly groupIn: number;
  readonly taps: number;
  /** Taps of one row of the kernel. */
  readonly columns: number;
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
  const columns = kernelWidth;
  return { groups, groupOut, groupIn, taps, columns, groupStride: groupOut * outStride, outStride, inStride: taps };
}

/** [I, O/groups, kH, kW]. */
export function convTransposeOrder(geometry: ConvGeometry): WeightOrder {
  const { groups, groupIn, groupOut, taps, columns } = convOrder(geometry);
  const inStride = groupOut * taps;
  return { groups, groupOut, groupIn, taps, columns, groupStride: groupIn * inStride, outStride: taps, inStride };
}

/** [K, N], or [N, K] when transposed. */
export function gemmOrder({ k, n, transposed }: GemmShape): WeightOrder {
  const strides = transposed ? { outStride: k, inStride: 1 } : { outStride: 1, inStride: n };
  return { groups: 1, groupOut: n, groupIn: k, taps: 1, columns: 1, groupStride: 0, ...strides };
}

/** Float panels: [groups][groupOut / 8][taps][groupIn][8]. */
export function packPanelsF32(
  engine: Engine,
  weights: Float32Array,
  bias: Float32Array | undefined,
  order: WeightOrder,
): WasmPacked {
  const { groups, groupOut, groupIn, taps } = order;
  const paddedOut = roundUp(groupOut, 8);
  const k = taps * groupIn;
  const packed = new WasmPacked(engine.memory, {
    form: 'panels',
    paddedChannels: groups * paddedOut,
    weightBytes: 4 * groups * paddedOut * k,
    inputZeroPoint: 0,
    n: groupOut,
    k,
  });
  lend(engine.memory, (loan) => {
    const from = loan.read(weights);
    for (let group = 0; group < groups; group++) {
      engine.call(
        'panelsF32',
        from + 4 * group * order.groupStride,
        packed.weights + 4 * group * paddedOut * k,
        groupOut,
        groupIn,
        taps,
        4 * order.outStride,
        4 * order.inStride,
      );
    }
  });
  if (bias !== undefined) spreadBias(engine.memory.at('float32', packed.bias, groups * paddedOut), bias, order);
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
