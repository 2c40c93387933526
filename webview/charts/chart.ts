import { BoxAndWiskers, BoxPlotController } from '@sgratzl/chartjs-chart-boxplot';
import { CategoryScale, Chart, LinearScale } from 'chart.js';
import type { StatsView } from '../../src/protocol/views.ts';

Chart.register(BoxPlotController, BoxAndWiskers, CategoryScale, LinearScale);

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
  const boxes = [box(origin), ...(dequant === null ? [] : [box(dequant)])];
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
        x: { ticks: { color: colors.text, maxTicksLimit: 6, font: { size: 10 } }, grid: { color: colors.grid } },
        y: { ticks: { color: colors.text, font: { size: 11 } }, grid: { display: false } },
      },
    },
  });
  return { destroy: () => chart.destroy() };
}

function box({ min, q1, median, q3, max, mean }: StatsView) {
  return { min, q1, median, q3, max, mean, whiskerMin: min, whiskerMax: max, items: [], outliers: [] };
}
