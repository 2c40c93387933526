import { type Diagnostic, hasErrors, type Location, nearest } from '../base/diagnostics.ts';
import type { CalibrationMethod } from '../quant/methods.ts';
import { checkSettings } from './checks.ts';
import * as errors from './errors.ts';
import { formerKey } from './former.ts';
import { at, type IniSection, NO_SECTION, readIni } from './ini.ts';
import type { QuantType } from './keyTypes.ts';
import { KeyValues } from './keyValues.ts';
import { KEYS, keyRow, keysOf, SECTIONS } from './schema.ts';
import { fillShapes, type InputShapes } from './shapes.ts';
import { targetOf } from './targetChecks.ts';
import { type DataFolder, type Layout, type NodeOverride, readValue } from './values.ts';

/** A whole config, defaults filled in. Paths are as written: relative ones start from the config's own folder. */
export interface Config {
  readonly file: string;
  readonly common: {
    readonly quantType: QuantType;
    /** 0: mixed bits. */
    readonly bitNum: number;
    readonly minQuantWeightSize: number;
    readonly minQuantWeightChannel: number;
    readonly skipQuantNode: readonly string[];
    readonly debugInfoSavePath: string | undefined;
    readonly enableEncode: boolean;
    readonly workspace: string | undefined;
  };
  readonly weight: {
    readonly dequantStrategy: 'ON_THE_FLY' | undefined;
    readonly perChannel: boolean;
    readonly biasCorrection: boolean;
    readonly quantStrategy: 'MAX_MIN' | 'GPTQ';
    readonly updateMindir: boolean;
    readonly maxSegments: number;
  };
  readonly mixedBit: {
    readonly initScale: number;
    readonly autoTune: boolean;
    readonly useCvData: boolean;
    readonly maxIterations: number;
  };
  readonly full: {
    readonly activationQuantMethod: 'MAX_MIN' | 'KL' | 'REMOVAL_OUTLIER';
    readonly biasCorrection: boolean;
    readonly perChannel: boolean;
    readonly targetDevice: 'CPU' | 'KIRIN' | 'NVGPU' | 'DSP' | 'ASCEND';
    readonly smoothAlpha: number;
    readonly enableSmoothShift: boolean;
  };
  readonly data: {
    readonly calibratePath: readonly DataFolder[];
    /** Undefined: all files. */
    readonly calibrateSize: number | undefined;
    readonly inputType: 'IMAGE' | 'BIN' | undefined;
    readonly imageToFormat: 'RGB' | 'GRAY' | 'BGR' | undefined;
    /** Per channel, in pixel units; both or none are given. */
    readonly normalizeMean: readonly number[] | undefined;
    readonly normalizeStd: readonly number[] | undefined;
    /** Pixels; undefined: no resize. */
    readonly resize: { readonly width: number; readonly height: number; readonly method: ResizeMethod } | undefined;
    readonly centerCrop: { readonly width: number; readonly height: number } | undefined;
  };
  readonly dynamic: { readonly quantStrategy: 'ALWC' | 'ACWL' };
  readonly transform: { readonly exportPrecisionMode: 'QUANT' | 'FLOAT32' };
  readonly quantscope: {
    /** Resolved: mindspore where a device or strict_reference asks for it. */
    readonly target: 'onnxruntime' | 'mindspore';
    readonly strictReference: boolean;
    readonly activationType: 'int8' | 'uint8';
    readonly activationSymmetry: 'symmetric' | 'asymmetric';
    readonly weightSymmetry: 'symmetric' | 'asymmetric';
    /** Resolved: ours, or the reference's activation_quant_method. */
    readonly calibrationMethod: CalibrationMethod;
    /** In (50, 100). */
    readonly percentile: number;
    /** Resolved: `auto` is on with per_channel=false. */
    readonly equalization: boolean;
    /** Whether the channels of activations are balanced, and whether nodes may be added for it. */
    readonly channelBalance: 'off' | 'free' | 'insert';
    /** In (0, 1). */
    readonly channelBalanceExponent: number;
    readonly weightRounding: 'nearest' | 'least_squares';
    readonly nodeOverrides: ReadonlyMap<string, NodeOverride>;
    /** Undefined: weights are not clustered. */
    readonly clusters: number | undefined;
    readonly clusterCentroids: 'linear' | 'density' | 'kmeans++';
    readonly autoTuneTarget: number;
    readonly requantizer: 'fp32' | 'fixedPoint';
    readonly multiplierBits: number;
    /** Undefined: as exact as multiplierBits allow. */
    readonly multiplierError: number | undefined;
    readonly binLayout: Layout | undefined;
    readonly inputLayouts: ReadonlyMap<string, Layout>;
    readonly badSamples: 'stop' | 'skip';
    readonly evaluatePath: readonly DataFolder[];
    readonly evaluateSize: number | undefined;
    readonly importedModel: 'evaluate' | 'requantize';
    /** An ONNX file. */
    readonly floatModel: string | undefined;
    /** A CSV or TSV file. */
    readonly labels: string | undefined;
    readonly exportFormat: 'QDQ' | 'QOPERATOR';
    readonly reportDialect: 'document' | 'converter_lite';
    readonly fixedDims: ReadonlyMap<string, number>;
    /** Codes of warnings and notes that the user does not want to see. */
    readonly silence: ReadonlySet<string>;
  };
  /** Shapes of inputs by name: of `input_shape`, open lengths taken from the first set of `dynamic_dims`; -1 is open. */
  readonly inputShapes: InputShapes;
  /** Where a key's value stands, or an item of it; without the key its section; without that the file. */
  at(section: string, key: string, item?: string): Location;
  /** Whether the key is written in the file. */
  has(section: string, key: string): boolean;
}

