import { type AbortSignalLike, throwIfAborted } from '../base/abort.ts';
import type { Samples } from '../base/samples.ts';
import type { Tensor } from '../base/tensor.ts';
import type { Program } from '../exec/program.ts';
import type { ValueId } from '../graph/model.ts';
import { plainGraphs } from '../graph/plainGraph.ts';
import { feedsById } from '../quant/calibrate.ts';
import type { Judge, Judging } from '../whatif/judge.ts';
import type { ContestantSpec } from './contestantSpec.ts';
import type { CrewRun, SweepCrew } from './crew.ts';
import { type SampleOutputs, SampleSweep, type SampleSweepParts } from './sampleSweep.ts';

/** Contestants that are judged together, sample after sample. */
export interface SweepParts extends Omit<SampleSweepParts, 'contestants'> {
  readonly contestants: readonly {
    readonly spec: ContestantSpec;
    readonly own: Program | undefined;
    readonly seen: Seen;
  }[];
  /** Of the quantized model itself. */
  readonly quantized: Seen;
  readonly floatOf: ReadonlyMap<ValueId, ValueId>;
  readonly samples: Samples;
  /** In which samples are shown; left out: as they come. */
  readonly order?: readonly number[] | undefined;
  /** Kept feeds of the first samples. */
  readonly feedsOf: (sample: number) => ReadonlyMap<ValueId, Tensor> | undefined;
  /** Runs samples beside the caller where that pays. */
  readonly crew?: SweepCrew | undefined;
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

/** Fewer runs of contestants than this are over before others have compiled their programs. */
const LEAST_RUNS = 24;
/** What the programs of all threads beside the caller's may take, in bytes, where the kernels' budget leaves as much. */
const CREW_BYTES = 1 << 30;

/**
 * Judges all contestants on one sample after the other. It may be broken off after any sample and go on at the next:
 * nobody is shown a sample twice, and everybody is shown them in order, whoever ran them.
 *
 * @param count samples, from the first; @param onSample after each of them
 * @throws Cancelled; DiagnosticError DAT… for a sample that cannot be read
 */
export async function sweep(
  parts: SweepParts,
  count: number,
  onSample: (done: number) => Promise<void> | void,
): Promise<SweepEffort> {
  const everybody = [parts.quantized, ...parts.contestants.map((c) => c.seen)];
  const from = Math.min(...everybody.map((s) => s.samples));
  const places = Math.max(0, Math.min(count, parts.samples.count) - from);
  const own = new SampleSweep(parts);
  let crew: CrewRun | undefined;
  try {
    crew = await crewFor(parts, from, places);
    return await new Places(parts, { from, places, own, crew }).all(onSample);
  } finally {
    crew?.end();
    own.release();
  }
}

/** The threads of a sweep; undefined where it is better off without: too little to do, or too large for their memory. */
async function crewFor(parts: SweepParts, from: number, places: number): Promise<CrewRun | undefined> {
  const { crew, models, contestants, floatOf, quantPairs, keepsQuant, keptBytes, needsOutputs } = parts;
  const isLittle = places < 2 || places * contestants.length < LEAST_RUNS;
  if (crew === undefined || isLittle) return undefined;
  const own = [...new Set(contestants.flatMap((c) => c.own ?? []))];
  const programs = [models.float, models.quant, ...own];
  const bytes = programs.reduce((sum, p) => sum + p.arenaBytes + p.constantBytes, 0);
  const isStreamed = programs.some((p) => p.streamedBytes > 0);
  const { budgetBytes, bytesInUse } = models.float.kernels.memory;
  const spare = budgetBytes - bytesInUse - keptBytes;
  if (isStreamed || bytes * crew.size > Math.min(CREW_BYTES, spare)) return undefined;
  return crew.start({
    graphs: await plainGraphs(programs.map((p) => p.graph)),
    recipes: programs.map((p) => p.recipe),
    ...{ floatOf, quantPairs, keepsQuant, keptBytes: keptBytes / (1 + crew.size), needsOutputs },
    contestants: contestants.map(({ spec, own: program, seen }) => ({
      spec,
      own: program === undefined ? undefined : programs.indexOf(program),
      from: seen.samples - from,
    })),
  });
}

interface PlacesParts {
  readonly from: number;
  readonly places: number;
  readonly own: SampleSweep;
  readonly crew: CrewRun | undefined;
}

/** Samples of a sweep by place, from the first that somebody has not seen. */
class Places {
  readonly #parts: SweepParts;
  readonly #work: PlacesParts;
  readonly #feeds = new Map<number, ReadonlyMap<ValueId, Tensor>>();
  readonly #results = new Map<number, SampleOutputs>();
  readonly #effort: SweepEffort = { executed: 0, total: 0 };
  #crew: CrewRun | undefined;
  /** Places that are shown, and that are offered to the crew. */
  #shown = 0;
  #offered = 0;

