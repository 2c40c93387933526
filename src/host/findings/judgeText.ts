import * as vscode from 'vscode';
import type { JudgeChoice } from '../../protocol/sensitivityViews.ts';
import { formatCosine, formatDb } from '../runSummary.ts';

/** A judge's number, with its unit. */
export function judgedText({ id }: JudgeChoice, value: number): string {
  switch (id) {
    case 'cosine':
      return formatCosine(value);
    case 'sqnrDb':
      return formatDb(value);
    case 'top1':
    case 'top5':
      return `${(value * 100).toFixed(1)} %`;
    case 'mse':
    case 'command':
      return Number(value.toPrecision(4)).toString();
  }
}

/** What a judge measures. */
export function judgeTitle({ id }: JudgeChoice): string {
  const { t } = vscode.l10n;
  const titles: Record<JudgeChoice['id'], string> = {
    cosine: t('Cosine similarity'),
    sqnrDb: t('SQNR'),
    mse: t('Mean squared error'),
    top1: t('Top-1'),
    top5: t('Top-5'),
    command: t('Your command'),
  };
  return titles[id];
}

/** `Cosine similarity 0.98100 → 0.99420`. */
export function gainText(judge: JudgeChoice, before: number, after: number): string {
  const figures = [before, after].map((value) => judgedText(judge, value));
  return `${judgeTitle(judge)} ${figures.join(' → ')}`;
}
