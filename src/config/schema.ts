import { ASCEND } from './converterKeys.ts';
import {
  BOOL,
  done,
  FOLDER,
  int,
  type KeyRow,
  NODES,
  oneOf,
  type QuantType,
  type Row,
  type SectionRow,
  VECTOR,
} from './keyTypes.ts';
import { OURS } from './quantscopeKeys.ts';

const U16 = 65535;
const WEIGHT: readonly QuantType[] = ['WEIGHT_QUANT'];
const FULL: readonly QuantType[] = ['FULL_QUANT'];
const DYNAMIC: readonly QuantType[] = ['DYNAMIC_QUANT'];

/** Every section that converter_lite or this product reads. */
export const SECTIONS: readonly SectionRow[] = [
  { name: 'common_quant_param', kind: 'keys', doc: 'what is quantized, and what is left out' },
  { name: 'weight_quant_param', kind: 'keys', doc: 'weights with a fixed number of bits' },
  { name: 'mixed_bit_weight_quant_param', kind: 'keys', doc: 'weights with a step per layer (bit_num=0)' },
  { name: 'full_quant_param', kind: 'keys', doc: 'weights and activations in int8' },
  { name: 'data_preprocess_param', kind: 'keys', doc: 'calibration samples, and how an image becomes an input' },
  { name: 'dynamic_quant_param', kind: 'keys', doc: 'activations quantized while the model runs' },
  { name: 'transform_quant_param', kind: 'keys', doc: 'import of models that carry quantization nodes' },
  { name: 'quantscope', kind: 'keys', doc: 'settings converter_lite does not have, and ignores' },
  {
    name: 'ascend_context',
    kind: 'keys',
    ignoresUnknown: true,
    doc: 'conversion for Ascend devices: shapes and layouts of the inputs count here as well',
  },
  { name: 'registry', kind: 'converter', doc: 'plugins of converter_lite' },
  { name: 'acl_option_cfg_param', kind: 'converter', doc: 'options of the Ascend compiler' },
  { name: 'acl_init_options', kind: 'converter', doc: 'options of the Ascend compiler' },
  { name: 'acl_build_options', kind: 'converter', doc: 'options of the Ascend compiler' },
  { name: 'aoe_global_options', kind: 'converter', doc: 'options of the Ascend tuner' },
  { name: 'aoe_tuning_options', kind: 'converter', doc: 'options of the Ascend tuner' },
  { name: 'micro_param', kind: 'converter', doc: 'code generation for microcontrollers' },
  { name: 'cpu_option_cfg_param', kind: 'converter', doc: 'CPU architecture of the converted model' },
  { name: 'graph_kernel_param', kind: 'converter', doc: 'kernel fusion of the converted model' },
];

const COMMON: readonly Row[] = [
  {
    key: 'quant_type',
    type: oneOf(
      done('FULL_QUANT', 'weights and activations in int8, with ranges from calibration samples'),
      done('WEIGHT_QUANT', 'weights alone, in codes that become float32 when the model is loaded'),
      done(
        'DYNAMIC_QUANT',
        'weights of MatMul, Gemm, Conv and Gather in int8, activations quantized while the model runs',
      ),
    ),
    effect: 'done',
    doc: 'What is quantized. It has no default.',
  },
  {
    key: 'bit_num',
    type: int(0, 16),
    default: '8',
    effect: 'done',
    doc: 'Bits of a code. WEIGHT_QUANT: 1 to 16, or 0 for mixed bits; else 8.',
  },
  {
    key: 'min_quant_weight_size',
    type: int(0, U16),
    default: '0',
    effect: 'done',
    for: WEIGHT,
    doc: 'A weight is quantized when it has more elements than this.',
  },
  {
    key: 'min_quant_weight_channel',
    type: int(0, U16),
    default: '16',
    effect: 'done',
    for: ['WEIGHT_QUANT', 'FULL_QUANT'],
    doc: 'A convolution weight is quantized when it has more output channels than this; for target_device=ASCEND when it has at least as many.',
  },
  { key: 'skip_quant_node', type: NODES, effect: 'done', doc: 'Nodes that stay float, by name, separated by commas.' },
  {
    key: 'debug_info_save_path',
    type: FOLDER,
    effect: 'done',
    doc: 'Folder of the reports, made when missing; without it none are written.',
  },
  {
    key: 'enable_encode',
    type: BOOL,
    default: 'true',
    effect: 'done',
    for: WEIGHT,
    doc: 'Store codes packed, as a table with indices, or as what is not zero, whichever is smallest; false: 8 and 16 bits as they are.',
  },
  {
    key: 'workspace',
    type: FOLDER,
    effect: 'warning',
    doc: 'Folder for temporary files of models over 2 GiB in converter_lite.',
  },
];

