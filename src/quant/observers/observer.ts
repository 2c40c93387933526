import type { Moments } from '../../kernels/kernelSet.ts';
import type { Channels } from '../channels.ts';
import type { Range } from '../qparams.ts';

/** What a method knows of a value when it has seen all samples. */
export type Outcome =
  /** Undefined: no finite value was seen. */
  | {
      readonly kind: 'range';
      readonly range: Range | undefined;
      /** Finds what the method's other flavour takes, where it has two. */
      readonly counterpart?: () => Range;
    }
  /** The extremes, because the method has no answer for such values; `why` completes "because". */
  | { readonly kind: 'extremes'; readonly range: Range; readonly why: string }
  /** It needs all samples again. */
  | { readonly kind: 'again'; readonly pass: SecondPass };

/** The first look of a calibration method at one value: a pure state machine that is given every tensor once. */
export interface FirstPass {
  /** @param moments of `x`. */
  observe(x: Float32Array, moments: Moments): void;
  finish(): Outcome;
}

/** The second look, with what the first one found; given the same tensors. */
export interface SecondPass {
  /** @param channels how the elements of `x` fall into channels: axis 1 of rank 4, else one. */
  observe(x: Float32Array, channels: Channels): void;
  finish(): Exclude<Outcome, { readonly kind: 'again' }>;
}
