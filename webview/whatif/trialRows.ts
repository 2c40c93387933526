import type { TrialNode, TrialTree } from '../../src/protocol/trialViews.ts';
import { t } from '../l10n.ts';
import { shortChangeText } from './changeText.ts';

/** A trial where the history shows it. */
export interface TrialRow {
  readonly trial: TrialNode;
  /** From 1. A trial stands as far in as the one it was made from, unless that is a run or has others made from it. */
  readonly level: number;
}

/** All trials, each behind what it was made from, oldest first. Those of a deleted one stand at the outermost level. */
export function rowsOf({ trials }: TrialTree): TrialRow[] {
  const known = new Set(trials.map(({ id }) => id));
  const madeFrom = new Map<string | null, TrialNode[]>();
  for (const trial of trials) {
    const parent = trial.parent !== null && known.has(trial.parent) ? trial.parent : null;
    const beside = madeFrom.get(parent);
    if (beside === undefined) madeFrom.set(parent, [trial]);
    else beside.push(trial);
  }
  const rows: TrialRow[] = [];
  const open = (madeFrom.get(null) ?? []).map((trial) => ({ trial, level: 1 })).reverse();
  for (let row = open.pop(); row !== undefined; row = open.pop()) {
    rows.push(row);
    const next = madeFrom.get(row.trial.id) ?? [];
    const level = row.level === 1 || next.length > 1 ? row.level + 1 : row.level;
    open.push(...next.map((trial) => ({ trial, level })).reverse());
  }
  return rows;
}

/** What a trial is called: by the user, else by what it changed. */
export function trialName({ name, parent, change, timeMs }: TrialNode): string {
  if (name !== '') return name;
  return parent === null ? t('Run at {0}', timeText(timeMs)) : shortChangeText(change);
}

export function timeText(timeMs: number): string {
  return new Date(timeMs).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' });
}

/** Of the worst output; NaN without outputs. */
export function worstCosine({ outputs }: Pick<TrialNode, 'outputs'>): number {
  return outputs.length === 0 ? Number.NaN : Math.min(...outputs.map((o) => o.cosine));
}

/** Of the worst output, in dB; NaN without outputs. */
export function worstSqnr({ outputs }: Pick<TrialNode, 'outputs'>): number {
  return outputs.length === 0 ? Number.NaN : Math.min(...outputs.map((o) => o.sqnrDb));
}
