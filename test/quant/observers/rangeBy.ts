import type { CalibrationMethod } from '../../../src/quant/methods.ts';
import { firstPassOf, type MethodOptions } from '../../../src/quant/observers/firstPass.ts';
import type { Outcome } from '../../../src/quant/observers/observer.ts';
import type { Range } from '../../../src/quant/qparams.ts';

/** What a method makes of tensors, in as many passes as it wants. */
export function outcomeOf(
  method: CalibrationMethod,
  options: MethodOptions,
  tensors: readonly Float32Array[],
): Exclude<Outcome, { readonly kind: 'again' }> {
  const first = firstPassOf(method, options);
  for (const x of tensors) first.observe(x, options.kernels.momentsF32(x));
  const outcome = first.finish();
  if (outcome.kind !== 'again') return outcome;
  for (const x of tensors) outcome.pass.observe(x, { count: 1, inner: x.length, size: x.length });
  return outcome.pass.finish();
}

/** The range of {@link outcomeOf}, which there must be. */
export function rangeBy(method: CalibrationMethod, options: MethodOptions, tensors: readonly Float32Array[]): Range {
  const { range } = outcomeOf(method, options, tensors);
  if (range === undefined) throw new Error(`${method} found no range`);
  return range;
}
