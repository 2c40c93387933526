import type { FileSystem } from '../base/bytes.ts';
import { type Diagnostic, invariant, type Location, throwErrors } from '../base/diagnostics.ts';
import type { DType } from '../base/dtype.ts';
import type { FixedPointForm, RequantizerFlavour } from '../base/fixedPoint.ts';
import type { Samples } from '../base/samples.ts';
import { type Config, parseConfig } from '../config/config.ts';
import type { QuantType } from '../config/keyTypes.ts';
import { configTemplate, type TemplateType } from '../config/templates.ts';
import { classFoldersOf, folderLabels, indicesOfFolders } from '../data/classFolders.ts';
import type { DecodedImages } from '../data/decode.ts';
import { classesOfFolders, noClassFolders } from '../data/errors.ts';
import { type Labels, readLabels } from '../data/labels.ts';
import { pseudoRandomSample } from '../data/pseudoRandom.ts';
import { openSamples } from '../data/reader.ts';
import type { ExportFormat } from '../export/exportGraph.ts';
import { bindInputs } from '../passes/bindInputs.ts';
import type { QuantizeParams } from '../protocol/messages.ts';
import type { ClusterChoice } from '../quant/clusterWeights.ts';
import type { ReportDialect } from '../report/csv.ts';
import type { LabelLookup } from './accuracy.ts';
import { evaluatedOnCalibration, evaluatedOnRandom, inputNames, needsFullRun, noLabels, unlabelled } from './errors.ts';
import { fixedByShapes } from './inputShapes.ts';
import type { OpenModel } from './model.ts';
import { counterpartSettings, type TargetChoice, type TargetSettings, targetChoiceOf } from './targetSettings.ts';
import { type VariantSettings, variantSettingsOf } from './variant.ts';
import { clustersOf, type WeightSettings, weightSettingsOf } from './weightSettings.ts';

/** What a run may be told beside the config; a face's own options. */
export interface RunRequest extends QuantizeParams {
  /** Overrides `debug_info_save_path`. */
  readonly reportFolder?: string;
  /** Fixed dimensions beside the config's. */
  readonly dims?: ReadonlyMap<string, number>;
  /** Runs both flavours of requantizer on the same integers, node by node. */
  readonly compareRequantizers?: boolean;
}

/** A config as a run needs it: files opened, paths absolute, names checked. */
export interface Settings extends VariantSettings {
  readonly configPath: string;
  readonly configText: string;
  readonly quantType: QuantType;
  readonly target: TargetChoice;
  readonly strictReference: boolean;
  /** Target and codes under the other value of strict_reference; undefined where there is nothing to compare. */
  readonly counterpart: TargetSettings | undefined;
  readonly dynamicStrategy: 'ALWC' | 'ACWL';
  /** For WEIGHT_QUANT. */
  readonly weight: WeightSettings;
  /** Whether the weights of neighbouring convolutions are balanced first. */
  readonly equalization: boolean;
  /** Whether the channels of activations are balanced, and whether nodes may be added for it. */
  readonly channelBalance: 'off' | 'free' | 'insert';
  /** In (0, 1). */
  readonly channelBalanceExponent: number;
  readonly weightRounding: 'nearest' | 'least_squares';
  /** Undefined: weights stay as they are. */
  readonly clusters: ClusterChoice | undefined;
  readonly requantizer: RequantizerFlavour;
  /** The fixed-point form that `requantizer` is, or would be. */
  readonly fixedPoint: FixedPointForm;
  readonly compareRequantizers: boolean;
  /** What becomes of a model that is quantized already. */
  readonly importedModel: 'evaluate' | 'requantize';
  /** Absolute path of its float parent; null without one. */
  readonly floatModel: string | null;
  readonly fixedDims: ReadonlyMap<string, number>;
  /** Samples of `calibrate_path`; without it, where quantizing needs none, those that figures are measured on. */
  readonly calibration: Samples;
  readonly sampleSource: 'calibrate_path' | 'evaluate_path' | 'pseudo-random';
  readonly evaluation: { readonly samples: Samples; readonly count: number; readonly label: string };
  /** What happens to samples that cannot be read. */
  readonly badSamples: 'stop' | 'skip';
  readonly labels: LabelLookup | undefined;
  readonly exportFormat: ExportFormat;
  readonly reportDialect: ReportDialect;
  /** Absolute; null writes no reports. */
  readonly reportFolder: string | null;
  /** Text of everything but what a {@link Variant} may change: two settings with equal ones can share a run. */
  readonly fingerprint: string;
  /** Codes of warnings and notes the user does not want to see. */
  readonly silence: ReadonlySet<string>;
  readonly diagnostics: readonly Diagnostic[];
  at(section: string, key: string, item?: string): Location;
}

