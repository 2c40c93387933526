import type { KeptFloats } from '../quant/keptFloats.ts';
import type { ActivationCache } from './cache.ts';

/** What a cache keeps of calibration samples. */
export function calibrationFloats(cache: ActivationCache): KeptFloats {
  return {
    of: (sample) => cache.calibrationOf(sample),
    offer: (sample, value, stored) => void cache.putCalibration(sample, value, stored),
  };
}
