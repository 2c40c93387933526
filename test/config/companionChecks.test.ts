import { expect, test } from 'vitest';
import { parseConfig } from '../../src/config/config.ts';

function notes(...lines: readonly string[]): string[] {
  const text = ['[common_quant_param]', ...lines].join('\n');
  return parseConfig(text, 'q.cfg').diagnostics.flatMap((d) => (d.code === 'CFG127' ? [d.message] : []));
}

const data = (type: string, ...more: string[]) => [
  ...['[data_preprocess_param]', 'calibrate_path=x:data', 'calibrate_size=1', `input_type=${type}`, ...more],
];
const FULL = ['quant_type=FULL_QUANT', ...data('BIN'), '[quantscope]'];
const MIXED = ['quant_type=WEIGHT_QUANT', 'bit_num=0', ...data('BIN')];

test('channel_balance_exponent is for balanced channels', () => {
  const idle = ['channel_balance_exponent has no effect with channel_balance = off'];
  expect(notes(...FULL, 'channel_balance_exponent=0.5')).toEqual(idle);
  expect(notes(...FULL, 'channel_balance_exponent=0.5', 'channel_balance=free')).toEqual([]);
});

test('percentile is for PERCENTILE, of the run or of a node', () => {
  const idle = ['percentile has no effect without calibration_method = PERCENTILE'];
  expect(notes(...FULL, 'percentile=99')).toEqual(idle);
  expect(notes(...FULL, 'percentile=99', 'node_overrides=a:KL')).toEqual(idle);
  expect(notes(...FULL, 'percentile=99', 'node_overrides=a:PERCENTILE')).toEqual([]);
  expect(notes(...FULL, 'percentile=99', 'calibration_method=PERCENTILE')).toEqual([]);
});

test('activation_quant_method yields to calibration_method', () => {
  const method = ['[full_quant_param]', 'activation_quant_method=KL'];
  expect(notes(...FULL, 'calibration_method=MSE', ...method)).toEqual([
    'activation_quant_method has no effect beside calibration_method',
  ]);
  expect(notes(...FULL, ...method)).toEqual([]);
});

test('multipliers are for fixedPoint', () => {
  expect(notes(...FULL, 'multiplier_bits=8', 'multiplier_error=0.1')).toEqual([
    expect.stringContaining('multiplier_bits has no effect on results without requantizer = fixedPoint'),
    expect.stringContaining('multiplier_error has no effect on results'),
  ]);
  expect(notes(...FULL, 'multiplier_bits=8', 'requantizer=fixedPoint')).toEqual([]);
});

test('auto_tune has keys of its own, and searches init_scale', () => {
  const section = '[mixed_bit_weight_quant_param]';
  const own = ['max_iterations=50', 'use_cv_data=true', '[quantscope]', 'auto_tune_target=0.9'];
  expect(notes(...MIXED, section, 'init_scale=0.1', ...own)).toEqual([
    ...['max_iterations', 'use_cv_data', 'auto_tune_target'].map(
      (key) => `${key} has no effect without auto_tune = true`,
    ),
  ]);
  expect(notes(...MIXED, section, 'auto_tune=true', 'init_scale=0.1', ...own)).toEqual([
    'init_scale has no effect with auto_tune = true, which searches it',
  ]);
});

test('arrays have no use for the keys of images, nor images for those of arrays', () => {
  const image = ['image_to_format=GRAY', 'normalize_mean=[0]', 'normalize_std=[1]'];
  const type = 'quant_type=FULL_QUANT';
  const idle = (key: string) => `${key} has no effect with input_type = BIN: arrays are taken as they are`;
  expect(notes(type, ...data('BIN', ...image))).toEqual(
    ['image_to_format', 'normalize_mean', 'normalize_std'].map(idle),
  );
  expect(notes(type, ...data('IMAGE', ...image))).toEqual([]);
  expect(notes(type, ...data('IMAGE', ...image), '[quantscope]', 'bin_layout=NCHW')).toEqual([
    'bin_layout has no effect with input_type = IMAGE',
  ]);
  expect(notes(...FULL, 'bin_layout=NCHW')).toEqual([]);
});
