import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { Cancelled } from '../../src/base/abort.ts';
import type { Tensor } from '../../src/base/tensor.ts';
import { compile } from '../../src/exec/compile.ts';
import type { CompileOptions, Program, Stored } from '../../src/exec/program.ts';
import { SignatureTable } from '../../src/exec/signatures.ts';
import type { ValueId } from '../../src/graph/model.ts';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { wasmKernels } from '../kernels/engines.ts';
import { type BuiltModel, model } from '../models/model.ts';
import { INPUT_DIMS, noise, randomImageModel } from './randomGraph.ts';
import { valuesOf } from './reference.ts';

const seeds = fc.integer({ min: 1, max: 1 << 30 });

function compiled(built: BuiltModel, kernels: KernelSet, options: Partial<CompileOptions> = {}): Promise<Program> {
  const { graph, opsets } = built.model;
  const inputDims = new Map([[built.ids.get('x')!, INPUT_DIMS]]);
  return compile(graph, { kernels, opsets, file: 'random', inputDims, requantizer: 'fp32', ...options });
}

const feed = (built: BuiltModel, seed: number): Map<ValueId, Tensor> => new Map([[built.ids.get('x')!, noise(seed)]]);

describe.each(['js', 'wasm'] as const)('programs on %s', (engine) => {
  let kernels: KernelSet;

  beforeAll(async () => {
    kernels = engine === 'js' ? createJsKernels() : await wasmKernels();
  });

  it('compute what their nodes compute one by one, bit for bit, with dead memory poisoned', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, async (seed) => {
        const built = randomImageModel(seed);
        const program = await compiled(built, kernels);
        const feeds = feed(built, seed);
        const found = program.start(feeds, { poison: true }).finish();
        const expected = await valuesOf(built.model.graph, feeds, built.model.opsets, kernels);
        for (const id of built.model.graph.outputs) expect(found.get(id)).toEqual(expected.get(id));
        program.release();
      }),
      { numRuns: 60 },
    );
  });

  it('give the same bytes twice, and after another input in between', async () => {
    const built = randomImageModel(5);
    const program = await compiled(built, kernels);
    const first = program.start(feed(built, 1)).finish();
    program.start(feed(built, 2)).finish();
    expect(program.start(feed(built, 1)).finish()).toEqual(first);
    program.release();
  });

  it('give all their memory back', async () => {
    const before = kernels.memory.bytesInUse;
    for (let seed = 1; seed <= 20; seed++) {
      const built = randomImageModel(seed);
      const program = await compiled(built, kernels);
      program.start(feed(built, seed)).finish();
      program.release();
      program.release();
    }
    expect(kernels.memory.bytesInUse).toBe(before);
  });

  it('take given values and run only what else is needed', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, async (seed) => {
        const built = randomImageModel(seed);
        const program = await compiled(built, kernels);
        const feeds = feed(built, seed);
        const given = new Map<ValueId, Stored>();
        const run = program.start(feeds);
        let total = 0;
        for (let step = run.advance(); step !== undefined; step = run.advance()) {
          total++;
          for (const id of step.outputs) {
            const { tensor, layout } = run.value(id)!;
            if (id % 2 === 0) given.set(id, { layout, tensor: { ...tensor, data: tensor.data.slice() } as Tensor });
          }
        }
        const outputs = run.finish();
        const rerun = program.start(feeds, { given, poison: true });
        let ran = 0;
        while (rerun.next !== undefined) {
          const step = rerun.advance()!;
          expect(step.outputs.every((id) => given.has(id))).toBe(false);
          ran++;
        }
        expect(rerun.finish()).toEqual(outputs);
        expect(ran).toBeLessThanOrEqual(total);
        program.release();
      }),
      { numRuns: 30 },
    );
  });
});

