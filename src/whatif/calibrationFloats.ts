import type { Program } from '../exec/program.ts';
import { isFloat32Stored } from '../ops/numbers.ts';
import type { KeptFloats } from '../quant/keptFloats.ts';
import type { ActivationCache } from './cache.ts';

/** What a cache keeps of the values of a float program on calibration samples. */
export function calibrationFloats(cache: ActivationCache, { graph }: Program): KeptFloats {
  return {
    of: (sample) => cache.calibrationOf(sample),
    offer: (sample, value, stored) => {
      if (isFloat32Stored(stored.tensor.dtype) && graph.values.has(value)) cache.putCalibration(sample, value, stored);
    },
  };
}
