import { type AbortSignalLike, throwIfAborted } from '../../base/abort.ts';
import { DiagnosticError, throwErrors } from '../../base/diagnostics.ts';
import { applyChange } from '../../config/changes.ts';
import { DecodedImages } from '../../data/decode.ts';
import {
  bestOf,
  type Comparison,
  evidenceOf,
  isAdvised,
  isClearlyBetter,
  isPromising,
  type Reaction,
} from '../../diagnose/dataVerdict.ts';
import type { ConfigChange } from '../../protocol/changes.ts';
import type { DataFinding } from '../../protocol/diagnosisViews.ts';
import { nodeMacs } from '../metrics/nodeMacs.ts';
import { openSettings, type Settings } from '../settings.ts';
import type { DataParts } from './data.ts';
import { type Alternative, alternativesOf } from './dataAlternatives.ts';
import { DataProbe } from './dataProbe.ts';

type PreprocessingFinding = Extract<DataFinding, { readonly kind: 'preprocessing' }>;

/** Samples that all alternatives are tried on, and that the promising ones are. */
const FIRST = 64;
const MOST = 256;
const FEWEST = 6;
/** Multiply-accumulates of each of the two rounds, about ten seconds of one thread. */
const ROUND_MACS = 1e11;
/** Of pixels that all preprocessings start from. */
const DECODED_BYTES = 1 << 28;
/** Deviations further apart feed values of another scale. */
const LIKE_SCALE = 1.5;

/** One preparation, and how the float model took the samples so far. */
class Trial {
  readonly alternative: Pick<Alternative, 'label' | 'deviation'> & { readonly change: ConfigChange };
  readonly settings: Settings;
  readonly reactions: Reaction[] = [];

  constructor(alternative: Trial['alternative'], settings: Settings) {
    this.alternative = alternative;
    this.settings = settings;
  }
}

/**
 * Tries other preprocessings on the float model: all on a few samples, those that do not look worse on more.
 *
 * @returns the one that is advised first, if any; the others in the order they were tried.
 * @throws Cancelled, DiagnosticError where no sample can be read.
 */
export async function preprocessingFindings(
  parts: DataParts,
  signal: AbortSignalLike,
): Promise<readonly PreprocessingFinding[]> {
  const { lab } = parts;
  const { open, prepared } = lab.run;
  const inputs = open.model.graph.inputs.flatMap((id) => {
    const { name = '', dtype = '', constant } = open.model.graph.values.get(id) ?? {};
    const dims = prepared.inputDims.get(id);
    return constant !== undefined || dims === undefined ? [] : [{ name, dtype, dims }];
  });
  const { now, all } = alternativesOf(lab.settings, inputs);
  if (all.length === 0) return [];
  const probe = await probeOf(parts, signal);
  try {
    const hasLabels = lab.settings.labels !== undefined;
    if (probe.isBlind && !hasLabels) return [];
    const macs = (await nodeMacs(open, prepared)).filter((m) => m > 0).reduce((a, b) => a + b, 0);
    const decoded = new DecodedImages(DECODED_BYTES);
    const opened = (change: ConfigChange): Promise<Settings> => opensAll(parts, change, inputs.length === 1, decoded);
    const base = new Trial({ ...now, change: {} }, await opened({}));
    const trials: Trial[] = [];
    for (const a of all) trials.push(new Trial(a, await opened(a.change)));
    const tries = new Tries(parts, probe, base, signal);
    const first = within(FIRST, macs * (trials.length + 1));
    const read = await tries.round([base, ...trials], 0, first);
    const promising = trials.filter((t) => read.has(t) && isPromising(compared(base, t)));
    const most = within(MOST, macs * (promising.length + 1));
    if (promising.length > 0 && most > first) await tries.round([base, ...promising], first, most);
    return judged(
      base,
      trials.filter((t) => read.has(t)),
    );
  } finally {
    probe.release();
  }
}

/** As many samples as the work of one leaves room for. */
function within(most: number, macs: number): number {
  return Math.max(FEWEST, Math.min(most, Math.floor(ROUND_MACS / Math.max(1, macs))));
}

function judged(base: Trial, trials: readonly Trial[]): PreprocessingFinding[] {
  const tried = trials.length;
  const good = trials.filter((t) => isAdvised(compared(base, t), tried));
  const best = bestTrial(good);
  const findings = trials.map((t): PreprocessingFinding => {
    const { change, label } = t.alternative;
    return {
      kind: 'preprocessing',
      change,
      label,
      evidence: evidenceOf(compared(base, t), tried),
      advised: t === best,
    };
  });
  return [...findings.filter((f) => f.advised), ...findings.filter((f) => !f.advised)];
}

/** The best, but with the channels in the order they have where another one is not clearly better: some models hardly care. */
function bestTrial(good: readonly Trial[]): Trial | undefined {
  const bestAmong = (trials: readonly Trial[]): Trial | undefined => trials[bestOf(trials.map((t) => t.reactions))];
  const best = bestAmong(good);
  const isSame = (t: Trial): boolean => !t.alternative.change.settings?.some((s) => s.key === 'image_to_format');
  const same = bestAmong(good.filter(isSame));
  return best === undefined || same === undefined || isClearlyBetter(compared(same, best)) ? best : same;
}

