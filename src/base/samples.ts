import type { Tensor } from './tensor.ts';

/** Feeds, one sample at a time: what calibration and evaluation read. Only the sample in work is in memory. */
export interface Samples {
  readonly count: number;
  /** Feeds by graph input name. @throws DiagnosticError DAT… naming the file. */
  read(index: number): Promise<ReadonlyMap<string, Tensor>>;
  /** For messages: the file, or the files of several inputs. */
  nameOf(index: number): string;
  /** The files it comes from, absolute, one per input; left out where samples are made, not read. */
  readonly pathsOf?: (index: number) => readonly string[];
}
