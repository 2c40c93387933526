import { type AbortSignalLike, throwIfAborted } from '../base/abort.ts';
import type { Tensor } from '../base/tensor.ts';
import type { Program, Stored } from '../exec/program.ts';
import type { ValueId } from '../graph/model.ts';
import type { JudgedOutput } from '../whatif/judge.ts';
import { PairReader } from '../whatif/pairReader.ts';
import type { Pair } from '../whatif/pairs.ts';
import { type Contestant, runContestant } from './contestant.ts';
import { type ContestantSpec, contestantOf, readsOf, type SweepModels } from './contestantSpec.ts';
import { KeptValues } from './keptValues.ts';

/** What to run on each sample. */
export interface SampleSweepParts {
  readonly models: SweepModels;
  /** By which outputs of the quantized model are compared. */
  readonly quantPairs: readonly Pair[];
  readonly contestants: readonly { readonly spec: ContestantSpec; readonly own: Program | undefined }[];
  /** Whether any value of the quantized model may be read, not only what contestants are known to. */
  readonly keepsQuant: boolean;
  /** Of values of both models that contestants read. */
  readonly keptBytes: number;
  /** Whether outputs are wanted beside their figures. */
  readonly needsOutputs: boolean;
}

/** What judges are shown of one sample. All memory is its own. */
export interface SampleOutputs {
  readonly quantized: readonly JudgedOutput[];
  /** By contestant; undefined for one that was not asked for. */
  readonly contestants: readonly (readonly JudgedOutput[] | undefined)[];
  /** Steps that ran, and that whole runs of the contestants would have taken. */
  readonly executed: number;
  readonly total: number;
}

/**
 * Runs contestants on single samples: both models run once, and each contestant only where it differs from one of them.
 * Of the activations only those of one sample are in memory.
 */
export class SampleSweep {
  readonly #parts: SampleSweepParts;
  readonly #contestants: readonly (Pick<ContestantSpec, 'pairs'> & { readonly contestant: Contestant })[];
  readonly #floats: KeptValues;
  readonly #quants: KeptValues;
  readonly #reader: PairReader;

  constructor(parts: SampleSweepParts) {
    this.#parts = parts;
    const { models, quantPairs, contestants, keepsQuant, keptBytes } = parts;
    this.#contestants = contestants.map(({ spec, own }) => ({
      pairs: spec.pairs,
      contestant: contestantOf(spec, models, own),
    }));
    const reads = contestants.map(({ spec }) => readsOf(spec, models));
    const { float, quant } = models;
    const shown = quantPairs.map((p) => p.quantized);
    const floatReads = reads.flatMap((r) => [...r.float]);
    const quantReads = keepsQuant ? quant.slots.keys() : reads.flatMap((r) => [...r.quant]);
    this.#floats = new KeptValues(float, float.graph.outputs, floatReads, keptBytes / 2);
    this.#quants = new KeptValues(quant, shown, quantReads, keptBytes / 2);
    this.#reader = new PairReader(float.kernels);
  }

  /** @param isAsked by contestant. @throws Cancelled */
  run(
    feeds: ReadonlyMap<ValueId, Tensor>,
    isAsked: (contestant: number) => boolean,
    signal: AbortSignalLike,
  ): SampleOutputs {
    const { models, quantPairs } = this.#parts;
    const { float, quant } = models;
    this.#floats.run(feeds, { signal });
    this.#quants.run(feeds, { signal });
    const exact = new Outputs(float, this.#floats, this.#reader, this.#parts.needsOutputs);
    const quantized = exact.judged(quant, quantPairs, (id) => this.#quants.get(id));
    const effort = { executed: 0, total: 0 };
    const contestants = this.#contestants.map(({ contestant, pairs }, i) => {
      throwIfAborted(signal);
      if (!isAsked(i)) return undefined;
      const base = contestant.base === 'float' ? exact.same : quantized;
      const found = new Map<ValueId, Known>();
      const byId = new Map(pairs.map((p) => [p.quantized, p]));
      const values = { float: this.#floats, quant: this.#quants, signal };
      const { steps } = runContestant(contestant, values, new Set(byId.keys()), (id, stored) => {
        const pair = byId.get(id) as Pair; // among those that are watched
        const [judged] = exact.judged(contestant.program, [pair], () => stored);
        if (judged !== undefined) found.set(pair.value, judged);
      });
      effort.executed += steps;
      effort.total += contestant.program.steps.length;
      return pairs.flatMap(({ value }) => found.get(value) ?? base.find((o) => o.value === value) ?? []);
    });
    return { quantized, contestants, ...effort };
  }

  release(): void {
    this.#parts.models.runner.release();
    this.#reader.release();
    this.#floats.release();
    this.#quants.release();
  }
}

type Known = JudgedOutput & { readonly value: ValueId };

const NO_NUMBERS = new Float32Array(0);

/** Compares outputs with those of the float model on the sample in work. */
class Outputs {
  readonly #float: Program;
  readonly #origins: KeptValues;
  readonly #reader: PairReader;
  readonly #needsOutputs: boolean;
  readonly #copies = new Map<ValueId, Float32Array>();
  #same: readonly Known[] | undefined;

  constructor(float: Program, origins: KeptValues, reader: PairReader, needsOutputs: boolean) {
    this.#float = float;
    this.#origins = origins;
    this.#reader = reader;
    this.#needsOutputs = needsOutputs;
  }

  /** The float model's own. */
  get same(): readonly Known[] {
    this.#same ??= this.#float.graph.outputs.flatMap((value) => {
      const stored = this.#origins.get(value);
      if (stored === undefined) return [];
      const pair = { value, quantized: value, floatSignature: 0, quantSignature: 0 };
      return this.judged(this.#float, [pair], () => stored);
    });
    return this.#same;
  }

  judged(program: Program, pairs: readonly Pair[], storedOf: (id: ValueId) => Stored | undefined): Known[] {
    return pairs.flatMap((pair) => {
      const { value } = pair;
      const [origin, stored] = [this.#origins.get(value), storedOf(pair.quantized)];
      if (origin === undefined || stored === undefined) return [];
      const read = this.#reader.read(program, pair, origin, stored);
      const { layout, tensor } = origin;
      const name = this.#float.graph.values.get(value)?.name ?? '';
      const arrays = this.#needsOutputs
        ? { origin: this.#copyOf(value, read.origin), dequant: read.dequant.slice() }
        : { origin: NO_NUMBERS, dequant: NO_NUMBERS };
      return [{ value, name, dims: tensor.dims, layout, figures: read.figures, ...arrays }];
    });
  }

  #copyOf(value: ValueId, origin: Float32Array): Float32Array {
    const copy = this.#copies.get(value) ?? origin.slice();
    this.#copies.set(value, copy);
    return copy;
  }
}
