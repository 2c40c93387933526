import { overrideText } from '../config/overrides.ts';
import type { ConfigChange } from '../protocol/changes.ts';
import type { CauseId } from '../protocol/diagnosisViews.ts';
import type { CalibrationMethod } from '../quant/methods.ts';
import type { NodeOverride } from '../quant/overrides.ts';
import type { Named } from './named.ts';

/** Where a cure would be applied, and how it is quantized now. */
export interface Patient {
  /** The node that computes, the one that gives the output its codes, and all of the group. */
  readonly handle: string;
  readonly outputHandle: string;
  readonly handles: readonly string[];
  /** Quantized nodes that read its output, and makers of inputs whose codes count as its own. */
  readonly readers: readonly string[];
  readonly feeders: readonly string[];
  /** Inputs of the model: no node's words reach their codes. */
  readonly inputs: ReadonlySet<number>;
  readonly wordsOf: (handle: string) => NodeOverride;
  readonly perChannel: boolean;
  readonly symmetric: boolean;
  readonly method: CalibrationMethod;
  readonly biasCorrection: boolean;
  readonly equalization: boolean;
  readonly channelBalance: boolean;
  readonly leastSquares: boolean;
  readonly weightBits: number;
  /** Of a model that is quantized in its file: nodes can be left float, and nothing else be changed. */
  readonly onlySkips?: boolean;
}

/** Something that may help; whether it does is measured. */
export interface Candidate {
  readonly kind: string;
  readonly change: ConfigChange;
  /** `cause`: it does away with the cause itself; `any`: what helps against any error of the node. */
  readonly against: 'cause' | 'any';
  /** Whether the change needs calibration from the beginning. */
  readonly needsRun: boolean;
}

/** What to try against a cause; nothing that is so already. */
export function curesFor({ id, range, ofWeight, evidence }: Named, patient: Patient): readonly Candidate[] {
  const { handle, outputHandle, handles, readers, feeders } = patient;
  const isInput = evidence.some(({ valueId }) => valueId !== undefined && patient.inputs.has(valueId));
  const own = (kind: string, change: ConfigChange): Candidate => ({ kind, change, against: 'cause', needsRun: false });
  const method = (name: CalibrationMethod): Candidate[] => {
    const here = isInput ? patient.method : (patient.wordsOf(outputHandle).method ?? patient.method);
    const isRanged = !isInput && patient.wordsOf(outputHandle).range !== undefined;
    if (here === name && !isRanged) return [];
    const change = isInput ? setting('calibration_method', name) : words(patient, [outputHandle], { method: name });
    return [own(`method:${name}`, change)];
  };
  const byHand = (): Candidate[] =>
    isInput || range === undefined ? [] : [own('range', words(patient, [outputHandle], { range: rounded(range) }))];
  const perChannel =
    ofWeight === true && !patient.perChannel
      ? [own('per_channel', words(patient, [handle], { granularity: 'per_channel' }))]
      : [];
  const balance = [
    ...(patient.equalization ? [] : [{ ...own('equalization', setting('equalization', 'on')), needsRun: true }]),
    ...(patient.channelBalance
      ? []
      : [{ ...own('channel_balance', setting('channel_balance', 'free')), needsRun: true }]),
  ];
  const correction = patient.biasCorrection
    ? []
    : [own('bias_correction', { settings: [{ section: 'full_quant_param', key: 'bias_correction', value: 'true' }] })];
  const asymmetric = patient.symmetric ? [own('asymmetric', words(patient, handles, { symmetry: 'asymmetric' }))] : [];
  const byCause: Readonly<Record<CauseId, readonly Candidate[]>> = {
    preprocessing: [],
    calibrationRange: [...byHand(), ...method('MAX_MIN'), ...method('MSE')],
    clipping: [...method('MAX_MIN'), ...byHand(), ...method('MSE')],
    unlikeRanges: balance,
    biasOverflow: patient.perChannel ? [own('per_layer', words(patient, [handle], { granularity: 'per_layer' }))] : [],
    dominatingChannel: [...perChannel, ...balance],
    deadChannels: [...perChannel, ...balance],
    outliers: [...byHand(), ...method('MSE'), ...method('KL'), ...method('PERCENTILE')],
    symmetricAfterClamp: asymmetric,
    weights: [
      ...perChannel,
      ...(patient.weightBits < 8 ? [own('bits:8', words(patient, [handle], { weightBits: 8 }))] : []),
      ...correction,
      ...(patient.leastSquares
        ? []
        : [{ ...own('weight_rounding', setting('weight_rounding', 'least_squares')), needsRun: true }]),
    ],
    activations: [...asymmetric, ...method('MSE'), ...method('KL'), ...correction],
    carried: [],
    floatIsland: [],
  };
  if (id === 'floatIsland' || (id === 'carried' && patient.onlySkips !== true)) return byCause[id];
  const widely = [...new Set([...handles, ...feeders])];
  const all = [...new Set([...widely, ...readers])];
  const any = (kind: string, change: ConfigChange): Candidate => ({ ...own(kind, change), against: 'any' });
  const skips = [
    any('skip', skipping(patient, widely)),
    ...(readers.length > 0 ? [any('skip', skipping(patient, all))] : []),
  ];
  if (patient.onlySkips === true) return skips;
  return [
    ...byCause[id],
    any('bits:16', words(patient, widely, { precision: 'int16' })),
    ...(readers.length > 0 ? [any('bits:16', words(patient, all, { precision: 'int16' }))] : []),
    ...skips,
  ];
}

