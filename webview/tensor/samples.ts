import type { TensorSamples } from '../../src/protocol/tensorViews.ts';
import { h, setAttr } from '../dom.ts';
import { formatNumber } from '../format.ts';
import { t } from '../l10n.ts';
import { selectField, smallButton } from './fields.ts';

export interface SamplePickerOptions {
  readonly choose: (sample: number) => void;
  readonly open: (sample: number) => void;
}

export interface SamplePicker {
  readonly element: HTMLElement;
  /** @param sample the one on display; null where the tensor is the same on all. */
  show(sample: number | null, samples: TensorSamples | null): void;
}

/** Chooses an evaluation sample, the one with the largest error first, and opens its file. */
export function createSamplePicker({ choose, open }: SamplePickerOptions): SamplePicker {
  let order: number[] = [];
  let shown = 0;
  const field = selectField<string>(t('Sample'), (value) => choose(Number(value)));
  const step = (by: number) => {
    const next = order[order.indexOf(shown) + by];
    if (next !== undefined) choose(next);
  };
  const worse = smallButton('◀', () => step(-1), t('Sample with the next larger error'));
  const better = smallButton('▶', () => step(1), t('Sample with the next smaller error'));
  const file = smallButton(t('Open sample'), () => open(shown), t('Open the file of this sample'));
  for (const button of [worse, better]) setAttr(button, 'aria-label', button.title);
  const element = h('span', { class: 'tensor-samples' }, worse, field.element, better, file);
  return {
    element,
    show: (sample, samples) => {
      element.hidden = sample === null;
      if (sample === null) return;
      shown = sample;
      order = worstFirst(samples);
      const choices = order.map((i) => [String(i), sampleTitle(i, samples)] as const);
      field.show(String(sample), choices.length > 0 ? choices : [[String(sample), `#${sample}`]]);
      worse.disabled = order.indexOf(sample) <= 0;
      better.disabled = order.indexOf(sample) === order.length - 1;
    },
  };
}

/** Samples by falling RMSE; those that were not measured come last, in their order. */
export function worstFirst(samples: TensorSamples | null): number[] {
  const rank = (i: number) => samples?.rmse[i] ?? Number.NaN;
  return [...(samples?.names.keys() ?? [])].sort((a, b) => {
    const [x, y] = [rank(a), rank(b)];
    if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y)) || a - b;
    return y - x || a - b;
  });
}

function sampleTitle(i: number, samples: TensorSamples | null): string {
  const name = samples?.names[i] ?? '';
  const rmse = samples?.rmse[i] ?? Number.NaN;
  return Number.isNaN(rmse)
    ? t('#{0} {1}, not measured', i, name)
    : t('#{0} {1}, RMSE {2}', i, name, formatNumber(rmse));
}
