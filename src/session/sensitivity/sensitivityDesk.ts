import { type AbortSignalLike, Cancelled } from '../../base/abort.ts';
import type { Clock } from '../../base/clock.ts';
import type { Node, NodeId, ValueId } from '../../graph/model.ts';
import type { SensitivityEntry, SensitivityRequest, SensitivityView } from '../../protocol/sensitivityViews.ts';
import type { Progress } from '../../protocol/views.ts';
import { type Judgings, startJudgings, sweep } from '../../sensitivity/sweep.ts';
import type { Unit } from '../../sensitivity/units.ts';
import type { Judge } from '../../whatif/judge.ts';
import { nothingYet } from '../errors.ts';
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
  readonly runCommand?: RunCommand;
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

/** A sweep that was broken off, to go on from. */
interface Unfinished {
  readonly lab: Lab;
  readonly key: string;
  readonly units: readonly NodeId[];
  readonly judge: Judge;
  readonly judgings: Judgings;
}

/** Bytes of programs that a sweep builds beside those there are; one more than that at most. */
const BUILT_BYTES = 1 << 29;

/** Measures how much each node costs at the output, see docs/sensitivity.md. */
export class SensitivityDesk {
  readonly #parts: () => SensitivityParts;
  #unfinished: Unfinished | undefined;

  constructor(parts: () => SensitivityParts) {
    this.#parts = parts;
  }

