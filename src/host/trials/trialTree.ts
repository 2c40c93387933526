import { changeBetween } from '../../config/changes.ts';
import type { TrialComparison, TrialNode, TrialTree } from '../../protocol/trialViews.ts';
import type { OutputFigures, RunView, SampleCosine } from '../../protocol/views.ts';

/** A trial with what shows it again. */
export interface StoredTrial extends TrialNode {
  readonly configText: string;
  readonly perSample: readonly SampleCosine[];
}

/** All trials of a model under one config file, oldest first; no two have the same text. */
export type StoredTrials = readonly StoredTrial[];

/** What was measured under a config's text. */
export interface TrialResult {
  readonly id: string;
  readonly timeMs: number;
  readonly configText: string;
  /** Whether it is a run, not a trial after one. */
  readonly isRun: boolean;
  /** The text of the config that a trial was made from. */
  readonly from: string;
  readonly run: RunView;
  /** The last run's outputs over the samples of a trial. */
  readonly base?: readonly OutputFigures[];
}

/**
 * Puts a result into the tree: the trial of the same text gets its figures, unless those it has are of more samples; else
 * it is a new one, made from the trial of `result.from`. The oldest beyond `most` go that are neither pinned nor of use
 * as what the new one was made from.
 */
export function withResult(trials: StoredTrials, result: TrialResult, most: number): StoredTrials {
  const comparable = result.base === undefined ? trials : trials.map((trial) => restated(trial, result));
  const known = comparable.find(({ configText }) => configText === result.configText);
  if (known !== undefined) return comparable.map((trial) => (trial === known ? measuredAgain(trial, result) : trial));
  const parent = result.isRun ? undefined : comparable.find(({ configText }) => configText === result.from);
  const added: StoredTrial = {
    id: result.id,
    parent: parent?.id ?? null,
    name: '',
    pinned: false,
    timeMs: result.timeMs,
    change: parent === undefined ? {} : changeBetween(parent.configText, result.configText),
    ...figuresOf(result.run),
    configText: result.configText,
  };
  const all = [...comparable, added];
  const loose = all.filter(({ id, pinned }) => !pinned && id !== added.id && id !== added.parent);
  return without(all, new Set(loose.slice(0, Math.max(0, all.length - most)).map(({ id }) => id)));
}

/** Takes trials out; those made from them move up to what those were made from. */
export function without(trials: StoredTrials, ids: ReadonlySet<string>): StoredTrials {
  const byId = new Map(trials.map((trial) => [trial.id, trial] as const));
  const above = (id: string | null): StoredTrial | undefined => {
    const trial = id === null ? undefined : byId.get(id);
    return trial !== undefined && ids.has(trial.id) ? above(trial.parent) : trial;
  };
  return trials.flatMap((trial) => {
    if (ids.has(trial.id)) return [];
    const parent = above(trial.parent);
    if (trial.parent === null || parent?.id === trial.parent) return [trial];
    const change = parent === undefined ? {} : changeBetween(parent.configText, trial.configText);
    return [{ ...trial, parent: parent?.id ?? null, change }];
  });
}

/** The texts of a trial and of all it was made from, itself first. */
export function lineOf(trials: StoredTrials, configText: string): readonly string[] {
  const trial = trials.find((t) => t.configText === configText);
  const line: string[] = [configText];
  for (let at = trial; at !== undefined && line.length <= trials.length; ) {
    const { parent } = at;
    at = trials.find(({ id }) => id === parent);
    if (at !== undefined) line.push(at.configText);
  }
  return line;
}

/** What the view gets of a tree. */
export function viewOf(trials: StoredTrials, configText: string): TrialTree {
  const current = trials.find((trial) => trial.configText === configText)?.id ?? null;
  return { trials: trials.map(({ configText: _, perSample: __, ...node }) => node), current };
}

/** Two trials beside each other; null where one is not there. */
export function comparisonOf(trials: StoredTrials, a: string, b: string): TrialComparison | null {
  const [first, second] = [a, b].map((id) => trials.find((trial) => trial.id === id));
  if (first === undefined || second === undefined) return null;
  const others = new Map(second.perSample.map(({ name, cosine }) => [name, cosine] as const));
  const samples = first.perSample.flatMap(({ name, cosine }) => {
    const other = others.get(name);
    return other === undefined ? [] : [{ name, a: cosine, b: other }];
  });
  return { a, b, change: changeBetween(first.configText, second.configText), samples };
}

/** Whether a parsed file is what this version wrote. */
export function isStoredTrials(value: unknown): value is StoredTrials {
  return Array.isArray(value) && value.every(isStoredTrial);
}

function isStoredTrial(value: unknown): value is StoredTrial {
  if (typeof value !== 'object' || value === null) return false;
  const trial = value as Partial<Record<keyof StoredTrial, unknown>>;
  return (
    [trial.id, trial.name, trial.configText].every((text) => typeof text === 'string') &&
    [trial.timeMs, trial.samples, trial.bytes, trial.cost].every((number) => typeof number === 'number') &&
    [trial.outputs, trial.perSample].every(Array.isArray) &&
    typeof trial.change === 'object'
  );
}

function measuredAgain(trial: StoredTrial, { run, isRun }: TrialResult): StoredTrial {
  return run.samples < trial.samples && !isRun ? trial : { ...trial, ...figuresOf(run) };
}

/** The run that a trial is compared with, over the samples of the trial: figures of more would not be comparable. */
function restated(trial: StoredTrial, { from, base, run }: TrialResult): StoredTrial {
  const isBase = trial.parent === null && trial.configText === from && trial.samples > run.samples;
  return isBase && base !== undefined ? { ...trial, outputs: base, samples: run.samples } : trial;
}

function figuresOf({ samples, outputs, accuracy, sizes, macs, perSample }: RunView) {
  const all = macs === undefined ? 0 : macs.integer + (macs.wide ?? 0) + macs.float;
  return {
    samples,
    outputs,
    top1: accuracy?.top1.quantized ?? null,
    bytes: sizes.quantized,
    integerShare: macs === undefined || all === 0 ? 0 : macs.integer / all,
    cost: macs?.cost ?? 1,
    perSample: perSample ?? [],
  };
}