export type ResizeMethod = 'LINEAR' | 'NEAREST' | 'CUBIC';

/** A config, unless an error is among the diagnostics; these are in file order. */
export interface ParsedConfig {
  readonly config: Config | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Reads a config in the INI dialect of converter_lite: every line, every key, and whether the settings go together.
 *
 * @param file path for diagnostics and {@link Config.at}.
 */
export function parseConfig(text: string, file: string): ParsedConfig {
  const ini = readIni(text, file);
  const found = [...ini.diagnostics];
  const settings = new KeyValues(file, ini.sections);
  for (const section of ini.sections) checkSection(section, file, found);
  readValues(settings, found);
  found.push(...checkSettings(settings));
  const failed = hasErrors(found);
  const silenced = new Set(settings.names('quantscope', 'silence'));
  const diagnostics = silence(found, silenced).sort((a, b) => (a.at.line ?? 0) - (b.at.line ?? 0));
  return { config: failed ? undefined : buildConfig(settings, silenced), diagnostics };
}

/** The diagnostics without the warnings and notes whose codes are silenced. Errors stay. */
export function silence(diagnostics: readonly Diagnostic[], codes: ReadonlySet<string>): Diagnostic[] {
  return diagnostics.filter((d) => d.severity === 'error' || !codes.has(d.code));
}

function checkSection(section: IniSection, file: string, found: Diagnostic[]): void {
  const { name, span, entries } = section;
  if (name === NO_SECTION) {
    for (const e of entries) found.push(errors.keyBeforeSection(at(file, e.keySpan, e.key), e.key, keyHint('', e.key)));
    return;
  }
  if (name === 'model_param') {
    found.push(errors.severalModels(at(file, span)));
    return;
  }
  const row = SECTIONS.find((s) => s.name === name);
  if (row === undefined) {
    const names = SECTIONS.map((s) => s.name);
    found.push(errors.unknownSection(at(file, span), name, nearest(name, names)));
    return;
  }
  if (row.kind === 'converter') {
    found.push(errors.converterSection(at(file, span), name));
    return;
  }
  for (const { key, keySpan } of entries) {
    if (keyRow(name, key) !== undefined) continue;
    const make = row.ignoresUnknown ? errors.ignoredKey : errors.unknownKey;
    found.push(make(at(file, keySpan, key), name, key, keyHint(name, key)));
  }
}

/** What an unknown key may have been meant to be: a former name, another section's key, or a misspelling. */
function keyHint(section: string, key: string): errors.KeyHint {
  const former = formerKey(key);
  if (former !== undefined) return { text: `; it is now ${former.now}` };
  const homes = KEYS.filter((row) => row.key === key).map((row) => `[${row.section}]`);
  if (homes.length > 0) return { text: `; it belongs into ${homes.join(' or ')}` };
  const keys = keysOf(section).map((row) => row.key);
  const near = nearest(key, keys);
  if (near !== undefined) return { text: ` — ${near}?`, suggestion: near };
  const elsewhere = KEYS.find((row) => row.key === nearest(key, new Set(KEYS.map((other) => other.key))));
  if (elsewhere !== undefined) return { text: ` — ${elsewhere.key} of [${elsewhere.section}]?` };
  return { text: keys.length > 0 ? `; it has ${keys.join(', ')}` : '' };
}

/** Reads the last line of every key; earlier ones are named as having no effect. */
function readValues(settings: KeyValues, found: Diagnostic[]): void {
  for (const row of KEYS) {
    const lines = settings.linesOf(row.section, row.key);
    const last = lines.at(-1);
    if (last === undefined) continue;
    for (const e of lines.slice(1))
      found.push(errors.repeatedKey(at(settings.file, e.keySpan, row.key), row.key, lines[0]?.keySpan.line ?? 0));
    if (last.broken) continue;
    const { value, diagnostics } = readValue(row, last, settings.file);
    found.push(...diagnostics);
    if (value !== undefined) settings.set(row.section, row.key, value);
  }
}

/** Every cast below is proven by the choices of the key's row: the words of the table are those of the type. */
function buildConfig(s: KeyValues, silenced: ReadonlySet<string>): Config {
  const common = 'common_quant_param';
  const weight = 'weight_quant_param';
  const mixed = 'mixed_bit_weight_quant_param';
  const full = 'full_quant_param';
  const ours = 'quantscope';
  return {
    file: s.file,
    common: {
      quantType: s.word<QuantType>(common, 'quant_type'),
      bitNum: s.number(common, 'bit_num'),
      minQuantWeightSize: s.number(common, 'min_quant_weight_size'),
      minQuantWeightChannel: s.number(common, 'min_quant_weight_channel'),
      skipQuantNode: s.names(common, 'skip_quant_node'),
      debugInfoSavePath: s.optionalWord(common, 'debug_info_save_path'),
      enableEncode: s.bool(common, 'enable_encode'),
      workspace: s.optionalWord(common, 'workspace'),
    },
    weight: {
      dequantStrategy: s.optionalWord(weight, 'dequant_strategy'),
      perChannel: s.bool(weight, 'per_channel'),
      biasCorrection: s.bool(weight, 'bias_correction'),
      quantStrategy: s.word(weight, 'quant_strategy'),
      updateMindir: s.bool(weight, 'update_mindir'),
      maxSegments: s.number(weight, 'max_segments'),
    },
    mixedBit: {
      initScale: s.number(mixed, 'init_scale'),
      autoTune: s.bool(mixed, 'auto_tune'),
      useCvData: s.bool(mixed, 'use_cv_data'),
      maxIterations: s.number(mixed, 'max_iterations'),
    },
    full: {
      activationQuantMethod: s.word(full, 'activation_quant_method'),
      biasCorrection: s.bool(full, 'bias_correction'),
      perChannel: s.bool(full, 'per_channel'),
      targetDevice: s.optionalWord(full, 'target_device') ?? 'CPU',
      smoothAlpha: s.number(full, 'smooth_alpha'),
      enableSmoothShift: s.bool(full, 'enable_smooth_shift'),
    },
    data: buildData(s),
    dynamic: { quantStrategy: s.word('dynamic_quant_param', 'quant_strategy') },
    transform: { exportPrecisionMode: s.word('transform_quant_param', 'export_precision_mode') },
    quantscope: {
      target: targetOf(s),
      strictReference: s.bool(ours, 'strict_reference'),
      activationType: s.word(ours, 'activation_type'),
      activationSymmetry: s.word(ours, 'activation_symmetry'),
      weightSymmetry: s.word(ours, 'weight_symmetry'),
      calibrationMethod: s.optionalWord(ours, 'calibration_method') ?? s.word(full, 'activation_quant_method'),
      percentile: s.number(ours, 'percentile'),
      equalization: equalizes(s),
      channelBalance: s.word(ours, 'channel_balance'),
      channelBalanceExponent: s.number(ours, 'channel_balance_exponent'),
      weightRounding: s.word(ours, 'weight_rounding'),
      nodeOverrides: s.overrides(ours, 'node_overrides'),
      clusters: s.optionalNumber(ours, 'clusters'),
      clusterCentroids: s.word(ours, 'cluster_centroids'),
      autoTuneTarget: s.number(ours, 'auto_tune_target'),
      requantizer: s.word(ours, 'requantizer'),
      multiplierBits: s.number(ours, 'multiplier_bits'),
      multiplierError: s.optionalNumber(ours, 'multiplier_error'),
      binLayout: s.optionalWord(ours, 'bin_layout') ?? formatOf(s),
      inputLayouts: s.layouts(ours, 'input_layout'),
      badSamples: s.word(ours, 'bad_samples'),
      evaluatePath: s.folders(ours, 'evaluate_path'),
      evaluateSize: s.optionalNumber(ours, 'evaluate_size'),
      importedModel: s.word(ours, 'imported_model'),
      floatModel: s.optionalWord(ours, 'float_model'),
      labels: s.optionalWord(ours, 'labels'),
      exportFormat: s.word(ours, 'export_format'),
      reportDialect:
        s.optionalWord(ours, 'report_dialect') ?? (s.bool(ours, 'strict_reference') ? 'converter_lite' : 'document'),
      fixedDims: s.dims(ours, 'fixed_dims'),
      silence: silenced,
    },
    inputShapes: fillShapes(s.shapes(ASCEND, 'input_shape'), s.profiles(ASCEND, 'dynamic_dims')[0] ?? []),
    at: (section, key, item) => s.at(section, key, item),
    has: (section, key) => s.has(section, key),
  };
}

const ASCEND = 'ascend_context';

/** The layout that `[ascend_context]` gives; undefined for ND. */
function formatOf(s: KeyValues): Layout | undefined {
  const format = s.optionalWord<Layout | 'ND'>(ASCEND, 'input_format');
  return format === 'ND' ? undefined : format;
}

/** By itself as converter_lite: with one scale per weight, but not for DSP. */
function equalizes(s: KeyValues): boolean {
  const when = s.word<'auto' | 'on' | 'off'>('quantscope', 'equalization');
  const perLayer = !s.bool('full_quant_param', 'per_channel');
  return (
    when === 'on' || (when === 'auto' && perLayer && s.optionalWord('full_quant_param', 'target_device') !== 'DSP')
  );
}

function buildData(s: KeyValues): Config['data'] {
  const data = 'data_preprocess_param';
  const size = (name: string) => {
    const width = s.optionalNumber(data, `${name}_width`);
    const height = s.optionalNumber(data, `${name}_height`);
    return width === undefined || height === undefined ? undefined : { width, height };
  };
  const method = s.optionalWord<ResizeMethod>(data, 'resize_method');
  const resized = size('resize');
  return {
    calibratePath: s.folders(data, 'calibrate_path'),
    calibrateSize: s.optionalNumber(data, 'calibrate_size'),
    inputType: s.optionalWord(data, 'input_type'),
    imageToFormat: s.optionalWord(data, 'image_to_format'),
    normalizeMean: s.vector(data, 'normalize_mean'),
    normalizeStd: s.vector(data, 'normalize_std'),
    resize: method === undefined || resized === undefined ? undefined : { ...resized, method },
    centerCrop: size('center_crop'),
  };
}
