import type { Config } from '../config/config.ts';
import type { NodeId } from '../graph/model.ts';
import type { GeneralChoice } from '../quant/choices.ts';
import type { CalibrationMethod } from '../quant/methods.ts';
import type { NodeOverride } from '../quant/overrides.ts';
import { overriddenNodes } from './choices.ts';
import type { OpenModel } from './model.ts';
import type { Prepared } from './prepared.ts';
import { skippedNodes } from './skips.ts';
import { correctsBiases, generalChoiceOf } from './targetSettings.ts';

/** What of a config a trial may change; everything else needs a run. */
export interface VariantSettings {
  /** `skip_quant_node`, as written. */
  readonly skip: readonly string[];
  /** `node_overrides`, by the names as written. */
  readonly overrides: ReadonlyMap<string, NodeOverride>;
  /** How a node without words of its own is quantized. */
  readonly general: GeneralChoice;
  readonly calibrationMethod: CalibrationMethod;
  /** In (50, 100), for PERCENTILE. */
  readonly percentile: number;
  readonly biasCorrection: boolean;
}

/** One way to quantize the prepared graph of a run. */
export interface Variant extends Omit<VariantSettings, 'skip' | 'overrides'> {
  /** Nodes of the prepared graph that stay float. */
  readonly skip: ReadonlySet<NodeId>;
  /** By node of the prepared graph. */
  readonly overrides: ReadonlyMap<NodeId, NodeOverride>;
}

export function variantSettingsOf(config: Config): VariantSettings {
  const { common, full, quantscope } = config;
  return {
    skip: common.skipQuantNode,
    overrides: quantscope.nodeOverrides,
    general: generalChoiceOf(config),
    calibrationMethod: quantscope.calibrationMethod,
    percentile: quantscope.percentile,
    biasCorrection: full.biasCorrection && correctsBiases(config),
  };
}

/** Names in settings become nodes of the prepared graph; those that no node has are left to the checks. */
export function variantOf(settings: VariantSettings, open: OpenModel, prepared: Prepared): Variant {
  const { general, calibrationMethod, percentile, biasCorrection } = settings;
  return {
    skip: skippedNodes(open, prepared, settings.skip),
    overrides: overriddenNodes(open, prepared, settings.overrides),
    general,
    calibrationMethod,
    percentile,
    biasCorrection,
  };
}
