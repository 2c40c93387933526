import { type AbortSignalLike, throwIfAborted } from '../../base/abort.ts';
import type { Clock } from '../../base/clock.ts';
import type { Node } from '../../graph/model.ts';
import type { SensitivityEntry, SensitivityRequest, SensitivityView } from '../../protocol/sensitivityViews.ts';
import type { Progress } from '../../protocol/views.ts';
import { outputPairs, sweepModels } from '../../sensitivity/contestantSpec.ts';
import type { SweepCrew } from '../../sensitivity/crew.ts';
import { type Seen, startSeeing, sweep } from '../../sensitivity/sweep.ts';
import type { Unit } from '../../sensitivity/units.ts';
import type { Judge, Judging } from '../../whatif/judge.ts';
import { keptAsInFile, nothingToMeasure, nothingYet } from '../errors.ts';
import { judgeOf, type RunCommand } from '../judges.ts';
import type { Lab } from '../lab.ts';
import { meanDecibels } from '../metrics/sampleFigures.ts';
import type { OpenModel } from '../model.ts';
import { variantOf } from '../variant.ts';
import { Contestants, type UnitContestant } from './contestants.ts';

/** What the session has at the moment. */
export interface SensitivityParts {
  readonly open: OpenModel;
  /** Undefined before a run. */
  readonly lab: Lab | undefined;
  readonly clock: Clock;
  readonly runCommand?: RunCommand | undefined;
  /** Runs samples of sweeps beside the caller. */
  readonly crew?: SweepCrew | undefined;
  readonly directoryOf: (path: string) => string;
  readonly onProgress: (progress: Progress) => void;
  /** Keeps what was found for the metric column: losses by node. */
  readonly onLosses: (losses: ReadonlyMap<number, number>) => void;
}

/** A node of a sweep, by the user's node whose name a config has for it. */
interface Candidate {
  readonly unit: Unit;
  readonly nodeId: number;
  readonly handle: string;
  readonly opType: string;
  readonly localSqnrDb: number | null;
  /** All nodes of the user's that it stands for. */
  readonly group: readonly number[];
  /** Mean noise-to-signal ratio of its output, alone on float inputs. */
  readonly noise: number | null;
}

/** What judges saw of a sweep so far. */
interface Progressed {
  readonly lab: Lab;
  readonly key: string;
  readonly judge: Judge;
  readonly quantized: Seen;
  readonly seen: readonly Seen[];
  /** Loss of the quantized model over so many samples. */
  readonly losses: Map<number, number>;
  /** In which samples are shown: of a budget those first on which the quantized model loses most. */
  order: readonly number[] | undefined;
  /** Those that are measured on all samples: of a budget, once it is clear which. */
  chosen: readonly number[] | undefined;
}

/** Bytes of programs that a sweep builds beside those there are; one more than that at most. */
const BUILT_BYTES = 1 << 28;

/** Samples by which a budgeted sweep finds out whom to measure on all. */
const PILOT_SAMPLES = 2;

/** Measures how much each node costs at the output, see docs/sensitivity.md. */
export class SensitivityDesk {
  readonly #parts: () => SensitivityParts;
  #unfinished: Progressed | undefined;

  constructor(parts: () => SensitivityParts) {
    this.#parts = parts;
  }

