import type { ConvGeometry, ConvQ8Weights } from '../kernels/kernelSet.ts';
import type { Engine } from './engine.ts';
import { lend } from './lend.ts';
import { spreadBias, type WeightOrder } from './pack.ts';
import { roundUp, WasmPacked } from './packed.ts';

/**
 * Centred int16 panels: [groups][groupOut / 8][pairs of k][8][2], k running over taps and then inputs; every row of taps
 * starts a pair.
 */
export function packPanelsQ8(
  engine: Engine,
  weights: ConvQ8Weights,
  order: WeightOrder,
  inputZeroPoint: number,
): WasmPacked {
  const { codes, zeroPoint, bias } = weights;
  const { groups, groupOut, groupIn, taps, columns } = order;
  const paddedOut = roundUp(groupOut, 8);
  const k = taps * groupIn;
  const evenK = columns === 0 ? 0 : (taps / columns) * roundUp(columns * groupIn, 2);
  const reach = new Float64Array(groups * groupOut);
  const packed = new WasmPacked(engine.memory, {
    form: 'panels',
    paddedChannels: groups * paddedOut,
    weightBytes: 2 * groups * paddedOut * evenK,
    inputZeroPoint,
    n: groupOut,
    k,
    reach,
  });
  const sums = lend(engine.memory, (loan) => {
    const [from, zeros, out] = [loan.read(codes), loan.read(zeroPoint), loan.scratch(8 * groups * groupOut)];
    const zeroStep = zeroPoint.length === 1 ? 0 : 4;
    for (let group = 0; group < groups; group++) {
      engine.call(
        'panelsQ8',
        from + group * order.groupStride,
        packed.weights + 2 * group * paddedOut * evenK,
        codes instanceof Int8Array ? 1 : 0,
        zeros + zeroStep * group * groupOut,
        zeroStep,
        groupOut,
        groupIn,
        taps,
        columns,
        order.outStride,
        order.inStride,
        out + 8 * group * groupOut,
      );
    }
    return engine.memory.at('float64', out, groups * groupOut).slice();
  });
  reach.set(sums.map((sum, channel) => reachOf(sum, bias?.[channel], inputZeroPoint)));
  if (bias !== undefined) spreadBias(engine.memory.at('int32', packed.bias, groups * paddedOut), bias, order);
  return packed;
}

/**
 * Centred int16 depthwise weights: [channels / 4][start][pairs of rows][columns][4][2]. A window that starts at the
 * second row of a pair has its own; rows that it does not see weigh 0. The zero point of the input is in the bias.
 */
export function packDepthwiseQ8(
  engine: Engine,
  weights: ConvQ8Weights,
  geometry: ConvGeometry,
  inputZeroPoint: number,
): WasmPacked {
  const { codes, zeroPoint, bias } = weights;
  const { memory } = engine;
  const { outChannels: channels, kernelHeight, kernelWidth } = geometry;
  const taps = kernelHeight * kernelWidth;
  const padded = roundUp(channels, 8);
  const pairs = pairsOfRows(kernelHeight);
  const perChannel = 4 * pairs * kernelWidth;
  const reach = new Float64Array(channels);
  const packed = new WasmPacked(memory, {
    form: 'depthwise',
    paddedChannels: padded,
    weightBytes: 2 * padded * perChannel + 4 * padded,
    inputZeroPoint,
    n: channels,
    k: taps,
    reach,
  });
  const sums = lend(memory, (loan) => {
    const [from, zeros, out] = [loan.read(codes), loan.read(zeroPoint), loan.scratch(16 * channels)];
    const signed = codes instanceof Int8Array ? 1 : 0;
    const zeroStep = zeroPoint.length === 1 ? 0 : 4;
    const list = [from, packed.weights, signed, zeros, zeroStep, channels, kernelHeight, kernelWidth, out];
    engine.call('depthwisePanelsQ8', ...list);
    return memory.at('float64', out, 2 * channels).slice();
  });
  const signedBias = memory.at('int32', packed.bias, channels);
  const unsigned = memory.at('int32', unsignedBias(packed), channels);
  for (let c = 0; c < channels; c++) {
    const [sum, absolute] = [sums[2 * c] as number, sums[2 * c + 1] as number];
    reach[c] = reachOf(absolute, bias?.[c], inputZeroPoint);
    signedBias[c] = (bias?.[c] ?? 0) - inputZeroPoint * sum;
    unsigned[c] = (bias?.[c] ?? 0) - (inputZeroPoint - 128) * sum;
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
 * The largest sum an output channel can reach, by absolute value: |bias| and, for every weight, the farthest that an 8-bit
 * code of either signedness lies from the input's zero point. Exact in float64.
 *
 * @param absolute the sum of its weights' absolute values.
 */
function reachOf(absolute: number, bias: number | undefined, inputZeroPoint: number): number {
  return Math.abs(bias ?? 0) + absolute * Math.max(255 - inputZeroPoint, inputZeroPoint + 128);
}
