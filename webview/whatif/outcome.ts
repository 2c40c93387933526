import type { TrialTree } from '../../src/protocol/trialViews.ts';
import type { OutputFigures, TrialView } from '../../src/protocol/views.ts';
import { formatCosine, formatDb } from '../format.ts';
import { t } from '../l10n.ts';

/** A figure of the model before a change and after it. */
export interface OutcomeRow {
  readonly title: string;
  readonly before: string;
  readonly after: string;
  readonly change: string;
  readonly direction: 'better' | 'worse' | 'same';
}

/** What a trial changed: of the worst output, and top-1 where it is known before and after. */
export function outcomeRows({ run, before }: Pick<TrialView, 'run' | 'before'>, tree: TrialTree): OutcomeRow[] {
  const rows: OutcomeRow[] = [];
  const worst = (outputs: readonly OutputFigures[], key: 'cosine' | 'sqnrDb') =>
    outputs.length === 0 ? undefined : Math.min(...outputs.map((o) => o[key]));
  const [cosineBefore, cosine] = [worst(before, 'cosine'), worst(run.outputs, 'cosine')];
  if (cosineBefore !== undefined && cosine !== undefined)
    rows.push(rowOf(t('Cosine'), cosineBefore, cosine, formatCosine, signedCosine));
  const [dbBefore, db] = [worst(before, 'sqnrDb'), worst(run.outputs, 'sqnrDb')];
  if (dbBefore !== undefined && db !== undefined) rows.push(rowOf(t('SQNR'), dbBefore, db, formatDb, signedDb));
  const current = tree.trials.find(({ id }) => id === tree.current);
  const parent = tree.trials.find(({ id }) => id === current?.parent);
  const [topBefore, top] = [parent?.top1 ?? null, run.accuracy?.top1.quantized ?? null];
  if (topBefore !== null && top !== null) rows.push(rowOf(t('Top-1'), topBefore, top, formatPercent, signedPercent));
  return rows;
}

function rowOf(
  title: string,
  before: number,
  after: number,
  format: (value: number) => string,
  signed: (change: number) => string,
): OutcomeRow {
  const change = before === after ? 0 : after - before;
  const direction = change === 0 ? 'same' : change > 0 ? 'better' : 'worse';
  return {
    title,
    before: format(before),
    after: format(after),
    change: change === 0 ? '±0' : signed(change),
    direction,
  };
}

export function formatPercent(fraction: number): string {
  return `${(fraction * 100).toFixed(1)} %`;
}

export function signedCosine(change: number): string {
  return withSign(change, Math.abs(change) < 1e-5 ? change.toExponential(1) : change.toFixed(5));
}

export function signedDb(change: number): string {
  return withSign(change, formatDb(change));
}

export function signedPercent(change: number): string {
  const percent = 100 * change;
  return withSign(change, `${Math.abs(percent) < 1 ? Number(percent.toPrecision(2)) : percent.toFixed(1)} %`);
}

/** A text of a number with a plus, or a real minus. */
export function withSign(change: number, text: string): string {
  return change > 0 ? `+${text}` : text.replace('-', '−');
}
