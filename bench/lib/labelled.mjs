import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SHARED } from './core.mjs';

/** Labelled models of the shared data: where they lie, and the config lines that feed them. */
export const LABELLED = [
  {
    name: 'SqueezeNet',
    path: 'ort-baseline/models/squeezenet.pre.onnx',
    data: () => ({
      calibrate: `data_0:${join(SHARED, 'ort-baseline/calibration-png')}`,
      size: 100,
      evaluate: `data_0:${IMAGENET}`,
      labels: join(IMAGENET, 'labels.tsv'),
      lines: [
        'input_type=IMAGE',
        'image_to_format=BGR',
        'normalize_mean=[104,117,123]',
        'normalize_std=[1,1,1]',
        'center_crop_width=224',
        'center_crop_height=224',
      ],
    }),
  },
  {
    name: 'MobileNetV2',
    path: 'models/derived/mobilenet_v2_float_from_qdq.onnx',
    data: () => ({
      calibrate: `image:${IMAGENET}`,
      size: 100,
      evaluate: `image:${IMAGENET}`,
      labels: join(IMAGENET, 'labels.tsv'),
      lines: [
        'input_type=IMAGE',
        'image_to_format=RGB',
        'normalize_mean=[123.675,116.28,103.53]',
        'normalize_std=[58.395,57.12,57.375]',
        'center_crop_width=244',
        'center_crop_height=244',
      ],
    }),
  },
  {
    name: 'CIFAR-10 CNN',
    path: 'models/cls/cifar10_cnn_winml_tutorial.onnx',
    data: (folder) =>
      records(folder, 'modelInput', {
        file: 'calib/cifar10/test_a_2000.bin',
        values: 3072,
        prepare: (x) => x / 127.5 - 1,
      }),
  },
  {
    name: 'MNIST CNN',
    path: 'models/cls/mnist_pytorch_cnn.onnx',
    data: (folder) => records(folder, '0', { file: 'calib/mnist/digits_a.bin', values: 784, prepare: (x) => x / 255 }),
  },
];

const IMAGENET = join(SHARED, 'calib/imagenet_sample_256');
/** Every 20th record calibrates and is not evaluated. */
const CALIBRATION_STRIDE = 20;
const MOST_SAMPLES = 2000;

/** Records of a label byte and pixels become float32 files in model layout, beside a file of their labels. */
function records(folder, input, { file, values, prepare }) {
  const bytes = readFileSync(join(SHARED, file));
  const calibrate = join(folder, 'calibrate');
  const evaluate = join(folder, 'evaluate');
  mkdirSync(calibrate, { recursive: true });
  mkdirSync(evaluate, { recursive: true });
  const labels = ['file,label'];
  let size = 0;
  for (let i = 0; i < Math.min(MOST_SAMPLES, bytes.length / (values + 1)); i++) {
    const record = bytes.subarray(i * (values + 1), (i + 1) * (values + 1));
    const name = `${String(i).padStart(5, '0')}.bin`;
    const isCalibration = i % CALIBRATION_STRIDE === 0;
    writeFileSync(join(isCalibration ? calibrate : evaluate, name), Float32Array.from(record.subarray(1), prepare));
    if (isCalibration) size++;
    else labels.push(`${name},${record[0]}`);
  }
  const labelFile = join(folder, 'labels.csv');
  writeFileSync(labelFile, `${labels.join('\n')}\n`);
  return {
    calibrate: `${input}:${calibrate}`,
    size,
    evaluate: `${input}:${evaluate}`,
    labels: labelFile,
    lines: ['input_type=BIN'],
  };
}
