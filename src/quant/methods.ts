/** How an activation's range is chosen from what calibration saw. */
export type CalibrationMethod = 'MAX_MIN' | 'KL' | 'REMOVAL_OUTLIER' | 'PERCENTILE' | 'MSE';

/** A method as configs, documents and choices name it. */
export interface CalibrationMethodRow {
  readonly name: CalibrationMethod;
  readonly doc: string;
}

/** Every calibration method; the config's words and their documentation come from here. */
export const CALIBRATION_METHODS: readonly CalibrationMethodRow[] = [
  { name: 'MAX_MIN', doc: 'smallest and largest value over all samples' },
  { name: 'KL', doc: 'threshold of least relative entropy' },
  { name: 'REMOVAL_OUTLIER', doc: 'mean over samples of the 0.01 % and 99.99 % ranks' },
  { name: 'PERCENTILE', doc: 'the range that holds the share `percentile` of all values' },
  { name: 'MSE', doc: 'the range of least mean squared rounding and clipping error' },
];