/** The overrides of nodes with one choice of each replaced, in the form of a change. */
export function words(
  { wordsOf }: Pick<Patient, 'wordsOf'>,
  handles: readonly string[],
  sets: NodeOverride,
): ConfigChange {
  const overrides = handles.map((handle) => {
    const { range, method, ...rest } = wordsOf(handle);
    const isOfRange = sets.range !== undefined || sets.method !== undefined;
    const kept = isOfRange ? {} : { ...(range && { range }), ...(method && { method }) };
    return [handle, overrideText({ ...rest, ...kept, ...sets })] as const;
  });
  return { overrides: Object.fromEntries(overrides) };
}

/** Leaves nodes float; their own words, which would have no effect, go with it. */
function skipping({ wordsOf }: Patient, handles: readonly string[]): ConfigChange {
  const worded = handles.filter((handle) => Object.keys(wordsOf(handle)).length > 0);
  if (worded.length === 0) return { skip: handles };
  return { skip: handles, overrides: Object.fromEntries(worded.map((handle) => [handle, ''])) };
}

/** Six digits are less than a thousandth of an 8-bit step. */
function rounded({ lo, hi }: { readonly lo: number; readonly hi: number }): { lo: number; hi: number } {
  return { lo: Number(lo.toPrecision(6)), hi: Number(hi.toPrecision(6)) };
}

function setting(key: string, value: string): ConfigChange {
  return { settings: [{ section: 'quantscope', key, value }] };
}

/** Both changes as one; undefined where they set the same thing otherwise. */
export function combined(a: ConfigChange, b: ConfigChange): ConfigChange | undefined {
  const overrides = { ...a.overrides };
  for (const [name, said] of Object.entries(b.overrides ?? {})) {
    if (overrides[name] !== undefined && overrides[name] !== said) return undefined;
    overrides[name] = said;
  }
  const settings = [...(a.settings ?? [])];
  for (const one of b.settings ?? []) {
    const same = settings.find((s) => s.section === one.section && s.key === one.key);
    if (same !== undefined && same.value !== one.value) return undefined;
    if (same === undefined) settings.push(one);
  }
  const union = (x: readonly string[] = [], y: readonly string[] = []) => [...new Set([...x, ...y])];
  const [skip, unskip] = [union(a.skip, b.skip), union(a.unskip, b.unskip)];
  if (skip.some((name) => unskip.includes(name))) return undefined;
  for (const name of skip) if (overrides[name] !== '') delete overrides[name]; // words for a float node say nothing
  return { skip, unskip, overrides, settings };
}
