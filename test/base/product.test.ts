import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { PRODUCT } from '../../src/base/product.ts';

test('exported models name the version of package.json', () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  expect(PRODUCT.version).toBe(version);
});