  /**
   * Sweeps over all units of the plan, sample after sample: after each, `onPartial` gets values over the samples so far,
   * marked by {@link SensitivityEntry.samples}. A sweep that was cancelled goes on at the sample where it was broken off
   * when the same is asked again of the same run; what is `known` of an earlier one is not measured again.
   *
   * @param known entries of the same request under the same config; those over fewer samples are measured again.
   * @throws DiagnosticError SES401 before a run, SES465 for parts of nodes of a file's own quantization, SES466 where no
   *   node can be left float, SES450… by the judge; Cancelled
   */
  async run(
    request: SensitivityRequest,
    known: readonly SensitivityEntry[],
    onPartial: (view: SensitivityView) => void,
    signal: AbortSignalLike,
  ): Promise<SensitivityView> {
    const parts = this.#parts();
    const { lab, open, clock } = parts;
    if (lab === undefined) throw nothingYet(open.file, 'run');
    if (lab.isKeptAsInFile && request.part !== 'both')
      throw keptAsInFile(lab.settings.configPath, [`the ${request.part} of a node alone`]);
    const started = clock.now();
    const { run, settings } = lab;
    const count = Math.min(request.samples, run.sampleCount);
    const candidates = candidatesOf(lab);
    if (candidates.length === 0) throw nothingToMeasure(settings.configPath);
    const folder = parts.directoryOf(settings.configPath);
    const { runCommand } = parts;
    const judge = judgeOf(request.judge, { run, settings, folder, signal, runCommand });
    const final = new Map(
      known.flatMap((e) => (e.value === null || e.samples !== undefined ? [] : [[e.nodeId, e] as const])),
    );
    const measured = request.mode === 'local' ? [] : candidates.filter((c) => !final.has(c.nodeId));
    const progress = this.#continued(lab, request, measured, judge);
    const { quantized, seen } = progress;
    const viewNow = async (): Promise<SensitivityView> => {
      const found = await valuesOf(progress, measured, count);
      const value = await quantizedValue(progress);
      const steps = stepsOf(request, measured.length, final.size, count);
      const view: SensitivityView = {
        request,
        configText: settings.configText,
        float: progress.judge.float(),
        quantized: value,
        samples: count,
        entries: entriesOf(candidates, { request, found, final, losses: progress.losses, count }),
        done: Math.min(
          steps,
          [quantized, ...seen].reduce((sum, s) => sum + s.samples, 0),
        ),
        total: steps,
        elapsedMs: clock.now() - started,
      };
      parts.onLosses(lossesOf(view, candidates));
      return view;
    };
    this.#unfinished = progress;
    const showsParts = request.judge.id !== 'command'; // a command is asked once per model, at the end
    const sweepOver = async (chosen: readonly number[], samples: number): Promise<void> => {
      await this.#sweep(parts, { lab, request, measured, progress, chosen, count: samples, signal }, async (done) => {
        parts.onProgress({ stage: 'sensitivity', done, total: count, text: run.samples.nameOf(done - 1) });
        if (showsParts) onPartial(await viewNow());
      });
    };
    const everybody = [...measured.keys()];
    const budget = request.verify === null ? undefined : Math.max(0, request.verify - final.size);
    if (budget !== undefined && budget < measured.length) {
      if (showsParts) progress.order ??= await worstSamples(lab, judge, count, signal);
      await sweepOver(everybody, Math.min(PILOT_SAMPLES, count));
      await quantizedValue(progress);
      progress.chosen ??= await worstOf(progress, request, budget);
      await sweepOver(progress.chosen, count);
    } else await sweepOver(everybody, count);
    const view = { ...(await viewNow()) };
    this.#unfinished = undefined;
    const whole = { ...view, done: view.total };
    onPartial(whole);
    return whole;
  }

  /** Lets go of a sweep that was broken off. */
  forget(): void {
    this.#unfinished = undefined;
  }

  #continued(lab: Lab, request: SensitivityRequest, measured: readonly Candidate[], judge: Judge): Progressed {
    const key = JSON.stringify({ ...request, units: measured.map((c) => c.unit.node) });
    const last = this.#unfinished;
    this.#unfinished = undefined;
    if (last?.lab === lab && last.key === key && request.judge.id !== 'command') return last;
    const seen = measured.map(() => startSeeing(judge));
    return {
      lab,
      key,
      judge,
      quantized: startSeeing(judge),
      seen,
      losses: new Map(),
      order: undefined,
      chosen: undefined,
    };
  }

  /** Shows samples up to `count` to the chosen ones, as many of them at a time as their programs leave memory for. */
  async #sweep(parts: SensitivityParts, work: Sweep, onSample: (done: number) => Promise<void>): Promise<void> {
    const { lab, request, measured, progress, chosen, count, signal } = work;
    const { run, result, settings } = lab;
    const { mode, part } = request;
    const { requantizer } = settings;
    const quantPairs = outputPairs(run.float, result.build.pairs);
    const variant = variantOf(settings, run.open, run.prepared);
    const maker = await Contestants.make({ run, build: result.build, variant, requantizer, signal });
    const queue = mode === 'local' ? [] : chosen.filter((i) => (progress.seen[i]?.samples ?? count) < count);
    try {
      do {
        const group: (UnitContestant & { readonly seen: Seen })[] = [];
        try {
          for (let bytes = 0; queue.length > 0 && bytes < BUILT_BYTES; bytes += group.at(-1)?.own?.arenaBytes ?? 0) {
            throwIfAborted(signal);
            const i = queue.shift() as number; // length checked above
            const { unit, handle } = measured[i] as Candidate; // an index of `measured`
            const done = chosen.length - queue.length - 1;
            parts.onProgress({ stage: 'sensitivity', done, total: chosen.length, text: handle });
            const made = mode === 'local' ? undefined : await maker.of(unit, mode, part);
            if (made !== undefined) group.push({ ...made, seen: progress.seen[i] as Seen });
          }
          await sweep(
            {
              ...{ models: maker.models, quantPairs, contestants: group, quantized: progress.quantized },
              ...{ floatOf: result.build.qdq.floatOf, samples: run.samples, order: progress.order },
              ...{ keepsQuant: mode === 'leaveOneOut', keptBytes: run.cache.maxBytes, signal, crew: parts.crew },
              feedsOf: (sample) => run.cache.feeds(sample),
              needsOutputs: progress.judge.reads === 'outputs',
            },
            count,
            onSample,
          );
        } finally {
          for (const { own } of group) own?.release();
        }
      } while (queue.length > 0);
    } finally {
      maker.release();
    }
  }
}

