import { cpSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SHARED_DATA } from './mobileNetFiles.ts';

const DETECTOR = join(SHARED_DATA, 'ort-baseline', 'yolox_nano');

const CONFIG = `[common_quant_param]
quant_type=FULL_QUANT
bit_num=8

[full_quant_param]
activation_quant_method=MAX_MIN
per_channel=true
bias_correction=false

[data_preprocess_param]
calibrate_path=images:calibration
calibrate_size=20
input_type=IMAGE
image_to_format=BGR
normalize_mean=[0,0,0]
normalize_std=[1,1,1]

[quantscope]
evaluate_path=images:evaluation
evaluate_size=10
`;

/** Whether the shared data with the detector lies beside the checkout. */
export const HAS_DETECTOR = existsSync(DETECTOR);

/** Puts `yolox_nano.onnx`, `yolox_nano.cfg` and the images in `calibration` and `evaluation` into `folder`. */
export function copyDetector(folder: string): void {
  cpSync(join(DETECTOR, 'float.onnx'), join(folder, 'yolox_nano.onnx'));
  for (const images of ['calibration', 'evaluation'])
    cpSync(join(DETECTOR, images), join(folder, images), { recursive: true });
  writeFileSync(join(folder, 'yolox_nano.cfg'), CONFIG);
}
