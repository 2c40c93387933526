import { type AbortSignalLike, throwIfAborted } from '../base/abort.ts';
import type { Samples } from '../base/samples.ts';
import type { Tensor } from '../base/tensor.ts';
import type { Program, Stored } from '../exec/program.ts';
import type { ValueId } from '../graph/model.ts';
import { feedsById } from '../quant/calibrate.ts';
import type { Judge, JudgedOutput, Judging } from '../whatif/judge.ts';
import { PairReader } from '../whatif/pairReader.ts';
import type { Pair } from '../whatif/pairs.ts';
import { type Contestant, runContestant } from './contestant.ts';
import { KeptValues } from './keptValues.ts';

/** A program, and what of it stands for the float model's values. */
export interface PairedProgram {
  readonly program: Program;
  readonly pairs: readonly Pair[];
}

/** Contestants that are judged together, sample after sample. */
export interface SweepParts {
  readonly float: Program;
  readonly quant: PairedProgram;
  /** With the pairs of its own program; those of the base where its program is the base's. */
  readonly contestants: readonly {
    readonly contestant: Contestant;
    readonly pairs: readonly Pair[];
    readonly seen: Seen;
  }[];
  /** Of the quantized model itself. */
  readonly quantized: Seen;
  readonly samples: Samples;
  /** In which samples are shown; left out: as they come. */
  readonly order?: readonly number[] | undefined;
  /** Kept feeds of the first samples. */
  readonly feedsOf: (sample: number) => ReadonlyMap<ValueId, Tensor> | undefined;
  /** Values of both models that contestants read, bounded by bytes over both. */
  readonly keep: {
    readonly float: ReadonlySet<ValueId>;
    readonly quant: ReadonlySet<ValueId>;
    readonly maxBytes: number;
  };
  readonly signal: AbortSignalLike;
}

/** What a judge saw of one model, from the first sample on. */
export interface Seen {
  readonly judging: Judging;
  samples: number;
}

export function startSeeing(judge: Judge): Seen {
  return { judging: judge.start(), samples: 0 };
}

/** Steps that ran, and that whole runs of all contestants would have taken. */
export interface SweepEffort {
  executed: number;
  total: number;
}

/**
 * Judges all contestants on one sample after the other: both models run once a sample, and each contestant only where it
 * differs from one of them. Of the activations only those of one sample are in memory. It may be broken off after any
 * sample and go on at the next: nobody is shown a sample twice.
 *
 * @param count samples, from the first; @param onSample after each of them
 * @throws Cancelled; DiagnosticError DAT… for a sample that cannot be read
 */
export async function sweep(
  parts: SweepParts,
  count: number,
  onSample: (done: number) => Promise<void> | void,
): Promise<SweepEffort> {
  const { float, quant, contestants, samples, signal, keep } = parts;
  const floats = new KeptValues(float, float.graph.outputs, keep.float, keep.maxBytes / 2);
  const watched = outputPairs(float, quant.pairs);
  const shown = watched.map((p) => p.quantized);
  const quants = new KeptValues(quant.program, shown, keep.quant, keep.maxBytes / 2);
  const reader = new PairReader(float.kernels);
  const effort = { executed: 0, total: 0 };
  try {
    const everybody = [parts.quantized, ...contestants.map((c) => c.seen)];
    const from = Math.min(...everybody.map((s) => s.samples));
    for (let at = from; at < Math.min(count, samples.count); at++) {
      throwIfAborted(signal);
      const sample = parts.order?.[at] ?? at;
      const feeds = parts.feedsOf(sample) ?? feedsById(float.graph, await samples.read(sample));
      floats.run(feeds, { signal });
      quants.run(feeds, { signal });
      const exact = new Outputs(float, floats, reader);
      const quantized = exact.judged(quant.program, watched, (id) => quants.get(id));
      const results = contestants.map(({ contestant, pairs, seen }) => {
        throwIfAborted(signal);
        if (seen.samples > at) return [];
        const own = outputPairs(float, pairs);
        const base = contestant.base === 'float' ? exact.same : quantized;
        const found = new Map<ValueId, JudgedOutput>();
        const byId = new Map(own.map((p) => [p.quantized, p]));
        const values = { float: floats, quant: quants, signal };
        const { steps } = runContestant(contestant, values, new Set(byId.keys()), (id, stored) => {
          const pair = byId.get(id) as Pair; // among those that are watched
          const [judged] = exact.judged(contestant.program, [pair], () => stored);
          if (judged !== undefined) found.set(pair.value, judged);
        });
        effort.executed += steps;
        effort.total += contestant.program.steps.length;
        return own.flatMap(({ value }) => found.get(value) ?? base.find((o) => o.value === value) ?? []);
      });
      show(parts.quantized, { at, sample }, quantized); // all or none see a sample, whenever it is broken off
      for (const [i, { seen }] of contestants.entries()) show(seen, { at, sample }, results[i] ?? []);
      await onSample(at + 1);
      await Promise.resolve();
    }
  } finally {
    reader.release();
    floats.release();
    quants.release();
  }
  return effort;
}

function show(
  seen: Seen,
  { at, sample }: { readonly at: number; readonly sample: number },
  outputs: readonly JudgedOutput[],
): void {
  if (seen.samples > at) return;
  seen.judging.add(sample, outputs);
  seen.samples = at + 1;
}

/** The pairs that graph outputs are compared by. */
function outputPairs(float: Program, pairs: readonly Pair[]): Pair[] {
  return float.graph.outputs.flatMap((id) => pairs.find((p) => p.value === id) ?? []);
}

type Known = JudgedOutput & { readonly value: ValueId };

/** Compares outputs with those of the float model on the sample in work. */
class Outputs {
  readonly #float: Program;
  readonly #origins: KeptValues;
  readonly #reader: PairReader;

  constructor(float: Program, origins: KeptValues, reader: PairReader) {
    this.#float = float;
    this.#origins = origins;
    this.#reader = reader;
  }

  /** The float model's own. */
  get same(): readonly Known[] {
    return this.#float.graph.outputs.flatMap((value) => {
      const stored = this.#origins.get(value);
      if (stored === undefined) return [];
      const pair = { value, quantized: value, floatSignature: 0, quantSignature: 0 };
      return this.judged(this.#float, [pair], () => stored);
    });
  }

  judged(program: Program, pairs: readonly Pair[], storedOf: (id: ValueId) => Stored | undefined): readonly Known[] {
    return pairs.flatMap((pair) => {
      const [origin, stored] = [this.#origins.get(pair.value), storedOf(pair.quantized)];
      if (origin === undefined || stored === undefined) return [];
      const read = this.#reader.read(program, pair, origin, stored);
      const { layout, tensor } = origin;
      const name = this.#float.graph.values.get(pair.value)?.name ?? '';
      const { figures } = read;
      return [
        {
          value: pair.value,
          name,
          dims: tensor.dims,
          layout,
          origin: read.origin,
          dequant: read.dequant.slice(),
          figures,
        },
      ];
    });
  }
}
