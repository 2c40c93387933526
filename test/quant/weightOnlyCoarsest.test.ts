import { describe, expect, test } from 'vitest';
import { PER_TENSOR } from '../../src/base/quantParams.ts';
import { seededRandom } from '../../src/base/random.ts';
import { tensor } from '../../src/base/tensor.ts';
import { dequantize } from '../../src/quant/dequantize.ts';
import { coarsestScale, INIT_SCALES, MOST_HALVINGS } from '../../src/quant/weightOnly/coarsestScale.ts';
import { codeWeight } from '../../src/quant/weightOnly/codeWeight.ts';

/** A model whose similarity is `cosineOf` its init_scale. */
function modelOf(cosineOf: (initScale: number) => number) {
  const asked: number[] = [];
  const measure = async (initScale: number) => {
    asked.push(initScale);
    return { scale: 1 / initScale, initScale, cosine: cosineOf(initScale), ratio: 1 };
  };
  return { asked, measure };
}

const OPTIONS = { target: 0.995, maxIterations: 40 };

describe('the scales that auto_tune chooses from', () => {
  test('fall by a 96th of a decade each from 0.499 to 0.0001, but for the rounding to three digits', () => {
    const rounding = (1 + 0.005) / (1 - 0.005); // half a unit of 1.00, in both of two neighbours
    expect([INIT_SCALES[0], INIT_SCALES.at(-1)]).toEqual([0.499, 0.0001]);
    INIT_SCALES.slice(1).forEach((scale, i) => {
      const off = (scale / (INIT_SCALES[i] as number)) * 10 ** (1 / 96);
      expect(Math.max(off, 1 / off)).toBeLessThan(rounding);
      expect(Number(scale.toPrecision(3))).toBe(scale);
    });
  });
});

describe('the coarsest scale', () => {
  test('is that of trying all, wherever it lies, after nine candidates at most', async () => {
    for (const [i, last] of INIT_SCALES.entries()) {
      const { asked, measure } = modelOf((t) => (t <= last ? 0.996 : 0.99));
      const { best, tried } = await coarsestScale({ ...OPTIONS, measure });
      expect(best?.initScale, `candidate ${i}`).toBe(INIT_SCALES.find((t) => t <= last));
      expect(tried.map((c) => c.initScale)).toEqual(asked);
      expect(asked.length).toBeLessThanOrEqual(MOST_HALVINGS);
      expect(new Set(asked).size).toBe(asked.length);
    }
    expect(MOST_HALVINGS).toBe(9);
  });

  test('keeps the target where the similarity is not monotone, and its coarser neighbour does not', async () => {
    const random = seededRandom(5);
    const noise = new Map(INIT_SCALES.map((t) => [t, 0.8 + 0.4 * random.next()]));
    const cosineOf = (t: number) => 1 - 20 * t * t * (noise.get(t) ?? Number.NaN);
    const { best } = await coarsestScale({ ...OPTIONS, ...modelOf(cosineOf) });
    const at = INIT_SCALES.indexOf(best?.initScale ?? 0);
    expect(at).toBeGreaterThan(0);
    expect(cosineOf(INIT_SCALES[at] as number)).toBeGreaterThanOrEqual(0.995);
    expect(cosineOf(INIT_SCALES[at - 1] as number)).toBeLessThan(0.995);
  });

  test('is none where not even the finest keeps the target', async () => {
    const { asked, measure } = modelOf(() => 0.9);
    const { best, tried } = await coarsestScale({ ...OPTIONS, measure });
    expect(best).toBeUndefined();
    expect(asked.at(-1)).toBe(0.0001);
    expect(tried.length).toBe(asked.length);
  });

  test('of as many candidates as allowed is the coarsest of those that keep the target', async () => {
    const { asked, measure } = modelOf((t) => (t <= 0.3 ? 1 : 0));
    const { best } = await coarsestScale({ target: 0.995, maxIterations: 3, measure });
    expect(asked).toHaveLength(3);
    expect(best?.initScale).toBe(Math.max(...asked.filter((t) => t <= 0.3)));
  });
});

describe('a weight that gains nothing by a step', () => {
  const random = seededRandom(6);
  const data = Float32Array.from({ length: 256 }, () => random.normal());
  const coded = (initScale: number, strict: boolean) =>
    codeWeight(
      tensor('float32', [16, 16], data),
      {
        bits: 0,
        granularity: PER_TENSOR,
        options: {
          ...{ bits: 0, minSize: 0, minChannels: 0, perChannel: false, correction: true, encode: true },
          ...{ onTheFly: false, maxSegments: 1, initScale, clusters: undefined, gptq: false, strict },
        },
      },
      { file: 'm.onnx' },
    );
  const errorOf = (made: Float32Array) => {
    const sum = (f: (w: number, i: number) => number) => data.reduce((all, w, i) => all + f(w, i), 0);
    return Math.sqrt(sum((w, i) => (w - (made[i] as number)) ** 2) / sum((w) => w * w));
  };

  test.each([0.02, 0.004, 0.001, 0.0002])('has the fewest bits from 8 on whose error is at most %f', (initScale) => {
    const { quantized, diagnostics } = coded(initScale, false);
    const { bits } = quantized.params.scheme;
    expect(errorOf(dequantize(quantized))).toBeLessThanOrEqual(initScale);
    // A bit more halves the error: with one bit less it were too large.
    if (bits !== 8) expect(errorOf(dequantize(quantized)) * 2.5).toBeGreaterThan(initScale);
    expect(bits === 8).toBe(initScale === 0.02);
    expect(diagnostics.at(-1)?.code).toBe('QNT304');
    expect(diagnostics.at(-1)?.message).toContain(`${bits}-bit codes`);
  });

  test('has 8 bits where converter_lite is followed, however exact the step were', () => {
    expect(coded(0.0002, true).quantized.params.scheme.bits).toBe(8);
  });
});