function compared(base: Trial, trial: Trial): Comparison {
  return { now: base.reactions, changed: trial.reactions, isLikeScale: likeScale(base, trial) };
}

function likeScale(a: Trial | undefined, b: Trial | undefined): boolean {
  const [x, y] = [a?.alternative.deviation, b?.alternative.deviation];
  return x === undefined || y === undefined || Math.max(x / y, y / x) <= LIKE_SCALE;
}

/** A model that is quantized in its file has its float form in the run, without statistics. */
async function probeOf({ lab, kernels }: DataParts, signal: AbortSignalLike): Promise<DataProbe> {
  const { open, float } = lab.run;
  if (open.quantization !== undefined) return DataProbe.of(float);
  return DataProbe.open({ open, kernels, fixedDims: lab.settings.fixedDims, signal });
}

/** Settings after a change, with all samples of the folders where one input leaves no doubt which belong together. */
async function opensAll(
  { lab, files }: DataParts,
  change: ConfigChange,
  isAlone: boolean,
  decoded: DecodedImages,
): Promise<Settings> {
  const { configText, configPath, fixedDims } = lab.settings;
  const sizes = [
    { section: 'data_preprocess_param', key: 'calibrate_size', value: '' },
    { section: 'quantscope', key: 'evaluate_size', value: '' },
  ];
  const settings = [...(change.settings ?? []), ...(isAlone ? sizes : [])];
  const params = { configText: applyChange(configText, { settings }), configPath, dims: fixedDims };
  const opened = await openSettings(params, lab.run.open, files, decoded);
  throwErrors(opened.diagnostics);
  return opened;
}

interface Place {
  readonly use: 'calibration' | 'evaluation';
  readonly index: number;
}

/** Shows the same samples to all that is tried. */
class Tries {
  readonly #parts: DataParts;
  readonly #probe: DataProbe;
  readonly #signal: AbortSignalLike;
  /** Which samples, in the order they are shown. */
  readonly #order: readonly Place[];

  constructor(parts: DataParts, probe: DataProbe, base: Trial, signal: AbortSignalLike) {
    this.#parts = parts;
    this.#probe = probe;
    this.#signal = signal;
    this.#order = orderOf(base.settings);
  }

  /** @returns those whose samples can be read. */
  async round(trials: readonly Trial[], from: number, to: number): Promise<ReadonlySet<Trial>> {
    const last = Math.min(to, this.#order.length);
    const read = new Set(trials);
    for (const [t, trial] of trials.entries()) {
      const { label } = trial.alternative;
      for (let k = from; k < last; k++) {
        throwIfAborted(this.#signal);
        const done = t * (last - from) + k - from;
        this.#parts.onProgress({ stage: 'evaluate', done, total: trials.length * (last - from), text: label });
        try {
          trial.reactions.push(await this.#react(trial.settings, k));
        } catch (error) {
          if (!(error instanceof DiagnosticError) || t === 0) throw error;
          read.delete(trial); // an .npy file knows its own layout, for one
          break;
        }
      }
    }
    return read;
  }

  #react({ calibration, evaluation, labels }: Settings, k: number): Promise<Reaction> {
    const { use, index } = this.#order[k] as Place;
    const samples = use === 'calibration' ? calibration : evaluation.samples;
    return this.#probe.react(samples, index, labels, this.#signal);
  }
}

/**
 * Labelled samples first, where there are any; of each folder evenly spread ones, so that a folder that is sorted by class
 * is seen as a whole.
 */
function orderOf({ calibration, evaluation, labels, sampleSource }: Settings): Place[] {
  const all: (Place & { readonly name: string })[] = [];
  const names = new Set<string>();
  const add = (use: Place['use'], samples: Settings['calibration'], count: number): void => {
    for (let i = 0; i < count; i++) {
      const name = samples.nameOf(i);
      if (names.has(name)) continue;
      names.add(name);
      all.push({ use, index: i, name });
    }
  };
  if (sampleSource === 'calibrate_path') add('calibration', calibration, calibration.count);
  if (evaluation.samples !== calibration || sampleSource === 'evaluate_path')
    add('evaluation', evaluation.samples, evaluation.count);
  const labelled = all.filter(({ name }) => labels?.labelOf(name) !== undefined);
  const from = labelled.length >= FEWEST ? labelled : all;
  return spread(from.length, MOST).map((i) => from[i] as Place);
}

/** At most `most` of `count` indices; each beginning of the list is spread over all of them. */
export function spread(count: number, most: number): number[] {
  const n = Math.min(count, most);
  const even = Array.from({ length: n }, (_, i) => Math.floor((i * count) / n));
  const stride = Math.max(1, Math.round(n / FEWEST));
  return Array.from({ length: stride }, (_, o) => even.filter((_x, i) => i % stride === o)).flat();
}
