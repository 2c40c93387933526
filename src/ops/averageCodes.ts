import { MULTIPLIER_LIMIT, toFixedPoint } from '../base/fixedPoint.ts';
import { sizeOf } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import type { Packed, PoolGeometry, Requantizer, TensorQuant } from '../kernels/kernelSet.ts';
import { inputQuant, outputQuant } from './codes.ts';
import { rangeOf } from './numbers.ts';
import type { AttributeSpecs, IntegerContext, RunContext } from './opDef.ts';
import { type imageOfCodes, imageOutputCodes, packingGeometry, type WindowAttributes } from './window.ts';

/** Windows that all have the same elements. */
export interface EvenWindows {
  readonly kernel: readonly number[];
  readonly steps: Partial<Pick<WindowAttributes, 'strides' | 'dilations'>>;
}

/** What the integer form of an average prepares. */
export interface PreparedAverage {
  readonly x: TensorQuant;
  readonly y: TensorQuant;
  /** Of the fixed-point flavour: a depthwise convolution by ones, whose requantizer divides by the elements of a window. */
  readonly sums: { readonly packed: Packed; readonly requantizer: Requantizer } | undefined;
  release(): void;
}

/** Sums of so many codes of one byte fit into 32 bits. */
const MOST_ELEMENTS = 2 ** 23;

/** What takes sums to codes, sx / (sy * elements of a window), [1]; undefined where windows differ, or channels are not known. */
export function averageMultipliers(
  context: IntegerContext<AttributeSpecs>,
  windows: EvenWindows | undefined,
): Float64Array | undefined {
  if (windows === undefined || typeof context.inputs[0]?.dims?.[1] !== 'number') return undefined;
  const elements = sizeOf(windows.kernel);
  const multiplier = inputQuant(context, 0).scale / (outputQuant(context, 0).scale * elements);
  return multiplier < MULTIPLIER_LIMIT && elements <= MOST_ELEMENTS ? Float64Array.of(multiplier) : undefined;
}

export function prepareAverage(
  context: IntegerContext<AttributeSpecs>,
  windows: EvenWindows | undefined,
): PreparedAverage {
  const sums = windows && fixedPointSums(context, windows);
  return { x: inputQuant(context, 0), y: outputQuant(context, 0), sums, release: () => sums?.packed.release() };
}

function fixedPointSums(context: IntegerContext<AttributeSpecs>, windows: EvenWindows): PreparedAverage['sums'] {
  const { flavour, kernels } = context;
  const [multiplier] = averageMultipliers(context, windows) ?? [];
  const channels = context.inputs[0]?.dims?.[1];
  if (flavour === 'fp32' || multiplier === undefined || typeof channels !== 'number') return undefined;
  const { kernel, steps } = windows;
  const codes = new Int8Array(channels * sizeOf(kernel)).fill(1);
  const geometry = packingGeometry(channels, channels, channels, kernel, steps);
  const ones = { codes, zeroPoint: new Int32Array(1), bias: undefined };
  const { zeroPoint, signed } = outputQuant(context, 0);
  const [lo, hi] = rangeOf(signed ? 'int8' : 'uint8');
  const fixed = toFixedPoint(multiplier, flavour);
  return {
    packed: kernels.packConvQ8(ones, geometry, inputQuant(context, 0).zeroPoint),
    requantizer: { flavour: 'fixedPoint', multiplier: new Array(channels).fill(fixed), zeroPoint, signed, lo, hi },
  };
}

/** The image that is averaged, and how. */
export interface AveragedImage {
  readonly x: ReturnType<typeof imageOfCodes>;
  /** Lengths of the output. */
  readonly spatial: readonly number[];
  readonly geometry: PoolGeometry;
  readonly countPadding: boolean;
}

/** Averages of codes: on integers alone where that was prepared, else by a float32 multiplication. */
export function averageOfCodes<S extends AttributeSpecs>(
  context: RunContext<S, PreparedAverage>,
  { x, spatial, geometry, countPadding }: AveragedImage,
): Tensor {
  const { kernels, prepared } = context;
  const { sums } = prepared;
  const shape = { ...x, spatial, dtype: prepared.y.signed ? 'int8' : 'uint8' } as const;
  const { channels, ...window } = geometry;
  return imageOutputCodes(context, shape, (out) =>
    sums === undefined
      ? kernels.averagePoolQ8(x.data, prepared.x, out, prepared.y, geometry, countPadding)
      : kernels.convQ8(x.data, sums.packed, sums.requantizer, out, {
          ...window,
          inChannels: channels,
          outChannels: channels,
          groups: channels,
        }),
  );
}
