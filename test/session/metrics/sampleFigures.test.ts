import { describe, expect, test } from 'vitest';
import type { ValueId } from '../../../src/graph/model.ts';
import { meanDecibels, relativeError, SampleFigures } from '../../../src/session/metrics/sampleFigures.ts';
import { FigureMeans, type PairFigures } from '../../../src/whatif/figures.ts';

const [a, b, other] = [1, 2, 3] as ValueId[] as [ValueId, ValueId, ValueId];

const figures = (cosine: number, sqnrDb: number, clipRate: number | null = null): PairFigures => ({
  cosine,
  sqnrDb,
  mse: 10 ** (-sqnrDb / 10),
  clipRate,
  saturation: clipRate,
});

function collected(...samples: readonly PairFigures[]): SampleFigures {
  const collector = new SampleFigures([a, b]);
  for (const f of samples) collector.add(new Map([[a, f]]));
  return collector;
}

describe('the figures of samples', () => {
  test('are kept one by one, with the worst of each in its own direction', () => {
    const all = collected(figures(0.9, 20, 0.1), figures(0.99, 10, 0), figures(1, Infinity, 0.2));
    expect([0, 1, 2].map((i) => all.of(a, 'cosine', i))).toEqual([0.9, 0.99, 1]);
    expect(all.of(a, 'cosine', 'worst')).toBe(0.9);
    expect(all.of(a, 'sqnrDb', 'worst')).toBe(10);
    expect(all.of(a, 'clipRate', 'worst')).toBe(0.2);
    expect(all.of(a, 'cumulativeError', 'worst')).toBe(10 ** -0.5);
    expect(all.of(a, 'rmse', 'worst')).toBe(Math.sqrt(0.1));
    expect(all.worstSample(a, 'cosine')).toBe(0);
    expect(all.worstSample(a, 'sqnrDb')).toBe(1);
    expect(all).toMatchObject({ samples: 3, kept: 3 });
  });

  test('have the mean that runs report: of decibels over the samples with an error', () => {
    const samples = [figures(0.9, 20, 0.1), figures(0.97, Infinity, null), figures(0.99, 13, 0.3)];
    const means = new FigureMeans();
    for (const f of samples) means.add(f);
    const all = collected(...samples);
    for (const name of ['cosine', 'sqnrDb', 'mse', 'clipRate', 'saturation'] as const)
      expect(all.of(a, name, 'mean'), name).toBe(means.mean[name]);
    expect(all.of(a, 'cumulativeError', 'mean')).toBe((0.1 + 0 + relativeError(13)) / 3);
    expect(collected(figures(1, Infinity), figures(1, Infinity)).of(a, 'sqnrDb', 'mean')).toBe(Infinity);
  });

  test('are NaN for what was not measured: no such value, no codes, no such sample', () => {
    const all = collected(figures(0.9, 20));
    expect(all.of(other, 'cosine', 'mean')).toBeNaN();
    for (const choice of ['worst', 'mean', 0] as const) {
      expect(all.of(b, 'cosine', choice)).toBeNaN();
      expect(all.of(a, 'clipRate', choice)).toBeNaN();
    }
    expect(all.of(a, 'cosine', 1)).toBeNaN();
    expect(all.worstSample(b, 'cosine')).toBe(-1);
    expect(new SampleFigures([]).of(a, 'mse', 'worst')).toBeNaN();
  });

  test('do not hide a sample without a number in the mean', () => {
    const all = collected(figures(Number.NaN, Number.NaN), figures(0.9, 20));
    expect(all.of(a, 'cosine', 'mean')).toBeNaN();
    expect(all.of(a, 'cosine', 'worst')).toBe(0.9);
    expect(all.of(a, 'cosine', 1)).toBe(0.9);
  });

  test('of more samples than memory is kept for are still in worst and mean', () => {
    const all = new SampleFigures([a, b], 2 * 14); // seven figures of two values
    for (const cosine of [0.9, 0.8, 0.7]) all.add(new Map([[a, figures(cosine, 20)]]));
    expect(all).toMatchObject({ samples: 3, kept: 2 });
    expect(all.of(a, 'cosine', 'worst')).toBe(0.7);
    expect(all.of(a, 'cosine', 'mean')).toBeCloseTo(0.8, 12);
    expect(all.of(a, 'cosine', 2)).toBeNaN();
  });
});

test('the mean of decibels leaves exact samples out', () => {
  expect(meanDecibels([])).toBeNaN();
  expect(meanDecibels([Infinity, Infinity])).toBe(Infinity);
  expect(meanDecibels(Float64Array.of(30, Infinity, 10))).toBe(20);
});
