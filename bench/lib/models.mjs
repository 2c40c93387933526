// What is measured, and the largest ratio that is accepted. A row: [what, ours, against, limit].
// Contestants: `fp32` and `int8` are ours (int8: the model as we quantize it, or as it is where it is quantized already),
// `x2` after them means two threads; `web` and `node` are onnxruntime-web and onnxruntime-node.

const MOBILENET = 'models/derived/mobilenet_v2_float_from_qdq.onnx';

export const MODELS = [
  {
    name: 'MobileNetV2 QDQ',
    path: 'quant-pairs/mobilenet_v2_torchvision_qdq/model.onnx',
    isQuantized: true,
    rows: [
      ['int8 against int8', 'int8', 'web int8', 0.18],
      ['int8 against int8', 'int8', 'node int8', null],
    ],
  },
  {
    name: 'MobileNetV2',
    path: MOBILENET,
    rows: [
      ['fp32', 'fp32', 'web fp32', 0.5],
      ['int8 against fp32', 'int8', 'web fp32', 0.4],
      ['fp32', 'fp32', 'node fp32', 4],
      ['int8 against int8', 'int8', 'node int8', 6],
    ],
  },
  {
    name: 'MobileNetV2',
    path: MOBILENET,
    rows: [
      ['fp32, 2 threads', 'fp32 x2', 'fp32', 0.65],
      ['int8, 2 threads', 'int8 x2', 'int8', 0.58],
    ],
  },
  {
    name: 'MobileNetV2',
    path: MOBILENET,
    rows: [['all report statistics on all tensors', 'statistics', 'fp32', 1]],
  },
  {
    name: 'SqueezeNet',
    path: 'ort-baseline/models/squeezenet.pre.onnx',
    rows: [
      ['fp32', 'fp32', 'web fp32', 0.6],
      ['int8 against fp32', 'int8', 'web fp32', 0.4],
    ],
  },
  {
    name: 'YOLOX-nano',
    path: 'models/det/yolox_nano_416.onnx',
    rows: [
      ['fp32', 'fp32', 'web fp32', 0.5],
      ['int8 against fp32', 'int8', 'web fp32', 0.4],
    ],
  },
  {
    name: 'PP-OCRv4 det',
    path: 'models/ocr/ppocrv4_det.onnx',
    dims: { 'x:2': 640, 'x:3': 640 },
    rows: [
      ['fp32', 'fp32', 'web fp32', 0.6],
      ['int8 against fp32', 'int8', 'web fp32', 0.4],
    ],
  },
  {
    name: 'PP-OCRv4 rec',
    path: 'models/ocr/ppocrv4_rec.onnx',
    dims: { 'x:2': 48, 'x:3': 320 },
    rows: [['fp32', 'fp32', 'web fp32', 0.6]],
  },
  { name: 'UltraFace', path: 'models/face/ultraface_RFB-320.onnx', rows: [['fp32', 'fp32', 'web fp32', 0.5]] },
  { name: 'DeepLab', path: 'models/seg/deeplab_v3_mnv2_257.onnx', rows: [['fp32', 'fp32', 'web fp32', 0.5]] },
  {
    name: 'super_resolution_10',
    path: 'models/i2i/super_resolution_10.onnx',
    rows: [['fp32', 'fp32', 'web fp32', 0.6]],
  },
  // Thousands of tiny nodes: what a step costs.
  {
    name: 'gpt2_past_tiny',
    path: 'models/nlp/gpt2_past_tiny.onnx',
    golden: 'nlp__gpt2_past_tiny',
    rows: [['fp32', 'fp32', 'web fp32', null]],
  },
  {
    name: 'tfbert_qa_tiny',
    path: 'models/nlp/tfbert_qa_tiny.onnx',
    golden: 'nlp__tfbert_qa_tiny',
    rows: [['fp32', 'fp32', 'web fp32', null]],
  },
];

/** From a worker that is up to its first output, in milliseconds. */
export const COLD_START = {
  what: 'cold start, int8',
  name: 'MobileNetV2 QDQ',
  path: 'quant-pairs/mobilenet_v2_torchvision_qdq/model.onnx',
  limitMs: 60,
};

export const PEERS = { web: 'onnxruntime-web', node: 'onnxruntime-node' };

/** The models with those rows whose model or measure contains `only`, in either case. */
export function chosenModels(only) {
  if (only === undefined) return MODELS;
  const wanted = only.toLowerCase();
  const chosen = [];
  for (const model of MODELS) {
    const rows = model.rows.filter(([what]) => `${model.name} ${what}`.toLowerCase().includes(wanted));
    if (rows.length > 0) chosen.push({ ...model, rows });
  }
  return chosen;
}

export function isColdStartChosen(only) {
  const { name, what } = COLD_START;
  return only === undefined || `${name} ${what}`.toLowerCase().includes(only.toLowerCase());
}

/** Whether a model is among those that `--only TEXT` names; all are without it. */
export function named(only) {
  return ({ name }) => only === undefined || name.toLowerCase().includes(only.toLowerCase());
}
