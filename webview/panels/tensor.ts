import type { StatsView, TensorView, WeightSizeView } from '../../src/protocol/views.ts';
import { type BoxPlot, type BoxPlotColors, drawBoxPlot } from '../charts/chart.ts';
import { h } from '../dom.ts';
import { formatBytes, formatCosine, formatDb, formatNumber, formatShape, formatShare } from '../format.ts';

export interface TensorCard {
  readonly element: HTMLElement;
  /** Call when the element is in the document; answers what to destroy later. */
  draw(colors: BoxPlotColors): BoxPlot | undefined;
}

/**
 * One tensor of a node: shape, quantization parameters, figures and its box plot with the same numbers below.
 * @param model whether there was a run: before one only what the file itself says of quantization is shown.
 */
export function createTensorCard(tensor: TensorView, model: 'float' | 'quantized'): TensorCard {
  const canvas = h('canvas', {
    attrs: { role: 'img', 'aria-label': `Box plot of ${tensor.name}; numbers in the table below` },
  });
  const { origin, dequant } = tensor;
  const drawable =
    origin !== null && [origin, dequant].every((s) => s === null || Object.values(s).every(Number.isFinite));
  const element = h(
    'section',
    { class: 'tensor' },
    h('h3', { title: tensor.name }, h('span', { class: 'role' }, `${tensor.role} · ${tensor.kind}`), tensor.name),
    facts([
      ['Type', [tensor.dtype, formatShape(tensor.dims)].filter((part) => part !== '').join(' ')],
      ['Quantized', model === 'float' && tensor.quant === null ? '' : quantText(tensor.quant)],
      ['In the file', tensor.fileQuant === null ? '' : quantText(tensor.fileQuant)],
      ['Stored', tensor.stored === null ? '' : storedText(tensor.stored)],
      ['Cosine', formatCosine(tensor.cosine)],
      ['SQNR', formatDb(tensor.sqnrDb)],
      ['MSE', tensor.mse === null ? '' : formatNumber(tensor.mse)],
      ['Clip rate', formatShare(tensor.clipRate)],
      ['Saturation', formatShare(tensor.saturation)],
    ]),
    drawable && h('div', { class: 'plot' }, canvas),
    origin !== null && numbers(origin, dequant),
  );
  return {
    element,
    draw: (colors) => (drawable ? drawBoxPlot(canvas, origin, dequant, colors) : undefined),
  };
}

/** A definition list of those entries that have a value. */
export function facts(entries: readonly (readonly [string, string])[]): HTMLElement {
  return h(
    'dl',
    { class: 'facts' },
    ...entries.flatMap(([name, value]) => (value === '' ? [] : [h('dt', {}, name), h('dd', { title: value }, value)])),
  );
}

function quantText(quant: TensorView['quant']): string {
  if (quant === null) return 'no scale of its own';
  const { dtype, scale, zeroPoint, axis, range } = quant;
  const span = (values: readonly number[]) => {
    const lo = values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
    const hi = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    return lo === hi ? formatNumber(lo) : between(lo, hi);
  };
  const parts = [dtype];
  if (axis !== null) parts.push(`${scale.length} channels on axis ${axis}`);
  parts.push(`scale ${span(scale)}`, `zero point ${span(zeroPoint)}`);
  if (range !== null) parts.push(`range ${between(...range)}`);
  return parts.join(', ');
}

function storedText({ encoding, bits, codeBytes, parameterBytes, effectiveBits }: WeightSizeView): string {
  const width = bits === 0 ? 'mixed bits' : `${bits} bits`;
  const bytes = codeBytes + parameterBytes;
  return `${encoding}, ${width}, ${formatBytes(bytes)}, ${formatNumber(effectiveBits)} bits per element`;
}

/** Both ends on one line. */
function between(low: number, high: number): string {
  return `${formatNumber(low)}\u00a0…\u00a0${formatNumber(high)}`;
}

const NUMBERS = ['min', 'q1', 'median', 'q3', 'max', 'mean', 'variance', 'sparsity'] as const;
const NAMES: Readonly<Record<(typeof NUMBERS)[number], string>> = {
  min: 'Min',
  q1: 'Q1',
  median: 'Median',
  q3: 'Q3',
  max: 'Max',
  mean: 'Mean',
  variance: 'Variance',
  sparsity: 'Zeros',
};

function numbers(origin: StatsView, dequant: StatsView | null): HTMLElement {
  const cell = (stats: StatsView | null, key: (typeof NUMBERS)[number]) =>
    h('td', {}, stats === null ? '' : key === 'sparsity' ? formatShare(stats[key]) : formatNumber(stats[key]));
  return h(
    'table',
    { class: 'numbers' },
    h('thead', {}, h('tr', {}, ...['', 'original', 'dequantized'].map((t) => h('th', { attrs: { scope: 'col' } }, t)))),
    h(
      'tbody',
      {},
      ...NUMBERS.map((key) =>
        h('tr', {}, h('th', { attrs: { scope: 'row' } }, NAMES[key]), cell(origin, key), cell(dequant, key)),
      ),
    ),
  );
}