  /**
   * Sweeps over all units of the plan, sample after sample: after each, `onPartial` gets values over the samples so far,
   * marked by {@link SensitivityEntry.samples}. A sweep that was cancelled goes on at the sample where it was broken off
   * when the same is asked again of the same run; what is `known` of an earlier one is not measured again.
   *
   * @param known entries of the same request under the same config; those over fewer samples are measured again.
   * @throws DiagnosticError SES401 before a run, SES450… by the judge; Cancelled
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
    const started = clock.now();
    const { run, settings } = lab;
    const count = Math.min(request.samples, run.sampleCount);
    const candidates = candidatesOf(lab);
    const folder = parts.directoryOf(settings.configPath);
    const judge = judgeOf(request.judge, { run, settings, folder, runCommand: parts.runCommand, signal });
    const final = new Map(known.flatMap((e) => (e.value === null || e.samples !== undefined ? [] : [[e.nodeId, e]])));
    const chosen = chosenOf(candidates, request).filter((c) => !final.has(c.nodeId));
    const sweepOf = this.#continued(lab, request, chosen, judge);
    const { judgings } = sweepOf;
    const total = Math.max(1, chosen.length) * count;
    const viewNow = async (): Promise<SensitivityView> => {
      const found = await valuesOf(sweepOf, chosen, count);
      const quantized = judgings.samples === 0 ? Number.NaN : await judgings.quantized.finish();
      const view: SensitivityView = {
        request,
        configText: settings.configText,
        float: sweepOf.judge.float(),
        quantized,
        samples: count,
        entries: entriesOf(candidates, { request, found, final, judge: sweepOf.judge, quantized }),
        done: Math.max(1, chosen.length) * judgings.samples,
        total,
        elapsedMs: clock.now() - started,
      };
      parts.onLosses(lossesOf(view, candidates));
      return view;
    };
    this.#unfinished = sweepOf;
    const showsParts = request.judge.id !== 'command'; // a command is asked once per model, at the end
    await this.#sweep(parts, { lab, request, chosen, judgings, count, signal }, async () => {
      const { samples } = judgings;
      const text = run.samples.nameOf(samples - 1);
      parts.onProgress({ stage: 'sensitivity', done: samples, total: count, text });
      if (showsParts && samples < count) onPartial(await viewNow());
    });
    const view = await viewNow();
    this.#unfinished = undefined;
    onPartial(view);
    return view;
  }

  #continued(lab: Lab, request: SensitivityRequest, chosen: readonly Candidate[], judge: Judge): Unfinished {
    const key = JSON.stringify({ ...request, samples: 0 });
    const units = chosen.map((c) => c.unit.node);
    const last = this.#unfinished;
    this.#unfinished = undefined;
    const isSame = last?.lab === lab && last.key === key && String(last.units) === String(units);
    if (isSame && request.judge.id !== 'command' && last.judgings.samples < request.samples) return last;
    return { lab, key, units, judge, judgings: startJudgings(judge, request.mode === 'local' ? 0 : chosen.length) };
  }

  async #sweep(parts: SensitivityParts, work: Sweep, onSample: () => Promise<void>): Promise<void> {
    const { lab, request, chosen, judgings, count, signal } = work;
    const { run, result, settings } = lab;
    const { mode } = request;
    const variant = variantOf(settings, run.open, run.prepared);
    const maker = new Contestants({ run, build: result.build, variant, signal });
    const made: UnitContestant[] = [];
    try {
      if (mode !== 'local')
        for (const [i, { unit, handle }] of chosen.entries()) {
          parts.onProgress({ stage: 'sensitivity', done: i, total: chosen.length, text: handle });
          if (signal.aborted) throw new Cancelled();
          made.push(await maker.of(unit, mode));
        }
      const keep = {
        float: union(made.map((m) => m.reads.float)),
        quant: union([
          ...made.map((m) => m.reads.quant),
          mode === 'leaveOneOut' ? new Set(result.build.program.slots.keys()) : new Set(),
        ]),
        maxBytes: run.cache.maxBytes,
      };
      await sweep(
        {
          float: run.float,
          quant: result.build,
          contestants: made,
          samples: run.samples,
          feedsOf: (sample) => run.cache.feeds(sample),
          keep,
          signal,
        },
        judgings,
        count,
        onSample,
      );
    } finally {
      for (const { contestant } of made) contestant.release?.();
    }
  }
}

interface Sweep {
  readonly lab: Lab;
  readonly request: SensitivityRequest;
  readonly chosen: readonly Candidate[];
  readonly judgings: Judgings;
  readonly count: number;
  readonly signal: AbortSignalLike;
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

function union(sets: readonly ReadonlySet<ValueId>[]): Set<ValueId> {
  return new Set(sets.flatMap((s) => [...s]));
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

/** Those that are measured: all, or so many of the lowest local SQNR. */
function chosenOf(candidates: readonly Candidate[], { mode, verify }: SensitivityRequest): readonly Candidate[] {
  if (mode === 'local') return [];
  if (verify === null) return candidates;
  const chosen = new Set([...candidates].sort(byLocalSqnr).slice(0, verify));
  return candidates.filter((c) => chosen.has(c));
}

function byLocalSqnr(a: Pick<Candidate, 'localSqnrDb'>, b: Pick<Candidate, 'localSqnrDb'>): number {
  const [x, y] = [a.localSqnrDb ?? Number.POSITIVE_INFINITY, b.localSqnrDb ?? Number.POSITIVE_INFINITY];
  return x === y ? 0 : x - y;
}

/** Judged values by node, with the samples they stand on where they are fewer than asked for. */
async function valuesOf(
  { judgings }: Unfinished,
  chosen: readonly Candidate[],
  count: number,
): Promise<Map<number, { readonly value: number; readonly samples?: number }>> {
  const found = new Map<number, { readonly value: number; readonly samples?: number }>();
  const { samples } = judgings;
  if (samples === 0) return found;
  for (const [i, { nodeId }] of chosen.entries()) {
    const value = await judgings.contestants[i]?.finish();
    if (value !== undefined) found.set(nodeId, samples < count ? { value, samples } : { value });
  }
  return found;
}

interface EntryParts {
  readonly request: SensitivityRequest;
  readonly found: ReadonlyMap<number, { readonly value: number; readonly samples?: number }>;
  readonly final: ReadonlyMap<number, SensitivityEntry>;
  readonly judge: Judge;
  readonly quantized: number;
}

/** Worst first: measured ones by loss, the rest by local SQNR; of equal ones the earlier in the graph. */
function entriesOf(candidates: readonly Candidate[], parts: EntryParts): SensitivityEntry[] {
  const { request, found, final, judge, quantized } = parts;
  const entries = candidates.map(({ nodeId, handle, opType, localSqnrDb, noise }): SensitivityEntry => {
    const base = { nodeId, handle, opType, localSqnrDb };
    if (request.mode === 'local') return { ...base, value: null, loss: noise };
    const known = final.get(nodeId);
    if (known !== undefined) return { ...base, value: known.value, loss: known.loss };
    const measured = found.get(nodeId);
    if (measured === undefined) return { ...base, value: null, loss: null };
    const loss = judge.loss(measured.value);
    return { ...base, ...measured, loss: request.mode === 'layerwise' ? loss : judge.loss(quantized) - loss };
  });
  return entries.sort((a, b) => {
    if (a.loss === null || b.loss === null) return a.loss === b.loss ? byLocalSqnr(a, b) : a.loss === null ? 1 : -1;
    return b.loss - a.loss;
  });
}
