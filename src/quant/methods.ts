/** How an activation's range is chosen from what calibration saw. */
export type CalibrationMethod = 'MAX_MIN' | 'KL' | 'REMOVAL_OUTLIER' | 'PERCENTILE' | 'MSE' | 'OUTPUT_MSE';

/** A method as configs, documents and choices name it. */
export interface CalibrationMethodRow {
  readonly name: CalibrationMethod;
  readonly doc: string;
  /** How often it looks at all samples. */
  readonly passes: 1 | 2;
}

/** Every calibration method; the config's words and their documentation come from here. */
export const CALIBRATION_METHODS: readonly CalibrationMethodRow[] = [
  { name: 'MAX_MIN', doc: 'smallest and largest value over all samples', passes: 1 },
  {
    name: 'KL',
    doc: 'threshold of least relative entropy, among those that cost less by clipping than they save in rounding',
    passes: 2,
  },
  { name: 'REMOVAL_OUTLIER', doc: 'mean over samples of the 0.01 % and 99.99 % ranks', passes: 1 },
  { name: 'PERCENTILE', doc: 'the range that holds the share `percentile` of all values', passes: 2 },
  { name: 'MSE', doc: 'the range of least mean squared rounding and clipping error', passes: 2 },
  { name: 'OUTPUT_MSE', doc: 'as MSE, of what element-wise operators make of the activation', passes: 2 },
];

/** How often a calibration with these methods looks at all samples. */
export function passesOf(methods: Iterable<CalibrationMethod>): number {
  const names = new Set(methods);
  return Math.max(1, ...CALIBRATION_METHODS.filter((row) => names.has(row.name)).map((row) => row.passes));
}
