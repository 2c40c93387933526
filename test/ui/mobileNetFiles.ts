import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where the test data lies. */
export const SHARED_DATA = process.env.QUANTSCOPE_SHARED_DATA ?? join(process.cwd(), '..', 'shared', 'data');
const MODEL = join(SHARED_DATA, 'models', 'derived', 'mobilenet_v2_float_from_qdq.onnx');
const IMAGES = join(SHARED_DATA, 'calib', 'imagenet_sample_256');

const CONFIG = `[common_quant_param]
quant_type=FULL_QUANT
bit_num=8

[full_quant_param]
activation_quant_method=MAX_MIN
per_channel=true

[data_preprocess_param]
calibrate_path=image:images
calibrate_size=8
input_type=IMAGE
image_to_format=RGB
normalize_mean=[123.675, 116.28, 103.53]
normalize_std=[58.395, 57.12, 57.375]
center_crop_width=244
center_crop_height=244
`;

/** Whether the shared data with the model lies beside the checkout. */
export const HAS_MOBILE_NET = existsSync(MODEL);

/** Puts `mobilenet_v2.onnx`, `mobilenet_v2.cfg` and eight images in `images` into `folder`. */
export function copyMobileNet(folder: string): void {
  cpSync(MODEL, join(folder, 'mobilenet_v2.onnx'));
  mkdirSync(join(folder, 'images'));
  const names = readdirSync(IMAGES).filter((name) => name.endsWith('.jpg'));
  for (const name of names.slice(0, 8)) cpSync(join(IMAGES, name), join(folder, 'images', name));
  writeFileSync(join(folder, 'mobilenet_v2.cfg'), CONFIG);
}
