import { expect, test } from 'vitest';
import { compile } from '../../src/exec/compile.ts';
import type { Program } from '../../src/exec/program.ts';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import { planCache } from '../../src/whatif/cachePlan.ts';
import { model } from '../models/model.ts';

const DIMS = [1, 4, 8, 8];
/** 4 channels of 8 x 8 in float32. */
const BYTES = 4 * 64 * 4;
const DEPTH = 12;

async function tower(): Promise<Program> {
  let builder = model().input('x', DIMS);
  for (let i = 0; i < DEPTH; i++) builder = builder.conv({ channels: 4, name: `c${i}` });
  const built = builder.build();
  const { graph, opsets } = built.model;
  const inputDims = new Map([[built.ids.get('x')!, DIMS]]);
  return compile(graph, { kernels: createJsKernels(), opsets, file: 'm', inputDims, requantizer: 'fp32' });
}

const needs = { samples: 2, calibrationSamples: 3, codeBytes: 1 } as const;

test('what fits is kept without a plan', async () => {
  const float = await tower();
  const all = DEPTH * BYTES * (2 + 2 * 2 * 0.25 + 3);
  expect(planCache({ ...needs, float, maxBytes: all })).toBeUndefined();
  expect(planCache({ ...needs, float, maxBytes: all - 1 })).toBeDefined();
});

test.each([0, 5000, 20_000, 40_000])(
  'a plan for %i bytes keeps to them, and spreads what it keeps',
  async (maxBytes) => {
    const float = await tower();
    const plan = planCache({ ...needs, float, maxBytes });
    if (plan === undefined) throw new Error('not all of it fits');
    const bytes = plan.floats.size * 2 * BYTES + plan.codes.size * BYTES + plan.calibration.size * 3 * BYTES;
    expect(bytes).toBeLessThanOrEqual(maxBytes);
    if (maxBytes < 20_000) return;
    const order = float.steps.flatMap((s) => s.outputs);
    const [output] = float.graph.outputs;
    expect(plan.codes.has(output!)).toBe(true);
    const gaps = [...plan.codes].map((id) => order.indexOf(id)).sort((a, b) => a - b);
    expect(gaps.length).toBeGreaterThan(2);
    const widest = Math.max(...gaps.map((at, i) => at - (gaps[i - 1] ?? -1)));
    expect(widest).toBeLessThanOrEqual(Math.ceil((2 * DEPTH) / gaps.length));
  },
);
