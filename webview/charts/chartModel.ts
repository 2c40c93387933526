import type { ChartConfiguration } from 'chart.js';
import type { ChartTheme } from './chartTheme.ts';

/** For charts of other rooms. */
export type { ChartConfiguration } from 'chart.js';

/** The numbers of a chart, row by row. */
export interface ChartTable {
  readonly columns: readonly ChartColumn[];
  readonly rows: number;
}

export interface ChartColumn {
  readonly title: string;
  /** Names stand on the left, numbers on the right. */
  readonly kind: 'name' | 'number';
  /** In full: what a file gets. '' where there is nothing. */
  value(row: number): string | number;
  /** As it is read; the value where absent. */
  text?(row: number): string;
}

/** What a person can go to with mouse or arrow keys. */
export interface ChartPoints {
  readonly count: number;
  /** Where it is, in values of the axes. */
  at(index: number): { readonly x: number; readonly y: number };
  /** What it says, in one line. */
  describe(index: number): string;
  /** Enter or click. */
  readonly activate?: (index: number) => void;
}

/** How a series is drawn, never by colour alone. */
export interface LegendEntry {
  readonly label: string;
  readonly mark: 'origin' | 'point' | 'dequant' | 'outlier' | 'clip' | 'zero' | 'diagonal' | 'selected';
}

/** A chart as such: its numbers, what it says, and how chart.js draws it. */
export interface ChartModel {
  readonly title: string;
  /** Without the name of the tensor, where it stands beside. */
  readonly heading: string;
  /** One sentence that says what can be seen. */
  readonly summary: string;
  readonly legend: readonly LegendEntry[];
  readonly table: ChartTable;
  readonly points: ChartPoints;
  /** Index of the point that is selected elsewhere at the moment; -1 without. */
  readonly selected: () => number;
  /** A line across the chart where points stand side by side, else a ring. */
  readonly selectedAs?: 'ring';
  config(theme: ChartTheme): ChartConfiguration;
}
