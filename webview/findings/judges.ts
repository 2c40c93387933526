import type { JudgeChoice, SensitivityMode, SensitivityPart } from '../../src/protocol/sensitivityViews.ts';
import { formatCosine, formatDb, formatLoss, formatNumber } from '../format.ts';
import { t } from '../l10n.ts';

export type JudgeId = JudgeChoice['id'];

/** What a judge's number is called, how it and what is lost by it are written. */
export interface JudgeWords {
  readonly title: string;
  /** What a loss is: 0 for what equals the float model. */
  readonly loss: string;
  readonly higherIsBetter: boolean;
  readonly format: (value: number) => string;
  readonly formatLoss: (loss: number) => string;
}

export function judgeWords(judge: Pick<JudgeChoice, 'id'> & { readonly better?: 'higher' | 'lower' }): JudgeWords {
  const plain = { higherIsBetter: true, formatLoss: signedLoss };
  switch (judge.id) {
    case 'cosine':
      return { ...plain, title: t('Cosine similarity'), loss: t('1 − cosine'), format: formatCosine };
    case 'sqnrDb':
      return { ...plain, title: t('SQNR'), loss: t('noise / signal'), format: formatDb };
    case 'mse':
      return {
        ...plain,
        title: t('Mean squared error'),
        loss: t('mean squared error'),
        higherIsBetter: false,
        format: signedLoss,
      };
    case 'top1':
      return { ...plain, title: t('Top-1'), loss: t('lost top-1'), format: percent, formatLoss: percent };
    case 'top5':
      return { ...plain, title: t('Top-5'), loss: t('lost top-5'), format: percent, formatLoss: percent };
    case 'command':
      return {
        ...plain,
        title: t('Your command'),
        loss: t('loss by your command'),
        higherIsBetter: judge.better !== 'lower',
        format: formatNumber,
      };
  }
}

/** `1.2e-4`, `−0.031`. */
function signedLoss(loss: number): string {
  if (!Number.isFinite(loss)) return formatNumber(loss).replace('-', '−');
  return formatLoss(loss).replace(/^-/, '−');
}

/** `69.9 %`, `0.025 %`. */
function percent(fraction: number): string {
  const value = fraction * 100;
  const text = Math.abs(value) < 1 ? String(Number(value.toPrecision(2))) : value.toFixed(2).replace(/0$/, '');
  return `${text.replace('-', '−')} %`;
}

export function modeTitle(mode: SensitivityMode): string {
  if (mode === 'layerwise') return t('Only this node quantized');
  return mode === 'leaveOneOut' ? t('Only this node float') : t('Its own error, in one pass');
}

export function modeDoc(mode: SensitivityMode): string {
  if (mode === 'layerwise')
    return t('What the output loses to the float model when one node alone is quantized, node by node.');
  if (mode === 'leaveOneOut')
    return t('What the output of the quantized model gains when one node alone stays float, node by node.');
  return t('Noise-to-signal ratio of each node’s own output on float inputs: one pass, no run per node.');
}

export function partTitle(part: SensitivityPart): string {
  if (part === 'both') return t('Activations and weights');
  return part === 'activations' ? t('Activations alone') : t('Weights alone');
}