/** The first `count` samples, those before on which the quantized model loses most. @throws Cancelled */
async function worstSamples(
  { run, result }: Lab,
  judge: Judge,
  count: number,
  signal: AbortSignalLike,
): Promise<readonly number[]> {
  const each: Judging[] = [];
  const apart: Judging = {
    add: (sample, outputs) => {
      each[sample] = judge.start();
      each[sample]?.add(sample, outputs);
    },
    finish: async () => Number.NaN,
  };
  const { program, pairs, qdq } = result.build;
  await sweep(
    {
      models: sweepModels(run.float, program, qdq.floatOf),
      quantPairs: outputPairs(run.float, pairs),
      contestants: [],
      quantized: { judging: apart, samples: 0 },
      floatOf: qdq.floatOf,
      samples: run.samples,
      feedsOf: (sample) => run.cache.feeds(sample),
      keepsQuant: false,
      keptBytes: 0,
      needsOutputs: judge.reads === 'outputs',
      signal,
    },
    count,
    () => undefined,
  );
  const losses: number[] = [];
  for (const judging of each) losses.push(judge.id.startsWith('top') ? 0 : judge.loss(await judging.finish()));
  return [...losses.keys()].sort((i, j) => (losses[j] as number) - (losses[i] as number) || i - j);
}

interface Sweep {
  readonly lab: Lab;
  readonly request: SensitivityRequest;
  readonly measured: readonly Candidate[];
  readonly progress: Progressed;
  /** Indices of `measured`. */
  readonly chosen: readonly number[];
  readonly count: number;
  readonly signal: AbortSignalLike;
}

/** Evaluations that a sweep takes, that of the quantized model included. */
function stepsOf({ mode, verify }: SensitivityRequest, measured: number, known: number, count: number): number {
  if (mode === 'local') return count;
  const budget = verify === null ? measured : Math.min(measured, Math.max(0, verify - known));
  return count * (1 + budget) + Math.min(PILOT_SAMPLES, count) * (measured - budget);
}

/** Those with the most loss so far, in graph order. */
async function worstOf({ seen, judge }: Progressed, { mode }: SensitivityRequest, budget: number): Promise<number[]> {
  const losses: { readonly i: number; readonly loss: number }[] = [];
  for (const [i, { judging, samples }] of seen.entries()) {
    if (samples === 0) continue; // it has no such part
    const loss = judge.loss(await judging.finish());
    losses.push({ i, loss: mode === 'layerwise' ? loss : -loss });
  }
  const worst = losses.sort((a, b) => b.loss - a.loss || a.i - b.i).slice(0, budget);
  return worst.map(({ i }) => i).sort((a, b) => a - b);
}

/** By every node of a unit: its clamp has the loss of the node it folds into. */
function lossesOf({ entries }: SensitivityView, candidates: readonly Candidate[]): Map<number, number> {
  const groups = new Map(candidates.map((c) => [c.nodeId, c.group] as const));
  return new Map(
    entries.flatMap(({ nodeId, loss }) =>
      loss === null ? [] : (groups.get(nodeId) ?? [nodeId]).map((id) => [id, loss] as const),
    ),
  );
}

