import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encode } from 'fast-png';
import { SIDE } from './digits.mjs';

/**
 * Writes digits as 8-bit grey PNG files named 001.png, 002.png, ... into a folder emptied first.
 *
 * @param {string} folder
 * @param {readonly import('./digits.mjs').Digit[]} digits
 * @returns {string[]} the file names, in the order of `digits`
 */
export function writeImages(folder, digits) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return digits.map(({ pixels }, i) => {
    const name = `${String(i + 1).padStart(3, '0')}.png`;
    const image = { width: SIDE, height: SIDE, data: pixels, depth: 8, channels: 1 };
    writeFileSync(join(folder, name), encode(image, { zlib: { level: 9 } }));
    return name;
  });
}

/**
 * Writes `file,label` lines.
 *
 * @param {string} file
 * @param {readonly string[]} names
 * @param {readonly import('./digits.mjs').Digit[]} digits as long as `names`
 */
export function writeLabels(file, names, digits) {
  const lines = names.map((name, i) => `${name},${digits[i].label}`);
  writeFileSync(file, `${['file,label', ...lines].join('\n')}\n`);
}

/** Where the samples lie, and how a grey byte becomes what the network was trained on: x * (1/255) + 0. */
const PREPROCESSING = `[data_preprocess_param]
# The input's name, then a folder, relative to this file.
calibrate_path=image:calibration
calibrate_size=100
input_type=IMAGE
image_to_format=GRAY
normalize_mean=[0.0]
normalize_std=[255.0]
`;

const EVALUATION = `[quantscope]
# Digits the network has never seen, with their labels: what top-1 is measured on.
evaluate_path=test
labels=labels.csv
evaluate_size=500
`;

/** Config file name -> its text: one per quantization type. */
export const CONFIGS = {
  'full_quant.cfg': config(
    `[common_quant_param]
# Weights and activations become int8, and the network runs on integers.
quant_type=FULL_QUANT
bit_num=8
# Tables of every tensor, one file per calibration sample.
debug_info_save_path=quant_report
`,
    `[full_quant_param]
# How an activation's range is found: MAX_MIN, KL or REMOVAL_OUTLIER.
activation_quant_method=MAX_MIN
per_channel=true
bias_correction=true
`,
  ),
  'weight_quant.cfg': config(
    `[common_quant_param]
# Only the weights are stored as integers of bit_num bits; the network runs on floats.
quant_type=WEIGHT_QUANT
bit_num=8
min_quant_weight_size=0
min_quant_weight_channel=0
`,
    `[weight_quant_param]
per_channel=true
bias_correction=true
`,
  ),
  'mixed_bit.cfg': config(
    `[common_quant_param]
# bit_num 0: every layer's weights get the bits they need.
quant_type=WEIGHT_QUANT
bit_num=0
min_quant_weight_size=0
min_quant_weight_channel=0
`,
    `[mixed_bit_weight_quant_param]
# Larger is smaller in the file and less exact.
init_scale=0.02
auto_tune=false
`,
  ),
  'dynamic_quant.cfg': config(
    `[common_quant_param]
# Weights are integers in the file; activations are quantized as they come, with the range of each input.
quant_type=DYNAMIC_QUANT
bit_num=8
`,
    `[dynamic_quant_param]
quant_strategy=ALWC
`,
  ),
};

function config(common, own) {
  return [common, own, PREPROCESSING, EVALUATION].join('\n');
}
