import { expect, test } from 'vitest';
import { commonTop, spearman } from '../../src/sensitivity/ranks.ts';

test('Spearman is 1 for any rising relation, -1 for a falling one, and shares the ranks of ties', () => {
  expect(spearman([1, 2, 3, 4], [1, 8, 27, 64])).toBe(1);
  expect(spearman([1, 2, 3, 4], [4, 3, 2, 1])).toBe(-1);
  expect(spearman([1, 2, 2, 3], [1, 2, 2, 3])).toBe(1);
  expect(spearman([106, 100, 86, 101, 99, 103, 97, 113, 112, 110], [7, 27, 2, 50, 28, 29, 20, 12, 6, 17])).toBeCloseTo(
    -29 / 165, // the worked example of Wikipedia, "Spearman's rank correlation coefficient"
    12,
  );
  expect(spearman([1, 1, 1], [1, 2, 3])).toBeNaN();
});

test('the common top takes the earlier of equal values', () => {
  expect(commonTop([5, 4, 3, 2], [5, 1, 4, 3], 2)).toBe(1);
  expect(commonTop([1, 1, 1], [1, 1, 1], 2)).toBe(2);
  expect(commonTop([3, 2, 1], [1, 2, 3], 3)).toBe(3);
});
