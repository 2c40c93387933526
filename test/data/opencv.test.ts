import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Image } from '../../src/data/image.ts';
import { preprocess } from '../../src/data/preprocess.ts';
import { type ResizeMethod, resize } from '../../src/data/resize.ts';

/** What OpenCV 4.14 (Python, `cv2.resize` on float32) makes of {@link picture}; pixels are base64, [H, W, C]. */
interface Golden {
  readonly cases: readonly {
    readonly source: readonly [width: number, height: number];
    readonly target: readonly [width: number, height: number];
    readonly method: ResizeMethod;
    readonly pixels: string;
  }[];
  /** B G R of 40 x 30 to R G B, float64 `x * (1 / std) + (-mean / std)` to float32, 16 x 14, its middle 11 x 9. */
  readonly whole: readonly { readonly method: ResizeMethod; readonly pixels: string }[];
  /** `cvtColor(BGR2GRAY)` of the same, 8 bits. */
  readonly gray: string;
}

const golden: Golden = JSON.parse(readFileSync(join(import.meta.dirname, 'golden/opencvResize.json'), 'utf8'));

/** Upper bytes of the generator of Numerical Recipes, three to a pixel. */
function picture(width: number, height: number): Image {
  let state = width * 1000 + height;
  const data = new Uint8Array(3 * width * height);
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[i] = state >>> 24;
  }
  return { width, height, channels: 3, data };
}

function floatsOf(base64: string): Float32Array {
  return new Float32Array(new Uint8Array(Buffer.from(base64, 'base64')).buffer);
}

/**
 * Levels that two float32 implementations may differ by: a coordinate below 64 is rounded by 2^-19 at most in either,
 * which moves a pixel by that share of the step to its neighbours, of 255 levels, 1.5 times as steep for CUBIC; in both
 * directions. Roundings of the sums are far smaller.
 */
const LEVELS = 2 * 2 * 1.5 * 255 * 2 ** -19;

function largestDifference(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((most, x, i) => Math.max(most, Math.abs(x - (b[i] as number))), 0);
}

describe('resizing gives what OpenCV gives', () => {
  test.each(golden.cases)('$source to $target, $method', ({ source, target, method, pixels }) => {
    const { width, height, channels, data } = picture(...source);
    const resized = resize({ width, height, channels, data: Float32Array.from(data) }, ...target, method);
    const expected = floatsOf(pixels);
    if (method === 'NEAREST') expect(resized.data).toEqual(expected);
    else expect(largestDifference(resized.data, expected)).toBeLessThan(LEVELS);
  });

  test.each(golden.whole)('normalised, resized by $method, cropped, in this order', ({ method, pixels }) => {
    const options = {
      format: 'RGB',
      mean: [123.675, 116.28, 103.53],
      std: [58.395, 57.12, 57.375],
      resize: { width: 16, height: 14, method },
      centerCrop: { width: 11, height: 9 },
    } as const;
    const found = preprocess(picture(40, 30), options, 'x.png');
    expect([found.width, found.height]).toEqual([11, 9]);
    // Factor and summand are float32 here and float64 there: two more roundings of values below 4.
    expect(largestDifference(found.data, floatsOf(pixels))).toBeLessThan(LEVELS / 57 + 4 * 4 * 2 ** -24);
  });
});

test('grey is what OpenCV makes of B G R, to the last bit', () => {
  const found = preprocess(picture(40, 30), { format: 'GRAY' }, 'x.png');
  expect(Uint8Array.from(found.data)).toEqual(new Uint8Array(Buffer.from(golden.gray, 'base64')));
});
