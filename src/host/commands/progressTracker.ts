import type { Progress, Stage } from '../../protocol/views.ts';
import { stageLabel } from '../stageLabel.ts';

type RunStage = (typeof ORDER)[number];

/** Stages of a run, in the order they come. */
const ORDER = ['read', 'calibrate', 'quantize', 'correct', 'evaluate', 'report'] as const satisfies readonly Stage[];

/** Share of a run's time that each stage usually takes; together 100. */
const WEIGHT: Record<RunStage, number> = {
  read: 4,
  calibrate: 42,
  quantize: 6,
  correct: 14,
  evaluate: 30,
  report: 4,
};

/** Turns a run's progress into messages and increments (percent) that never go back and end at 100. */
export function progressTracker(): (progress: Progress) => { readonly message: string; readonly increment: number } {
  let reached = 0;
  return (progress) => {
    const percent = Math.max(reached, percentOf(progress));
    const increment = percent - reached;
    reached = percent;
    const count = progress.total > 1 ? ` ${progress.done}/${progress.total}` : '';
    const name = progress.text.split(/[\\/]/).pop() ?? '';
    const text = name === '' ? '' : ` · ${name}`;
    return { message: `${stageLabel(progress.stage)}${count}${text}`, increment };
  };
}

function percentOf({ stage, done, total }: Progress): number {
  if (!isRunStage(stage)) return 0;
  const before = ORDER.slice(0, ORDER.indexOf(stage)).reduce((sum, s) => sum + WEIGHT[s], 0);
  return before + WEIGHT[stage] * (total === 0 ? 0 : Math.min(1, done / total));
}

function isRunStage(stage: Stage): stage is RunStage {
  return (ORDER as readonly Stage[]).includes(stage);
}
