import type { Progress, Stage } from '../protocol/views.ts';

const WIDTH = 28;
const INTERVAL_MS = 50;

const TITLES: Readonly<Record<Stage, string>> = {
  read: 'reading',
  calibrate: 'calibrating',
  quantize: 'quantizing',
  correct: 'correcting biases',
  evaluate: 'evaluating',
  report: 'reporting',
  sensitivity: 'sensitivity',
  search: 'searching',
  diagnose: 'diagnosing',
  measure: 'measuring tensors',
  time: 'measuring times',
};

export interface ProgressBar {
  update(progress: Progress): void;
  /** Removes the bar. */
  clear(): void;
}

/** A bar on one line of a terminal; on anything else one line per stage. */
export function progressBar(stream: NodeJS.WriteStream, now: () => number): ProgressBar {
  let stage: Stage | undefined;
  let drawnAt = Number.NEGATIVE_INFINITY;
  return {
    update(progress) {
      const isNew = progress.stage !== stage;
      stage = progress.stage;
      if (!stream.isTTY) {
        if (isNew) stream.write(`${TITLES[progress.stage]} …\n`);
        return;
      }
      if (!isNew && now() - drawnAt < INTERVAL_MS) return;
      drawnAt = now();
      stream.write(`\r\u001b[K${line(progress, stream.columns ?? 80)}`);
    },
    clear() {
      if (stream.isTTY) stream.write('\r\u001b[K');
    },
  };
}

function line({ stage, done, total, text }: Progress, columns: number): string {
  const share = total > 0 ? Math.min(1, done / total) : 0;
  const filled = Math.round(share * WIDTH);
  const bar = '█'.repeat(filled) + '░'.repeat(WIDTH - filled);
  const count = total > 1 ? ` ${done}/${total}` : '';
  return `${TITLES[stage].padEnd(18)}${bar}${count}  ${text}`.slice(0, Math.max(20, columns - 1));
}
