/** Figures of one tensor: what the columns say (house dialect `document`). */
export interface TensorStats {
  readonly count: number;
  readonly min: number;
  readonly q1: number;
  readonly median: number;
  readonly q3: number;
  readonly max: number;
  readonly mean: number;
  /** Population variance. */
  readonly variance: number;
  /** Fraction of elements exactly 0. */
  readonly sparsity: number;
  readonly nan: number;
  readonly inf: number;
}

/** A float tensor beside its counterpart in the quantized model, over one sample. */
export interface TensorReport {
  readonly origin: TensorStats;
  readonly dequant: TensorStats;
  /**
   * Fraction of float elements with rint(x / s) + z outside [qmin, qmax]; 0 for a tensor without parameters, null where
   * its order does not tell which parameters are an element's.
   */
  readonly clipRate: number | null;
  /** Fraction of codes equal to qmin or qmax; null without codes. */
  readonly saturation: number | null;
  readonly cosine: number;
  /** Infinity when there is no error. */
  readonly sqnrDb: number;
  readonly mse: number;
  /** The same in converter_lite's own arithmetic, where the report dialect asks for it. */
  readonly converterLite?: TensorReport;
}

/** One tensor of one node in one round: two lines of `round_*.csv`. */
export interface ReportRow {
  readonly nodeName: string;
  readonly nodeType: string;
  readonly tensorName: string;
  readonly inOut: 'Input' | 'Output';
  readonly tensorType: 'Weight' | 'Activation';
  /** Undefined: not measured (folded into another node); its figures are written empty. */
  readonly report: TensorReport | undefined;
}

/** One parameter set: one line of `quant_param.csv`. */
export interface QuantParamRow {
  readonly nodeName: string;
  readonly nodeType: string;
  readonly tensorName: string;
  readonly elementsNum: number;
  readonly dims: readonly number[];
  readonly scale: number;
  readonly zeroPoint: number;
  readonly bits: number;
  readonly correctionVar: number;
  readonly correctionMean: number;
}

/** One line of `output_summary.csv`. */
export interface OutputSummaryRow {
  readonly round: number;
  readonly tensorName: string;
  readonly cosine: number;
}