const WEIGHTS = usedBy(WEIGHT, [
  {
    key: 'dequant_strategy',
    type: oneOf(
      done('ON_THE_FLY', 'when they are needed: below 8 bits they are stored entropy-coded, from 8 on as plain codes'),
    ),
    effect: 'done',
    doc: 'When weights become float again; unset: when the model is loaded.',
  },
  {
    key: 'per_channel',
    type: BOOL,
    default: 'true',
    effect: 'done',
    doc: 'Parameters per output channel, or per table row; false: per weight.',
  },
  {
    key: 'bias_correction',
    type: BOOL,
    default: 'true',
    effect: 'done',
    doc: 'Give dequantized weights the mean and the deviation of the float ones; it does not touch biases.',
  },
  {
    key: 'quant_strategy',
    type: oneOf(
      done('MAX_MIN', 'the range of the weight'),
      done('GPTQ', 'weights of matrix products by least squares at their outputs over the calibration samples'),
    ),
    default: 'MAX_MIN',
    effect: 'done',
    doc: 'How weights are rounded.',
  },
  { key: 'update_mindir', type: BOOL, default: 'true', effect: 'warning', doc: 'Write the result back to MindIR.' },
  {
    key: 'max_segments',
    type: int(1, 2147483647),
    default: '1',
    effect: 'done',
    doc: 'Parts that entropy-coded weights of more than 10000 elements are decoded in side by side.',
  },
]);

const MIXED = usedBy(WEIGHT, [
  {
    key: 'init_scale',
    type: { kind: 'double', above: 0, below: 1 },
    default: '0.02',
    effect: 'done',
    doc: 'Relative error a layer may have; larger is smaller in the file and less exact.',
  },
  {
    key: 'auto_tune',
    type: BOOL,
    default: 'false',
    effect: 'done',
    doc: 'Search the coarsest init_scale whose outputs keep a mean cosine similarity of auto_tune_target over the calibration samples, or those that stand in for them, and say it. With strict_reference=true by the steps of converter_lite, which keep an error of 1.4 % in each weight.',
  },
  {
    key: 'use_cv_data',
    type: BOOL,
    default: 'false',
    effect: 'done',
    doc: 'Judge auto_tune on images built into converter_lite where no samples are named; there are none here: the run says so and takes pseudo-random data.',
  },
  {
    key: 'max_iterations',
    type: int(40, U16),
    default: '40',
    effect: 'done',
    doc: 'Candidates that auto_tune tries, at most; it needs nine. With strict_reference=true about so many: a quarter in each of its passes.',
  },
]);

const FULLQ = usedBy(FULL, [
  {
    key: 'activation_quant_method',
    type: oneOf(
      done('MAX_MIN', 'smallest and largest value over all samples'),
      done(
        'KL',
        'threshold of least relative entropy, among those that cost less by clipping than they save in rounding',
      ),
      done('REMOVAL_OUTLIER', 'mean over samples of the 0.01 % and 99.99 % ranks', { aliases: ['RemovalOutlier'] }),
    ),
    default: 'MAX_MIN',
    effect: 'done',
    doc: 'How an activation gets its range.',
  },
  {
    key: 'bias_correction',
    type: BOOL,
    default: 'true',
    effect: 'done',
    doc: 'Move biases so that the mean output of each convolution is that of the float model.',
  },
  {
    key: 'per_channel',
    type: BOOL,
    default: 'true',
    effect: 'done',
    doc: 'Weights have a scale per output channel; false: one per tensor.',
  },
  {
    key: 'target_device',
    type: oneOf(
      done('CPU', 'as without the key', {
        note: 'as without the key, which is how converter_lite wants it: it refuses the word CPU',
      }),
      done('KIRIN', 'Kirin NPU'),
      done('NVGPU', 'NVIDIA GPU'),
      done('DSP', 'DSP'),
      done('ASCEND', 'Ascend NPU'),
    ),
    effect: 'done',
    doc: 'The MindSpore device whose rules say what is quantized, to which codes; docs/targets.md has them side by side.',
  },
  {
    key: 'smooth_alpha',
    type: { kind: 'double', above: Number.NEGATIVE_INFINITY, below: Number.POSITIVE_INFINITY },
    default: '0.5',
    effect: 'warning',
    doc: 'Share of an outlier that moves from activations to weights (Ascend).',
  },
  {
    key: 'enable_smooth_shift',
    type: BOOL,
    default: 'false',
    effect: 'warning',
    doc: 'Shift activations before smoothing (Ascend).',
  },
]);

