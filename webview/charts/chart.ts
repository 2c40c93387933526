import { BoxAndWiskers, BoxPlotController } from '@sgratzl/chartjs-chart-boxplot';
import { CategoryScale, Chart, LinearScale } from 'chart.js';
import type { StatsView } from '../../src/protocol/views.ts';

Chart.register(BoxPlotController, BoxAndWiskers, CategoryScale, LinearScale);

/** Share of the axis that even an empty box takes, so that it is seen. */
const LEAST_BOX = 0.015;

export interface BoxPlotColors {
  readonly text: string;
  readonly grid: string;
  /** Fill and line of the original and of the dequantized tensor. */
  readonly origin: readonly [string, string];
  readonly dequant: readonly [string, string];
}

export interface BoxPlot {
  destroy(): void;
}

/**
 * Draws the five numbers of a tensor before and after quantization on one axis.
 *
 * @param canvas lies in a parent of fixed height with `position: relative`.
 */
export function drawBoxPlot(
  canvas: HTMLCanvasElement,
  origin: StatsView,
  dequant: StatsView | null,
  colors: BoxPlotColors,
): BoxPlot {
  const shown = dequant === null ? [origin] : [origin, dequant];
  const axis = axisOf(shown);
  const boxes = shown.map((stats) => box(stats, (axis.max - axis.min) * LEAST_BOX));
  const chart = new Chart(canvas, {
    type: 'boxplot',
    data: {
      labels: ['original', ...(dequant === null ? [] : ['dequantized'])],
      datasets: [
        {
          data: boxes,
          backgroundColor: [colors.origin[0], colors.dequant[0]],
          borderColor: [colors.origin[1], colors.dequant[1]],
          borderWidth: 1.5,
          meanRadius: 2.5,
          meanBackgroundColor: colors.text,
          meanBorderColor: colors.text,
          medianColor: colors.text,
          maxBarThickness: 18,
        },
      ],
    },
    options: {
      indexAxis: 'y',
      animation: false,
      responsive: true,
      maintainAspectRatio: false,
      events: [],
      scales: {
        x: {
          ...axis,
          ticks: { color: colors.text, maxTicksLimit: 6, includeBounds: false, font: { size: 10 } },
          grid: { color: colors.grid },
        },
        y: { ticks: { color: colors.text, font: { size: 11 } }, grid: { display: false } },
      },
    },
  });
  return { destroy: () => chart.destroy() };
}

/** Smallest and largest value with a little room; a constant tensor gets an axis around its value. */
function axisOf(shown: readonly StatsView[]): { min: number; max: number } {
  const min = Math.min(...shown.map((s) => s.min));
  const max = Math.max(...shown.map((s) => s.max));
  const room = max > min ? (max - min) * 0.02 : Math.abs(min) * 0.1 || 1;
  return { min: min - room, max: max + room };
}

/** @param least width to draw when the quartiles are (nearly) equal, as after a Relu; the median's line is exact. */
function box({ min, q1, median, q3, max, mean }: StatsView, least: number) {
  const lack = Math.max(0, least - (q3 - q1)) / 2;
  const whiskers = { whiskerMin: min, whiskerMax: max };
  return { min, q1: q1 - lack, median, q3: q3 + lack, max, mean, ...whiskers, items: [], outliers: [] };
}