/**
 * Opens everything a run needs.
 *
 * @param decoded images that settings of the same files have read before.
 * @throws DiagnosticError with all of a config's errors, or the first of the data's.
 */
export async function openSettings(
  params: RunRequest,
  open: OpenModel,
  files: FileSystem,
  decoded?: DecodedImages,
): Promise<Settings> {
  const { config, diagnostics } = parseConfig(params.configText, params.configPath);
  throwErrors(diagnostics);
  invariant(config !== undefined, 'a config without errors is there');
  const shapes = fixedByShapes(config.inputShapes, open.model, config.at('ascend_context', 'input_shape'));
  throwErrors(shapes.diagnostics);
  const fixedDims = new Map([...shapes.dims, ...config.quantscope.fixedDims, ...(params.dims ?? [])]);
  const bound = bindInputs(open.model, fixedDims, open.file);
  const inputs = open.model.graph.inputs.flatMap((id) => {
    const value = open.model.graph.values.get(id);
    const dims = bound.inputDims.get(id);
    return value?.dtype === undefined || dims === undefined ? [] : [{ name: value.name, dtype: value.dtype, dims }];
  });
  const parts: DataParts = { config, files, inputs, base: files.directoryOf(params.configPath), decoded };
  const found = [...diagnostics];
  const data = await openData(parts, found);
  const labels = await openLabels(parts, found);
  const folder = params.reportFolder ?? config.common.debugInfoSavePath;
  const { quantscope, common } = config;
  const fixedPoint = fixedPointOf(quantscope);
  return {
    configPath: params.configPath,
    configText: params.configText,
    quantType: common.quantType,
    target: targetChoiceOf(config),
    ...variantSettingsOf(config),
    strictReference: quantscope.strictReference,
    counterpart: counterpartSettings(config),
    dynamicStrategy: config.dynamic.quantStrategy,
    weight: weightSettingsOf(config),
    equalization: quantscope.equalization,
    channelBalance: quantscope.channelBalance,
    channelBalanceExponent: quantscope.channelBalanceExponent,
    weightRounding: quantscope.weightRounding,
    clusters: clustersOf(quantscope),
    requantizer: quantscope.requantizer === 'fp32' ? 'fp32' : fixedPoint,
    fixedPoint,
    compareRequantizers: params.compareRequantizers ?? false,
    importedModel: quantscope.importedModel,
    floatModel: quantscope.floatModel === undefined ? null : files.resolve(parts.base, quantscope.floatModel),
    fixedDims,
    ...data,
    badSamples: quantscope.badSamples,
    labels,
    exportFormat: quantscope.exportFormat,
    reportDialect: quantscope.reportDialect,
    reportFolder: folder === undefined ? null : files.resolve(parts.base, folder),
    fingerprint: fingerprintOf(config, fixedDims),
    silence: quantscope.silence,
    diagnostics: found,
    at: config.at,
  };
}

/** @param now settings, or a config that is not opened yet. @throws SES402 when more changed than a trial may. */
export function sameRun(last: Settings, now: Settings | Config): void {
  const fingerprint = 'fingerprint' in now ? now.fingerprint : fingerprintOf(now, fixedDimsOf(last, now));
  if (last.fingerprint === fingerprint) return;
  const was = new Map(last.fingerprint.split('\n').map((line) => [line.slice(0, line.indexOf('=')), line]));
  const changed = fingerprint.split('\n').filter((line) => was.get(line.slice(0, line.indexOf('='))) !== line);
  const keys = changed.map((line) => line.slice(0, line.indexOf('=')));
  throw needsFullRun({ file: last.configPath }, keys.join(', ') || 'the config');
}

/** Lengths that the config alone does not know stay those of the run. */
function fixedDimsOf({ fixedDims }: Settings, { quantscope }: Config): ReadonlyMap<string, number> {
  return new Map([...fixedDims, ...quantscope.fixedDims]);
}