describe('a program', () => {
  const kernels = createJsKernels();

  it('stops between steps when it is cancelled, and runs again', async () => {
    const built = randomImageModel(3);
    const program = await compiled(built, kernels);
    const signal = { aborted: false };
    const run = program.start(feed(built, 1), { signal });
    run.advance();
    run.advance();
    signal.aborted = true;
    expect(() => run.advance()).toThrow(Cancelled);
    expect(() => run.finish()).toThrow(Cancelled);
    const expected = await valuesOf(built.model.graph, feed(built, 1), built.model.opsets, kernels);
    const again = program.start(feed(built, 1)).finish();
    for (const [id, t] of again) expect(t).toEqual(expected.get(id));
    await expect(compiled(built, kernels, { signal: { aborted: true } })).rejects.toThrow(Cancelled);
  });

  it('loads the constants that its nodes read, and no others', async () => {
    const built = model().input('x', INPUT_DIMS).conv({ channels: 4 }).floats('dead', [2]).build();
    const { graph } = built.model;
    const loaded: string[] = [];
    const values = new Map(
      [...graph.values].map(([id, value]) => {
        const { constant } = value;
        if (constant === undefined) return [id, value];
        const load = () => {
          loaded.push(value.name);
          return constant.load();
        };
        return [id, { ...value, constant: { ...constant, load } }];
      }),
    );
    await compiled({ ...built, model: { ...built.model, graph: { ...graph, values } } }, kernels);
    expect(loaded).not.toContain('dead');
    expect(loaded).toHaveLength(2); // weight and bias
  });

  it('fuses a ReLU into the convolution before it unless the value between is wanted', async () => {
    const built = model().input('x', INPUT_DIMS).conv({ channels: 4, name: 'c' }).relu('r').build();
    const types = (p: Program): string[] => p.steps.filter((s) => s.form !== 'layout').map((s) => s.node.opType);
    const fused = await compiled(built, kernels);
    expect(types(fused)).toEqual(['Conv']);
    expect(fused.steps.find((s) => s.form === 'float')!.group.map((n) => n.handle)).toEqual(['c', 'r']);
    const apart = await compiled(built, kernels, { keep: new Set([built.ids.get('c_out')!]) });
    expect(types(apart)).toEqual(['Conv', 'Relu']);
    const feeds = feed(built, 9);
    expect(apart.start(feeds).finish()).toEqual(fused.start(feeds).finish());
  });

  it('keeps a chain of image operators channels last: one conversion, none back before a flat output', async () => {
    const net = model().input('x', INPUT_DIMS).conv({ channels: 4 }).relu().conv({ channels: 8 }).globalAveragePool();
    const program = await compiled(net.flatten().build(), kernels);
    const moved = program.steps.filter((s) => s.form === 'layout').map((s) => program.slots.get(s.inputs[0]!)!.dims);
    expect(moved[0]).toEqual(INPUT_DIMS);
    expect(moved.slice(1).every((dims) => dims![2] === 1 && dims![3] === 1)).toBe(true);
  });

  it('numbers equal computations alike across programs, and unequal ones apart', async () => {
    const signatures = new SignatureTable();
    const build = (bias: number[]) =>
      model()
        .input('x', INPUT_DIMS)
        .conv({ channels: 4, name: 'a' })
        .conv({ channels: 4, name: 'b', bias })
        .conv({ channels: 4, name: 'c' })
        .build();
    const of = async (bias: number[]) => {
      const built = build(bias);
      const program = await compiled(built, kernels, { signatures });
      return ['a_out', 'b_out', 'c_out'].map((name) => program.slots.get(built.ids.get(name)!)!.signature);
    };
    const [one, same, other] = [await of([1, 2, 3, 4]), await of([1, 2, 3, 4]), await of([1, 2, 3, 5])];
    expect(same).toEqual(one);
    expect(other.map((s, i) => s === one[i])).toEqual([true, false, false]);
    expect(new Set(one).size).toBe(3);
  });

  it('gives each output of a node a signature of its own', async () => {
    const built = model()
      .input('x', INPUT_DIMS)
      .node('Split', { outputs: ['p', 'q'], attributes: { axis: 1 } })
      .output('p', 'q')
      .build();
    const program = await compiled(built, kernels);
    const [p, q] = ['p', 'q'].map((name) => program.slots.get(built.ids.get(name)!)!.signature);
    expect(p).not.toBe(q);
  });

  it('names the input that is missing or has another shape', async () => {
    const built = randomImageModel(1);
    const program = await compiled(built, kernels);
    expect(() => program.start(new Map())).toThrow(/EXE305 .*no data for input x/);
    const wrong = new Map([[built.ids.get('x')!, noise(1, [1, 4, 8, 9])]]);
    expect(() => program.start(wrong)).toThrow(/EXE306 .*\[1, 4, 8, 9\], expected float32 \[1, 4, 8, 8\]/);
  });

  it('refuses a symbol without a length, by input', async () => {
    const built = model().input('x', ['n', 4, 8, 8]).relu().build();
    const inputDims = new Map();
    const options = { kernels, opsets: built.model.opsets, file: 'm', inputDims, requantizer: 'fp32' } as const;
    await expect(compile(built.model.graph, options)).rejects.toThrow(/EXE307 m, tensor x: .*\[n, 4, 8, 8\]/);
  });

  it('runs shapes that only the data decides', async () => {
    const built = model()
      .input('x', INPUT_DIMS)
      .node('NonZero')
      .node('Cast', { attributes: { to: 1 } })
      .node('Relu')
      .build();
    const program = await compiled(built, kernels);
    const feeds = feed(built, 4);
    const expected = await valuesOf(built.model.graph, feeds, built.model.opsets, kernels);
    const found = program.start(feeds, { poison: true }).finish();
    for (const id of built.model.graph.outputs) expect(found.get(id)).toEqual(expected.get(id));
  });
});
