import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { SHARED_DATA } from './mobileNetFiles.ts';

const MODELS = ['models/nlp/tfbert_qa_tiny.onnx', 'models/nlp/gpt2_past_tiny.onnx', 'models/ocr/ppocrv4_rec.onnx'];
const LINES = ['chineseocr_2.jpg', 'chineseocr_3.jpg'].map((name) => join('calib', 'ocr', name));

/** Whether the shared data with the models lies beside the checkout. */
export const HAS_NETWORKS = [...MODELS, ...LINES].every((path) => existsSync(join(SHARED_DATA, path)));

const FLOAT = 'models/derived/mobilenet_v2_float_from_qdq.onnx';
const QUANTIZED = 'quant-pairs/mobilenet_v2_torchvision_qdq/model.onnx';

/** Whether both forms of MobileNetV2 are there. */
export const HAS_MODEL_PAIR = [FLOAT, QUANTIZED].every((path) => existsSync(join(SHARED_DATA, path)));

/** Puts `pair_float.onnx` and `pair_qdq.onnx` into `folder`. */
export function copyModelPair(folder: string): void {
  cpSync(join(SHARED_DATA, FLOAT), join(folder, 'pair_float.onnx'));
  cpSync(join(SHARED_DATA, QUANTIZED), join(folder, 'pair_qdq.onnx'));
}

const GPT2_CONFIG = `[common_quant_param]
quant_type=DYNAMIC_QUANT
bit_num=8

[dynamic_quant_param]
quant_strategy=ALWC

[quantscope]
fixed_dims=batch_size:1,seq_len:4
`;

const OCR_CONFIG = `[common_quant_param]
quant_type=WEIGHT_QUANT
bit_num=8

[data_preprocess_param]
calibrate_path=x:lines
calibrate_size=2
input_type=IMAGE
image_to_format=BGR
normalize_mean=[127.5, 127.5, 127.5]
normalize_std=[127.5, 127.5, 127.5]
resize_method=LINEAR
resize_width=160
resize_height=48

[quantscope]
fixed_dims=p2o.DynamicDimension.0:1,p2o.DynamicDimension.1:160
`;

/** Puts the models, `gpt2_past_tiny.cfg`, and `ppocrv4_rec.cfg` with its images in `lines` into `folder`. */
export function copyNetworks(folder: string): void {
  for (const path of MODELS) cpSync(join(SHARED_DATA, path), join(folder, basename(path)));
  mkdirSync(join(folder, 'lines'));
  for (const path of LINES) cpSync(join(SHARED_DATA, path), join(folder, 'lines', basename(path)));
  writeFileSync(join(folder, 'gpt2_past_tiny.cfg'), GPT2_CONFIG);
  writeFileSync(join(folder, 'ppocrv4_rec.cfg'), OCR_CONFIG);
}
