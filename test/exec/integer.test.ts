import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { RequantizerFlavour } from '../../src/base/fixedPoint.ts';
import type { Tensor } from '../../src/base/tensor.ts';
import { compile } from '../../src/exec/compile.ts';
import { runIsolated } from '../../src/exec/isolated.ts';
import { runPaired } from '../../src/exec/paired.ts';
import type { Program } from '../../src/exec/program.ts';
import type { Graph, ValueId } from '../../src/graph/model.ts';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { wasmKernels } from '../kernels/engines.ts';
import { type BuiltModel, model } from '../models/model.ts';
import { onReference, plain } from './integerSteps.ts';
import { quantizedForm } from './quantized.ts';
import { INPUT_DIMS, noise, randomImageModel } from './randomGraph.ts';
import { valuesOf } from './reference.ts';

const seeds = fc.integer({ min: 1, max: 1 << 30 });
const types = fc.constantFrom('int8' as const, 'uint8' as const);

/**
 * How near to a rounding tie, in steps of the output, a float sum may decide otherwise than the exact integer one: its
 * own rounding, at most a few u = 2^-24 of terms that reach some hundred steps.
 */
const TIE = 1e-3;

function compiled(
  graph: Graph,
  built: BuiltModel,
  kernels: KernelSet,
  requantizer: RequantizerFlavour = 'fp32',
): Promise<Program> {
  const inputDims = new Map([[built.ids.get('x')!, INPUT_DIMS]]);
  const { opsets } = built.model;
  return compile(graph, { kernels, opsets, file: 'random', inputDims, requantizer });
}

describe.each(['js', 'wasm'] as const)('integer steps on %s', (engine) => {
  let kernels: KernelSet;
  let compared = 0;

  beforeAll(async () => {
    kernels = engine === 'js' ? createJsKernels() : await wasmKernels();
  });

  it('make the codes that float between DequantizeLinear and QuantizeLinear makes, ties apart', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, types, async (seed, type) => {
        const built = randomImageModel(seed);
        const feeds = new Map([[built.ids.get('x')!, noise(seed)]]);
        const { graph } = await quantizedForm(built, feeds, kernels, type);
        const program = await compiled(graph, built, kernels);
        const values = await valuesOf(graph, feeds, built.model.opsets, kernels);
        const quantizers = new Map(graph.nodes.map((n) => [n.outputs[0]!, n]));
        for (const step of program.steps.filter((s) => s.form === 'integer')) {
          const [id] = step.outputs;
          const found = onReference(program, step, values).data as Int8Array;
          const expected = values.get(id!)!.data as Int8Array;
          const float = values.get(quantizers.get(id!)!.inputs[0]!)!.data as Float32Array;
          const scale = program.slots.get(id!)!.quant!.scale[0]!;
          expect(found.length).toBe(expected.length);
          for (let i = 0; i < found.length; i++) {
            compared++;
            if (found[i] === expected[i]) continue;
            const steps = Math.abs(float[i]! / scale);
            expect(Math.abs(steps - Math.floor(steps) - 0.5), `${step.node.handle}[${i}]`).toBeLessThan(TIE);
            expect(Math.abs(found[i]! - expected[i]!)).toBe(1);
          }
        }
        program.release();
      }),
      { numRuns: 40 },
    );
    expect(compared).toBeGreaterThan(10_000);
  });
});

