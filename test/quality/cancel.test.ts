import { beforeAll, expect, test, vi } from 'vitest';
import { Cancelled } from '../../src/base/abort.ts';
import { seededRandom } from '../../src/base/random.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { describeWithShared } from '../helpers/sharedData.ts';
import { wasmKernels } from '../kernels/engines.ts';
import { BASELINES, configOf } from './realModels.ts';
import { openSession } from './workbench.ts';

vi.setConfig({ testTimeout: 600_000 }); // whole models, perhaps beside other work

const MODEL = { ...BASELINES.yolox_nano, calibrationSamples: 2, evaluationSamples: 1 };
const MOMENTS = 6;

describeWithShared('cancelling YOLOX-nano', () => {
  let kernels: KernelSet;

  beforeAll(async () => {
    kernels = await wasmKernels();
  });

  test('at any moment ends within one step, and gives the memory back', async () => {
    const params = { configText: configOf(MODEL), configPath: `${MODEL.path}.cfg` };
    let [steps, at, longest, longestName] = [0, performance.now(), 0, ''];
    let last = '';
    const whole = await openSession(MODEL.path, kernels, ({ stage, text }) => {
      const now = performance.now();
      if (now - at > longest) [longest, longestName] = [now - at, last];
      [at, last] = [now, `${stage} ${text}`];
      steps++;
    });
    await whole.quantize(params);
    console.log(`${steps} steps; the longest pause between two of them: ${longest.toFixed(0)} ms, ${longestName}`);

    const random = seededRandom(20);
    const session = { signal: { aborted: false }, moment: 0, seen: 0, after: 0 };
    const cancelled = await openSession(MODEL.path, kernels, () => {
      if (session.signal.aborted) session.after++;
      if (session.seen++ === session.moment) session.signal.aborted = true;
    });
    const moments = Array.from({ length: MOMENTS }, (_, i) => Math.floor(((i + random.next()) / MOMENTS) * steps));
    const inUse: number[] = [];
    for (const moment of moments) {
      Object.assign(session, { moment, seen: 0, after: 0 });
      session.signal.aborted = false;
      await expect(cancelled.quantize(params, session.signal), `at step ${moment}`).rejects.toThrow(Cancelled);
      expect(session.after, `steps begun after the signal at step ${moment}`).toBeLessThanOrEqual(1);
      inUse.push(kernels.memory.bytesInUse);
    }
    expect(new Set(inUse).size, 'what a cancelled run took is given back').toBe(1);
    console.log(`cancelled at ${moments.join(', ')}; bytes in use after each: ${inUse.join(', ')}`);
  });
});
