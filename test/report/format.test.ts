import { expect, test } from 'vitest';
import { formatNumber } from '../../src/report/format.ts';

test.each([
  [0.023529411764, '0.0235294'],
  [1e-7, '1e-07'],
  [0.0001, '0.0001'],
  [0.00001234567, '1.23457e-05'],
  [1, '1'],
  [100000, '100000'],
  [999999.4, '999999'],
  [999999.5, '1e+06'],
  [1234567, '1.23457e+06'],
  [0.99999951, '1'],
  [0.000099999951, '0.0001'],
  [-2.5, '-2.5'],
  [0, '0'],
  [-0, '-0'],
  [1e-100, '1e-100'],
  [NaN, 'nan'],
  [Infinity, 'inf'],
  [-Infinity, '-inf'],
])('%d is printed as %s', (x, text) => {
  expect(formatNumber(x)).toBe(text);
});

test('what was not measured is empty', () => {
  expect([formatNumber(null), formatNumber(undefined)]).toEqual(['', '']);
});

test('the digits can be chosen', () => {
  expect(formatNumber(123456.789, 8)).toBe('123456.79');
});
