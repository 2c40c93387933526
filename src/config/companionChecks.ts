import type { Diagnostic } from '../base/diagnostics.ts';
import * as errors from './errors.ts';
import type { KeyValues } from './keyValues.ts';

const DATA = 'data_preprocess_param';
const FULL = 'full_quant_param';
const MIXED = 'mixed_bit_weight_quant_param';
const OURS = 'quantscope';

/** Keys that need the value of another, and why they are idle without it. */
interface Companions {
  readonly section: string;
  readonly keys: readonly string[];
  readonly isIdle: (s: KeyValues) => boolean;
  readonly why: string;
}

const IMAGE_KEYS = ['image_to_format', 'normalize_mean', 'normalize_std', 'resize_width', 'resize_height'].concat(
  'resize_method',
  'center_crop_width',
  'center_crop_height',
);

const WEIGHT_QUANT: readonly Companions[] = [
  {
    section: MIXED,
    keys: ['max_iterations', 'use_cv_data'],
    isIdle: (s) => s.number('common_quant_param', 'bit_num') === 0 && !s.bool(MIXED, 'auto_tune'),
    why: 'without auto_tune = true',
  },
  {
    section: OURS,
    keys: ['auto_tune_target'],
    isIdle: (s) => !s.bool(MIXED, 'auto_tune'),
    why: 'without auto_tune = true',
  },
  {
    section: MIXED,
    keys: ['init_scale'],
    isIdle: (s) => s.bool(MIXED, 'auto_tune'),
    why: 'with auto_tune = true, which searches it',
  },
];

const FULL_QUANT: readonly Companions[] = [
  {
    section: OURS,
    keys: ['percentile'],
    isIdle: (s) => !methodsOf(s).has('PERCENTILE'),
    why: 'without calibration_method = PERCENTILE',
  },
  {
    section: OURS,
    keys: ['channel_balance_exponent'],
    isIdle: (s) => s.word<string>(OURS, 'channel_balance') === 'off',
    why: 'with channel_balance = off',
  },
  {
    section: OURS,
    keys: ['multiplier_bits', 'multiplier_error'],
    isIdle: (s) => s.word<string>(OURS, 'requantizer') === 'fp32',
    why: 'on results without requantizer = fixedPoint; the report says how exact such multipliers would be',
  },
  {
    section: FULL,
    keys: ['activation_quant_method'],
    isIdle: (s) => s.isSet(OURS, 'calibration_method'),
    why: 'beside calibration_method',
  },
];

const SAMPLES: readonly Companions[] = [
  {
    section: DATA,
    keys: IMAGE_KEYS,
    isIdle: (s) => s.optionalWord<string>(DATA, 'input_type') === 'BIN',
    why: 'with input_type = BIN: arrays are taken as they are',
  },
  {
    section: OURS,
    keys: ['bin_layout', 'input_layout'],
    isIdle: (s) => s.optionalWord<string>(DATA, 'input_type') === 'IMAGE',
    why: 'with input_type = IMAGE',
  },
];

/** Names keys that are set and have no effect, since another key has not the value they belong to. */
export function checkCompanions(s: KeyValues, quantType: string | undefined): Diagnostic[] {
  const own = quantType === 'WEIGHT_QUANT' ? WEIGHT_QUANT : quantType === 'FULL_QUANT' ? FULL_QUANT : [];
  return [...own, ...SAMPLES].flatMap(({ section, keys, isIdle, why }) =>
    keys
      .filter((key) => s.isSet(section, key) && isIdle(s))
      .map((key) => errors.hint(s.at(section, key), 'note', `${key} has no effect ${why}`)),
  );
}

/** How ranges are chosen, by the run and by single nodes. */
function methodsOf(s: KeyValues): ReadonlySet<string> {
  const general = s.optionalWord<string>(OURS, 'calibration_method') ?? s.word<string>(FULL, 'activation_quant_method');
  const own = [...s.overrides(OURS, 'node_overrides').values()].flatMap(({ method }) => method ?? []);
  return new Set([general, ...own]);
}
