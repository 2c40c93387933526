import { describe, expect, test } from 'vitest';
import type { ChartTable } from '../../webview/charts/chartModel.ts';
import { decimated, thinned } from '../../webview/charts/decimate.ts';
import { outliersOf, quantile } from '../../webview/charts/outliers.ts';
import { csvOf, tsvOf } from '../../webview/charts/textTable.ts';

describe('outliers', () => {
  test('lie beyond one and a half quartile distances, on the sides that count', () => {
    const values = [10, 11, 12, 13, 14, 100, -50];
    expect(outliersOf(values).indices).toEqual([5, 6]);
    expect(outliersOf(values, 'high').indices).toEqual([5]);
    expect(outliersOf(values, 'low').indices).toEqual([6]);
  });

  test('are not found among few values, equal ones, or what is not finite', () => {
    expect(outliersOf([1, 2, 3, 1000]).indices).toEqual([]);
    expect(outliersOf([7, 7, 7, 7, 7, 7]).indices).toEqual([]);
    expect(outliersOf([1, 1, 1, 1, 1, Number.NaN, Number.POSITIVE_INFINITY]).indices).toEqual([]);
    expect(outliersOf([]).indices).toEqual([]);
  });

  test('quantiles are linear between elements', () => {
    expect([0, 0.25, 0.5, 1].map((q) => quantile([0, 10, 20], q))).toEqual([0, 5, 10, 20]);
    expect(quantile([3], 0.75)).toBe(3);
  });
});

describe('a decimated line', () => {
  test('is the line itself where it is short', () => {
    expect(Array.from(decimated([3, 1, 2], 3))).toEqual([0, 1, 2]);
    expect(decimated([], 10)).toHaveLength(0);
  });

  test('keeps every peak and both ends, in order, and stays short', () => {
    const y = Float64Array.from({ length: 50_000 }, (_, i) => Math.sin(i / 999));
    y[12_345] = 99;
    y[40_001] = -99;
    y[40_002] = Number.NaN;
    const kept = Array.from(decimated(y, 2000));
    expect(kept).toEqual(expect.arrayContaining([0, 12_345, 40_001, 49_999]));
    expect(kept.length).toBeLessThanOrEqual(2002);
    expect(kept).toEqual([...kept].sort((a, b) => a - b));
    expect(kept).not.toContain(40_002);
  });

  test('keeps a gap where nothing was measured', () => {
    const y = new Float64Array(1000).fill(Number.NaN);
    expect(decimated(y, 10).length).toBeGreaterThan(0);
  });
});

describe('thinned points', () => {
  test('are one of each cell, and none that is not finite', () => {
    const x = [0, 0.001, 1, Number.NaN, 1];
    const y = [0, 0.001, 1, 0, 1];
    expect(Array.from(thinned(x, y, 10))).toEqual([0, 2]);
    expect(Array.from(thinned([5], [5], 10))).toEqual([0]);
    expect(thinned([], [], 10)).toHaveLength(0);
  });
});

describe('the numbers of a chart as text', () => {
  const table: ChartTable = {
    rows: 2,
    columns: [
      { title: 'node, "handle"', kind: 'name', value: (row) => ['a,b', 'c\td\n"e"'][row] ?? '' },
      { title: 'SQNR', kind: 'number', value: (row) => [1.5, Number.POSITIVE_INFINITY][row] ?? '' },
    ],
  };

  test('are quoted for a file', () => {
    expect(csvOf(table)).toBe('"node, ""handle""",SQNR\r\n"a,b",1.5\r\n"c\td\n""e""",Infinity\r\n');
  });

  test('keep a line a line for the clipboard', () => {
    expect(tsvOf(table)).toBe('node, "handle"\tSQNR\na,b\t1.5\nc d "e"\tInfinity\n');
  });
});
