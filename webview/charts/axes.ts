import type { ChartOptions, ScriptableScaleContext } from 'chart.js';
import { formatNumber } from '../format.ts';
import type { ChartTheme } from './chartTheme.ts';

type Axis = NonNullable<NonNullable<ChartOptions<'line'>['scales']>[string]>;

export interface AxisOptions {
  readonly title: string;
  readonly kind?: 'linear' | 'logarithmic';
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  readonly ticks?: 'number' | 'integer' | 'none';
  /** How numbers are written beside a linear axis; with four digits when it is left out. */
  readonly format?: (value: number) => string;
}

/** Font of titles, in CSS pixels. */
const TITLE_SIZE = 11;
/** What a chart needs above and below an upright axis, in CSS pixels. */
const BESIDE_AXIS = 44;

/** A numeric axis in the colours of the theme. */
export function axis(
  theme: ChartTheme,
  { title, kind = 'linear', min, max, ticks = 'number', format = formatNumber }: AxisOptions,
): Axis {
  return {
    type: kind,
    ...(min !== undefined && { min }),
    ...(max !== undefined && { max }),
    title: {
      display: title !== '',
      // chart.js calls this, though its types do not say so
      text: ((context: ScriptableScaleContext) => titleLines(title, context)) as unknown as string[],
      color: theme.dim,
      font: { size: TITLE_SIZE },
      padding: 2,
    },
    ticks: {
      display: ticks !== 'none',
      color: theme.text,
      maxTicksLimit: 7,
      maxRotation: 0,
      includeBounds: false,
      font: { size: 10 },
      ...(ticks === 'integer' && { precision: 0 }),
      callback: (value, _, all) =>
        kind === 'linear' ? format(Number(value)) : logTickText(Number(value), all[0]?.value, all.at(-1)?.value),
    },
    grid: { color: theme.grid },
    border: { color: theme.grid },
  };
}

/** A title in as many lines as it takes beside an upright axis, which is as short as the chart is low. */
function titleLines(title: string, { chart, scale }: ScriptableScaleContext): string[] {
  if (scale.axis !== 'y') return [title];
  chart.ctx.font = `${TITLE_SIZE}px ${chart.options.font?.family ?? ''}`;
  const fits = (line: string) => chart.ctx.measureText(line).width <= chart.height - BESIDE_AXIS;
  const lines: string[] = [];
  for (const word of title.split(/(?<!−) (?!−)/)) {
    const longer = lines.length === 0 ? word : `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && fits(longer)) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

/** Of a long logarithmic axis the powers of ten are written, of a short one their doubles and fives too. */
function logTickText(value: number, low = value, high = value): string {
  const leading = Math.round((value / 10 ** Math.floor(Math.log10(value) + 1e-9)) * 1e6) / 1e6;
  const decades = Math.log10(high / low);
  const isWritten = leading === 1 || (decades < 2.5 && (leading === 2 || leading === 5)) || decades < 0.5;
  return isWritten ? formatNumber(value) : '';
}

/** What all charts have in common: no motion, no events of chart.js, as large as their frame. */
export const STILL = {
  animation: false as const,
  responsive: true,
  maintainAspectRatio: false,
  events: [],
  normalized: true,
  layout: { padding: { right: 6, top: 4 } },
};
