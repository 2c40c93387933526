import { describe, expect, test } from 'vitest';
import { Cancelled } from '../../src/base/abort.ts';
import { telling } from '../../src/worker/serveEngines.ts';

describe('partial results', () => {
  /** Work that tells a number at each of the times. */
  const at = (times: readonly number[], end: () => string) => {
    let now = 0;
    const sent: number[] = [];
    const work = async (onPartial: (partial: number) => void) => {
      for (const [i, time] of times.entries()) {
        now = time;
        onPartial(i);
      }
      return end();
    };
    const result = telling({ now: () => now }, (partial: number) => sent.push(partial), work);
    return { sent, result };
  };

  test('are sent at most five times a second, the first at once', async () => {
    const { sent, result } = at([0, 100, 199, 200, 399, 401], () => 'done');
    expect(await result).toBe('done');
    expect(sent).toEqual([0, 3, 5]);
  });

  test('end with the last one where the work is cancelled', async () => {
    const { sent, result } = at([0, 50, 90], () => {
      throw new Cancelled();
    });
    await expect(result).rejects.toThrow(Cancelled);
    expect(sent).toEqual([0, 2]);
  });

  test('are not sent twice', async () => {
    const { sent, result } = at([0], () => {
      throw new Cancelled();
    });
    await expect(result).rejects.toThrow(Cancelled);
    expect(sent).toEqual([0]);
  });
});