const DATA: readonly Row[] = [
  {
    key: 'calibrate_path',
    type: { kind: 'folders', plain: false },
    effect: 'done',
    doc: 'Folder of the calibration samples of each input: input:folder, separated by commas.',
  },
  {
    key: 'calibrate_size',
    type: int(1, U16),
    effect: 'done',
    doc: 'Samples to use: the first files in byte order of their names.',
  },
  {
    key: 'input_type',
    type: oneOf(
      done('IMAGE', 'JPEG, PNG, WebP, BMP, TIFF, PGM or PPM'),
      done('BIN', 'raw bytes of the input, .npy, or .npz with an array of its name'),
    ),
    effect: 'done',
    doc: 'What the sample files are.',
  },
  {
    key: 'image_to_format',
    type: oneOf(done('RGB', 'red first'), done('GRAY', 'one channel'), done('BGR', 'blue first, as read')),
    effect: 'done',
    doc: 'Channels of the image; unset: BGR.',
  },
  {
    key: 'normalize_mean',
    type: VECTOR,
    examples: [
      { value: '[0.0,0.0,0.0]', doc: 'pixels as they are' },
      { value: '[0.0]', doc: 'pixels as they are, one channel' },
      { value: '[127.5,127.5,127.5]', doc: 'to -1 … 1, with std 127.5' },
      { value: '[123.675,116.28,103.53]', doc: 'ImageNet, RGB' },
    ],
    effect: 'done',
    doc: 'Subtracted per channel, in pixel units 0 to 255.',
  },
  {
    key: 'normalize_std',
    type: VECTOR,
    examples: [
      { value: '[255.0,255.0,255.0]', doc: 'to 0 … 1, with mean 0' },
      { value: '[255.0]', doc: 'to 0 … 1, one channel' },
      { value: '[127.5,127.5,127.5]', doc: 'to -1 … 1, with mean 127.5' },
      { value: '[58.395,57.12,57.375]', doc: 'ImageNet, RGB' },
    ],
    effect: 'done',
    doc: 'Divided by per channel, in pixel units.',
  },
  { key: 'resize_width', type: int(1, U16), effect: 'done', doc: 'Pixels; used when resize_method is set.' },
  { key: 'resize_height', type: int(1, U16), effect: 'done', doc: 'Pixels; used when resize_method is set.' },
  {
    key: 'resize_method',
    type: oneOf(done('LINEAR', 'bilinear'), done('NEAREST', 'nearest pixel'), done('CUBIC', 'bicubic, a = -0.75')),
    effect: 'done',
    doc: 'How images are resized; unset: not at all.',
  },
  { key: 'center_crop_width', type: int(1, U16), effect: 'done', doc: 'Pixels kept around the centre.' },
  { key: 'center_crop_height', type: int(1, U16), effect: 'done', doc: 'Pixels kept around the centre.' },
];

const OTHERS: readonly KeyRow[] = [
  {
    section: 'dynamic_quant_param',
    key: 'quant_strategy',
    type: oneOf(
      done('ALWC', 'activations by the range of the tensor, weights per channel'),
      done('ACWL', 'activations per row, weights per layer; Conv and products of two activations stay float'),
    ),
    default: 'ALWC',
    effect: 'done',
    for: DYNAMIC,
    doc: 'Granularity of activations and weights.',
  },
  {
    section: 'transform_quant_param',
    key: 'export_precision_mode',
    type: oneOf(done('QUANT', 'integers'), done('FLOAT32', 'floats')),
    default: 'QUANT',
    effect: 'warning',
    doc: 'What an imported quantized model is converted to.',
  },
];

/** Every key. Parsing, messages, documents and completion read this table and nothing else. */
export const KEYS: readonly KeyRow[] = [
  ...inSection('common_quant_param', COMMON),
  ...inSection('weight_quant_param', WEIGHTS),
  ...inSection('mixed_bit_weight_quant_param', MIXED),
  ...inSection('full_quant_param', FULLQ),
  ...inSection('data_preprocess_param', DATA),
  ...OTHERS,
  ...inSection('quantscope', OURS),
  ...inSection('ascend_context', ASCEND),
];

const ROWS = new Map(KEYS.map((row) => [`${row.section}.${row.key}`, row]));

/** The row of a key, case-sensitive; undefined when the section has no such key. */
export function keyRow(section: string, key: string): KeyRow | undefined {
  return ROWS.get(`${section}.${key}`);
}

/** Keys of a section, in the order of the table. */
export function keysOf(section: string): readonly KeyRow[] {
  return KEYS.filter((row) => row.section === section);
}

function inSection(section: string, rows: readonly Row[]): KeyRow[] {
  return rows.map((row) => ({ section, ...row }));
}

function usedBy(types: readonly QuantType[], rows: readonly Row[]): Row[] {
  return rows.map((row) => ({ ...row, for: types }));
}
