import { sharedData } from '../helpers/sharedData.ts';

/** A real model with the data that fits it, and how images become its input. */
export interface RealModel {
  /** Absolute path of the float model. */
  readonly path: string;
  readonly input: string;
  readonly calibration: string;
  readonly calibrationSamples: number;
  readonly evaluation: string;
  readonly evaluationSamples: number;
  /** Keys of [data_preprocess_param]. */
  readonly preprocess: Readonly<Record<string, string>>;
}

/** What a test changes in a config. */
export interface Choices {
  readonly biasCorrection?: boolean;
  readonly perChannel?: boolean;
  readonly requantizer?: 'fp32' | 'fixedPoint';
  /** int8 where nothing is said, as in ONNX Runtime's baseline. */
  readonly activationType?: 'int8' | 'uint8';
  readonly skip?: readonly string[];
  readonly labels?: string;
  readonly fixedDims?: string;
}

export const BASELINES = {
  ultraface: baseline('ultraface', 'input', [20, 12], {
    image_to_format: 'RGB',
    normalize_mean: '[127,127,127]',
    normalize_std: '[128,128,128]',
  }),
  ppocrv4_det: baseline('ppocrv4_det', 'x', [12, 3], {
    image_to_format: 'BGR',
    normalize_mean: '[123.675,116.28,103.53]',
    normalize_std: '[58.395,57.12,57.375]',
  }),
  yolox_nano: baseline('yolox_nano', 'images', [20, 10], {
    image_to_format: 'BGR',
    normalize_mean: '[0,0,0]',
    normalize_std: '[1,1,1]',
  }),
} as const;

export const SQUEEZENET: RealModel = {
  path: sharedData('ort-baseline/models/squeezenet.pre.onnx'),
  input: 'data_0',
  calibration: sharedData('ort-baseline/calibration-png'),
  calibrationSamples: 100,
  evaluation: sharedData('calib/imagenet_sample_256'),
  evaluationSamples: 100,
  preprocess: {
    image_to_format: 'BGR',
    normalize_mean: '[104,117,123]',
    normalize_std: '[1,1,1]',
    center_crop_width: '224',
    center_crop_height: '224',
  },
};

export const MOBILENET: RealModel = {
  path: sharedData('models/derived/mobilenet_v2_float_from_qdq.onnx'),
  input: 'image',
  calibration: sharedData('calib/imagenet_sample_256'),
  calibrationSamples: 8,
  evaluation: sharedData('calib/imagenet_sample_256'),
  evaluationSamples: 2,
  preprocess: {
    image_to_format: 'RGB',
    normalize_mean: '[123.675,116.28,103.53]',
    normalize_std: '[58.395,57.12,57.375]',
    center_crop_width: '244',
    center_crop_height: '244',
  },
};

/** ImageNet labels of the images in `calib/imagenet_sample_256`. */
export const IMAGENET_LABELS = sharedData('calib/imagenet_sample_256/labels.tsv');

/** The config that quantizes `m`. */
export function configOf(m: RealModel, choices: Choices = {}): string {
  const { biasCorrection = true, perChannel = true, requantizer = 'fp32', skip = [], labels, fixedDims } = choices;
  const { activationType = 'int8' } = choices;
  const lines = [
    '[common_quant_param]',
    'quant_type=FULL_QUANT',
    ...(skip.length > 0 ? [`skip_quant_node=${skip.join(',')}`] : []),
    '[full_quant_param]',
    'activation_quant_method=MAX_MIN',
    `per_channel=${perChannel}`,
    `bias_correction=${biasCorrection}`,
    '[data_preprocess_param]',
    `calibrate_path=${m.input}:${m.calibration}`,
    `calibrate_size=${m.calibrationSamples}`,
    'input_type=IMAGE',
    ...Object.entries(m.preprocess).map(([key, value]) => `${key}=${value}`),
    '[quantscope]',
    `evaluate_path=${m.input}:${m.evaluation}`,
    `evaluate_size=${m.evaluationSamples}`,
    `activation_type=${activationType}`,
    `requantizer=${requantizer}`,
    ...(labels === undefined ? [] : [`labels=${labels}`]),
    ...(fixedDims === undefined ? [] : [`fixed_dims=${fixedDims}`]),
  ];
  return `${lines.join('\n')}\n`;
}

function baseline(
  name: string,
  input: string,
  [calibrationSamples, evaluationSamples]: readonly [number, number],
  preprocess: Readonly<Record<string, string>>,
): RealModel {
  return {
    path: sharedData(`ort-baseline/${name}/float.onnx`),
    input,
    calibration: sharedData(`ort-baseline/${name}/calibration`),
    calibrationSamples,
    evaluation: sharedData(`ort-baseline/${name}/evaluation`),
    evaluationSamples,
    preprocess,
  };
}
