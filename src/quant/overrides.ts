import type { CalibrationMethod } from './methods.ts';
import type { Range } from './qparams.ts';

/** Number format of a node's output and weights. `int4`: 4-bit weights with 8-bit activations. */
export type NodePrecision = 'float32' | 'float16' | 'bfloat16' | 'int16' | 'int8' | 'int4';

/** What a user decided for one node; what is left out follows the run's general choice. */
export interface NodeOverride {
  readonly precision?: NodePrecision;
  /** Of the node's output codes. */
  readonly symmetry?: 'symmetric' | 'asymmetric';
  /** Of the node's weight. */
  readonly granularity?: 'per_channel' | 'per_layer';
  /** How the range of the node's output is chosen. */
  readonly method?: CalibrationMethod;
  /** The range of the node's output, set by hand; it goes before `method`. */
  readonly range?: Range;
  /** Bits of the node's weight, 2 to 8; they go before those of `precision`. */
  readonly weightBits?: number;
}
