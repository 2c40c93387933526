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
  const shift = loan.scratch(4 * channels);
  descriptor.setInts({ [layout.CONV_EPILOGUE]: layout.EPILOGUE_FIXED_POINT, [layout.CONV_SHIFT]: shift });
  spreadBias(
    engine.memory.at('int32', multiplier, channels),
    Int32Array.from(pairs, (p) => p.mantissa),
    order,
  );
  spreadBias(
    engine.memory.at('int32', shift, channels),
    Int32Array.from(pairs, (p) => p.shift),
    order,
  );
}
