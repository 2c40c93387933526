import { type Granularity, PER_TENSOR, type QuantScheme } from '../base/quantParams.ts';
import type { CalibrationMethod } from './methods.ts';
import type { NodeOverride, NodePrecision } from './overrides.ts';
import type { Range } from './qparams.ts';
import { activationScheme, type Mapping, weightScheme } from './scheme.ts';

/** How a run quantizes where a node has no choice of its own. */
export interface GeneralChoice {
  readonly perChannel: boolean;
  readonly activationType: 'int8' | 'uint8';
  readonly activationSymmetry: Mapping;
  readonly weightSymmetry: Mapping;
  /** Of weights with one scale, where it is another. */
  readonly perLayerWeightSymmetry?: Mapping;
  /** Constants stay float. */
  readonly floatWeights?: boolean;
  /** Codes of constants beside activations: like those of activations, or of weights per layer. */
  readonly operands?: 'activation' | 'weight';
}

/** How one node is quantized. */
export interface NodeChoice {
  readonly precision: NodePrecision;
  /** Codes it reads. */
  readonly activation: QuantScheme;
  /** Codes it makes: of the same type. */
  readonly output: QuantScheme;
  readonly perChannel: boolean;
  readonly weight: (granularity: Granularity) => QuantScheme;
  /** Codes of a constant beside activations. */
  readonly operand: QuantScheme;
  readonly floatWeights: boolean;
  readonly method: CalibrationMethod | undefined;
  /** Of the output, where the user set it. */
  readonly range: Range | undefined;
}

/**
 * The general choice with a node's own words over it. `int16`: 16-bit activations with 8-bit weights; `int4`: 4-bit
 * weights with 8-bit activations; `int8`: 8 bits of the run's activation type.
 */
export function choiceOf(general: GeneralChoice, override: NodeOverride = {}): NodeChoice {
  const { precision = 'int8', symmetry, granularity, method, range } = override;
  const bits = override.weightBits ?? (precision === 'int4' ? 4 : 8);
  const type = precision === 'int16' ? 'int16' : general.activationType;
  const activation = activationScheme(type, general.activationSymmetry);
  const weight = (g: Granularity): QuantScheme => {
    const perLayer = general.perLayerWeightSymmetry ?? general.weightSymmetry;
    const mapping = g.kind === 'perTensor' ? perLayer : general.weightSymmetry;
    return weightScheme(g, { bits, mapping });
  };
  return {
    precision,
    activation,
    output: activationScheme(type, symmetry ?? general.activationSymmetry),
    perChannel: granularity === undefined ? general.perChannel : granularity === 'per_channel',
    weight,
    operand: general.operands === 'weight' ? weight(PER_TENSOR) : activation,
    floatWeights: general.floatWeights ?? false,
    method,
    range,
  };
}
