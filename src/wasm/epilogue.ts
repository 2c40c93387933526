import type { FixedPoint } from '../base/fixedPoint.ts';
import type { FixedPointRequantizer, Fp32Requantizer, Requantizer } from '../kernels/kernelSet.ts';
import * as layout from './assembly/layout.ts';
import type { DescriptorForm } from './descriptor.ts';
import { spreadBias, type WeightOrder } from './pack.ts';
import { roundUp } from './packed.ts';

/** What happens to the sums of an integer GEMM: equation (R), or nothing. */
export type Epilogue = Requantizer | 'accumulators';

/**
 * Fills the epilogue's fields; multipliers lie in the order of the panels.
 *
 * @param reach the largest sum of each output channel, [O], where it is known.
 */
export function describeEpilogue(
  form: DescriptorForm,
  epilogue: Epilogue,
  order: Pick<WeightOrder, 'groups' | 'groupOut'>,
  reach: Float64Array | undefined,
): void {
  if (epilogue === 'accumulators') {
    form.setInts({ [layout.CONV_EPILOGUE]: layout.EPILOGUE_ACCUMULATORS });
    return;
  }
  const channels = order.groups * roundUp(order.groupOut, 8);
  form.setInts({
    [layout.CONV_Y_ZERO]: epilogue.zeroPoint,
    [layout.CONV_Y_LO]: epilogue.lo,
    [layout.CONV_Y_HI]: epilogue.hi,
    [layout.CONV_Y_OFFSET]: epilogue.signed ? 128 : 0,
  });
  if (epilogue.flavour === 'fp32') {
    const multipliers = new Float32Array(channels);
    spreadBias(multipliers, epilogue.multiplier, order);
    const isNarrow = isBounded(epilogue, reach);
    form.setInts({ [layout.CONV_EPILOGUE]: isNarrow ? layout.EPILOGUE_FP32 : layout.EPILOGUE_FP32_WIDE });
    form.pointTo(layout.CONV_MULTIPLIER, form.addConstants(new Int32Array(multipliers.buffer)));
    return;
  }
  const { words, common } = fixedPointOf(epilogue, order);
  const constants = form.addConstants(words);
  form.setInts({
    [layout.CONV_EPILOGUE]: common ? layout.EPILOGUE_FIXED_POINT_COMMON : layout.EPILOGUE_FIXED_POINT,
  });
  form.pointTo(layout.CONV_MULTIPLIER, constants);
  form.pointTo(layout.CONV_SHIFT, constants + 4 * channels);
}

/** Below 2^22, with room for the rounding of sum, multiplier and product. */
const BOUND = 2 ** 21;
const bounded = new WeakMap<Fp32Requantizer, { readonly reach: Float64Array; readonly yes: boolean }>();

/** Whether no scaled sum can reach {@link BOUND}; answered once for the weights that a requantizer belongs to. */
function isBounded(requantizer: Fp32Requantizer, reach: Float64Array | undefined): boolean {
  if (reach === undefined) return false;
  const known = bounded.get(requantizer);
  if (known?.reach === reach) return known.yes;
  const yes = reach.every((r, channel) => r * (requantizer.multiplier[channel] as number) < BOUND);
  bounded.set(requantizer, { reach, yes });
  return yes;
}

/** Constants of a fixed-point requantizer as the kernels read them: COMMON_BYTES per 8 channels, or mantissas and shifts. */
interface FixedPointWords {
  readonly words: Int32Array;
  readonly common: boolean;
}

/** They depend on the requantizer and the groups alone, and one requantizer belongs to one node. */
const fixedPointWords = new WeakMap<FixedPointRequantizer, FixedPointWords>();

function fixedPointOf(
  requantizer: FixedPointRequantizer,
  order: Pick<WeightOrder, 'groups' | 'groupOut'>,
): FixedPointWords {
  const known = fixedPointWords.get(requantizer);
  const channels = order.groups * roundUp(order.groupOut, 8);
  if (known !== undefined && known.words.length === wordsOf(known, channels)) return known;
  const pairs = requantizer.multiplier.map(inFullWidth);
  const mantissas = spread(
    pairs.map((p) => p.mantissa),
    order,
  );
  const shifts = spread(
    pairs.map((p) => p.shift),
    order,
  );
  const common = pairs.every(({ shift }) => shift >= 32 && shift <= layout.COMMON_MAX_SHIFT);
  const made = { common, words: common ? commonWords(mantissas, shifts) : Int32Array.of(...mantissas, ...shifts) };
  fixedPointWords.set(requantizer, made);
  return made;
}

const MAX_SHIFT = 62;

/** The same number, and the same rounding, with a mantissa of 31 bits; 0 below 2^-32, whose products round to 0. */
function inFullWidth({ mantissa, shift }: FixedPoint): FixedPoint {
  const more = mantissa === 0 ? 0 : Math.clz32(mantissa) - 1;
  if (shift + more > MAX_SHIFT) return { mantissa: 0, shift: MAX_SHIFT };
  return { mantissa: mantissa * 2 ** more, shift: shift + more };
}

function wordsOf({ common }: FixedPointWords, channels: number): number {
  return common ? (channels / 8) * (layout.COMMON_BYTES / 4) : 2 * channels;
}

/** One number per padded output channel, 0 for those that pad. */
function spread(numbers: readonly number[], order: Pick<WeightOrder, 'groups' | 'groupOut'>): Int32Array {
  const padded = new Int32Array(order.groups * roundUp(order.groupOut, 8));
  spreadBias(padded, Int32Array.from(numbers), order);
  return padded;
}

/** The constants of EPILOGUE_FIXED_POINT_COMMON; a result of 512 steps is outside any code range. */
function commonWords(mantissas: Int32Array, shifts: Int32Array): Int32Array {
  const words = new Int32Array((mantissas.length / 8) * (layout.COMMON_BYTES / 4));
  for (let channel = 0; channel < mantissas.length; channel++) {
    const first = (channel >> 3) * (layout.COMMON_BYTES / 4);
    const lane = channel & 7;
    const shift = Math.max(32, shifts[channel] as number);
    const rounding = first + layout.COMMON_ROUNDING / 4 + 2 * lane;
    words[first + layout.COMMON_MANTISSA / 4 + lane] = mantissas[channel] as number;
    words[rounding] = shift === 32 ? 2 ** 31 : 0;
    words[rounding + 1] = shift === 32 ? 0 : 2 ** (shift - 33);
    words[first + layout.COMMON_LIMIT / 4 + lane] = 512 * 2 ** (shift - 32);
    words[first + layout.COMMON_FACTOR / 4 + lane] = 2 ** (layout.COMMON_FRACTION - (shift - 32));
  }
  return words;
}
