import type { Diagnostic } from '../base/diagnostics.ts';
import * as errors from './errors.ts';
import type { KeyValues } from './keyValues.ts';

/** What WEIGHT_QUANT has no use for where centroids take the place of codes. */
const CODE_KEYS: readonly (readonly [section: string, key: string])[] = [
  ['common_quant_param', 'bit_num'],
  ['common_quant_param', 'enable_encode'],
  ['weight_quant_param', 'dequant_strategy'],
  ['weight_quant_param', 'per_channel'],
  ['weight_quant_param', 'bias_correction'],
  ['weight_quant_param', 'quant_strategy'],
  ['weight_quant_param', 'max_segments'],
  ['mixed_bit_weight_quant_param', 'init_scale'],
  ['mixed_bit_weight_quant_param', 'auto_tune'],
  ['mixed_bit_weight_quant_param', 'max_iterations'],
];

/** Names every key that is set and has no effect because of `clusters`, or without it. */
export function checkClusters(s: KeyValues, quantType: string | undefined): Diagnostic[] {
  const idle = (keys: typeof CODE_KEYS, why: string): Diagnostic[] =>
    keys.flatMap(([section, key]) =>
      s.isSet(section, key) ? [errors.noEffect(s.at(section, key), key, `${quantType ?? ''}${why}`)] : [],
    );
  if (!s.isSet('quantscope', 'clusters')) return idle([['quantscope', 'cluster_centroids']], ' without clusters');
  return quantType === 'WEIGHT_QUANT' ? idle(CODE_KEYS, ' with clusters') : [];
}