export function templateFor(quantType: TemplateType, open: OpenModel): string {
  const { graph } = open.model;
  const inputs = graph.inputs.flatMap((id) => {
    const value = graph.values.get(id);
    return value === undefined || value.constant !== undefined ? [] : [{ name: value.name, dims: value.dims }];
  });
  return configTemplate(quantType, inputs, open.quantization !== undefined);
}

interface DataParts {
  readonly config: Config;
  readonly files: FileSystem;
  readonly inputs: readonly { readonly name: string; readonly dtype: DType; readonly dims: readonly number[] }[];
  /** Folder of the config. */
  readonly base: string;
  readonly decoded: DecodedImages | undefined;
}

const DATA = 'data_preprocess_param';
/** What `labels` says to take classes from folders. */
const CLASS_FOLDERS = 'folders';

async function openFolders({ config, files, inputs, base, decoded }: DataParts, use: 'calibrate' | 'evaluate') {
  const { data, quantscope } = config;
  const [section, folders, size] =
    use === 'calibrate'
      ? ([DATA, data.calibratePath, data.calibrateSize] as const)
      : (['quantscope', quantscope.evaluatePath, quantscope.evaluateSize] as const);
  const at = config.at(section, `${use}_path`);
  const names = inputs.map((i) => i.name);
  const plain = folders.length === 1 && folders[0]?.input === undefined ? folders[0] : undefined;
  if (plain !== undefined && inputs.length > 1) throw inputNames(at, [plain.path], names);
  const strange = folders.filter((f) => f.input !== undefined && !names.includes(f.input));
  const missing = names.filter((name) => plain === undefined && !folders.some((f) => f.input === name));
  if (strange.length + missing.length > 0)
    throw inputNames(
      at,
      folders.map((f) => f.input ?? f.path),
      names,
    );
  return openSamples(files, {
    inputs: inputs.map((input) => {
      const folder = plain ?? folders.find((f) => f.input === input.name);
      return { ...input, directory: files.resolve(base, folder?.path ?? '') };
    }),
    count: size,
    use,
    layoutsAreJudged: use === 'evaluate' && data.calibratePath.length > 0,
    classFolders: use === 'evaluate' && quantscope.labels === CLASS_FOLDERS,
    kind: data.inputType ?? 'IMAGE',
    preprocess: {
      format: data.imageToFormat,
      mean: data.normalizeMean,
      std: data.normalizeStd,
      resize: data.resize,
      centerCrop: data.centerCrop,
    },
    decoded,
    layouts: quantscope.inputLayouts,
    binLayout: quantscope.binLayout,
    at: (key) => config.at(key.startsWith('evaluate') || key.endsWith('_layout') ? 'quantscope' : DATA, key),
  });
}

type Data = Pick<Settings, 'calibration' | 'sampleSource' | 'evaluation'>;

/** Samples to calibrate and to evaluate on; the config's checks saw that samples are named where quantizing needs some. */
async function openData(parts: DataParts, found: Diagnostic[]): Promise<Data> {
  const { data, quantscope } = parts.config;
  if (data.calibratePath.length === 0) return openWithoutCalibration(parts, found);
  const { samples: calibration, diagnostics } = await openFolders(parts, 'calibrate');
  found.push(...diagnostics);
  const sampleSource = 'calibrate_path';
  if (quantscope.evaluatePath.length > 0)
    return { calibration, sampleSource, evaluation: await openEvaluation(parts, found) };
  const count = Math.min(quantscope.evaluateSize ?? calibration.count, calibration.count);
  found.push(evaluatedOnCalibration(parts.config.at('quantscope', 'evaluate_path'), count));
  return { calibration, sampleSource, evaluation: { samples: calibration, count, label: 'calibration samples' } };
}

async function openWithoutCalibration(parts: DataParts, found: Diagnostic[]): Promise<Data> {
  const { config, inputs } = parts;
  if (config.quantscope.evaluatePath.length > 0) {
    const evaluation = await openEvaluation(parts, found);
    return { calibration: evaluation.samples, sampleSource: 'evaluate_path', evaluation };
  }
  found.push(evaluatedOnRandom(config.at('quantscope', 'evaluate_path')));
  const calibration = pseudoRandomSample(inputs, config.quantscope.strictReference ? 'channelsLast' : 'channelsFirst');
  const evaluation = { samples: calibration, count: calibration.count, label: 'pseudo-random data' };
  return { calibration, sampleSource: 'pseudo-random', evaluation };
}

