import type { TensorView, WeightSizeView } from '../../src/protocol/views.ts';
import type { ChartTable } from '../charts/chartModel.ts';
import { formatBytes, formatNumber, formatShape, formatShare } from '../format.ts';
import { t } from '../l10n.ts';

/** `uint8, scale 0.02353, zero point 0, range 0 … 6`; of channels the least and the largest. */
export function quantText(quant: TensorView['quant']): string {
  if (quant === null) return t('no scale of its own');
  const { dtype, scale, zeroPoint, axis, range } = quant;
  const span = (values: readonly number[]) => {
    const lo = values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
    const hi = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    return lo === hi ? formatNumber(lo) : between(lo, hi);
  };
  return [
    dtype,
    ...(axis === null ? [] : [t('{0} channels on axis {1}', scale.length, axis)]),
    t('scale {0}', span(scale)),
    t('zero point {0}', span(zeroPoint)),
    ...(range === null ? [] : [t('range {0}', between(...range))]),
  ].join(', ');
}

export function storedText({ encoding, bits, codeBytes, parameterBytes, effectiveBits }: WeightSizeView): string {
  const width = bits === 0 ? t('mixed bits') : t('{0} bits', bits);
  const bytes = formatBytes(codeBytes + parameterBytes);
  return t('{0}, {1}, {2}, {3} bits per element', encoding, width, bytes, formatNumber(effectiveBits));
}

export function typeText({ dtype, dims }: Pick<TensorView, 'dtype' | 'dims'>): string {
  return [dtype, formatShape(dims)].filter((part) => part !== '').join(' ');
}

/** Both ends on one line. */
function between(low: number, high: number): string {
  return `${formatNumber(low)}\u00a0…\u00a0${formatNumber(high)}`;
}

export const NUMBERS = ['min', 'q1', 'median', 'q3', 'max', 'mean', 'variance', 'sparsity'] as const;

export function numberTitle(name: (typeof NUMBERS)[number]): string {
  const titles: Readonly<Record<(typeof NUMBERS)[number], () => string>> = {
    min: () => t('Min'),
    q1: () => t('Q1'),
    median: () => t('Median'),
    q3: () => t('Q3'),
    max: () => t('Max'),
    mean: () => t('Mean'),
    variance: () => t('Variance'),
    sparsity: () => t('Zeros'),
  };
  return titles[name]();
}

export function numberText(name: (typeof NUMBERS)[number], value: number): string {
  return name === 'sparsity' ? formatShare(value) : formatNumber(value);
}

/** All that is known of a tensor, a line for each number, for the clipboard. */
export function statisticsOf(tensor: TensorView): ChartTable {
  const { name, origin, dequant, quant } = tensor;
  const rows: (readonly [string, string | number, string | number])[] = [
    [t('Name'), name, ''],
    [t('Type'), tensor.dtype, ''],
    [t('Shape'), formatShape(tensor.dims), ''],
    ...(origin === null
      ? []
      : NUMBERS.map((n) => [numberTitle(n), origin[n], dequant === null ? '' : dequant[n]] as const)),
    ...(['cosine', 'sqnrDb', 'mse', 'clipRate', 'saturation'] as const).flatMap((key) => {
      const value = tensor[key];
      return value === null ? [] : [[key, value, ''] as const];
    }),
    ...(quant === null
      ? []
      : ([
          [t('Codes'), quant.dtype, ''],
          [t('Scale'), quant.scale.join(' '), ''],
          [t('Zero point'), quant.zeroPoint.join(' '), ''],
        ] as const)),
  ];
  const column = (title: string, at: 0 | 1 | 2) => ({
    title,
    kind: at === 0 ? ('name' as const) : ('number' as const),
    value: (row: number) => rows[row]?.[at] ?? '',
  });
  return {
    rows: rows.length,
    columns: [column(t('Figure'), 0), column(t('original'), 1), column(t('dequantized'), 2)],
  };
}
