import { expect, test } from 'vitest';
import type { Samples } from '../../src/base/samples.ts';
import { sizeOf } from '../../src/base/shape.ts';
import { tensor } from '../../src/base/tensor.ts';
import { compile } from '../../src/exec/compile.ts';
import type { Program } from '../../src/exec/program.ts';
import { SignatureTable } from '../../src/exec/signatures.ts';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import { ActivationCache } from '../../src/whatif/cache.ts';
import { evaluate } from '../../src/whatif/evaluate.ts';
import { FIGURE_JUDGES, type JudgedOutput } from '../../src/whatif/judge.ts';
import { judgeOutputs } from '../../src/whatif/outputs.ts';
import { type Pair, pairValues } from '../../src/whatif/pairs.ts';
import { earlierOf } from '../../src/whatif/rerun.ts';
import { model } from '../models/model.ts';

const DIMS = [1, 3, 8, 8];
const kernels = createJsKernels();

/** Sample 0 is positive, so that Relu and Abs make the same of it; of sample 1 they do not. */
const samples: Samples = {
  count: 2,
  nameOf: (i) => `sample ${i}`,
  read: async (i) => {
    const data = Float32Array.from({ length: sizeOf(DIMS) }, (_, k) => ((k % 17) + 1) / 17 - (i === 0 ? 0 : 0.5));
    return new Map([['x', tensor('float32', DIMS, data)]]);
  },
};

/** The first operator, and what follows it. */
async function programOf(first: string, signatures: SignatureTable): Promise<Program> {
  const built = model()
    .input('x', DIMS)
    .node(first, { name: 'first', outputs: ['f'] })
    .node('Tanh', { name: 'a', outputs: ['a_out'] })
    .node('Softsign', { name: 'b', outputs: ['b_out'] })
    .node('Sigmoid', { name: 'end', outputs: ['end_out'] })
    .output('end_out')
    .build();
  const inputDims = new Map([[built.ids.get('x')!, DIMS]]);
  const keep = new Set(['f', 'a_out', 'b_out'].map((name) => built.ids.get(name)!));
  const { graph, opsets } = built.model;
  return compile(graph, { kernels, opsets, file: 'm', inputDims, requantizer: 'fp32', signatures, keep, apart: true });
}

async function setup(maxBytes = 1 << 20) {
  const signatures = new SignatureTable();
  const float = await programOf('Relu', signatures);
  const quant = await programOf('Abs', signatures);
  const cache = new ActivationCache(maxBytes);
  cache.arrange({ float, samples: 2, calibrationSamples: 0, codeBytes: 4 });
  const run = (program: Program, earlier: readonly Pair[][], into = cache) => {
    const pairs = pairValues(float, program, new Map());
    const options = { float, quant: program, pairs, samples, count: 2, cache: into, keep: 2 };
    return evaluate({ ...options, earlier: earlierOf(earlier) });
  };
  return { float, quant, cache, run, pairsOf: (p: Program) => pairValues(float, p, new Map()) };
}

test('a re-run ends where tensors equal earlier ones, sample by sample, with the figures of a whole run', async () => {
  const { float, quant, run, pairsOf } = await setup();
  await run(float, []);
  const changed = await run(quant, [pairsOf(float)]);
  const whole = await run(quant, [], new ActivationCache(0));
  expect(changed.values).toEqual(whole.values);
  expect(changed.outputs).toEqual(whole.outputs);
  const length = quant.steps.length;
  expect(changed).toMatchObject({ executed: 1 + length, stopped: length - 1, total: 2 * length, reusedSamples: 2 });
  const again = await run(quant, [pairsOf(float)]);
  expect(again).toMatchObject({ executed: 0, floatSteps: 0 });
  expect(again.values).toEqual(whole.values);
});

test('without anything to compare with, all that is downstream runs', async () => {
  const { float, quant, run } = await setup();
  await run(float, []);
  expect(await run(quant, [])).toMatchObject({ executed: 2 * quant.steps.length, stopped: 0 });
});

test.each([0, 300, 1500, 4000, 1 << 20])('%i bytes of memory change the effort, not the figures', async (bytes) => {
  const { float, quant, cache, run, pairsOf } = await setup(bytes);
  const whole = await run(quant, [], new ActivationCache(1 << 20));
  await run(float, []);
  const changed = await run(quant, [pairsOf(float)]);
  const back = await run(float, [pairsOf(quant)]);
  expect(changed.values).toEqual(whole.values);
  expect(cache.bytes).toBeLessThanOrEqual(bytes);
  expect([...back.values.values()].every((f) => f.cosine === 1)).toBe(true);
});

test('outputs are judged as they are, and taken from memory where they are known', async () => {
  const { float, quant, cache, run, pairsOf } = await setup();
  await run(float, []);
  const judge = async (into: ActivationCache) => {
    const seen: JudgedOutput[] = [];
    const judging = FIGURE_JUDGES.mse.start();
    const add = (sample: number, outputs: readonly JudgedOutput[]) => {
      seen.push(...outputs.map((o) => ({ ...o, origin: o.origin.slice(), dequant: o.dequant.slice() })));
      judging.add(sample, outputs);
    };
    const earlier = earlierOf([pairsOf(float)]);
    const options = { float, quant, pairs: pairsOf(quant), samples, count: 2, cache: into, earlier };
    await judgeOutputs({ ...options, judging: { add, finish: judging.finish } });
    return { seen, value: await judging.finish() };
  };
  const [kept, whole] = [await judge(cache), await judge(new ActivationCache(0))];
  expect(kept).toEqual(whole);
  expect(kept.seen.map((o) => o.figures.mse === 0)).toEqual([true, false]);
});
