import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  defaultBorders,
  isMetricId,
  isWorse,
  levelOf,
  METRICS,
  type MetricId,
  metricInfo,
} from '../../src/protocol/metrics.ts';

/** Compile error where an id has no entry: the table below is complete by it. */
const SAMPLE_VALUES: Readonly<Record<MetricId, readonly number[]>> = {
  cosine: [1, 0.9942, -0.5, 1 - 3e-7],
  sqnrDb: [33.3, -4, Number.POSITIVE_INFINITY],
  mse: [0, 1.2e-7, 0.0312, 4.5e8],
  rmseScale: [0.289, 12.5],
  clipRate: [0, 0.00031, 0.12],
  saturation: [0, 1],
  localSqnrDb: [40],
  localError: [0.01],
  cumulativeError: [0.1],
  sensitivity: [0, 1.3e-5],
  weightError: [0.0041],
  bytes: [0, 512, 1536, 3.4 * 1024 ** 2],
  macs: [0, 999, 10.8e6, 301e6],
  timeMs: [0, 0.42, 15, 2500],
  floatTimeMs: [1.1],
};

describe('the table of metrics', () => {
  test('has one row for every id, and no short name twice', () => {
    expect(METRICS.map((m) => m.id).sort()).toEqual(Object.keys(SAMPLE_VALUES).sort());
    expect(new Set(METRICS.map((m) => m.short)).size).toBe(METRICS.length);
    for (const m of METRICS) expect(metricInfo(m.id)).toBe(m);
    expect(['cosine', 'toString', '', 3].map(isMetricId)).toEqual([true, false, false, false]);
  });

  test.each(METRICS.map((m) => m.id))('%s reads what it writes', (id) => {
    const { format, parse } = metricInfo(id);
    for (const value of SAMPLE_VALUES[id]) {
      const text = format(value);
      expect(text.length, text).toBeLessThanOrEqual(9);
      const read = parse(text) as number;
      expect(format(read)).toBe(text);
      if (value === 0 || !Number.isFinite(value)) expect(read).toBe(value);
      else expect(Math.abs(read / value - 1)).toBeLessThan(id === 'cosine' ? 1e-4 : 0.05); // two digits at least
    }
  });

  test('reads numbers with units as people write them, and refuses other texts', () => {
    expect(metricInfo('clipRate').parse('1%')).toBe(0.01);
    expect(metricInfo('clipRate').parse('0.01')).toBe(0.01);
    expect(metricInfo('bytes').parse('1.5MB')).toBe(1.5 * 1024 ** 2);
    expect(metricInfo('macs').parse('300M')).toBe(3e8);
    expect(metricInfo('timeMs').parse('20us')).toBeCloseTo(0.02, 12);
    expect(metricInfo('sqnrDb').parse('30 dB')).toBe(30);
    expect(metricInfo('cosine').parse('1-1e-4')).toBe(1 - 1e-4);
    for (const m of METRICS)
      for (const text of ['', 'x', '1 parsec', '1e', '--1', '1-', 'NaN']) expect(m.parse(text), text).toBeUndefined();
  });

  test('puts a value on a border into the better band', () => {
    const cosine = metricInfo('cosine');
    const borders = defaultBorders(cosine, new Float64Array());
    expect([1, 0.9999, 0.99989, 0.99, 0.95, 0.94].map((v) => levelOf(cosine, borders, v))).toEqual([0, 0, 1, 2, 3, 4]);
    const clip = metricInfo('clipRate');
    expect([0, 1e-9, 0.0001, 0.5].map((v) => levelOf(clip, defaultBorders(clip, new Float64Array()), v))).toEqual([
      0, 1, 1, 4,
    ]);
    expect(isWorse(cosine, 0.9, 0.99)).toBe(true);
    expect(isWorse(clip, 0.9, 0.99)).toBe(false);
    expect(isWorse(clip, Number.NaN, 0)).toBe(false);
  });

  test('takes the borders of costs from their sum, and those of squared errors from their order', () => {
    const values = Float64Array.of(10, Number.NaN, 30, 60);
    expect(defaultBorders(metricInfo('macs'), values)).toEqual([0.1, 1, 3, 10]);
    expect(defaultBorders(metricInfo('bytes'), new Float64Array())).toEqual([0, 0, 0, 0]);
    const errors = Float64Array.from({ length: 101 }, (_, i) => 100 - i);
    expect(defaultBorders(metricInfo('mse'), errors)).toEqual([25, 50, 75, 95]);
    expect(defaultBorders(metricInfo('mse'), new Float64Array())).toEqual([0, 0, 0, 0]);
  });

  test.each(METRICS.map((m) => m.id))('%s has borders that go from better to worse', (id) => {
    const info = metricInfo(id);
    const borders = defaultBorders(
      info,
      Float64Array.from({ length: 1000 }, (_, i) => i / 1000),
    );
    for (let i = 1; i < 4; i++) expect(isWorse(info, borders[i] as number, borders[i - 1] as number)).toBe(true);
  });

  test('is what docs/heat.md says', () => {
    const text = readFileSync(new URL('../../docs/heat.md', import.meta.url), 'utf8');
    const rows = text.split('\n').filter((line) => line.startsWith('| ') && line.includes('`'));
    const cells = rows.map((row) => row.split('|').map((cell) => cell.trim()));
    expect(cells.map(([, title, short, , better]) => [title, short, better])).toEqual(
      METRICS.map((m) => [m.title, `\`${m.short}\``, m.higherIsBetter ? 'higher' : 'lower']),
    );
    cells.forEach((row, i) => {
      const { borders, parse } = METRICS[i] as (typeof METRICS)[number];
      if (borders.kind !== 'value') return;
      const unit = /%|dB/.exec(row[5] ?? '')?.[0] ?? '';
      const written = (row[5] ?? '').replace(/ dB| %/g, '').split(', ');
      const read = written.map((number) => parse(`${number}${unit}`) as number);
      read.forEach((border, k) => {
        expect(border, row[1]).toBeCloseTo(borders.borders[k] as number, 9);
      });
    });
  });
});
