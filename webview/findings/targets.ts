import {
  formatDecibels,
  formatFraction,
  formatSize,
  formatSmall,
  parseCosine,
  parseDecibels,
  parseFraction,
  parsePlain,
  parseSize,
} from '../../src/protocol/metricNumbers.ts';
import type { SearchRequest } from '../../src/protocol/searchViews.ts';
import { formatCosine } from '../format.ts';
import { t } from '../l10n.ts';
import type { ValueWords } from './fields.ts';
import { type JudgeId, judgeWords } from './judges.ts';

/** How a target of a judge is asked for and read. */
export function targetWords(judge: JudgeId, better: 'higher' | 'lower' = 'higher'): ValueWords {
  switch (judge) {
    case 'cosine':
      return { label: t('Cosine at least'), format: formatCosine, parse: parseCosine };
    case 'sqnrDb':
      return { label: t('SQNR at least'), format: formatDecibels, parse: parseDecibels };
    case 'mse':
      return { label: t('MSE at most'), format: formatSmall, parse: parsePlain };
    case 'top1':
      return { label: t('Top-1 drop at most'), format: formatFraction, parse: parseFraction };
    case 'top5':
      return { label: t('Top-5 drop at most'), format: formatFraction, parse: parseFraction };
    case 'command':
      return { label: better === 'higher' ? t('At least') : t('At most'), format: String, parse: parsePlain };
  }
}

/** How a budget of bytes is asked for and read. */
export function bytesWords(): ValueWords {
  return { label: t('Weights take at most'), format: formatSize, parse: parseSize };
}

/** What was asked for, in words: `Cosine at least 0.995`. */
export function goalText({ goal, judge }: SearchRequest): string {
  if (goal.kind === 'bits') return `${bytesWords().label} ${formatSize(goal.bytes)}`;
  if ('drop' in goal.target && judge.id !== 'top1' && judge.id !== 'top5')
    return t('{0} drops by at most {1}', judgeWords(judge).title, formatSmall(goal.target.drop));
  const { label, format } = targetWords(judge.id, judge.id === 'command' ? judge.better : undefined);
  return `${label} ${format('value' in goal.target ? goal.target.value : goal.target.drop)}`;
}
