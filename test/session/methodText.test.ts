import { expect, test } from 'vitest';
import { parseConfig } from '../../src/config/config.ts';
import { type MethodSettings, methodText } from '../../src/session/methodText.ts';
import { correctsBiases, generalChoiceOf, targetChoiceOf } from '../../src/session/targetSettings.ts';
import { clustersOf, weightSettingsOf } from '../../src/session/weightSettings.ts';

const DATA = '[data_preprocess_param]\ncalibrate_path=x:data\ncalibrate_size=1\ninput_type=BIN\n';

function settingsOf(text: string): MethodSettings {
  const { config, diagnostics } = parseConfig(`${text}\n${DATA}`, 'q.cfg');
  if (config === undefined) throw new Error(diagnostics.map((d) => d.message).join());
  const { quantscope, full, common, dynamic } = config;
  return {
    ...quantscope,
    quantType: common.quantType,
    overrides: quantscope.nodeOverrides,
    target: targetChoiceOf(config),
    general: generalChoiceOf(config),
    weight: weightSettingsOf(config),
    clusters: clustersOf(quantscope),
    biasCorrection: full.biasCorrection && correctsBiases(config),
    requantizer: quantscope.requantizer === 'fp32' ? 'fp32' : { bits: quantscope.multiplierBits },
    dynamicStrategy: dynamic.quantStrategy,
  };
}

const common = (type: string, ...lines: string[]) => ['[common_quant_param]', `quant_type=${type}`, ...lines];
const FULL = common('FULL_QUANT');

test.each([
  [
    FULL,
    'FULL_QUANT, target onnxruntime, activations uint8 asymmetric by MAX_MIN, weights int8 symmetric per channel, biases corrected',
  ],
  [
    [...FULL, '[full_quant_param]', 'target_device=KIRIN', 'per_channel=false', '[quantscope]', 'percentile=99.9']
      .concat('calibration_method=PERCENTILE', 'requantizer=fixedPoint', 'multiplier_bits=15')
      .concat(
        'channel_balance=insert',
        'weight_rounding=least_squares',
        'clusters=16',
        'node_overrides=a:int16,b:int4',
      ),
    'FULL_QUANT, target mindspore KIRIN, activations uint8 asymmetric by PERCENTILE 99.9, weights int8 asymmetric per layer, equalization, channel_balance insert to the power 0.8, weight_rounding least_squares, requantizer fixedPoint of 15 bits, weights clustered: 16 linear, node_overrides for 2',
  ],
  [
    [...FULL, '[full_quant_param]', 'target_device=NVGPU', '[quantscope]', 'strict_reference=true'],
    'FULL_QUANT with strict_reference, target mindspore NVGPU, activations int8 symmetric by MAX_MIN, weights float32',
  ],
  [
    [...common('WEIGHT_QUANT', 'bit_num=4'), '[weight_quant_param]', 'quant_strategy=GPTQ'],
    'WEIGHT_QUANT, 4 bits per channel, matrix products by GPTQ, means and deviations corrected',
  ],
  [common('WEIGHT_QUANT', 'bit_num=0'), 'WEIGHT_QUANT, mixed bits, init_scale 0.02'],
  [
    [...common('WEIGHT_QUANT', 'bit_num=0'), '[mixed_bit_weight_quant_param]', 'auto_tune=true'],
    'WEIGHT_QUANT, mixed bits, init_scale by auto_tune',
  ],
  [
    [...common('WEIGHT_QUANT'), '[quantscope]', 'clusters=32', 'cluster_centroids=density'],
    'WEIGHT_QUANT, weights clustered: 32 density',
  ],
  [[...common('DYNAMIC_QUANT'), '[dynamic_quant_param]', 'quant_strategy=ACWL'], 'DYNAMIC_QUANT, ACWL'],
])('%j is told', (lines, told) => {
  expect(methodText(settingsOf(lines.join('\n')))).toBe(told);
});
