/** What causes are judged by: measured figures of a node, its tensors and its weight. All are over the same samples. */
export interface NodeNumbers {
  readonly handle: string;
  readonly opType: string;
  /** What it makes, and the inputs of the model that it reads: those whose codes are its own. */
  readonly tensors: readonly TensorNumbers[];
  /** Activations that meet in it on common codes, as those of Add and Concat; none elsewhere. */
  readonly meeting: readonly Extent[];
  readonly weight: WeightNumbers | null;
  readonly error: ErrorNumbers | null;
  readonly island: IslandNumbers | null;
}

/** A tensor and the range that its values take, 0 within. */
export interface Extent {
  readonly tensor: string;
  readonly valueId: number;
  readonly lo: number;
  readonly hi: number;
}

/** An activation with codes of one scale. Powers are means of squares over its elements. */
export interface TensorNumbers extends Extent {
  /** Fourth central moment over the squared variance: 3 of a normal distribution, 1.8 of a uniform one. */
  readonly kurtosis: number;
  readonly power: number;
  /** Of the values inside the range, and of those beyond. */
  readonly rounding: number;
  readonly clipping: number;
  /** Fraction of the elements beyond the range. */
  readonly clippedShare: number;
  /** How far the farthest lies beyond, in lengths of the range; 0 for none. */
  readonly clippedFar: number;
  /** The sample that has it. */
  readonly farSample: string;
  readonly grid: Grid;
  /** Codes from the 0.05 % to the 99.95 % rank. */
  readonly bulkCodes: number;
  /** The tighter range of least noise, and that noise relative to that of the range it has. */
  readonly best: { readonly lo: number; readonly hi: number; readonly noise: number };
  /** Null where it has no axis of channels, or too few elements on each. */
  readonly channels: ChannelNumbers | null;
  /** Smallest and largest value of the calibration; null where that is not known. */
  readonly calibrated: { readonly lo: number; readonly hi: number } | null;
  /** As `clipping`, of values that calibration did not see. */
  readonly unseen: number;
}

export interface Grid {
  readonly lo: number;
  readonly hi: number;
  readonly scale: number;
  /** How many there are, and how many of them stand for negative values. */
  readonly codes: number;
  readonly negative: number;
  readonly mapping: 'symmetric' | 'asymmetric';
  readonly bits: number;
}

/** Channels that share one scale. */
export interface ChannelNumbers {
  readonly count: number;
  /** Largest magnitude of the widest channel over that of the middle one of those that are not all 0. */
  readonly spread: number;
  readonly widest: number;
  /** Codes between 0 and the largest magnitude of the middle one, both signs where it has both. */
  readonly middleCodes: number;
  /** Channels that are not all 0, and those of them whose values all round to 0. */
  readonly alive: number;
  readonly lost: number;
}

export interface WeightNumbers {
  readonly tensor: string;
  readonly valueId: number;
  readonly bits: number;
  readonly granularity: 'perTensor' | 'perChannel' | 'perBlock';
  readonly sqnrDb: number;
  /** Null where every channel has a scale of its own. */
  readonly channels: ChannelNumbers | null;
  /** Largest scale over what its range needs, 1 where none was raised, and how many channels were. */
  readonly raised: { readonly factor: number; readonly channels: number };
}

/** Noise in the output of a node, as powers; signal and noise of the same elements. */
export interface ErrorNumbers {
  readonly signal: number;
  /** Against the float model, with what earlier nodes made. */
  readonly total: number;
  /** Alone on float inputs, and what of it comes from the codes of its inputs and of its output. */
  readonly own: number;
  readonly fromInputs: number;
  readonly fromOutput: number;
}

/** Float nodes that are reached from integers and lead back to them. */
export interface IslandNumbers {
  readonly nodes: number;
  /** QuantizeLinear and DequantizeLinear at its borders. */
  readonly conversions: number;
  /** Of the model's MACs. */
  readonly macsShare: number;
  /** Whether any of it would be quantized if it were not skipped. */
  readonly canQuantize: boolean;
}
