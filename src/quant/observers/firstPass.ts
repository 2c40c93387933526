import { assertNever } from '../../base/assertNever.ts';
import type { QuantScheme } from '../../base/quantParams.ts';
import type { KernelSet } from '../../kernels/kernelSet.ts';
import type { CalibrationMethod } from '../methods.ts';
import type { Response } from '../response/elementwise.ts';
import { type KlFlavour, KlObserver } from './kl.ts';
import { MinMaxObserver } from './minMax.ts';
import { MseObserver } from './mse.ts';
import type { FirstPass } from './observer.ts';
import { OutputMseObserver } from './outputMse.ts';
import { PercentileObserver } from './percentile.ts';
import { RemovalOutlierObserver } from './removalOutlier.ts';

/** What methods want to know beside the values. */
export interface MethodOptions {
  readonly kernels: KernelSet;
  /** Codes the value will have: MSE is judged on them. */
  readonly scheme: QuantScheme;
  /** In (50, 100), for PERCENTILE. */
  readonly percentile: number;
  readonly klFlavour: KlFlavour;
  /** What is made of the value, for OUTPUT_MSE; undefined: it is read itself. */
  readonly response?: Response | undefined;
}

/** A method's observer for one value. */
export function firstPassOf(method: CalibrationMethod, options: MethodOptions): FirstPass {
  const { kernels, scheme, percentile, klFlavour, response } = options;
  switch (method) {
    case 'MAX_MIN':
      return new MinMaxObserver();
    case 'KL':
      return new KlObserver({ kernels, scheme, klFlavour });
    case 'REMOVAL_OUTLIER':
      return new RemovalOutlierObserver(kernels);
    case 'PERCENTILE':
      return new PercentileObserver(kernels, percentile);
    case 'MSE':
      return new MseObserver(kernels, scheme);
    case 'OUTPUT_MSE':
      return new OutputMseObserver({ kernels, scheme, response });
    default:
      return assertNever(method);
  }
}
