import { overrideText } from '../config/overrides.ts';
import type { ChoicesView } from '../protocol/choiceViews.ts';
import type { Settings } from './settings.ts';

/** What the settings of a run say of how nodes are quantized. */
export function choicesView(
  settings: Pick<Settings, 'quantType' | 'general' | 'calibrationMethod' | 'weight' | 'dynamicStrategy' | 'overrides'>,
): ChoicesView {
  const { quantType, general, calibrationMethod: method, weight } = settings;
  const overrides = Object.fromEntries([...settings.overrides].map(([name, words]) => [name, overrideText(words)]));
  const { activationType: type, activationSymmetry: symmetry, perChannel } = general;
  switch (quantType) {
    case 'FULL_QUANT':
      return {
        activations: { type, symmetry, method },
        weights: general.floatWeights === true ? null : { bits: 8, perChannel },
        overrides,
      };
    case 'WEIGHT_QUANT':
      return { activations: null, weights: { bits: weight.bits, perChannel: weight.perChannel }, overrides };
    case 'DYNAMIC_QUANT':
      return { activations: null, weights: { bits: 8, perChannel: settings.dynamicStrategy === 'ALWC' }, overrides };
  }
}