  constructor(parts: SweepParts, work: PlacesParts) {
    this.#parts = parts;
    this.#work = work;
    this.#crew = work.crew;
  }

  async all(onSample: (done: number) => Promise<void> | void): Promise<SweepEffort> {
    const { places, from } = this.#work;
    while (this.#shown < places) {
      throwIfAborted(this.#parts.signal);
      await this.#offer();
      const place = this.#claim();
      if (place !== undefined) this.#results.set(place, await this.#run(place));
      await this.#collect(place === undefined);
      for (let found = this.#next(); found !== undefined; found = this.#next()) {
        throwIfAborted(this.#parts.signal);
        this.#show(found);
        await onSample(from + this.#shown);
      }
      await Promise.resolve();
    }
    return this.#effort;
  }

  /** Keeps some samples ahead of what is shown, so that nobody waits for one, and no more, so that results stay few. */
  async #offer(): Promise<void> {
    const { places } = this.#work;
    const ahead = this.#shown + 2 * (1 + (this.#parts.crew?.size ?? 0));
    while (this.#crew !== undefined && this.#offered < Math.min(places, ahead)) {
      const feeds = await this.#feedsAt(this.#offered);
      this.#feeds.set(this.#offered++, feeds);
      this.#crew.offer(feeds);
    }
  }

  /** The place to run next: without a crew, the first that nobody ran. */
  #claim(): number | undefined {
    if (this.#crew !== undefined) return this.#crew.claim();
    let place = this.#shown;
    while (this.#results.has(place)) place++;
    return place < this.#work.places ? place : undefined;
  }

  async #run(place: number): Promise<SampleOutputs> {
    const { contestants, signal } = this.#parts;
    const at = this.#work.from + place;
    const feeds = this.#feeds.get(place) ?? (await this.#feedsAt(place));
    return this.#work.own.run(feeds, (i) => (contestants[i]?.seen.samples ?? 0) <= at, signal);
  }

  async #collect(waits: boolean): Promise<void> {
    if (this.#crew === undefined) return;
    const others = await this.#crew.results(waits);
    if (others === undefined) {
      this.#crew.end();
      this.#crew = undefined;
    }
    for (const [place, outputs] of others ?? []) this.#results.set(place, outputs);
  }

  #next(): SampleOutputs | undefined {
    const found = this.#results.get(this.#shown);
    this.#results.delete(this.#shown);
    this.#feeds.delete(this.#shown);
    return found;
  }

  /** Shows a result to all or none, whenever the sweep is broken off. */
  #show({ quantized, contestants, executed, total }: SampleOutputs): void {
    const { order } = this.#parts;
    const at = this.#work.from + this.#shown++;
    const sample = order?.[at] ?? at;
    show(this.#parts.quantized, { at, sample }, quantized);
    for (const [i, { seen }] of this.#parts.contestants.entries()) show(seen, { at, sample }, contestants[i] ?? []);
    this.#effort.executed += executed;
    this.#effort.total += total;
  }

  async #feedsAt(place: number): Promise<ReadonlyMap<ValueId, Tensor>> {
    const { models, samples, order, feedsOf } = this.#parts;
    const at = this.#work.from + place;
    const sample = order?.[at] ?? at;
    return feedsOf(sample) ?? feedsById(models.float.graph, await samples.read(sample));
  }
}

function show(
  seen: Seen,
  { at, sample }: { readonly at: number; readonly sample: number },
  outputs: SampleOutputs['quantized'],
): void {
  if (seen.samples > at) return;
  seen.judging.add(sample, outputs);
  seen.samples = at + 1;
}