/** All units with a node of the user's, in graph order. */
function candidatesOf(lab: Lab): Candidate[] {
  const { run, result } = lab;
  const nodes = new Map(run.prepared.graph.nodes.map((n) => [n.id, n] as const));
  return lab.units().flatMap((unit) => {
    const [node, last] = [nodes.get(unit.node), nodes.get(unit.last)];
    const user = node === undefined ? undefined : lab.userNode(node);
    if (node === undefined || user === undefined) return [];
    const output = last?.outputs.find((id) => id !== undefined);
    const decibels = output === undefined ? undefined : result.local.get(output);
    const noise = decibels && decibels.reduce((sum, db) => sum + 10 ** (-db / 10), 0) / decibels.length;
    return [
      {
        unit,
        group: [...unit.members].flatMap((id) => userIdOf(lab, nodes.get(id))),
        ...user,
        opType: node.opType,
        localSqnrDb: decibels === undefined ? null : meanDecibels(decibels),
        noise: noise ?? null,
      },
    ];
  });
}

function userIdOf(lab: Lab, node: Node | undefined): number[] {
  const user = node === undefined ? undefined : lab.userNode(node);
  return user === undefined ? [] : [user.nodeId];
}

function byLocalSqnr(a: Pick<Candidate, 'localSqnrDb'>, b: Pick<Candidate, 'localSqnrDb'>): number {
  const [x, y] = [a.localSqnrDb ?? Number.POSITIVE_INFINITY, b.localSqnrDb ?? Number.POSITIVE_INFINITY];
  return x === y ? 0 : x - y;
}

/** Of the quantized model over the samples so far, noted with its loss; NaN before the first. */
async function quantizedValue({ quantized, judge, losses }: Progressed): Promise<number> {
  if (quantized.samples === 0) return Number.NaN;
  const value = await quantized.judging.finish();
  losses.set(quantized.samples, judge.loss(value));
  return value;
}

interface Found {
  readonly value: number;
  /** To the float model on the same samples. */
  readonly loss: number;
  /** Where they are fewer than asked for. */
  readonly samples?: number;
}

/** Judged values by node. */
async function valuesOf(
  { seen, judge }: Progressed,
  measured: readonly Candidate[],
  count: number,
): Promise<Map<number, Found>> {
  const found = new Map<number, Found>();
  for (const [i, { nodeId }] of measured.entries()) {
    const { judging, samples } = seen[i] as Seen; // one for each
    if (samples === 0) continue;
    const value = await judging.finish();
    const known = { value, loss: judge.loss(value) };
    found.set(nodeId, samples < count ? { ...known, samples } : known);
  }
  return found;
}

interface EntryParts {
  readonly request: SensitivityRequest;
  readonly found: ReadonlyMap<number, Found>;
  readonly final: ReadonlyMap<number, SensitivityEntry>;
  readonly losses: ReadonlyMap<number, number>;
  readonly count: number;
}

/** Worst first: those measured on all samples by loss, then those on fewer, the rest by local SQNR. */
function entriesOf(candidates: readonly Candidate[], parts: EntryParts): SensitivityEntry[] {
  const { request, found, final, losses, count } = parts;
  const entries = candidates.map(({ nodeId, handle, opType, localSqnrDb, noise }): SensitivityEntry => {
    const base = { nodeId, handle, opType, localSqnrDb };
    if (request.mode === 'local') return { ...base, value: null, loss: noise };
    const known = final.get(nodeId);
    if (known !== undefined) return { ...base, value: known.value, loss: known.loss };
    const measured = found.get(nodeId);
    if (measured === undefined) return { ...base, value: null, loss: null };
    if (request.mode === 'layerwise') return { ...base, ...measured };
    const quantized = losses.get(measured.samples ?? count) ?? Number.NaN;
    return { ...base, ...measured, loss: quantized - measured.loss };
  });
  return entries.sort((a, b) => {
    if (a.loss === null || b.loss === null) return a.loss === b.loss ? byLocalSqnr(a, b) : a.loss === null ? 1 : -1;
    if (a.samples !== b.samples) return (b.samples ?? count) - (a.samples ?? count);
    return b.loss - a.loss;
  });
}
