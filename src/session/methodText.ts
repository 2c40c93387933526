import type { Settings } from './settings.ts';

/** What of the settings a method is. */
export type MethodSettings = Pick<
  Settings,
  | 'quantType'
  | 'clusters'
  | 'strictReference'
  | 'overrides'
  | 'target'
  | 'general'
  | 'calibrationMethod'
  | 'percentile'
  | 'requantizer'
  | 'biasCorrection'
  | 'equalization'
  | 'channelBalance'
  | 'channelBalanceExponent'
  | 'weightRounding'
  | 'weight'
  | 'dynamicStrategy'
>;

/** What the config says of the method, in words: type, target, codes, how ranges are chosen, and what is mended. */
export function methodText(settings: MethodSettings): string {
  const { quantType, clusters, strictReference, overrides } = settings;
  const said = {
    FULL_QUANT: fullText,
    WEIGHT_QUANT: weightText,
    DYNAMIC_QUANT: dynamicText,
  }[quantType](settings);
  const clustered = clusters === undefined ? [] : [`weights clustered: ${clusters.clusters} ${clusters.start}`];
  const own = overrides.size === 0 ? [] : [`node_overrides for ${overrides.size}`];
  return [`${quantType}${strictReference ? ' with strict_reference' : ''}`, ...said, ...clustered, ...own].join(', ');
}

function fullText({ target, general, ...settings }: MethodSettings): string[] {
  const { activationType, activationSymmetry, perChannel, floatWeights } = general;
  const perLayer = general.perLayerWeightSymmetry ?? general.weightSymmetry;
  const weights = perChannel ? `${general.weightSymmetry} per channel` : `${perLayer} per layer`;
  const { calibrationMethod: method, percentile, requantizer } = settings;
  return [
    `target ${target.name}${target.name === 'mindspore' ? ` ${target.device}` : ''}`,
    `activations ${activationType} ${activationSymmetry} by ${method}${method === 'PERCENTILE' ? ` ${percentile}` : ''}`,
    `weights ${floatWeights === true ? 'float32' : `int8 ${weights}`}`,
    ...(settings.biasCorrection ? ['biases corrected'] : []),
    ...(settings.equalization ? ['equalization'] : []),
    ...(settings.channelBalance === 'off'
      ? []
      : [`channel_balance ${settings.channelBalance} to the power ${settings.channelBalanceExponent}`]),
    ...(settings.weightRounding === 'nearest' ? [] : [`weight_rounding ${settings.weightRounding}`]),
    ...(requantizer === 'fp32' ? [] : [`requantizer fixedPoint of ${requantizer.bits} bits`]),
  ];
}

function weightText({ weight, clusters }: MethodSettings): string[] {
  if (clusters !== undefined) return [];
  const { bits, perChannel, correction, gptq, initScale, autoTune } = weight;
  if (bits === 0) return [`mixed bits, init_scale ${autoTune === undefined ? initScale : 'by auto_tune'}`];
  return [
    `${bits} bits per ${perChannel ? 'channel' : 'layer'}`,
    ...(gptq ? ['matrix products by GPTQ'] : []),
    ...(correction ? ['means and deviations corrected'] : []),
  ];
}

function dynamicText({ dynamicStrategy }: MethodSettings): string[] {
  return [dynamicStrategy];
}
