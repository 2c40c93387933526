import type { Plugin } from 'chart.js';

/** A line across the chart at a value of an axis, or along y = x. */
export interface Guide {
  readonly at: { readonly x: number } | { readonly y: number } | 'diagonal';
  readonly color: string;
  readonly dash: readonly number[];
}

/** Short strokes at the foot of the chart, as of a ruler. */
export interface Ruler {
  readonly values: readonly number[];
  readonly color: string;
}

const STROKE = 5;

/** Draws helping lines over the series. */
export function guides(lines: readonly Guide[], ruler?: Ruler): Plugin {
  return {
    id: 'guides',
    afterDatasetsDraw: ({ ctx, chartArea, scales }) => {
      const { x, y } = scales;
      if (x === undefined || y === undefined) return;
      const { left, right, top, bottom } = chartArea;
      const line = (x0: number, y0: number, x1: number, y1: number) => {
        ctx.beginPath();
        ctx.moveTo(x0, y0);
        ctx.lineTo(x1, y1);
        ctx.stroke();
      };
      ctx.save();
      ctx.beginPath();
      ctx.rect(left, top, right - left, bottom - top);
      ctx.clip();
      ctx.lineWidth = 1.5;
      for (const { at, color, dash } of lines) {
        ctx.strokeStyle = color;
        ctx.setLineDash([...dash]);
        if (at === 'diagonal') {
          const low = Math.max(x.min, y.min);
          const high = Math.min(x.max, y.max);
          if (low < high)
            line(x.getPixelForValue(low), y.getPixelForValue(low), x.getPixelForValue(high), y.getPixelForValue(high));
        } else if ('x' in at) line(x.getPixelForValue(at.x), top, x.getPixelForValue(at.x), bottom);
        else line(left, y.getPixelForValue(at.y), right, y.getPixelForValue(at.y));
      }
      if (ruler !== undefined) {
        ctx.setLineDash([]);
        ctx.lineWidth = 1;
        ctx.strokeStyle = ruler.color;
        for (const value of ruler.values) {
          const at = x.getPixelForValue(value);
          line(at, bottom - STROKE, at, bottom);
        }
      }
      ctx.restore();
    },
  };
}