describe('lowering', () => {
  const kernels = createJsKernels();
  const feeds = (built: BuiltModel, seed = 1) => new Map([[built.ids.get('x')!, noise(seed)]]);

  it.each(['fp32', { bits: 31 }, { bits: 7 }] as const)(
    'gives the same integers on both engines (%o)',
    async (flavour) => {
      const wasm = await wasmKernels();
      for (let seed = 1; seed <= 12; seed++) {
        const built = randomImageModel(seed);
        const { graph } = await quantizedForm(built, feeds(built), kernels, 'uint8');
        const codes: Map<ValueId, Tensor>[] = [];
        for (const k of [kernels, wasm]) {
          const program = await compiled(graph, built, k, flavour);
          const run = program.start(feeds(built, 2));
          const seen = new Map<ValueId, Tensor>();
          let floatSeen = false;
          for (let step = run.advance(); step !== undefined; step = run.advance()) {
            floatSeen ||= step.form === 'float' && !/QuantizeLinear/.test(step.node.opType);
            if (step.form === 'integer' && !floatSeen) {
              for (const id of step.outputs)
                seen.set(id, { ...plain(run.value(id)!), data: plain(run.value(id)!).data.slice() } as Tensor);
            }
          }
          codes.push(seen);
          program.release();
        }
        expect(codes[1]).toEqual(codes[0]);
      }
    },
  );

  it('folds a ReLU whose zero is inside the code range into the convolution before it', async () => {
    const built = model().input('x', INPUT_DIMS).conv({ channels: 4, name: 'c' }).relu('r').build();
    const input = feeds(built);
    const { graph } = await quantizedForm(built, input, kernels, 'int8');
    const program = await compiled(graph, built, kernels);
    const compute = program.steps.filter((s) => s.form === 'integer');
    expect(compute.map((s) => s.node.handle)).toEqual(['c']);
    expect(program.steps.some((s) => s.node.opType === 'Relu')).toBe(false);
    const [y] = program.start(input).finish().values();
    expect(Math.min(...(y!.data as Float32Array))).toBe(0);
  });

  it('tells the multipliers of steps that requantize sums, and which steps compute in float32 between codes', async () => {
    const channels = INPUT_DIMS[1] ?? 0;
    const built = model().input('x', INPUT_DIMS).conv({ channels }).add('x').globalAveragePool().build();
    const { graph } = await quantizedForm(built, feeds(built), kernels, 'uint8');
    const program = await compiled(graph, built, kernels);
    const steps = program.steps.filter((s) => s.form === 'integer');
    expect(steps.map((s) => [s.node.opType, s.multipliers?.length, s.dequantizes])).toEqual([
      ['Conv', channels, undefined],
      ['Add', 3, undefined],
      ['GlobalAveragePool', 1, undefined],
    ]);
  });

  it('says why a node between codes runs as float', async () => {
    const net = model().input('x', INPUT_DIMS).quantizeDequantize(0.05, 128);
    net.conv({ channels: 4, name: 'c' }).quantizeDequantize(0.05, 128);
    const built = net.build();
    const program = await compiled(built.model.graph, built, kernels);
    const conv = program.steps.find((s) => s.node.handle === 'c' && s.form !== 'layout')!;
    expect([conv.form, conv.why]).toEqual([
      'float',
      'Its input 1 is not dequantized: the integer form needs codes for all float inputs.',
    ]);
  });

  it('moves codes where nearest neighbours are taken, by scales that stay float', async () => {
    const net = model().input('x', INPUT_DIMS).quantizeDequantize(0.05, 128);
    net.floats('scales', [4], [1, 1, 2, 3]);
    const attributes = { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' };
    net.elementwise('Resize', ['', 'scales'], { attributes }).quantizeDequantize(0.05, 128);
    const built = net.build();
    for (const engine of [kernels, await wasmKernels()]) {
      const program = await compiled(built.model.graph, built, engine);
      const resize = program.steps.filter((s) => s.node.opType === 'Resize' && s.form !== 'layout');
      expect(resize.map((s) => s.form)).toEqual(['integer']);
      const expected = await valuesOf(built.model.graph, feeds(built), built.model.opsets, engine);
      const outputs = program.start(feeds(built), { poison: true }).finish();
      for (const [id, t] of outputs) expect(t).toEqual(expected.get(id));
    }
  });

  it('keeps the DequantizeLinear of a value that a float node reads besides an integer one', async () => {
    const net = model().input('x', INPUT_DIMS).quantizeDequantize(0.05, 128);
    const shared = net.current;
    net.maxPool(2).quantizeDequantize(0.05, 128);
    const left = net.current;
    net.at(shared).node('Sqrt');
    const built = net.output(left, net.current).build();
    const program = await compiled(built.model.graph, built, kernels);
    const forms = new Map(program.steps.map((s) => [s.node.opType, s.form]));
    expect([forms.get('MaxPool'), forms.get('Sqrt')]).toEqual(['integer', 'float']);
    const expected = await valuesOf(built.model.graph, feeds(built), built.model.opsets, kernels);
    for (const [id, t] of program.start(feeds(built), { poison: true }).finish()) expect(t).toEqual(expected.get(id));
  });
});

describe('lockstep', () => {
  const kernels = createJsKernels();

  it('hands over every pair once, both as they are when run alone', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, async (seed) => {
        const built = randomImageModel(seed);
        const feeds = new Map([[built.ids.get('x')!, noise(seed)]]);
        const { graph, codes, floats } = await quantizedForm(built, feeds, kernels, 'uint8');
        const float = await compiled(built.model.graph, built, kernels);
        const quant = await compiled(graph, built, kernels);
        const alone = new Map<ValueId, Tensor>();
        const run = quant.start(feeds);
        for (let step = run.advance(); step !== undefined; step = run.advance()) {
          for (const id of step.outputs)
            alone.set(id, { ...plain(run.value(id)!), data: plain(run.value(id)!).data.slice() } as Tensor);
        }
        const pairs = [...float.slots.keys()]
          .map((id) => ({ float: id, quant: codes.get(id) ?? id }))
          .filter((p) => built.model.graph.values.get(p.float)?.constant === undefined && alone.has(p.quant))
          .filter((p) => floats.has(p.float));
        const seen: number[] = [];
        const poisoned = { poison: true } as const;
        runPaired(float.start(feeds, poisoned), quant.start(feeds, poisoned), pairs, (i, origin, other) => {
          seen.push(i);
          expect(plain(origin)).toEqual(floats.get(pairs[i]!.float));
          expect(plain(other)).toEqual(alone.get(pairs[i]!.quant));
        });
        expect(seen.sort((a, b) => a - b)).toEqual(pairs.map((_, i) => i));
        expect(pairs.length).toBeGreaterThan(0);
      }),
      { numRuns: 30 },
    );
  });

  it('runs a step alone on float inputs: with the inputs it has in the program, to the same codes', async () => {
    const built = model().input('x', INPUT_DIMS).conv({ channels: 4, name: 'c' }).build();
    const feeds = new Map([[built.ids.get('x')!, noise(3)]]);
    const { graph, codes } = await quantizedForm(built, feeds, kernels, 'uint8');
    const program = await compiled(graph, built, kernels);
    const step = program.steps.find((s) => s.form === 'integer')!;
    const read = step.inputs[0]!;
    const stored = { layout: 'plain', tensor: noise(3) } as const;
    const quant = program.slots.get(codes.get(built.ids.get('x')!)!)!.quant!;
    const alone = runIsolated(
      program,
      { step, constants: [], outputQuant: program.slots.get(step.outputs[0]!)!.quant! },
      [{ read, quant, stored }],
    );
    const [whole] = program.start(feeds).finish().values();
    expect(plain(alone)).toEqual(whole);
    expect([...codes.values()]).toContain(step.outputs[0]);
  });
});
