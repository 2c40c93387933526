import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { compile } from '../../src/exec/compile.ts';
import { runIsolated } from '../../src/exec/isolated.ts';
import type { Program, Stored } from '../../src/exec/program.ts';
import type { ValueId } from '../../src/graph/model.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { converted } from '../../src/ops/storage.ts';
import { quantizedPart } from '../../src/passes/quantizedPart.ts';
import { type Isolated, isolatedSteps } from '../../src/quant/isolate.ts';
import { quantizedForm } from '../exec/quantized.ts';
import { INPUT_DIMS, noise, randomImageModel } from '../exec/randomGraph.ts';
import { wasmKernels } from '../kernels/engines.ts';

let kernels: KernelSet;
beforeAll(async () => {
  kernels = await wasmKernels();
});

test('a convolution of a part is carried out by the step, and to the codes, of the whole', async () => {
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 1 << 30 }), fc.nat(), async (seed, pick) => {
      const built = randomImageModel(seed);
      const { opsets } = built.model;
      const x = built.ids.get('x')!;
      const { graph, codes, floatOf, floats } = await quantizedForm(
        built,
        new Map([[x, noise(seed)]]),
        kernels,
        'uint8',
      );
      const keep = new Set(codes.values());
      const options = { kernels, opsets, file: 'random', requantizer: 'fp32', apart: true } as const;
      const whole = await compile(graph, { ...options, keep, inputDims: new Map([[x, INPUT_DIMS]]) });
      const all = isolatedSteps(whole, floatOf).filter((s) => s.step.node.opType === 'Conv');
      const step = all[pick % Math.max(1, all.length)];
      if (step === undefined) return;

      const { node } = step.step;
      const part = quantizedPart(graph, new Set([node.id]), (id) => {
        const { dtype, dims } = floats.get(id) ?? {};
        return { ...(dtype && { dtype }), ...(dims && { dims }) };
      });
      if (part.inputs.some((id) => !floats.has(id))) return; // what also is an output has another id before its codes
      expect(part.nodes.length).toBeLessThanOrEqual(graph.nodes.length);
      const inputDims = new Map(part.inputs.map((id) => [id, floats.get(id)!.dims] as const));
      const own = new Set([...keep].filter((id) => part.values.has(id)));
      const alone = await compile(part, { ...options, keep: own, inputDims });
      const known = new Map([...floatOf].filter(([id]) => alone.graph.values.has(id)));
      const found = isolatedSteps(alone, known).find((s) => s.step.node.id === node.id)!;
      expect([found.step.form, found.step.why, found.outputQuant]).toEqual([
        step.step.form,
        step.step.why,
        step.outputQuant,
      ]);
      expect(made(alone, found)).toEqual(made(whole, step));
      compared++;

      function made(program: Program, isolated: Isolated) {
        const stored = (id: ValueId): Stored => ({ layout: 'plain', tensor: floats.get(id)! });
        const inputs = isolated.inputs.map((i) => ({ ...i, stored: stored(i.value) }));
        const { tensor, layout } = runIsolated(program, isolated, inputs);
        return converted(tensor, layout, 'plain');
      }
    }),
    { numRuns: 60 },
  );
  expect(compared).toBeGreaterThan(40);
});
