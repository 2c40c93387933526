import { h, setAttr } from '../dom.ts';
import { t } from '../l10n.ts';
import type { AppState } from '../store.ts';
import { button } from '../ui.ts';

export interface JobBarOptions {
  readonly start: string;
  /** What the start does. */
  readonly title: string;
  readonly onStart: () => void;
  readonly onCancel: () => void;
  readonly onResume?: () => void;
  readonly onRunAgain: () => void;
}

export interface JobState {
  readonly running: boolean;
  /** Why nothing can be started; undefined where it can. */
  readonly obstacle: Obstacle | undefined;
  /** Whether a cancelled one can go on. */
  readonly canResume?: boolean;
  /** 0..1; undefined where it is not known how much there is. */
  readonly share?: number | undefined;
  /** How far it is, or how it ended; '' for nothing. */
  readonly text: string;
}

export interface Obstacle {
  readonly text: string;
  /** Whether it goes away when the config is run again. */
  readonly needsRun: boolean;
}

export interface JobBar {
  readonly element: HTMLElement;
  show(state: JobState): void;
}

/** Starts something long, shows how far it is, stops it and goes on. */
export function createJobBar(options: JobBarOptions): JobBar {
  const start = button({
    label: options.start,
    appearance: 'primary',
    title: options.title,
    onClick: options.onStart,
  });
  const cancel = button({ label: t('Cancel'), onClick: options.onCancel });
  const resume = button({ label: t('Resume'), onClick: () => options.onResume?.() });
  const again = button({ label: t('Run again'), onClick: options.onRunAgain });
  const text = h('span', { class: 'job-text' });
  const bar = h('div', { class: 'progress-fill' });
  const track = h(
    'div',
    {
      class: 'progress-track',
      role: 'progressbar',
      attrs: { 'aria-label': options.start, 'aria-valuemin': 0, 'aria-valuemax': 100 },
    },
    bar,
  );
  const why = h('p', { class: 'hint' });
  const element = h(
    'div',
    { class: 'job' },
    h('div', { class: 'job-buttons' }, start, resume, cancel, again),
    why,
    track,
    text,
  );
  return {
    element,
    show: ({ running, obstacle, canResume = false, share, text: now }) => {
      start.hidden = running;
      start.disabled = obstacle !== undefined;
      cancel.hidden = !running;
      resume.hidden = running || !canResume;
      resume.disabled = obstacle !== undefined;
      again.hidden = running || obstacle?.needsRun !== true;
      why.hidden = running || obstacle === undefined;
      why.textContent = obstacle?.text ?? '';
      track.hidden = !running;
      bar.style.width = share === undefined ? '100%' : `${(100 * Math.min(1, share)).toFixed(1)}%`;
      bar.classList.toggle('unknown', share === undefined);
      setAttr(track, 'aria-valuenow', share === undefined ? null : String(Math.round(100 * share)));
      text.textContent = now;
      text.hidden = now === '';
    },
  };
}

/** Why nothing can be measured now. */
export function obstacleOf({ graph, run, restored, busy }: AppState): Obstacle | undefined {
  if (graph === null) return { text: t('Reading the model…'), needsRun: false };
  if (run === null) return { text: t('Quantize with a config first; then this can be measured.'), needsRun: false };
  if (restored !== null)
    return {
      text: t('The figures are those of a kept run: to measure, the run must be repeated.'),
      needsRun: true,
    };
  if (busy) return { text: t('Wait for the run to end'), needsRun: false };
  return undefined;
}
