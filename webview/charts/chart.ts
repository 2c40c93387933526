import { BoxAndWiskers, BoxPlotController } from '@sgratzl/chartjs-chart-boxplot';
import {
  CategoryScale,
  Chart,
  Filler,
  LinearScale,
  LineController,
  LineElement,
  LogarithmicScale,
  PointElement,
  ScatterController,
} from 'chart.js';
import type { ChartModel } from './chartModel.ts';
import type { ChartTheme } from './chartTheme.ts';

Chart.register(
  BoxPlotController,
  BoxAndWiskers,
  CategoryScale,
  LinearScale,
  LogarithmicScale,
  LineController,
  LineElement,
  PointElement,
  ScatterController,
  Filler,
);

/** A drawn chart; its pixels are those of the canvas in CSS units. */
export interface DrawnChart {
  /** Where the axes cross out the drawing. */
  readonly area: { readonly left: number; readonly right: number; readonly top: number; readonly bottom: number };
  pixelOf(point: { readonly x: number; readonly y: number }): { readonly x: number; readonly y: number };
  /** The picture as PNG on the background, with its title, as a data address. */
  png(title: string, theme: ChartTheme): string;
  destroy(): void;
}

/** Room for the title of a saved picture. */
const TITLE_HEIGHT = 28;

/** @param canvas lies in a parent of fixed height with `position: relative`. */
export function drawChart(canvas: HTMLCanvasElement, model: ChartModel, theme: ChartTheme): DrawnChart {
  Chart.defaults.font.family = theme.font;
  Chart.defaults.font.size = 11;
  const chart = new Chart(canvas, model.config(theme));
  return {
    get area() {
      return chart.chartArea;
    },
    pixelOf: ({ x, y }) => ({
      x: chart.scales.x?.getPixelForValue(x) ?? Number.NaN,
      y: chart.scales.y?.getPixelForValue(y) ?? Number.NaN,
    }),
    png: (title, colors) => pictureOf(canvas, title, colors),
    destroy: () => chart.destroy(),
  };
}

function pictureOf(canvas: HTMLCanvasElement, title: string, { background, text, font }: ChartTheme): string {
  const scale = canvas.width / Math.max(1, canvas.clientWidth);
  const picture = document.createElement('canvas');
  picture.width = canvas.width;
  picture.height = canvas.height + TITLE_HEIGHT * scale;
  const context = picture.getContext('2d');
  if (context === null) throw new Error('no canvas to draw on');
  context.fillStyle = background;
  context.fillRect(0, 0, picture.width, picture.height);
  context.fillStyle = text;
  context.font = `600 ${13 * scale}px ${font}`;
  context.textBaseline = 'middle';
  context.fillText(title, 10 * scale, (TITLE_HEIGHT / 2) * scale, picture.width - 20 * scale);
  context.drawImage(canvas, 0, TITLE_HEIGHT * scale);
  return picture.toDataURL('image/png');
}
