import { expect, test } from 'vitest';
import { compile } from '../../src/exec/compile.ts';
import type { Program } from '../../src/exec/program.ts';
import type { ValueId } from '../../src/graph/model.ts';
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

test('what nobody asks for is not kept, and who reads it pays for it', async () => {
  let builder = model().input('x', DIMS);
  for (let i = 0; i < DEPTH; i++) builder = builder.conv({ channels: 4, name: `c${i}` }).relu();
  const built = builder.build();
  const { graph, opsets } = built.model;
  const inputDims = new Map([[built.ids.get('x')!, DIMS]]);
  const inside = new Set(graph.nodes.flatMap((n) => (n.opType === 'Conv' ? (n.outputs as ValueId[]) : [])));
  const options = { kernels: createJsKernels(), opsets, file: 'm', inputDims, requantizer: 'fp32' } as const;
  const float = await compile(graph, { ...options, keep: inside });
  expect(float.steps.length).toBeGreaterThan(2 * DEPTH - 1);
  const whole = { ...needs, float, inside };
  expect(planCache({ ...whole, maxBytes: DEPTH * BYTES * (2 + 2 * 2 * 0.25 + 3) })).toBeUndefined();
  const plan = planCache({ ...whole, maxBytes: 25_000 })!;
  const kept = [...plan.floats, ...plan.codes, ...plan.calibration];
  expect(kept.length).toBeGreaterThan(4);
  expect(kept.filter((id) => inside.has(id))).toEqual([]);
});

test('room is left for a node that becomes float, and of what is worth as much the smaller is kept', async () => {
  const dims = [1, 4, 16, 16];
  let builder = model().input('x', dims);
  for (let i = 0; i < 6; i++) builder = builder.conv({ channels: 4, name: `c${i}`, stride: i === 2 ? 2 : 1 });
  const built = builder.build();
  const { graph, opsets } = built.model;
  const inputDims = new Map([[built.ids.get('x')!, dims]]);
  const kernels = createJsKernels();
  const float = await compile(graph, { kernels, opsets, file: 'm', inputDims, requantizer: 'fp32' });
  const bytesOf = (id: ValueId): number => 4 * float.slots.get(id)!.dims!.reduce<number>((a, b) => a * Number(b), 1);
  const maxBytes = 24_000;
  const plan = planCache({ ...needs, calibrationSamples: 0, float, maxBytes })!;
  const sum = (ids: ReadonlySet<ValueId>): number => [...ids].reduce((bytes, id) => bytes + bytesOf(id), 0);
  const used = 2 * sum(plan.floats) + sum(plan.codes);
  const spare = 2 * (4096 + 4096) * 0.75;
  expect(used).toBeLessThanOrEqual(maxBytes - Math.min(0.1 * maxBytes, spare));
  expect(used).toBeGreaterThan(0.6 * maxBytes);
  const sizes = (ids: Iterable<ValueId>): number => Math.max(...[...ids].map(bytesOf));
  const left = graph.nodes.flatMap((n) => n.outputs as ValueId[]).filter((id) => !plan.floats.has(id));
  expect(sizes(left)).toBeGreaterThanOrEqual(sizes(plan.floats));
});
