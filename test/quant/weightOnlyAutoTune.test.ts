import { describe, expect, test } from 'vitest';
import { autoTune } from '../../src/quant/weightOnly/autoTune.ts';

/** A model whose outputs are `1 - loss / scale` alike, and which shrinks to `ratio / sqrt(scale)`. */
function modelOf({ loss, ratio }: { loss: number; ratio: number }) {
  const asked: number[] = [];
  const measure = async (scale: number) => {
    asked.push(scale);
    return { scale, initScale: 1 / scale, cosine: 1 - loss / scale, ratio: ratio / Math.sqrt(scale) };
  };
  return { asked, measure };
}

const OPTIONS = { target: 0.995, maxIterations: 40, largestWeight: 1000 };

describe('auto_tune', () => {
  test('walks 1, 3000, 5999, … and then finer ones before the first that keeps the target', async () => {
    const { asked, measure } = modelOf({ loss: 40, ratio: 1000 }); // 8000 is the least that keeps it
    const { best, tried } = await autoTune({ ...OPTIONS, measure });
    expect(asked.slice(0, 4)).toEqual([1, 3000, 5999, 8998]);
    // From 8998 - 2 * 2999 = 3000 on in steps of 599 that meet 8998, up to the first that keeps it.
    expect(asked.slice(4, 14)).toEqual([3008, 3607, 4206, 4805, 5404, 6003, 6602, 7201, 7800, 8399]);
    expect(best?.scale).toBe(8019); // the third pass has steps of 23 from 7812 on
    expect(best?.cosine).toBeGreaterThanOrEqual(0.995);
    expect(new Set(asked).size).toBe(asked.length);
    expect(tried.map((t) => t.scale)).toEqual(asked);
  });

  test('takes 1 where that keeps the target and is small', async () => {
    const { asked, measure } = modelOf({ loss: 0, ratio: 20 });
    const { best } = await autoTune({ ...OPTIONS, measure });
    expect(best?.scale).toBe(1);
    expect(asked).toEqual([1]);
  });

  test('goes on to four times the range where 1 keeps the target, but is larger than 8 bits', async () => {
    const { asked, measure } = modelOf({ loss: 0, ratio: 3 });
    const { best } = await autoTune({ ...OPTIONS, measure });
    expect(asked.slice(0, 2)).toEqual([1, 30000]);
    expect(best?.scale).toBeLessThanOrEqual(30000);
  });

  test('finds nothing where nothing keeps the target', async () => {
    const { asked, measure } = modelOf({ loss: 1e9, ratio: 20 });
    const { best } = await autoTune({ ...OPTIONS, measure });
    expect(best).toBeUndefined();
    expect(Math.max(...asked)).toBeGreaterThan(100000);
  });

  test('starts with a longer range where a weight is very large', async () => {
    const { asked, measure } = modelOf({ loss: 1e9, ratio: 20 });
    await autoTune({ ...OPTIONS, largestWeight: 100_000_000, measure });
    const last = Math.floor(1 / Math.sqrt(2.4e-5 / 100_000_000)); // 2041241
    const step = Math.floor(last / 10);
    expect(asked.slice(0, 3)).toEqual([1, 1 + step, 1 + 2 * step]);
  });

  test('max_iterations sets the steps: a quarter of it, 173 at most', async () => {
    const { asked, measure } = modelOf({ loss: 1e9, ratio: 20 });
    await autoTune({ ...OPTIONS, maxIterations: 65535, measure });
    expect(asked[1]).toBe(1 + Math.floor(29999 / 173));
  });
});
