import { CALIBRATION_METHODS } from '../quant/methods.ts';
import { BOOL, CODES, done, fileOf, int, oneOf, type QuantType, type Row } from './keyTypes.ts';

const U16 = 65535;
const WEIGHT: readonly QuantType[] = ['WEIGHT_QUANT'];
const FULL: readonly QuantType[] = ['FULL_QUANT'];

/** The keys of `[quantscope]`, which converter_lite does not have. */
export const OURS: readonly Row[] = [
  {
    key: 'target',
    type: oneOf(
      done('onnxruntime', 'the operators that ONNX Runtime quantizes'),
      done('mindspore', 'the operators and code ranges of target_device'),
    ),
    effect: 'done',
    doc: 'Whose rules say what is quantized, and how; unset: mindspore where target_device names another device than CPU, or with strict_reference; else onnxruntime.',
  },
  {
    key: 'strict_reference',
    type: BOOL,
    default: 'false',
    effect: 'done',
    doc: 'Do what converter_lite does, also where it errs: its target, its tests, its report dialect. Either way the run tells what the other value would change.',
  },
  {
    key: 'activation_type',
    type: oneOf(
      done('uint8', 'fast on x64'),
      done('int8', 'codes of both signs; on x64 ONNX Runtime runs such convolutions as float'),
    ),
    default: 'uint8',
    effect: 'done',
    for: FULL,
    doc: 'Element type of quantized activations; unset: that of the device for target=mindspore.',
  },
  {
    key: 'activation_symmetry',
    type: oneOf(
      done('asymmetric', 'all codes for the range that was seen'),
      done('symmetric', 'zero in the middle of the codes'),
    ),
    default: 'asymmetric',
    effect: 'done',
    for: FULL,
    doc: 'Whether the zero of an activation may lie anywhere among its codes; unset: as the device has it for target=mindspore.',
  },
  {
    key: 'weight_symmetry',
    type: oneOf(done('symmetric', 'codes -127 to 127, zero point 0'), done('asymmetric', 'all codes for the range')),
    default: 'symmetric',
    effect: 'done',
    for: FULL,
    doc: 'Whether the zero of a weight may lie anywhere among its codes; unset: as the device has it for target=mindspore.',
  },
  {
    key: 'calibration_method',
    type: oneOf(...CALIBRATION_METHODS.map(({ name, doc }) => done(name, doc))),
    effect: 'done',
    for: FULL,
    doc: 'How an activation gets its range; unset: activation_quant_method.',
  },
  {
    key: 'percentile',
    type: { kind: 'double', above: 50, below: 100 },
    default: '99.999',
    effect: 'done',
    for: FULL,
    doc: 'Per cent of all values that the range of calibration_method=PERCENTILE holds; of the rest, half may lie on each side.',
  },
  {
    key: 'equalization',
    type: oneOf(done('auto', 'with per_channel=false, as converter_lite'), done('on', 'always'), done('off', 'never')),
    default: 'auto',
    effect: 'done',
    for: FULL,
    doc: 'Balance the channel ranges of the weights of neighbouring convolutions before quantizing.',
  },
  {
    key: 'channel_balance',
    type: oneOf(
      done('off', 'channels stay as they are'),
      done('free', 'constant factors move into weights, channels are balanced where weights take up the factors'),
      done('insert', 'as free, and a Mul brings values back where an operator such as the Sigmoid of SiLU needs them'),
    ),
    default: 'off',
    effect: 'done',
    for: FULL,
    doc: 'Give the channels of an activation like ranges, so that one scale serves them all; calibration looks at all samples once more.',
  },
  {
    key: 'channel_balance_exponent',
    type: { kind: 'double', above: 0, below: 1 },
    default: '0.8',
    effect: 'done',
    for: FULL,
    doc: 'How much of the difference between channels channel_balance levels out; less spares the weights behind them.',
  },
  {
    key: 'weight_rounding',
    type: oneOf(
      done('nearest', 'each weight to the nearest code'),
      done(
        'least_squares',
        'convolutions: so that sums over the inputs of calibration stay, one weight making up for another; clustered weights are left alone',
      ),
    ),
    default: 'nearest',
    effect: 'done',
    for: FULL,
    doc: 'How int8 weights are rounded; least_squares looks at all calibration samples once more.',
  },
  {
    key: 'node_overrides',
    type: { kind: 'overrides' },
    effect: 'done',
    doc: 'Choices for single nodes: node:word+word, separated by commas, as conv1:int16+symmetric,fc:float16,add_3:range(-2..6). int16 has 16-bit activations and 8-bit weights, int4 8-bit activations and 4-bit weights; float16 and bfloat16 round inputs, weights and outputs; w2 to w8 give the bits of the weight alone.',
  },
  {
    key: 'clusters',
    type: int(2, 65536),
    effect: 'done',
    doc: 'Replace the values of each weight by this many centroids (k-means) before all else; of WEIGHT_QUANT indices and centroids are what is stored; unset: none. The k-means of converter_lite, of 256 clusters, is out of reach of its config.',
  },
  {
    key: 'cluster_centroids',
    type: oneOf(
      done('linear', 'equal steps over the range'),
      done('density', 'equal shares of the values'),
      done('kmeans++', 'drawn far from each other, the same draw in every run'),
    ),
    default: 'linear',
    effect: 'done',
    doc: 'Where the centroids start.',
  },
  {
    key: 'auto_tune_target',
    type: { kind: 'double', above: 0, below: 1 },
    default: '0.995',
    effect: 'done',
    for: WEIGHT,
    doc: 'Mean cosine similarity of the outputs that auto_tune keeps.',
  },
  {
    key: 'requantizer',
    type: oneOf(
      done('fp32', 'float32 multiplication, as ONNX Runtime'),
      done('fixedPoint', 'integers only, as hardware without floats'),
    ),
    default: 'fp32',
    effect: 'done',
    for: FULL,
    doc: 'How sums become 8-bit codes: those of convolutions, matrix products and averages, and the sum or product of two activations; other operators move codes, take them from tables, or compute in float32 between codes, either way.',
  },
  {
    key: 'multiplier_bits',
    type: int(1, 31),
    default: '31',
    effect: 'done',
    for: FULL,
    doc: 'Most bits of M0, where requantizer=fixedPoint multiplies by M0 2^-n.',
  },
  {
    key: 'multiplier_error',
    type: { kind: 'double', above: 0, below: 1 },
    effect: 'done',
    for: FULL,
    doc: 'Relative error that M0 2^-n may have: each channel takes the first of n = 0, 1, 2, … that keeps it; unset: M0 has all of multiplier_bits.',
  },
  {
    key: 'bin_layout',
    type: oneOf(done('NCHW', 'channels first'), done('NHWC', 'channels last')),
    effect: 'done',
    doc: 'Layout of 4-D BIN files, which are transposed where the input has another; unset: that of the model.',
  },
  {
    key: 'input_layout',
    type: { kind: 'layouts' },
    effect: 'done',
    doc: 'Layout of the 4-D BIN files of single inputs: input:NCHW or input:NHWC, separated by commas; of others as bin_layout says.',
  },
  {
    key: 'bad_samples',
    type: oneOf(done('stop', 'the run ends, naming the file'), done('skip', 'the file is left out and named')),
    default: 'stop',
    effect: 'done',
    doc: 'What happens when a sample cannot be read. To skip them, every sample is read once before the run.',
  },
  {
    key: 'evaluate_path',
    type: { kind: 'folders', plain: true },
    effect: 'done',
    doc: 'Folder of the samples that figures are measured on; as calibrate_path, or a folder alone for a single input.',
  },
  { key: 'evaluate_size', type: int(1, U16), effect: 'done', doc: 'Samples to evaluate; unset: all.' },
  {
    key: 'imported_model',
    type: oneOf(
      done('evaluate', 'keep the parameters of the file and measure them'),
      done('requantize', 'take them out and quantize anew, by this config'),
    ),
    default: 'evaluate',
    effect: 'done',
    doc: 'What happens to a model that is quantized already: between QuantizeLinear and DequantizeLinear, or in operators on codes.',
  },
  {
    key: 'float_model',
    type: fileOf('.onnx'),
    effect: 'done',
    doc: 'The float model that such a model was made from: its weights are what the codes are compared with.',
  },
  {
    key: 'labels',
    type: fileOf('.csv', '.tsv'),
    examples: [{ value: 'folders', doc: 'one folder per class in evaluate_path' }],
    effect: 'done',
    doc: 'Classes of the evaluation samples: a CSV or TSV file of file,label; or folders: one folder per class in evaluate_path.',
  },
  {
    key: 'export_format',
    type: oneOf(
      done('QDQ', 'float operators between QuantizeLinear and DequantizeLinear, which runtimes fuse'),
      done('QOPERATOR', 'operators on codes, as QLinearConv; 8 bits only'),
    ),
    default: 'QDQ',
    effect: 'done',
    for: FULL,
    doc: 'How the exported model says what is quantized.',
  },
  {
    key: 'report_dialect',
    type: oneOf(
      done('document', 'figures as the columns are named; names with commas are quoted'),
      done('converter_lite', "figures in converter_lite's own arithmetic (Var is the deviation); nothing is quoted"),
    ),
    effect: 'done',
    doc: 'How the CSV reports count and are written; report.json is the same in both. Unset: document, or converter_lite with strict_reference.',
  },
  {
    key: 'fixed_dims',
    type: { kind: 'dims' },
    effect: 'done',
    doc: 'Lengths of dimensions the model leaves open: name:length, separated by commas.',
  },
  { key: 'silence', type: CODES, effect: 'done', doc: 'Codes of warnings and notes to leave out, as QNT202,CFG110.' },
];
