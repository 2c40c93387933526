import { toFixedPoint } from '../base/fixedPoint.ts';
import type { Requantizer } from '../kernels/kernelSet.ts';
import * as layout from './assembly/layout.ts';
import type { Descriptor } from './descriptor.ts';
import type { Engine } from './engine.ts';
import type { Loan } from './lend.ts';
import { spreadBias, type WeightOrder } from './pack.ts';
import { roundUp } from './packed.ts';

/** What happens to the sums of an integer GEMM: equation (R), or nothing. */
export type Epilogue = Requantizer | 'accumulators';

/** Fills the epilogue's fields; multipliers lie in the order of the panels. */
export function describeEpilogue(
  engine: Engine,
  loan: Loan,
  descriptor: Descriptor,
  epilogue: Epilogue,
  order: Pick<WeightOrder, 'groups' | 'groupOut'>,
): void {
  if (epilogue === 'accumulators') {
    descriptor.setInts({ [layout.CONV_EPILOGUE]: layout.EPILOGUE_ACCUMULATORS });
    return;
  }
  const channels = order.groups * roundUp(order.groupOut, 8);
  const multiplier = loan.scratch(4 * channels);
  descriptor.setInts({
    [layout.CONV_MULTIPLIER]: multiplier,
    [layout.CONV_Y_ZERO]: epilogue.zeroPoint,
    [layout.CONV_Y_LO]: epilogue.lo,
    [layout.CONV_Y_HI]: epilogue.hi,
  });
  if (epilogue.flavour === 'fp32') {
    descriptor.setInts({ [layout.CONV_EPILOGUE]: layout.EPILOGUE_FP32 });
    spreadBias(engine.memory.at('float32', multiplier, channels), epilogue.multiplier, order);
    return;
  }
  const pairs = Array.from(epilogue.real, toFixedPoint);
  const mantissas = spread(
    pairs.map((p) => p.mantissa),
    order,
  );
  const shifts = spread(
    pairs.map((p) => p.shift),
    order,
  );
  if (pairs.every(({ shift }) => shift >= 32 && shift <= layout.COMMON_MAX_SHIFT)) {
    const constants = loan.scratch((channels / 8) * layout.COMMON_BYTES);
    writeCommon(engine, constants, mantissas, shifts);
    descriptor.setInts({
      [layout.CONV_EPILOGUE]: layout.EPILOGUE_FIXED_POINT_COMMON,
      [layout.CONV_MULTIPLIER]: constants,
    });
    return;
  }
  const shift = loan.scratch(4 * channels);
  descriptor.setInts({ [layout.CONV_EPILOGUE]: layout.EPILOGUE_FIXED_POINT, [layout.CONV_SHIFT]: shift });
  engine.memory.at('int32', multiplier, channels).set(mantissas);
  engine.memory.at('int32', shift, channels).set(shifts);
}

/** One number per padded output channel, 0 for those that pad. */
function spread(numbers: readonly number[], order: Pick<WeightOrder, 'groups' | 'groupOut'>): Int32Array {
  const padded = new Int32Array(order.groups * roundUp(order.groupOut, 8));
  spreadBias(padded, Int32Array.from(numbers), order);
  return padded;
}

/** The constants of EPILOGUE_FIXED_POINT_COMMON; a result of 512 steps is outside any code range. */
function writeCommon(engine: Engine, pointer: number, mantissas: Int32Array, shifts: Int32Array): void {
  for (let first = 0; first < mantissas.length; first += 8) {
    const at = pointer + (first / 8) * layout.COMMON_BYTES;
    const rounding = engine.memory.at('int64', at + layout.COMMON_ROUNDING, 8);
    const limits = engine.memory.at('int32', at + layout.COMMON_LIMIT, 8);
    const factors = engine.memory.at('int32', at + layout.COMMON_FACTOR, 8);
    engine.memory.at('int32', at + layout.COMMON_MANTISSA, 8).set(mantissas.subarray(first, first + 8));
    for (let i = 0; i < 8; i++) {
      const shift = Math.max(32, shifts[first + i] as number);
      rounding[i] = 1n << BigInt(shift - 1);
      limits[i] = 512 * 2 ** (shift - 32);
      factors[i] = 2 ** (layout.COMMON_FRACTION - (shift - 32));
    }
  }
}