async function openEvaluation(parts: DataParts, found: Diagnostic[]): Promise<Data['evaluation']> {
  const { samples, diagnostics } = await openFolders(parts, 'evaluate');
  found.push(...diagnostics);
  const label = parts.config.quantscope.evaluatePath.map((f) => f.path).join(', ');
  return { samples, count: samples.count, label };
}

async function openLabels(parts: DataParts, found: Diagnostic[]): Promise<LabelLookup | undefined> {
  const { labels } = parts.config.quantscope;
  if (labels === undefined) return undefined;
  const at = parts.config.at('quantscope', 'labels');
  const lookup =
    labels === CLASS_FOLDERS ? await labelsOfFolders(parts, at, found) : await labelsOfFile(parts, at, labels);
  return { labelOf: (name) => lookup.labelOf(name), missing: (count, example) => unlabelled(at, count, example) };
}

async function labelsOfFile({ files, base }: DataParts, at: Location, labels: string): Promise<Labels> {
  const path = files.resolve(base, labels);
  if ((await files.exists(path)) !== 'file') throw noLabels(at, path);
  const source = await files.open(path);
  return readLabels(new TextDecoder().decode(await source.slice(0, source.byteLength)), path);
}

/** Of several inputs the first folder names the classes. */
async function labelsOfFolders({ config, files, base }: DataParts, at: Location, found: Diagnostic[]): Promise<Labels> {
  const directory = files.resolve(base, config.quantscope.evaluatePath[0]?.path ?? '');
  const isThere = (await files.exists(directory)) === 'directory'; // that it is not, was said with evaluate_path
  const indices = indicesOfFolders(isThere ? await classFoldersOf(files, directory) : []);
  if (indices.size > 0) found.push(classesOfFolders(at, indices));
  else if (isThere) found.push(noClassFolders(at, directory));
  return folderLabels(indices);
}

function fixedPointOf({ multiplierBits: bits, multiplierError: tolerance }: Config['quantscope']): FixedPointForm {
  return tolerance === undefined ? { bits } : { bits, tolerance };
}

/** One line per setting that a trial must not change, in the order of their names. */
function fingerprintOf(config: Config, dims: ReadonlyMap<string, number>): string {
  const { full, data, quantscope, common } = config;
  const isFull = common.quantType === 'FULL_QUANT';
  const { biasCorrection, perChannel, activationQuantMethod, ...device } = full;
  const keepsOverrides = common.quantType === 'WEIGHT_QUANT' && fixesCodes(config);
  const all: Record<string, unknown> = {
    quant_type: common.quantType,
    bit_num: common.bitNum,
    ...(common.quantType === 'WEIGHT_QUANT' && prefixed('weight', weightSettingsOf(config))),
    ...device,
    ...data,
    target: quantscope.target,
    ...(!isFull && { biasCorrection, perChannel, activationQuantMethod }),
    ...(keepsOverrides && { node_overrides: [...quantscope.nodeOverrides] }),
    strict_reference: quantscope.strictReference,
    quant_strategy: config.dynamic.quantStrategy,
    requantizer: quantscope.requantizer,
    equalization: quantscope.equalization,
    channel_balance: quantscope.channelBalance,
    channel_balance_exponent: quantscope.channelBalanceExponent,
    weight_rounding: quantscope.weightRounding,
    clusters: quantscope.clusters,
    cluster_centroids: quantscope.clusterCentroids,
    multiplier_bits: quantscope.multiplierBits,
    multiplier_error: quantscope.multiplierError,
    bin_layout: quantscope.binLayout,
    input_layout: [...quantscope.inputLayouts].sort(),
    bad_samples: quantscope.badSamples,
    evaluate_path: quantscope.evaluatePath,
    evaluate_size: quantscope.evaluateSize,
    labels: quantscope.labels,
    fixed_dims: [...dims].sort(),
  };
  return Object.entries(all)
    .map(([key, value]) => `${key}=${JSON.stringify(value) ?? ''}`)
    .sort()
    .join('\n');
}

/** Whether the run learns codes, or their steps, for the bits that it began with. */
function fixesCodes(config: Config): boolean {
  const { gptq, autoTune } = weightSettingsOf(config);
  return gptq || autoTune !== undefined;
}

function prefixed(prefix: string, all: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(all).map(([key, value]) => [`${prefix}.${key}`, value]));
}
