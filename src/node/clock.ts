import { performance } from 'node:perf_hooks';
import type { Clock } from '../base/clock.ts';

/** Monotonic milliseconds of this process. */
export const clock: Clock = { now: () => performance.now() };
