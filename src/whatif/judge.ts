import type { StorageLayout } from '../ops/opDef.ts';
import type { PairFigures } from './figures.ts';

/** One graph output of one sample, both models', in the same order. Valid during the call only. */
export interface JudgedOutput {
  readonly name: string;
  /** As they lie in memory, see `layout`. The numbers are left out where the judge goes by the figures alone. */
  readonly dims: readonly number[];
  readonly layout: StorageLayout;
  readonly origin: Float32Array;
  readonly dequant: Float32Array;
  readonly figures: PairFigures;
}

/** Turns the outputs of both models into one number: what sensitivity, search and cures go by. */
export interface Judge {
  /** `cosine`, `sqnrDb`, `mse`, `top1`, `top5`, or `command` and what it is. */
  readonly id: string;
  readonly better: 'higher' | 'lower';
  /** Whether it looks at the numbers of outputs, or at their figures alone. */
  readonly reads: 'outputs' | 'figures';
  /** Begins with one candidate. */
  start(): Judging;
  /** What a candidate of this value lacks to the float model: 0 for none, more is worse. */
  loss(value: number): number;
  /** The float model's own number, on the samples of the judging that finished last; NaN before any that tells it. */
  float(): number;
}

export interface Judging {
  /** @param sample index among the evaluation samples. */
  add(sample: number, outputs: readonly JudgedOutput[]): void;
  /** The number, over all samples that were added. */
  finish(): Promise<number>;
}

/** Mean over samples and outputs. */
function meanOf(figure: (f: PairFigures) => number): () => Judging {
  return () => {
    let sum = 0;
    let count = 0;
    return {
      add: (_, outputs) => {
        for (const { figures } of outputs) {
          sum += figure(figures);
          count++;
        }
      },
      finish: async () => sum / count,
    };
  };
}

/** The judges that need the outputs alone. SQNR is that of the mean noise-to-signal ratio, so that exact samples count. */
export const FIGURE_JUDGES: Readonly<Record<'cosine' | 'sqnrDb' | 'mse', Judge>> = {
  cosine: {
    id: 'cosine',
    better: 'higher',
    reads: 'figures',
    start: meanOf((f) => f.cosine),
    loss: (v) => Math.max(0, 1 - v),
    float: () => 1,
  },
  sqnrDb: {
    id: 'sqnrDb',
    better: 'higher',
    reads: 'figures',
    start: () => {
      const ratios = meanOf((f) => 10 ** (-f.sqnrDb / 10))();
      return { ...ratios, finish: async () => -10 * Math.log10(await ratios.finish()) };
    },
    loss: (v) => 10 ** (-v / 10),
    float: () => Number.POSITIVE_INFINITY,
  },
  mse: { id: 'mse', better: 'lower', reads: 'figures', start: meanOf((f) => f.mse), loss: (v) => v, float: () => 0 },
};
