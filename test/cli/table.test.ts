import { expect, test } from 'vitest';
import { formatCosine, formatFigure, formatSamples, formatStep } from '../../src/cli/table.ts';

test('a figure is 1 only where it is', () => {
  expect(formatFigure(1)).toBe('1');
  expect(formatFigure(1 - 3e-8)).toBe('0.99999997');
  expect(formatFigure(1 + 2e-9)).toBe('1.000000002');
  expect(formatFigure(0.9991234567)).toBe('0.999123');
  expect(formatFigure(Number.POSITIVE_INFINITY)).toBe('Infinity');
  expect(formatFigure(null)).toBe('');
});

test('so is a cosine in a column', () => {
  expect(formatCosine(1)).toBe('1.000000');
  expect(formatCosine(1 - 3e-8)).toBe('0.99999997');
  expect(formatCosine(0.99)).toBe('0.990000');
});

test('what a step changes is seen', () => {
  expect(formatStep(0.99638, 0.999093)).toBe('0.99638 -> 0.999093');
  expect(formatStep(0.99999261, 0.99999302)).toBe('0.9999926 -> 0.999993');
  expect(formatStep(0.5, 0.5)).toBe('0.5 -> 0.5');
  expect(formatStep(20, Number.POSITIVE_INFINITY)).toBe('20 -> Infinity');
});

test('a sample is one sample', () => {
  expect([0, 1, 32].map(formatSamples)).toEqual(['0 samples', '1 sample', '32 samples']);
});
