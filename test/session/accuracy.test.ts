import { describe, expect, it } from 'vitest';
import { AccuracyCounter, type LabelLookup } from '../../src/session/accuracy.ts';

function counter(labels: readonly (number | undefined)[]): AccuracyCounter {
  const lookup: LabelLookup = {
    labelOf: (name) => labels[Number(name)],
    missing: (count, example) => ({ severity: 'warning', code: 'X', message: `${count} ${example}`, at: { file: '' } }),
  };
  const samples = { count: labels.length, read: async () => new Map(), nameOf: (i: number) => String(i) };
  return new AccuracyCounter(lookup, samples);
}

const scores = (...x: number[]) => Float32Array.from(x);

describe('accuracy', () => {
  it('counts the first and the first five of both models, and who alone is right', () => {
    const c = counter([0, 5, 6]);
    c.add(0, scores(9, 1, 2, 3, 4, 5, 6), scores(5, 9, 2, 3, 4, 0, 6)); // first; then third
    c.add(1, scores(9, 8, 7, 6, 5, 4, 3), scores(9, 8, 7, 6, 0, 5, 4)); // sixth; then fifth
    c.add(2, scores(0, 0, 0, 0, 0, 0, 0), scores(0, 0, 0, 0, 0, 0, 1)); // ties: the earlier come first
    expect(c.accuracy).toEqual({
      samples: 3,
      top1: { float: 1 / 3, quantized: 1 / 3 },
      top5: { float: 1 / 3, quantized: 1 },
      discordant: { float: 1, quantized: 1 },
    });
  });

  it('has no top-5 of five classes, and one of six', () => {
    const five = counter([0]);
    five.add(0, scores(1, 2, 3, 4, 5), scores(1, 2, 3, 4, 5));
    expect(five.accuracy?.top5).toBeNull();
    const six = counter([0]);
    six.add(0, scores(1, 2, 3, 4, 5, 6), scores(6, 2, 3, 4, 5, 1));
    expect(six.accuracy?.top5).toEqual({ float: 0, quantized: 1 });
  });

  it('never takes NaN, or a class that is not there, for right', () => {
    const c = counter([0, 7]);
    c.add(0, scores(Number.NaN, 0, 0, 0, 0, 0), scores(1, Number.NaN, 0, 0, 0, 0));
    c.add(1, scores(1, 0, 0, 0, 0, 0), scores(1, 0, 0, 0, 0, 0));
    expect(c.accuracy?.top1).toEqual({ float: 0, quantized: 0.5 });
    expect(c.accuracy?.top5).toEqual({ float: 0, quantized: 0.5 });
  });

  it('is null without labels, and says how many are missing', () => {
    const c = counter([undefined, undefined]);
    c.add(0, scores(1), scores(1));
    c.add(1, scores(1), scores(1));
    expect(c.accuracy).toBeNull();
    expect(c.diagnostics.map((d) => d.message)).toEqual(['2 0']);
  });
});
