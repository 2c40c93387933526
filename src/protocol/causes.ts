import type { CauseId } from './diagnosisViews.ts';

/** Titles and sentences are English and the keys of their translations. */
export interface CauseRow {
  readonly id: CauseId;
  readonly title: string;
  /** What it means, and at which border it is named. */
  readonly doc: string;
}

/** Every cause, the more telling first: of two that are as certain, the earlier one is named before the other. */
export const CAUSES: readonly CauseRow[] = [
  {
    id: 'preprocessing',
    title: 'Samples are prepared in another way than the model expects',
    doc: 'Another channel order, mean, deviation or layout makes the float model more certain, or the statistics at its normalizations fit better.',
  },
  {
    id: 'calibrationRange',
    title: 'Calibration did not see the range of the evaluation',
    doc: 'The noise of values beyond what calibration saw is more than that of rounding, or fewer than a quarter of the codes are reached.',
  },
  {
    id: 'clipping',
    title: 'The range cuts values off',
    doc: 'The noise of values beyond the range is more than that of rounding inside it: where the two are equal, a wider range begins to pay.',
  },
  {
    id: 'unlikeRanges',
    title: 'Inputs of unlike ranges meet',
    doc: 'The widest input of an Add or Concat has more than 8 times the range of another, which keeps fewer than 32 of 256 codes.',
  },
  {
    id: 'biasOverflow',
    title: 'The bias does not fit into int32',
    doc: 'The scale of the weight was raised so that int32 holds the bias, which takes codes from the weight.',
  },
  {
    id: 'dominatingChannel',
    title: 'One channel dominates the range',
    doc: 'Channels share one scale, and the widest has more than 8 times the range of the middle one, which keeps fewer than 32 of 256 codes.',
  },
  {
    id: 'deadChannels',
    title: 'Channels lose all their codes',
    doc: 'A quarter of the channels that are alive in the float model, or more, are rounded to one code each.',
  },
  {
    id: 'outliers',
    title: 'A few outliers own the range',
    doc: 'A range that cuts outliers off would leave a quarter of the noise or less: one bit or more is spent on them.',
  },
  {
    id: 'symmetricAfterClamp',
    title: 'Symmetric codes for values that are never negative',
    doc: 'No value is negative, and half of the codes stand for negative ones: one bit is lost.',
  },
  {
    id: 'weights',
    title: 'The weight makes most of the error',
    doc: 'More than half of the error that the node makes alone comes from its weight, and no other cause explains it.',
  },
  {
    id: 'activations',
    title: 'Activations make most of the error',
    doc: 'More than half of the error that the node makes alone comes from its inputs and outputs, and no other cause explains it.',
  },
  {
    id: 'carried',
    title: 'The error comes from earlier nodes',
    doc: 'Less than a tenth of the error of its output is the node’s own: it carries what others made.',
  },
  {
    id: 'floatIsland',
    title: 'A float island between integers',
    doc: 'Nodes are left float, and values are converted before and behind them: this costs time, not accuracy.',
  },
];

export function causeRow(id: CauseId): CauseRow {
  const row = CAUSES.find((r) => r.id === id);
  if (row === undefined) throw new Error(`no cause ${id}`);
  return row;
}

export interface CureRow {
  readonly kind: string;
  readonly title: string;
}

/** What may be tried, by `Cure.kind`. */
export const CURES: readonly CureRow[] = [
  { kind: 'method:MAX_MIN', title: 'Range from smallest to largest value' },
  { kind: 'method:MSE', title: 'Range of least squared error' },
  { kind: 'method:OUTPUT_MSE', title: 'Range of least squared error behind the function' },
  { kind: 'method:KL', title: 'Range of least relative entropy' },
  { kind: 'method:PERCENTILE', title: 'Range that holds a percentile' },
  { kind: 'method:REMOVAL_OUTLIER', title: 'Range without outliers' },
  { kind: 'range', title: 'Range set by hand' },
  { kind: 'per_channel', title: 'Weight with a scale per channel' },
  { kind: 'per_layer', title: 'Weight with one scale' },
  { kind: 'symmetric', title: 'Symmetric codes' },
  { kind: 'asymmetric', title: 'Asymmetric codes' },
  { kind: 'bits:8', title: '8 bits' },
  { kind: 'bits:16', title: '16 bits' },
  { kind: 'bias_correction', title: 'Bias correction' },
  { kind: 'equalization', title: 'Balance weights of neighbouring layers' },
  { kind: 'channel_balance', title: 'Balance channels of activations' },
  { kind: 'weight_rounding', title: 'Round weights by least squares' },
  { kind: 'skip', title: 'Leave float' },
  { kind: 'unskip', title: 'Quantize as well' },
  { kind: 'worst:16', title: '16 bits for the worst nodes' },
  { kind: 'worst:16+bias_correction', title: '16 bits for the worst nodes, and biases corrected' },
  { kind: 'together', title: 'The best of them together' },
];

/** What a cure is called; one that no row names by its kind. */
export function cureTitle(kind: string): string {
  return CURES.find((r) => r.kind === kind)?.title ?? kind;
}

/** Labels of the figures that speak for causes. */
export const EVIDENCE_LABELS = {
  clippedShare: 'Values beyond the range',
  clippedFar: 'Farthest value, in lengths of the range',
  clipNoise: 'Noise of clipping, relative to rounding',
  wins: 'Noise that a tighter range would save',
  kurtosis: 'Kurtosis',
  codesUsed: 'Codes that 99.9 % of the values use',
  rangeRatio: 'Widest range, relative to the narrowest',
  smallCodes: 'Codes left for the narrowest input',
  channelSpread: 'Widest channel, relative to the middle one',
  middleCodes: 'Codes left for the middle channel',
  lostChannels: 'Channels that lose all their codes',
  raisedScale: 'Scale of the weight, relative to what its range needs',
  raisedChannels: 'Channels whose scale was raised',
  negativeShare: 'Range below zero, relative to that above',
  unusedCodes: 'Codes that no value can have',
  ownShare: 'Share of the error that is its own',
  localSqnr: 'SQNR alone, on float inputs',
  sqnr: 'SQNR',
  weightShare: 'Share of the weight in its own error',
  activationShare: 'Share of activations in its own error',
  inputShare: 'Share of its inputs in its own error',
  evaluationRange: 'Range of the evaluation, relative to that of calibration',
  conversions: 'Conversions before and behind',
  floatMacs: 'Share of MACs that runs in float',
  islandNodes: 'Nodes of the island',
} as const;
